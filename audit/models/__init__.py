"""Statistics without clinics: arrays in by keyword, one small frozen record out."""

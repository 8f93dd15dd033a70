"""Every module here is an analysis: one question of the audit, one pure function ``analyse``."""

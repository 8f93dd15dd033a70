"""Running: one notebook, one audit, its publication."""

"""Checks of the loaded tables (placeholder to be replaced)."""
from __future__ import annotations
def run_checks(target, work, config):
    return []

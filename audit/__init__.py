"""Audit of a private clinic: from raw exports to a report its owner can read."""

__version__ = "0.1.0"

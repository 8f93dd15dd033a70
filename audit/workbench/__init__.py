"""What a notebook imports: one client, one period, one language, its tables and its earlier results."""

from __future__ import annotations

from audit.workbench.run import Run, open_run

__all__ = ["Run", "open_run"]

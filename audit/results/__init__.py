"""What an analysis returns: estimates, findings, tables; stored, listed and protected here."""

from __future__ import annotations

from audit.results.disclosure import protect, small_cells
from audit.results.estimate import Estimate, Grade, Verdict, exact
from audit.results.finding import Finding, Kind, Sentence, Value, gravest
from audit.results.result import Measure, Result, Unanswered, table

__all__ = [
    "Estimate",
    "Finding",
    "Grade",
    "Kind",
    "Measure",
    "Result",
    "Sentence",
    "Unanswered",
    "Value",
    "Verdict",
    "exact",
    "gravest",
    "protect",
    "small_cells",
    "table",
]

"""Survey ratings: one row is one doctor's answers to the clinic's own survey (computed from feedback, never stored)."""

from __future__ import annotations

from datetime import date

from ibis import _
from ibis.expr.types import Table


def survey_ratings(feedback: Table, *, start: date, end: date, late: date) -> Table:
    """Columns doctor_id, n answers, mean and square (mean of squares) of the score, since (first answer), late and late_mean
    (answers from the day ``late``). Public stars are left out: who gives them selects himself."""
    asked = feedback.filter(_.source == "survey", _.given_on >= start, _.given_on < end)
    lately = _.given_on >= late
    return asked.group_by("doctor_id").aggregate(
        n=_.count(), mean=_.score.mean(), square=(_.score * _.score).mean(), since=_.given_on.min(),
        late=lately.sum(), late_mean=_.score.mean(where=lately),
    )

"""Satisfaction: answers of the clinic's own survey by where the person stood on the way when they gave them."""

from __future__ import annotations

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.contacts import within

TREATED_DAYS = 3
"""Days with a visit from which an answer is about the treatment rather than about single visits."""


def scores(feedback: Table, appointments: Table, days: Days) -> pd.DataFrame:
    """Answers of ``days`` by stage: stage, score, n.

    Asked on the telephone: the call. In the survey of a known patient: the first visit, the second, or treatment (a third
    day or an operation). Stars on public sites select themselves and are left out, as are answers of nobody known.
    """
    asked = feedback.filter(within(_.given_on, days))
    told = asked.filter(_.source == "survey", _.patient_id.notnull()).select("feedback_id", "patient_id", "given_on", "score")
    came = appointments.filter(_.status == "completed").select(
        "patient_id", day=_.starts_at.date(), operated=(_.kind == "operation").cast("int64")
    )
    seen = told.inner_join(came, "patient_id").filter(_.day <= _.given_on)
    by = seen.group_by("feedback_id", "score").aggregate(days=_.day.nunique(), operated=_.operated.max())
    stage = ibis.cases(
        ((by.days >= TREATED_DAYS) | (by.operated > 0), "treatment"), (by.days == 2, "second_visit"), else_="first_visit"
    )
    visits = by.select(stage=stage, score=by.score)
    calls = asked.filter(_.source == "call").select(stage=ibis.literal("call"), score=_.score)
    counted = ibis.union(visits, calls).group_by("stage", "score").aggregate(n=_.count())
    return counted.order_by("stage", "score").to_pandas()

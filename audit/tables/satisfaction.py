"""Satisfaction: answers of the clinic's own survey by where the person stood on the way when they gave them, and what followed."""

from __future__ import annotations

from datetime import date

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


def after_first_visit(feedback: Table, first_visits: Table, *, end: date, within_days: int) -> pd.DataFrame:
    """Answers of new patients before any second visit, and who came again within ``within_days`` of the answer: score, n, came.

    The first answer of each; only those watched that long. Who came again before being asked is left out, so that nobody
    is content because of a visit that had already followed.
    """
    told = feedback.filter(_.source == "survey", _.patient_id.notnull(), _.given_on < end)
    mine = told.inner_join(first_visits.filter(_.is_new), "patient_id")
    fresh = mine.filter(_.given_on >= _.first_day, (_.second_day > _.given_on) | _.second_day.isnull())
    each = fresh.mutate(
        place=ibis.row_number().over(group_by="patient_id", order_by=["given_on", "feedback_id"]),
        watched=ibis.literal(end).delta(fresh.given_on, unit="day") - 1, gap=fresh.second_day.delta(fresh.given_on, unit="day"),
    ).filter(_.place == 0)
    counted = each.filter(_.watched >= within_days).group_by("score").aggregate(
        n=_.count(), came=ibis.coalesce(_.gap <= within_days, False).cast("int64").sum()
    )
    return counted.order_by("score").to_pandas()

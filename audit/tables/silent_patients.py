"""Silent patients: what was known on one day of everybody who had ever come, and what came after it (never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table


def visit_gaps(patient_days: Table, *, end: date) -> Table:
    """One row per visit-day before ``end`` that was followed by another: patient_id, day, gap in days."""
    came = patient_days.filter(_.visits > 0, _.day < end).select("patient_id", "day")
    order = {"group_by": "patient_id", "order_by": "day"}
    return came.mutate(gap=_.day.lead().over(**order).delta(_.day, unit="day")).filter(_.gap.notnull())


def gap_quantiles(gaps: Table, first_visits: Table, *, quantiles: tuple[float, ...]) -> Table:
    """Quantiles q0, q1 … of the gaps of each main diagnosis (ICD-10 category), and of all (diagnosis empty); n gaps."""
    kind = first_visits.select("patient_id", diagnosis=_.diagnosis.strip().upper().substr(0, 3))
    known = gaps.left_join(kind, "patient_id").drop("patient_id_right")
    sums = {f"q{i}": _.gap.quantile(q) for i, q in enumerate(quantiles)}
    each = known.filter(_.diagnosis.notnull()).group_by("diagnosis").aggregate(n=_.count(), **sums)
    every = known.aggregate(n=_.count(), **sums).mutate(diagnosis=ibis.null("string")).select(each.columns)
    return ibis.union(each, every).order_by("diagnosis")


def silent_patients(patient_days: Table, first_visits: Table, gaps: Table, *, at: date, until: date) -> Table:
    """One row per person with a visit before ``at``, ordered by what is known of it and then by the person.

    patient_id; visits (visit-days so far); silent_days (since the last one); longest_gap and gaps (of those that ended
    before ``at``); money (outpatient, so far); diagnosis; age_years (at ``at``); payer; return_days (days from ``at``
    to the first visit in ``at`` … ``until``, empty if none) and later_money (paid in those days, operations included).
    """
    days = patient_days.filter(_.day < until)
    before = days.day < at
    seen = days.mutate(outpatient=_.revenue - _.surgery_revenue).group_by("patient_id").aggregate(
        visits=((_.visits > 0) & (_.day < at)).sum(), last_day=_.day.max(where=(_.visits > 0) & before),
        money=_.outpatient.sum(where=before).cast("float64").fill_null(0.0),
        next_day=_.day.min(where=(_.visits > 0) & ~before), later_money=_.revenue.sum(where=~before).cast("float64").fill_null(0.0),
    ).filter(_.visits > 0)
    ended = gaps.filter(ibis.literal(at).delta(gaps.day, unit="day") > _.gap)
    longest = ended.group_by("patient_id").aggregate(longest_gap=_.gap.max(), gaps=_.count())
    facts = first_visits.select(
        "patient_id", "payer", "age_years", "first_day", diagnosis=_.diagnosis.strip().upper().substr(0, 3)
    )
    joined = seen.left_join(longest, "patient_id").drop("patient_id_right")
    joined = joined.left_join(facts, "patient_id").drop("patient_id_right")
    return joined.select(
        "patient_id", "visits", "money", "diagnosis", "payer", "later_money", "longest_gap",
        silent_days=ibis.literal(at).delta(joined.last_day, unit="day"), gaps=_.gaps.fill_null(0),
        age_years=(_.age_years + ibis.literal(at).delta(joined.first_day, unit="day") / 365.25).floor(),
        return_days=joined.next_day.delta(ibis.literal(at), unit="day"),
    ).order_by("visits", "silent_days", "money", "later_money", "patient_id")

"""Repeat histories: how often, how recently and since when each new patient has come (never stored).

The engine counts, to the day; models of repeat visits get one row per patient, or the cells such rows fall
into. A transaction is a visit-day, or an episode: visit-days with no more than ``gap_days`` between neighbours,
dated by the first of them. Whether a day begins an episode depends on the past alone, so a history at any
day is what could be known on that day.
"""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

MONTH_DAYS = 30
EARLY_DAYS = 30
"""Gaps that end within so many days of the first visit tell courses of treatment from chance visits."""


def transactions(patient_days: Table, new: Table, *, end: date, gap_days: int = 0) -> Table:
    """Days from the first visit on of the persons in ``new``, before ``end``, in the order they happened.

    owner; first (day of the first visit as a number since 1970); age (days since then); came (a completed
    outpatient visit, or the first day); gap (days since the visit before, on visits); starts (the visit begins
    a transaction); part (its number, from 1); money (paid that day, net of refunds, no operations or ward).
    """
    mine = patient_days.filter(_.day < end, _.tenure_day >= 0).inner_join(
        new.select("patient_id", "owner", "first"), "patient_id"
    )
    days = mine.select("owner", "first", age=_.tenure_day, came=(_.visits > 0) | (_.tenure_day == 0),
                       money=_.revenue - _.surgery_revenue)
    order = {"group_by": "owner", "order_by": "age"}
    before = ibis.cases((_.came, _.age)).max().over(rows=(None, -1), **order)
    dated = days.mutate(gap=ibis.cases((_.came, _.age - before)))
    started = dated.mutate(starts=_.came & (_.gap.isnull() | (_.gap > gap_days)))
    return started.mutate(part=_.starts.cast("int64").sum().over(rows=(None, 0), **order))


def histories(transactions: Table, contacts: Table | None = None, *, at: int, end: int) -> Table:
    """One row per person known before day ``at``: what was known then, and what came until day ``end``.

    owner; frequency (repeat transactions x); recency_days (first to last transaction); age_days (first to
    ``at``); visits and paid (visit-days, money of the repeat transactions); running (visits so far of a
    transaction that may still go on, by days since the last visit: silent_days); later (transactions) and
    later_visits (visit-days) from ``at`` to ``end``.

    ``contacts`` (owner, contact as a day number): who was called from ``at`` on is watched until then, because what
    follows is no return unasked. stop (that day, else ``end``), stop_frequency and stop_recency_days (known on it).
    """
    t = transactions.filter(_.first < at, _.first + _.age < end)
    if contacts is None:
        t = t.mutate(stop=ibis.literal(end, type="int64"))
    else:
        first_call = contacts.filter(_.contact >= at, _.contact < end).group_by("owner").aggregate(stop=_.contact.min())
        t = t.left_join(first_call, "owner").drop("owner_right").mutate(stop=ibis.coalesce(_.stop, end).cast("int64"))
    known, seen = t.first + t.age < at, t.first + t.age < t.stop
    rows = t.group_by("owner", "first").aggregate(
        frequency=(t.starts & known).sum() - 1,
        recency_days=t.age.max(where=t.starts & known),
        last_age=t.age.max(where=t.came & known),
        visits=(t.came & known & (t.part > 1)).sum(),
        paid=t.money.sum(where=known & (t.part > 1)).cast("float64"),
        later=(t.starts & ~known & seen).sum(),
        later_visits=(t.came & ~known & seen).sum(),
        stop=t.stop.max(),
        stop_frequency=(t.starts & seen).sum() - 1,
        stop_recency_days=t.age.max(where=t.starts & seen),
    )
    return rows.select(
        "owner", "first", "frequency", "recency_days", "visits", "later", "later_visits", "stop", "stop_frequency",
        "stop_recency_days",
        age_days=at - _.first, silent_days=at - _.first - _.last_age, paid=_.paid.fill_null(0.0),
    )


def cells(histories: Table) -> Table:
    """Persons of the same frequency, week of recency and week of age: frequency, recency and age (mean weeks), weight.

    The means are of whole days, never of rounded weeks: a model fitted on cells gives the parameters of
    single persons within a fraction of their standard error. Sums of days are exact, so the order of
    rows cannot move them.
    """
    keys = {"frequency": _.frequency, "recency_week": (_.recency_days / 7).floor(), "age_week": (_.age_days / 7).floor()}
    sums = histories.group_by(**keys).aggregate(
        weight=_.count(), recency=_.recency_days.sum(), age=_.age_days.sum()
    )
    means = sums.mutate(recency=_.recency / _.weight / 7.0, age=_.age / _.weight / 7.0)
    return means.order_by("frequency", "recency_week", "age_week").select("frequency", "recency", "age", "weight")


def starts_by_day(transactions: Table, watched: Table | None = None, *, known_before: int) -> Table:
    """Repeat transactions per day of persons first seen before day ``known_before``: day, age_days, count.

    With ``watched`` (histories) only until their stop.
    """
    repeats = transactions.filter(_.starts, _.part > 1, _.first < known_before)
    if watched is not None:
        repeats = repeats.inner_join(watched.select("owner", "stop"), "owner").filter(_.first + _.age < _.stop)
    return repeats.group_by(day=_.first + _.age, age_days=_.age).aggregate(count=_.count()).order_by("day", "age_days")


def clumping(transactions: Table, *, at: int) -> Table:
    """One row: median_gap and early_gap (days between visits, all and within ``EARLY_DAYS`` of the first) before ``at``.

    months, visits and squares: whole months of 30 days after the first day of all persons, repeat visit-days
    in them and the sum over person-months of their square.
    """
    t = transactions.filter(_.came, _.first + _.age < at)
    gaps = t.aggregate(median_gap=_.gap.median(), early_gap=_.gap.median(where=_.age <= EARLY_DAYS))
    whole = t.mutate(months=((at - 1 - _.first) / MONTH_DAYS).floor(), month=((_.age - 1) / MONTH_DAYS).floor())
    busy = whole.filter(_.age > 0, _.month < _.months).group_by("owner", "month").aggregate(n=_.count())
    counted = busy.aggregate(visits=_.n.sum(), squares=(_.n * _.n).sum())
    lived = whole.filter(_.age == 0).aggregate(months=_.months.sum())
    return gaps.cross_join(counted).cross_join(lived)


def moments(
    transactions: Table, contacts: Table | None = None, *, end: int, within_days: int, most_visits: int, most_months: int
) -> tuple[Table, Table]:
    """What became of patients 0, 1, 2 … months (of 30 days) after their k-th visit, if they had not come since.

    First table: visits (k, at most ``most_visits``), until (first whole month by which they had come again,
    99 if never), watched (last month from which ``within_days`` could still be watched), count of visits.
    Second: visits (0: any), reach (last month at which a person was such a case), count of persons.
    ``contacts`` (owner, contact as a day number): a person called back is watched until then, because what follows
    is no return unasked.
    """
    t = transactions.filter(_.came, _.first + _.age < end).mutate(stop=ibis.literal(end))
    if contacts is not None:
        met = t.inner_join(contacts, "owner").filter(_.contact > _.first + _.age)
        met = met.group_by("owner", "age").aggregate(contact=_.contact.min())
        t = t.left_join(met, ["owner", "age"]).drop("owner_right", "age_right")
        t = t.mutate(stop=ibis.least(ibis.coalesce(_.contact, end), end)).drop("contact")
    after = {"group_by": "owner", "order_by": "age"}
    each = t.mutate(
        visits=ibis.least(ibis.row_number().over(**after) + 1, most_visits),
        ahead=_.age.lead().over(**after) - _.age,
        watched=ibis.least(((_.stop - _.first - _.age - within_days) / MONTH_DAYS).floor(), most_months).cast("int64"),
    ).filter(_.watched >= 0)
    each = each.mutate(until=ibis.coalesce((_.ahead / MONTH_DAYS).ceil().cast("int64"), 99))
    each = each.mutate(until=ibis.least(_.until, 99))
    seen = each.group_by("visits", "until", "watched").aggregate(count=_.count()).order_by("visits", "until", "watched")
    each = each.mutate(reach=ibis.least(_.until - 1, _.watched))
    whole = each.group_by("owner").aggregate(visits=ibis.literal(0).cast("int64"), reach=_.reach.max())
    parts = each.group_by("owner", "visits").aggregate(reach=_.reach.max())
    reach = ibis.union(whole, parts.select(whole.columns))
    return seen, reach.group_by("visits", "reach").aggregate(count=_.count()).order_by("visits", "reach")

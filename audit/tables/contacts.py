"""Counts of contacts and first visits, up to the grain at which funnel and administrators work.

Every function aggregates in the engine and returns plain counts or a small frame in a total order;
days are half-open ranges. A step of the funnel counts as reached by everybody who reached a later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import BooleanValue, Column, Table

from audit.config import Days
from audit.tables.opportunities import FOLLOW_DAYS as FOLLOW_DAYS

STEPS = ("callers", "answered", "booked", "came")
DIARY_STEPS = ("due", "came")

TOLD_FROM = 0.05
"""Share of calls and requests without a number from which every page of people says that they are left out."""


@dataclass(frozen=True)
class Reached:
    """People (or appointments) that reached each of ``steps``; ``skipped`` came though no answered call is recorded."""

    steps: tuple[str, ...]
    counts: tuple[int, ...]
    skipped: int = 0

    def __getitem__(self, step: str) -> int:
        return self.counts[self.steps.index(step)]


def within(moment: Column, days: Days) -> BooleanValue:
    """``moment`` (date or time) lies in ``days``."""
    return (moment.cast("date") >= days.start) & (moment.cast("date") < days.end)


def measured_steps(opportunities: Table, fewest: int) -> tuple[str, ...]:
    """The steps this clinic records at all: a step nobody ever fails, or nobody passes, is not recorded."""
    seen = _integers(opportunities.aggregate(
        callers=_.count(), unanswered=(~_.is_answered).sum(), booked=_.is_booked.sum(), came=_.is_attended.sum(),
        dropped=(_.is_booked & ~_.is_attended).sum(),
    ))
    kept = {
        "callers": seen.callers > 0,
        "answered": seen.unanswered > 0 or seen.callers < fewest,
        "booked": seen.booked > 0 and (seen.dropped > 0 or not seen.came),
        "came": seen.came > 0,
    }
    steps = tuple(step for step in STEPS if seen.callers and kept[step])
    return steps if len(steps) > 1 else ()


def numbered(opportunities: Table, enquiries: Table) -> Table:
    """Opportunities of callers whose telephone is recorded: only these can be followed to a booking or a visit."""
    known = enquiries.filter(_.caller_key.notnull()).select(opportunity_id=_.enquiry_id)
    return opportunities.semi_join(known, "opportunity_id")


def persons(opportunities: Table, enquiries: Table) -> Table:
    """New people who can be told apart: callers with a number, wherever anybody has one.

    Without a number the same person is somebody new at every call and never comes to a visit. As calls they count.
    """
    known = enquiries.filter(_.direction == "in", _.caller_key.notnull())
    return numbered(opportunities, enquiries) if known.count().execute() else opportunities


def without_number(enquiries: Table, days: Days) -> tuple[int, int]:
    """Incoming calls and requests without a telephone number, and all of them."""
    seen = _integers(enquiries.filter(_.direction == "in", within(_.started_at, days)).aggregate(
        n=_.count(), silent=_.caller_key.isnull().sum(),
    ))
    return int(seen.silent), int(seen.n)


def booked_unanswered(opportunities: Table) -> tuple[int, int]:
    """Callers who booked or came though no answered call is recorded, and all who booked or came."""
    went_on = opportunities.filter(_.is_booked | _.is_attended)
    seen = _integers(went_on.aggregate(n=_.count(), unanswered=(~_.is_answered).sum()))
    return int(seen.unanswered), int(seen.n)


def reached(opportunities: Table, steps: tuple[str, ...], days: Days) -> Reached:
    """New callers of ``days`` by the steps they reached."""
    came, booked = _.is_attended, _.is_attended | _.is_booked
    seen = _integers(opportunities.filter(within(_.opened_at, days)).aggregate(
        callers=_.count(), answered=(booked | _.is_answered).sum(), booked=booked.sum(), came=came.sum(),
        skipped=(came & ~_.is_answered).sum(),
    ))
    return Reached(steps, tuple(int(seen[step]) for step in steps), int(seen.skipped))


def reached_by_month(opportunities: Table, days: Days) -> pd.DataFrame:
    """Settled new callers of the whole months in ``days`` by the steps they reached: month, callers, answered, booked, came."""
    came, booked = _.is_attended, _.is_attended | _.is_booked
    settled = opportunities.filter(within(_.opened_at, days)).mutate(month=_.opened_at.truncate("M").cast("date"))
    counts = settled.group_by("month").aggregate(
        callers=_.count(), answered=(booked | _.is_answered).sum(), booked=booked.sum(), came=came.sum(), open=(~_.is_mature).sum(),
    )
    return counts.filter(_.open == 0).drop("open").order_by("month").to_pandas()


def diary(appointments: Table, days: Days) -> Reached:
    """Appointments due in ``days`` and those that took place; the funnel of a clinic without enquiries."""
    due = appointments.filter(within(_.starts_at, days), _.status != "booked")
    seen = _integers(due.aggregate(due=_.count(), came=(_.status == "completed").sum()))
    return Reached(DIARY_STEPS, (int(seen.due), int(seen.came)))


def missed_appointments(appointments: Table, days: Days) -> tuple[int, int]:
    """Appointments missed without notice, and all that were not cancelled."""
    kept = appointments.filter(within(_.starts_at, days), _.status.isin(["completed", "no_show"]))
    seen = _integers(kept.aggregate(n=_.count(), missed=(_.status == "no_show").sum()))
    return int(seen.missed), int(seen.n)


def visitors(site_traffic: Table, days: Days) -> float:
    """Visitors of the site over rows that lie wholly in ``days``; 0 if none."""
    total = site_traffic.filter(_.from_day >= days.start, _.to_day < days.end).visitors.sum().execute()
    return 0.0 if pd.isna(total) else float(total)


def impressions(ad_spend: Table, days: Days) -> float:
    """Times an advertisement was shown, over rows that lie wholly in ``days``; 0 if none is recorded."""
    total = ad_spend.filter(_.from_day >= days.start, _.to_day < days.end).impressions.sum().execute()
    return 0.0 if pd.isna(total) else float(total)


def missed_calls(enquiries: Table, days: Days) -> tuple[int, int]:
    """Incoming calls nobody answered, and all incoming calls."""
    cells = calls_by_hour(enquiries, days)
    return int(cells.missed.sum()), int(cells.calls.sum())


def incoming(enquiries: Table, days: Days) -> int:
    """Calls and requests that came in."""
    return int(enquiries.filter(_.direction == "in", within(_.started_at, days)).count().execute())


def new_patients(first_visits: Table, days: Days) -> int:
    """People whose first visit lies in ``days``."""
    return int(first_visits.filter(_.is_new, within(_.first_day, days)).count().execute())


def unlinked(first_visits: Table, opportunities: Table, days: Days) -> int:
    """New patients of ``days`` whom no recorded enquiry led to."""
    new = first_visits.filter(_.is_new, within(_.first_day, days)).select("patient_id")
    return int(new.anti_join(opportunities.filter(_.patient_id.notnull()), "patient_id").count().execute())


def came_again(first_visits: Table, days: Days, within_days: int) -> tuple[int, int]:
    """New patients of ``days`` who came again in time, and all of them; the caller sees to it that they were watched."""
    people = first_visits.filter(_.is_new, within(_.first_day, days))
    soon = _.second_day.delta(_.first_day, unit="day") <= within_days
    seen = _integers(people.aggregate(n=_.count(), back=soon.sum()))
    return int(seen.back), int(seen.n)


def callers_again(opportunities: Table, first_visits: Table, days: Days, within_days: int) -> tuple[int, int, int]:
    """Callers of ``days`` who came: those seen again within ``within_days`` so far, those watched so long, all of them."""
    came = opportunities.filter(within(_.opened_at, days), _.is_attended).select("patient_id")
    soon = _.second_day.delta(_.first_day, unit="day") <= within_days
    seen = _integers(came.inner_join(first_visits, "patient_id").aggregate(
        again=soon.sum(), watched=(_.tenure_days >= within_days).sum(), came=_.count(),
    ))
    return int(seen.again), int(seen.watched), int(seen.came)


def later_revenue(first_visits: Table, patient_days: Table, since: date, within_days: int, horizon: int) -> pd.DataFrame:
    """Per new patient watched to ``horizon``: came again in time?, money after the first day without surgery."""
    known = first_visits.filter(_.is_new, _.tenure_days >= horizon, _.first_day >= since).select(
        "patient_id", came_again=ibis.coalesce(_.second_day.delta(_.first_day, unit="day") <= within_days, False)
    )
    later = patient_days.filter(_.tenure_day > 0, _.tenure_day < horizon).group_by("patient_id").aggregate(
        revenue=(_.revenue - _.surgery_revenue).sum().cast("float64")
    )
    joined = known.left_join(later, "patient_id").select("came_again", revenue=ibis.coalesce(_.revenue, 0.0))
    return joined.order_by("came_again", "revenue").to_pandas()


def daily_takings(patient_days: Table, days: Days) -> pd.DataFrame:
    """Money and visits of each day."""
    return patient_days.filter(within(_.day, days)).group_by("day").aggregate(
        revenue=_.revenue.sum().cast("float64"), visits=(_.visits + _.operations).sum()
    ).order_by("day").to_pandas()


def calls_by_hour(enquiries: Table, days: Days) -> pd.DataFrame:
    """Incoming calls and those missed, by weekday (0 = Monday) and hour."""
    calls = enquiries.filter(_.direction == "in", _.kind == "call", within(_.started_at, days))
    return calls.group_by(weekday=_.started_at.day_of_week.index(), hour=_.started_at.hour()).aggregate(
        calls=_.count(), missed=(~_.is_answered).sum()
    ).order_by("weekday", "hour").to_pandas().astype(int)


def loss_reasons(opportunities: Table, days: Days) -> pd.DataFrame:
    """Answered callers who did not book, by the reason they were tagged with (missing: untagged)."""
    lost = opportunities.filter(_.is_answered, ~_.is_booked, within(_.opened_at, days))
    return lost.group_by(reason=_.loss_reason).aggregate(n=_.count()).order_by(ibis.desc("n"), "reason").to_pandas()


def marked_days(opportunities: Table, days: Days) -> tuple[date, date]:
    """First and last day on which a caller of ``days`` was lost for a reason that is marked; there is one."""
    lost = opportunities.filter(_.is_answered, ~_.is_booked, _.loss_reason.notnull(), within(_.opened_at, days))
    seen = lost.aggregate(first=_.opened_at.date().min(), last=_.opened_at.date().max()).execute().iloc[0]
    return pd.Timestamp(seen["first"]).date(), pd.Timestamp(seen["last"]).date()


def visit_lags(opportunities: Table) -> pd.DataFrame:
    """Days from call to first visit of settled callers: lag, n."""
    settled = opportunities.filter(_.is_mature, _.first_visit_day.notnull())
    lag = _.first_visit_day.delta(_.opened_at.cast("date"), unit="day")
    return settled.group_by(lag=lag).aggregate(n=_.count()).order_by("lag").to_pandas()


def opened_ages(opportunities: Table, days: Days, end: date) -> pd.DataFrame:
    """Callers of ``days`` who booked, by the days they have been watched to the cut-off: age, n."""
    last = ibis.literal(end - timedelta(days=1))
    chosen = opportunities.filter(within(_.opened_at, days), _.is_booked | _.is_attended)
    return chosen.group_by(age=last.delta(chosen.opened_at.cast("date"), unit="day")).aggregate(n=_.count()).order_by("age").to_pandas()


def most_unseen(opportunities: Table, days: Days) -> float:
    """The largest part of the first visits of callers of ``days`` that can still be to come: only open bookings can."""
    chosen = opportunities.filter(within(_.opened_at, days))
    seen = _integers(chosen.aggregate(waiting=_.is_open.sum(), came=_.is_attended.sum()))
    return float(seen.waiting / (seen.waiting + seen.came)) if seen.waiting + seen.came else 0.0


def answered(opportunities: Table) -> tuple[Table, str]:
    """Answered new callers with ``success``: the first visit, or the booking if none is ever joined to a patient."""
    linked = bool(opportunities.is_attended.sum().execute())
    success = _.is_attended if linked else _.is_booked
    return opportunities.filter(_.is_answered).mutate(success=success.cast("int64")), "visit" if linked else "booking"


def booked(opportunities: Table) -> Table:
    """Answered new callers with ``success``: an appointment was made, whoever came in the end."""
    return opportunities.filter(_.is_answered).mutate(success=(_.is_booked | _.is_attended).cast("int64"))


def answered_cells(calls: Table, days: Days | None, hour_edges: Sequence[int]) -> pd.DataFrame:
    """Answered callers n and successes k by administrator (may be missing), part of the day, weekday, month, channel, branch."""
    chosen = calls.filter(within(_.opened_at, days)) if days is not None else calls.limit(0)
    hour = chosen.opened_at.hour()
    part = sum(((hour >= edge).cast("int64") for edge in hour_edges), start=ibis.literal(0))
    keys = {
        "administrator": chosen.administrator_id, "part": part, "weekday": chosen.opened_at.day_of_week.index(),
        "month": chosen.opened_at.truncate("M").cast("date"), "channel": chosen.channel.fill_null(""), "branch": chosen.branch.fill_null(""),
    }
    return chosen.group_by(**keys).aggregate(n=_.count(), k=_.success.sum()).order_by(*keys).to_pandas()


def events_near(events: Table, first: date, last: date) -> pd.DataFrame:
    """Events of the desk, of price and of advertising that began from ``first`` to ``last``: event, from_day."""
    near = events.filter(_.kind.isin(["desk", "price", "marketing"]), _.from_day >= first, _.from_day <= last)
    return near.select("event", "from_day").order_by("from_day", "event").to_pandas()


def answered_weeks(calls: Table, days: Days) -> pd.DataFrame:
    """Answered callers n and successes k by administrator and week (its Monday)."""
    chosen = calls.filter(_.administrator_id.notnull(), within(_.opened_at, days))
    return chosen.group_by(administrator=_.administrator_id, week=_.opened_at.truncate("W").cast("date")).aggregate(
        n=_.count(), k=_.success.sum()
    ).order_by("administrator", "week").to_pandas()


def call_bases(enquiries: Table, opportunities: Table, calls: Table, days: Days) -> dict[str, int]:
    """What a conversion may be divided by in ``days``, from all calls to answered new callers, and ``successes``."""
    incoming = enquiries.filter(_.direction == "in", within(_.started_at, days))
    counted = _integers(incoming.aggregate(
        calls=_.count(), answered_calls=_.is_answered.sum(), callers=_.caller_key.nunique() + _.caller_key.isnull().sum(),
    ))
    new = int(opportunities.filter(within(_.opened_at, days)).count().execute())
    chosen = _integers(calls.filter(within(_.opened_at, days)).aggregate(answered_new=_.count(), successes=_.success.sum()))
    return {**counted.to_dict(), "new_callers": new, **chosen.to_dict()}


def listening(enquiries: Table, days: Days, end: date) -> pd.DataFrame:
    """By administrator: mean talk in ``days`` (minutes); score, calls scored and commonest reason of loss to ``end``."""
    taken = enquiries.filter(_.direction == "in", _.is_answered, _.administrator_id.notnull(), _.started_at < end)
    talk = taken.group_by(administrator=_.administrator_id).aggregate(
        talk=_.talk_seconds.mean(where=within(_.started_at, days)) / 60, score=_.quality_score.mean(),
        scored=_.quality_score.count(),
    ).order_by("administrator").to_pandas()
    reasons = taken.filter(_.loss_reason.notnull()).group_by(administrator=_.administrator_id, fault=_.loss_reason)
    faults = reasons.aggregate(n=_.count()).order_by("administrator", ibis.desc("n"), "fault").to_pandas()
    return talk.merge(faults.drop_duplicates("administrator")[["administrator", "fault"]], on="administrator", how="left")


def desk_steps(opportunities: Table, days: Days) -> pd.DataFrame:
    """By administrator: share of answered new callers of ``days`` who booked, and of those who booked who came."""
    taken = opportunities.filter(_.is_answered, _.administrator_id.notnull(), within(_.opened_at, days))
    steps = taken.group_by(administrator=_.administrator_id).aggregate(n=_.count(), booked=(_.is_booked | _.is_attended).sum(), came=_.is_attended.sum())
    shares = steps.select("administrator", booked=_.booked / _.n, came=ibis.ifelse(_.booked > 0, _.came / _.booked, ibis.null("float64")))
    return shares.order_by("administrator").to_pandas()


def pay_lines(expenses: Table, days: Days) -> pd.DataFrame:
    """Pay booked in ``days`` by line of the account: item, amount."""
    lines = expenses.filter(_.group == "pay", within(_.month, days))
    return lines.group_by("item").aggregate(amount=_.amount.sum().cast("float64")).order_by("item").to_pandas()


def _integers(counted: Table) -> pd.Series:
    return counted.execute().iloc[0].fillna(0).astype(int)

"""Telephone: which calls nobody takes, why, who is reached again, and what answering all would give.

Question   How many new callers reach nobody, when and why, and would more people or a call back win them?
Method     Counts of calls and of new callers whose first call nobody took, Wilson intervals; hours by Fisher's
           exact test; people needed by half-hour for a service level (Erlang C), callers who would give up with
           the people there (Erlang A, patience from censored waits); what lost callers were worth as in the funnel; claims of the field set beside what they would take here.
Reads      enquiries, opportunities; the rota, appointments and patients for the clocks, the load of rooms, the funnel and
           administrators if there are any.
Cannot say Whether callers who reached nobody would have come as often as those answered; who rang again wanted it more,
           so that a call back need not win as many. Why a telephone rang unanswered beside a free person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.administrators import AdministratorsResult
from audit.analyses.capacity import CapacityResult
from audit.analyses.funnel import FunnelResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.claims import at_most, best_gain, claim_reading, gain_of_answering, missed_for_gain
from audit.models.counted import per_month, share, three
from audit.models.missed_calls import by_hour, lossy_hours, worst_run
from audit.models.staffing import Staffing, staffing
from audit.models.waiting import patience
from audit.plots import columns
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.tables import Unit, contacts, telephone
from audit.wording import Labels

FIGURES = ("missed", "staffing_day")
DELAYS = ("quarter", "hour", "day", "week", "later", "never")
CAUSES = ("nobody", "busy", "exchange", "rang", "gave_up", "unknown")
SOMEBODY_FREE = ("rang", "gave_up")
MULTIPLES = {"double": 2.0, "triple": 3.0}
"""Sales the field promises for good administrators."""


class TelephoneParams(Params):
    """Settings of the analysis."""

    shape_days: int = Field(182, ge=28, description="days over which hours, call backs and staffing are counted")
    in_time_seconds: float = Field(20, gt=0, description="seconds within which a call should be answered")
    in_time_share: float = Field(0.8, gt=0, lt=1, description="share of calls that should be answered so soon")
    after_call_seconds: float = Field(30, ge=0, description="work after a call before the next can be taken")
    least_on_rota: float = Field(0.5, gt=0, le=1, description="share of answered calls by people on the rota from which it is trusted")
    full_load: float = Field(0.95, gt=0, le=1, description="room load from which more first visits need more room")
    claimed_gain: float = Field(0.5, gt=0, description="gain the field promises for answering everything")
    fewest: int = Field(30, ge=8, description="new callers missed first below which being reached is not told")


@dataclass(frozen=True, kw_only=True)
class TelephoneResult(Result):
    """Counts are per month of the present; recovery, causes and staffing over ``shape_days`` to the end.

    ``never_share`` is of all new callers. ``gain_*`` are first visits more over those by telephone today, as a
    share, at equal conversion: of callers who reached nobody, and of calls. ``clock_hours`` is how far bookings
    are written after the calls they were made in, 0 when the clocks agree.
    """

    missed_share: Estimate | None
    missed_share_before: Estimate | None
    never_month: Estimate | None
    never_share: Estimate | None
    never_share_before: Estimate | None
    reached_share: Estimate | None
    reached_soon: Estimate | None
    lost_visits: Estimate | None
    lost_value: Estimate | None
    first_value: Estimate | None
    value_days: int | None
    in_time: Estimate | None
    patience_seconds: Estimate | None
    queue_missed: Estimate | None
    expected_missed: Estimate | None
    needed_hours: Estimate | None
    there_hours: Estimate | None
    short_hours: Estimate | None
    free_share: Estimate | None
    gain_callers: Estimate | None
    gain_calls: Estimate | None
    room_gain: Estimate | None
    no_number_share: Estimate | None
    clock_hours: int | None
    missed_by_hour: pd.DataFrame | None = table(
        Measure("hour", "label"), Measure("calls", "count"), Measure("missed", "count"),
        Measure("share", "share", interval=True, form="bar"), Measure("is_peak", "flag"), Measure("n", "count", shown=False),
    )
    peaks: pd.DataFrame | None = table(
        Measure("weekday", "label"), Measure("from_hour", "label"), Measure("to_hour", "label"), Measure("calls", "count"),
        Measure("missed", "count"), Measure("share", "share", interval=True, form="bar"), Measure("n", "count", shown=False),
    )
    causes: pd.DataFrame | None = table(
        Measure("cause", "label"), Measure("per_month", "count"), Measure("share", "share", interval=True, form="bar"),
        Measure("n", "count", shown=False),
    )
    recovery: pd.DataFrame | None = table(
        Measure("delay", "label"), Measure("share", "share", interval=True, form="bar"), Measure("by_clinic", "share"),
        Measure("came", "share", interval=True), Measure("n", "count", people=True, shown=False),
    )
    half_hours: pd.DataFrame | None = table(
        Measure("weekday", "label"), Measure("slot", "label"), Measure("calls", "number"), Measure("missed", "number"),
        Measure("load", "number"), Measure("needed", "count"), Measure("there", "number"), Measure("short", "flag"),
    )
    claims: pd.DataFrame | None = table(
        Measure("claim", "label"), Measure("claimed", "share"), Measure("here", "share", interval=True),
        Measure("in_rooms", "share"), Measure("needed", "share"), Measure("now", "share", interval=True), Measure("reading", "label"),
    )


def analyse(
    enquiries: Table, opportunities: Table, appointments: Table, patients: Table, shifts: Table | None,
    capacity: CapacityResult | None, funnel: FunnelResult | None, administrators: AdministratorsResult | None, *, period: Period, params: TelephoneParams,
) -> TelephoneResult:
    """Calls nobody took, by hour, cause and recovery; people needed; what answering all would give."""
    now, past = period.present, period.past
    cells = contacts.calls_by_hour(enquiries, now)
    if not cells.calls.sum():
        raise NotAnswerable("no_calls", verdict="not_enough_data")
    shape = Days(start=max(period.start, min(now.start, period.end - timedelta(days=params.shape_days))), end=period.end)
    records = bool(contacts.calls_by_hour(enquiries, Days(start=period.start, end=period.end)).missed.sum())
    lossy = lossy_hours(contacts.calls_by_hour(enquiries, shape), months=shape.months, level=params.level)
    first = telephone.first_missed(opportunities, enquiries, shape)
    rota = shifts if shifts is not None and _trusted(enquiries, shifts, shape, params) else None
    answers = not cells.missed.equals(cells.calls)
    waited = telephone.waits(enquiries, shape, params.in_time_seconds)
    desk = _desk(enquiries, rota, waited, shape, params)
    causes = _causes(telephone.missed_causes(enquiries, rota, shape, params.in_time_seconds), shape, params) if rota is not None else None
    people = contacts.persons(opportunities, enquiries)
    facts: dict[str, Any] = {
        **_missed(cells, enquiries, past, records, params), **_never(people, first, now, past, records and answers, params),
        **(_reached(first, params) if answers else dict.fromkeys(("reached_share", "reached_soon"))), **_staff(desk, causes, waited, params),
        "free_share": _free_share(causes, params),
        "clock_hours": _clock(telephone.clock_gaps(enquiries, appointments, patients, shape)),
        "first_value": funnel.first_value if funnel else None, "value_days": funnel.value_days if funnel else None,
    }
    facts |= _lost(facts["never_share"], funnel, params)
    facts |= _gains(facts, funnel)
    hours = by_hour(cells, lossy, months=now.months, level=params.level) if records else None
    tables = {
        "missed_by_hour": hours, "peaks": lossy if len(lossy) else None, "causes": causes,
        "recovery": _recovery(first, opportunities, enquiries, shape, params) if answers else None, "half_hours": _half_hours(desk),
        "claims": _claims(facts, administrators, params),
    }
    worst = worst_run(hours, level=params.level)
    return TelephoneResult(
        grade="C" if facts["lost_visits"] or not facts["missed_share"] else "A", headline="missed_share" if facts["missed_share"] else None,
        says=_says(facts, worst, desk), findings=_findings(facts, worst, first, desk, capacity, params), **facts, **tables,
    )


# ---------------------------------------------------------------------- calls and callers
def _missed(
    cells: pd.DataFrame, enquiries: Table, past: Days | None, records: bool, params: TelephoneParams
) -> dict[str, Estimate | None]:
    earlier = contacts.calls_by_hour(enquiries, past) if past is not None else None
    return {
        "missed_share": share(cells.missed.sum(), cells.calls.sum(), params.level) if records else None,
        "missed_share_before": share(earlier.missed.sum(), earlier.calls.sum(), params.level) if records and earlier is not None else None,
    }


def _never(
    opportunities: Table, first: pd.DataFrame, now: Days, past: Days | None, both: bool, params: TelephoneParams
) -> dict[str, Estimate | None]:
    """New callers who reached nobody; told where the log has ``both`` kinds of calls and most missed ones carry a number."""
    missed, unknown = int(first.n.sum()), int(first.n[first.delay == "no_number"].sum())
    without = share(unknown, missed, params.level) if unknown else None
    found: dict[str, Estimate | None] = dict.fromkeys(("never_month", "never_share", "never_share_before"))
    if both and unknown <= missed / 2:
        for days, end in ((now, ""), (past, "_before")):
            seen = contacts.reached(opportunities, contacts.STEPS, days) if days is not None else None
            found[f"never_share{end}"] = share(seen["callers"] - seen["answered"], seen["callers"], params.level) if seen else None
        if found["never_share"] is not None:
            found["never_month"] = per_month(round(found["never_share"].value * found["never_share"].n), now.months)
    return found | {"no_number_share": without}


def _reached(first: pd.DataFrame, params: TelephoneParams) -> dict[str, Estimate | None]:
    known = first[first.delay != "no_number"]
    counts = known.groupby("delay").n.sum()
    n = int(counts.sum())
    return {
        "reached_share": share(n - counts.get("never", 0), n, params.level),
        "reached_soon": share(counts.get("quarter", 0), n, params.level),
    }


def _lost(never: Estimate | None, funnel: FunnelResult | None, params: TelephoneParams) -> dict[str, Estimate | None]:
    """First visits and money of those who reached nobody, had they come as often as those who were answered: as in the funnel."""
    found: dict[str, Estimate | None] = {"lost_visits": None, "lost_value": None}
    steps = funnel.stages.set_index("stage") if funnel is not None else pd.DataFrame()
    if never is None or "answered" not in steps.index or "came" not in steps.index:
        return found
    row = steps.loc["answered"]
    units: dict[str, tuple[str, Unit]] = {"lost_visits": ("lost_visits", "number"), "lost_value": ("lost_money", "currency")}
    for told, (name, unit) in units.items():
        value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
        if np.isfinite(value):
            found[told] = Estimate(value, low, high, unit, never.n, params.level, "C")
    return found


def _clock(gaps: pd.DataFrame) -> int | None:
    """Hours by which bookings are written after their calls: the commonest gap, if it is twice as common as none."""
    if gaps.n.sum() < 30:
        return None
    hours, agree = int(gaps.hours.iloc[0]), int(gaps.n[gaps.hours == 0].sum())
    return hours if gaps.n.iloc[0] >= 2 * agree else 0


# ---------------------------------------------------------------------- the desk
def _trusted(enquiries: Table, shifts: Table, days: Days, params: TelephoneParams) -> bool:
    """Those who answer are on the rota when they do: else rota and calls are of two clocks or two lists of names."""
    there, taken = telephone.on_rota(enquiries, shifts, days)
    return taken > 0 and there >= params.least_on_rota * taken


def _desk(enquiries: Table, rota: Table | None, waited: pd.Series, days: Days, params: TelephoneParams) -> Staffing | None:
    """People needed by half-hour; None where the length of calls is not recorded."""
    if not waited.talk_seconds > 0:
        return None
    bear = _patience(waited, params)
    return staffing(
        telephone.half_hour_calls(enquiries, days), days=telephone.desk_days(enquiries, days),
        shifts=telephone.desk_shifts(rota, days) if rota is not None else None,
        handling_seconds=waited.talk_seconds + params.after_call_seconds, within_seconds=params.in_time_seconds,
        share=params.in_time_share, patience_seconds=three(bear) if bear else None, level=params.level,
    )


def _patience(waited: pd.Series, params: TelephoneParams) -> Estimate | None:
    found = patience(int(waited.timed_missed), float(waited.waited), params.level)
    return Estimate(*found, "number", int(waited.timed_missed), params.level, "B") if found else None


def _staff(desk: Staffing | None, causes: pd.DataFrame | None, waited: pd.Series, params: TelephoneParams) -> dict[str, Estimate | None]:
    """People needed and there. The queue's model is graded C where the calls lost while everybody talked are not those it expects."""
    n = int(waited.calls)
    queued = share(causes.n[causes.cause == "busy"].sum(), n, params.level) if causes is not None else None
    has_rota = desk is not None and desk.there_hours > 0
    expected = desk.expected_missed if desk is not None else None
    holds = queued is not None and expected is not None and expected[1] <= queued.high and queued.low <= expected[2]
    grade: Grade = "B" if holds else "C"
    short = (desk.short_hours[0], min(desk.short_hours[:2]), max(desk.short_hours)) if desk is not None else None
    return {
        "in_time": share(waited.in_time, waited.timed, params.level), "patience_seconds": _patience(waited, params) if waited.timed else None,
        "queue_missed": queued, "expected_missed": Estimate(*expected, "share", n, params.level, grade) if expected is not None else None,
        "needed_hours": exact(desk.needed_hours, "hours", n) if desk is not None else None,
        "there_hours": exact(desk.there_hours, "hours", n) if desk is not None and has_rota else None,
        "short_hours": Estimate(*short, "hours", n, params.level, grade) if short is not None and has_rota else None,
    }


def _causes(counts: pd.DataFrame, days: Days, params: TelephoneParams) -> pd.DataFrame | None:
    n = counts.n.sum()
    if not n:
        return None
    by = counts.set_index("cause").n
    rows = [[cause, by[cause] / days.months, *three(share(by[cause], n, params.level)), int(by[cause])] for cause in CAUSES if cause in by.index]
    return _frame("causes", rows)


def _free_share(causes: pd.DataFrame | None, params: TelephoneParams) -> Estimate | None:
    if causes is None:
        return None
    return share(causes.n[causes.cause.isin(SOMEBODY_FREE)].sum(), causes.n.sum(), params.level)


def _recovery(
    first: pd.DataFrame, opportunities: Table, enquiries: Table, days: Days, params: TelephoneParams
) -> pd.DataFrame | None:
    """New callers missed at first by how soon they were reached; those answered at once for comparison."""
    known = first[first.delay != "no_number"]
    if not known.n.sum():
        return None
    sums, by_clinic = known.groupby("delay")[["n", "came"]].sum(), known[known.by == "clinic"].groupby("delay").n.sum()
    total, rows = known.n.sum(), []
    for delay in DELAYS:
        if delay in sums.index:
            n, came = sums.loc[delay]
            clinic = by_clinic.get(delay, 0) / n if delay != "never" else np.nan
            rows.append([delay, *three(share(n, total, params.level)), clinic, *three(share(came, n, params.level)), int(n)])
    n, came = telephone.first_answered(opportunities, enquiries, days)
    rows.append(["at_once", *(np.nan,) * 4, *three(share(came, n, params.level)), n])
    return _frame("recovery", rows)


def _half_hours(desk: Staffing | None) -> pd.DataFrame | None:
    if desk is None:
        return None
    clock = [f"{slot // 2:02d}:{slot % 2 * 30:02d}" for slot in desk.cells.slot]
    return desk.cells.assign(weekday=desk.cells.weekday.astype(str), slot=clock)


# ---------------------------------------------------------------------- claims
def _gains(facts: Mapping[str, Any], funnel: FunnelResult | None) -> dict[str, Estimate | None]:
    """Gain of answering everybody, and the part for which the rooms have space by the funnel's own count."""
    room = funnel.room if funnel is not None else None
    came = funnel.stages.set_index("stage").per_month.get("came", 0.0) if funnel is not None else 0.0
    return {
        "gain_callers": gain_of_answering(facts["never_share"]) if facts["never_share"] else None,
        "gain_calls": gain_of_answering(facts["missed_share"]) if facts["missed_share"] else None,
        "room_gain": room.scaled(1 / came, "share") if room is not None and came > 0 else None,
    }


def _claims(facts: Mapping[str, Any], desk: AdministratorsResult | None, params: TelephoneParams) -> pd.DataFrame | None:
    """Each claim of the field as a gain over today: promised, possible here, within the rooms, and the share it would take."""
    told: list[tuple[str, float, Estimate, float, Estimate]] = [
        (name, params.claimed_gain, facts[gain], missed_for_gain(params.claimed_gain), facts[missed])
        for name, gain, missed in (("answer_callers", "gain_callers", "never_share"), ("answer_calls", "gain_calls", "missed_share"))
        if facts[gain] is not None
    ]
    if desk is not None and desk.conversion and desk.conversion.value > 0 and desk.goal and facts["gain_callers"]:
        best = best_gain(desk.conversion, desk.goal, facts["gain_callers"])
        told += [(name, times - 1, best, times * desk.conversion.value, desk.conversion) for name, times in MULTIPLES.items()]
    ceiling = facts["room_gain"].value if facts["room_gain"] else None
    rows = []
    for name, claimed, possible, needed, today in told:
        here = at_most(possible, ceiling)
        within = here.value if ceiling is not None else np.nan
        rows.append([name, claimed, *three(possible), within, needed, *three(today), claim_reading(claimed, here, needed)])
    return _frame("claims", rows) if rows else None


# ---------------------------------------------------------------------- what to say
def _says(facts: Mapping[str, Any], worst: Any, desk: Staffing | None) -> dict[str, Sentence]:
    missed, never = facts["missed_share"], facts["never_month"]
    kind = (
        "no_records" if missed is None else "all_missed" if missed.value == 1 else "no_numbers" if never is None
        else "reached" if never.value < 1 else "lost" if facts["lost_value"] else "lost_no_money"
    )
    lede = kind if kind in ("no_records", "all_missed", "no_numbers") else "callers"
    short = facts["short_hours"]
    hours = {} if worst is None else {"from_hour": worst[0], "to_hour": worst[1], "peak_share": worst[2]}
    return {
        "title": Sentence(kind), "lede": Sentence(lede), "figures.missed.title": Sentence("peak" if hours else "flat", hours),
        "figures.staffing_day.title": Sentence("no_rota" if short is None else "short" if short.value > 0 else "enough"),
        "notes.decide": Sentence("answers" if kind in ("all_missed", "no_records") else "people" if short is not None and short.low > 0 else "call_back"),
    }


def _findings(
    facts: Mapping[str, Any], worst: Any, first: pd.DataFrame, desk: Staffing | None, capacity: CapacityResult | None,
    params: TelephoneParams,
) -> tuple[Finding, ...]:
    found = []
    short, queued, expected, missed = facts["short_hours"], facts["queue_missed"], facts["expected_missed"], facts["missed_share"]
    if short is not None and short.low > 0:
        found.append(Finding("short", "risk"))
    if facts["free_share"] and facts["free_share"].low > 0.5 and queued and missed and queued.high < missed.low:
        found.append(Finding("not_people", "risk"))
    reached = first[first.delay != "no_number"]
    if facts["reached_share"] and facts["reached_share"].n >= params.fewest:
        clinic = share(reached.n[reached.by == "clinic"].sum(), reached.n.sum(), params.level)
        found.append(Finding("call_back", "opportunity", {"by_clinic": clinic}, impact=facts["lost_value"]))
    if worst is not None:
        found.append(Finding("missed_peak", "risk", {"from_hour": worst[0], "to_hour": worst[1], "peak_share": worst[2]}))
    load = capacity.room_load if capacity is not None else None
    full = load is not None and load.value >= params.full_load and facts["never_month"] is not None
    unnumbered = facts["no_number_share"]
    promise = {"claimed": exact(params.claimed_gain, "share", 0), "claim_missed": exact(missed_for_gain(params.claimed_gain), "share", 0)}
    misses = queued is not None and expected is not None and expected.grade == "C"
    told: dict[str, tuple[bool, dict[str, Any]]] = {
        "clocks": (bool(facts["clock_hours"]), {}),
        "some_numbers": (unnumbered is not None and unnumbered.value >= contacts.TOLD_FROM and facts["never_share"] is not None, {}),
        "rooms_full": (full, {"room_load": load}),
        "model_misses": (misses, {}),
        "answering_all": (facts["gain_callers"] is not None, promise),
    }
    found += [Finding(key, "caveat", values) for key, (true, values) in told.items() if true]
    lacks = {
        "no_missed": missed is None, "no_answers": missed is not None and missed.value == 1,
        "no_numbers": missed is not None and missed.value < 1 and facts["never_share"] is None,
        "no_rota": facts["there_hours"] is None, "no_lengths": desk is None,
        "no_link": facts["never_share"] is not None and facts["lost_visits"] is None,
        "no_value": facts["lost_visits"] is not None and facts["first_value"] is None,
    }
    return (*found, *(Finding(key, "not_answered") for key, lacking in lacks.items() if lacking))


# ---------------------------------------------------------------------- figures
def missed(result: TelephoneResult, labels: Labels) -> Figure | None:
    """Calls by hour, those nobody took dark."""
    rows = result.missed_by_hour
    if rows is None:
        return None
    return columns.columns(
        rows.calls, rows.missed, names=[str(int(hour)) for hour in rows.hour],
        texts=[labels.number(round(100 * share), "count") if np.isfinite(share) else "" for share in rows.share],
        accent=list(rows.is_peak.astype(bool)), height=39, key=labels["key"], x_label=labels["x"], tick=lambda n: labels.number(n, "count"),
    )


def staffing_day(result: TelephoneResult, labels: Labels) -> Figure | None:
    """People on the rota in each half-hour, people talking on the busiest weekday, people the calls need."""
    if result.half_hours is None:
        return None
    rows = result.half_hours.groupby("slot").agg(
        needed=("needed", "max"), there=("there", "min"), load=("load", "max"), short=("short", "any")
    ).reset_index()
    known = rows.there.notna().any()
    return columns.columns(
        rows.there if known else rows.needed, rows.load, accent=list(rows.short.astype(bool)),
        names=[str(int(slot[:2])) if slot.endswith("00") else "" for slot in rows.slot],
        texts=[labels.number(needed, "count") for needed in rows.needed],
        height=39, key=labels["key" if known else "key_needed"], x_label=labels["x"], tick=lambda n: labels.number(n, "count"),
    )


def _frame(name: str, rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[part for measure in TelephoneResult.measures(name) for part in measure.names])

"""Funnel: where people are lost between the advertisement and a recommendation.

Question   Where and why are people lost, which step first, and what is it worth under the rooms there are?
Method     Counts of one cohort (people who got in touch in the period), a step being reached by everybody
           who reached a later one; Wilson intervals; visits still to come by the lag of settled callers; second visits
           counted where everybody was watched, else expected as of the last who were; money by
           draws of shares and of a first patient's value; reasons in money by a Dirichlet of the marked calls;
           LMDI (Ang 2004) for the change; recommendations within Manski's bounds and their reproduction number.
Reads      appointments, patients, first visits; enquiries, opportunities, site traffic, ad spend, patient days, the
           value of a patient and the load of rooms if there are any.
Cannot say Why somebody did not book unless calls were tagged; what people who never called wanted; who recommended
           whom. That those who come again bring more is an association: they were also the ones who needed more.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.analyses.clv import ClvResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.chain import Chain, chain, lifted, worst_step
from audit.models.clock_shift import constant_shift
from audit.models.counted import mean_difference, money_per, per_month, settled, share, three, times
from audit.models.factors import lmdi
from audit.models.lag import unseen_share
from audit.models.loss_reasons import reason_money
from audit.models.own_best import own_best
from audit.models.proportions import multinomial
from audit.models.word_of_mouth import WordOfMouth, word_of_mouth
from audit.plots import bars
from audit.plots import stages as stage_bars
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.results.disclosure import SMALLEST_SHOWN
from audit.tables import contacts, referrals
from audit.tables.clocks import bookings_after_calls, visits_before_calls
from audit.tables.contacts import Reached
from audit.tables.enquiries import ENQUIRIES
from audit.wording import Labels

FIGURES = ("stages", "losses")
VALUE_DAYS = (365, 180, 90)
UPSTREAM = ("impressions", "visitors", "enquiries")
"""Stages that count showings, visitors and contacts, not people: between them lie rates, not chances."""

REASONS = ENQUIRIES["loss_reason"].allowed


POINT = 0.01
"""One percentage point of a step: what it is worth is told."""


class FunnelParams(Params):
    """Settings of the analysis."""

    return_days: int = Field(90, ge=7, le=365, description="a second visit within these days counts as coming again")
    value_days: int = Field(365, ge=90, description="horizon over which coming again is valued")
    full_load: float = Field(0.95, gt=0, le=1, description="room load from which more first visits need more room")
    fewest: int = Field(30, ge=8, description="cases below which a step is not judged")
    most_before: float = Field(0.2, gt=0, le=1, description="share of same-day visits that may begin before the first call; beyond it the clocks differ")
    most_contradicted: float = Field(0.2, gt=0, le=1, description="share of bookings without an answered call above which answering is not recorded")
    most_free_text: float = Field(0.4, gt=0, le=1, description="share of marked reasons in free words, or marked as other, above which they are not ranked")
    recommended_as: tuple[str, ...] = Field(("friends", "word of mouth", "recommendation", "relatives"), description="sources that mean a recommendation by a patient")
    recommend_months: int = Field(12, ge=1, le=36, description="months within which a patient recommends")
    raise_by: float = Field(0.1, gt=0, le=1, description="rise of every step at once that is told, relative")


@dataclass(frozen=True, kw_only=True)
class FunnelResult(Result):
    """Counts are per month of the period; a share is of the people who reached the step before.

    ``lost`` are people who will not come; ``awaited`` booked and have time to come still. ``visit_share_settled`` and
    ``came_share_settled`` count those too, as settled callers came. ``recommended_share`` is bounded whatever the silent
    would say; ``reproduction`` is new patients each first patient brings, ``brought`` with those they bring in turn.
    ``again_seen`` are callers of the period who came and came again by now, ``again_expected`` will have in time where
    not all were watched so long: the share of the last new patients who were (``return_from`` to ``return_to``).
    ``recommended_least`` named a recommendation, ``recommended_most`` had all the silent named one. ``reasons_from`` and
    ``reasons_to`` are the days of the callers whose reasons are marked.
    ``room`` is first patients a month the rooms can take beyond those who come; ``raised`` is the share by which more come
    when every step rises by ``raise_by``, ``raised_room`` as far as there is room.
    """

    impressions: Estimate | None
    visitors: Estimate | None
    enquiries: Estimate | None
    callers: Estimate | None
    first_visits: Estimate
    lost: Estimate | None
    awaited: Estimate | None
    missed_share: Estimate | None
    missed_share_before: Estimate | None
    answered_share: Estimate | None
    answered_share_before: Estimate | None
    booked_share: Estimate | None
    booked_share_before: Estimate | None
    came_share: Estimate | None
    came_share_before: Estimate | None
    came_share_settled: Estimate | None
    return_share: Estimate | None
    return_share_before: Estimate | None
    visit_share: Estimate | None
    visit_share_before: Estimate | None
    visit_share_settled: Estimate | None
    no_show_share: Estimate | None
    unseen: Estimate | None
    unlinked_share: Estimate | None
    no_number_share: Estimate | None
    first_value: Estimate | None
    value_days: int | None
    return_value: Estimate | None
    worst: str | None
    return_days: int
    return_from: date | None
    return_to: date | None
    again_seen: Estimate | None
    again_expected: Estimate | None
    reasons_from: date | None
    reasons_to: date | None
    recommended_share: Estimate | None
    recommended_least: Estimate | None
    recommended_most: Estimate | None
    reproduction: Estimate | None
    brought: Estimate | None
    room: Estimate | None
    raised: Estimate | None
    raised_room: Estimate | None
    stages: pd.DataFrame = table(
        Measure("stage", "label"), Measure("per_month", "count"), Measure("share", "share", interval=True, form="bar"),
        Measure("share_before", "share"), Measure("lost", "count"), Measure("lost_visits", "number", interval=True, shown=False), Measure("lost_money", "currency", interval=True),
        Measure("n", "count", people=True, shown=False), Measure("n_lost", "count", people=True, shown=False),
    )
    worth: pd.DataFrame = table(
        Measure("stage", "label"), Measure("share", "share"), Measure("own_best", "share"), Measure("best_low", "share", shown=False),
        Measure("best_high", "share", shown=False), Measure("point_people", "number", interval=True, shown=False),
        Measure("point_money", "currency", interval=True, form="line"), Measure("room_money", "currency"), Measure("n", "count", shown=False),
    )
    change: pd.DataFrame | None = table(
        Measure("stage", "label"), Measure("before", "number"), Measure("now", "number"), Measure("first_visits", "number"),
    )
    reasons: pd.DataFrame | None = table(
        Measure("reason", "label"), Measure("share", "share", interval=True, form="bar"),
        Measure("n", "count", people=True),
    )
    losses: pd.DataFrame | None = table(
        Measure("cause", "label"), Measure("per_month", "count"), Measure("money", "currency", interval=True, form="bar"),
        Measure("cumulative", "share"), Measure("n", "count", people=True, shown=False),
    )


def analyse(
    appointments: Table, patients: Table, first_visits: Table, patient_days: Table | None, opportunities: Table | None,
    enquiries: Table | None, site_traffic: Table | None, ad_spend: Table | None, capacity: CapacityResult | None,
    clv: ClvResult | None, *, period: Period, params: FunnelParams,
) -> FunnelResult:
    """Follow those who got in touch now and before; without enquiries, those who booked."""
    now, past = period.present, period.past
    if enquiries is not None:
        _same_clock(enquiries, opportunities, appointments, patients, params)
    unnumbered = share(*contacts.without_number(enquiries, now), params.level) if enquiries is not None else None
    numberless = unnumbered is not None and unnumbered.value == 1
    # without any number people cannot be told from calls
    calls, steps, contradicted = _followable(None if numberless else opportunities, enquiries, params)
    cohort = contacts.reached(calls, steps, now) if calls is not None else contacts.diary(appointments, now)
    before = None if past is None else (
        contacts.reached(calls, steps, past) if calls is not None else contacts.diary(appointments, past)
    )
    if not cohort.counts[0]:
        raise NotAnswerable("nobody", verdict="not_enough_data")
    n_new = contacts.new_patients(first_visits, now)
    # those who have no number come too: only what they leave over contradicts the bookings
    inverted = "booked" in steps and n_new * (1 - (unnumbered.value if unnumbered else 0.0)) > cohort["booked"]
    value, value_days = _first_value(clv) if calls is not None else (_visit_value(patient_days, now, params), None)
    unseen = _unseen(calls, now, period) if calls is not None and "came" in steps else None
    # where bookings are missing from the records, nobody knows how many were lost before them
    parts = chain(
        cohort.counts, per=now.months, level=params.level, seed=params.seed, value_level=params.level,
        value=three(value) if value and not inverted else None, seen=_seen(cohort, unseen),
    )
    awaited = cohort.counts[-2] - cohort.counts[-1] - parts.lost[-1] * now.months
    come = (*cohort.counts[:-1], cohort.counts[-1] + max(awaited, 0.0))
    worst = None if inverted else worst_step(come, level=params.level, fewest=params.fewest)
    no_show = contacts.missed_appointments(appointments, now)
    facts: dict[str, Any] = {
        **_upstream(ad_spend, enquiries, site_traffic, now), **_missed(enquiries, period, params),
        **_shares(cohort, "", params), **_shares(before, "_before", params), **_settled(cohort, parts, unseen, params),
        "callers": per_month(cohort.counts[0], now.months) if calls is not None else None, "first_visits": per_month(n_new, now.months),
        "lost": exact(float(parts.lost.sum()), "count", cohort.counts[0] - cohort.counts[-1]),
        "awaited": exact(awaited / now.months, "count", cohort.counts[-2]) if unseen else None,
        "worst": cohort.steps[worst + 1] if worst is not None else None,
        **_returns(calls if "came" in steps else None, first_visits, patient_days, period, params),
        "no_show_share": share(*no_show, params.level) if no_show[0] else None, "unseen": unseen,
        "unlinked_share": share(contacts.unlinked(first_visits, calls, now), n_new, params.level) if "came" in steps else None,
        "no_number_share": unnumbered,
        "first_value": value, "value_days": value_days, **_recommended(first_visits, now, period, params),
        **_raised(cohort, parts, capacity, n_new, now, params),
    }
    best = _own_best(calls, cohort.steps, period, params) if calls is not None else {}
    reasons, marked, free_text = _reasons(calls if "booked" in steps else None, period, params)
    facts |= {"reasons_from": marked[0], "reasons_to": marked[1]}
    tables: dict[str, Any] = {
        "stages": _stages(cohort, before, parts, facts, now, params), "worth": _worth(cohort, parts, facts, best, now, params),
        "change": _change(cohort, before, now, past), "reasons": reasons,
        "losses": None if inverted else _losses(cohort, parts, reasons, now, params),
    }
    old_reasons = marked[0] is not None and not now.start <= marked[0] <= marked[1] < now.end
    lacks = {"numberless": numberless, "old_reasons": old_reasons, "contradicted": contradicted, "inverted": inverted, "free_text": free_text}
    return FunnelResult(
        grade="C" if inverted else "B" if old_reasons or facts["again_expected"] else "A", headline="visit_share" if facts["visit_share"] else "came_share" if facts["came_share"] else None,
        findings=_findings(facts, tables, cohort, lacks, capacity, params), says=_says(facts, tables, cohort, lacks, params),
        **facts, **tables,
    )


# ---------------------------------------------------------------------- who can be followed
def _same_clock(
    enquiries: Table, opportunities: Table | None, appointments: Table, patients: Table, params: FunnelParams
) -> None:
    """Refuse to follow calls to bookings and visits that a difference of clocks has put elsewhere."""
    pairs = bookings_after_calls(enquiries, appointments, patients)
    shift = constant_shift(pairs.minutes, fewest=params.fewest)
    if shift:
        hours = exact(abs(shift), "hours", len(pairs))
        raise NotAnswerable("clocks_differ", verdict="not_identified", values={"hours": hours, "earlier": shift < 0})
    before, n = visits_before_calls(opportunities, appointments) if opportunities is not None else (0, 0)
    if n >= params.fewest and before > params.most_before * n:
        raise NotAnswerable("visits_before_calls", verdict="not_identified", values={"before": share(before, n, params.level)})


def _followable(
    opportunities: Table | None, enquiries: Table | None, params: FunnelParams
) -> tuple[Table | None, tuple[str, ...], bool]:
    """Callers who can be followed and their recorded steps; whether answering contradicts the bookings.

    Callers without a number are left out where others have one: they would look lost whatever they did.
    """
    if opportunities is not None and enquiries is not None:
        opportunities = contacts.persons(opportunities, enquiries)
    steps = contacts.measured_steps(opportunities, params.fewest) if opportunities is not None else ()
    if opportunities is None or not steps:
        return None, (), False
    unanswered, booked = contacts.booked_unanswered(opportunities)
    contradicted = "answered" in steps and booked >= params.fewest and unanswered > params.most_contradicted * booked
    kept = tuple(step for step in steps if not (contradicted and step == "answered"))
    return (opportunities, kept, contradicted) if len(kept) > 1 else (None, (), contradicted)


def _seen(cohort: Reached, unseen: Estimate | None) -> list[float]:
    """Of those who will pass each step, the part the records show already; only visits take time."""
    waits = unseen.value if unseen is not None else 0.0
    return [1 - waits if step == "came" and cohort.steps[0] == "callers" else 1.0 for step in cohort.steps[1:]]


# ---------------------------------------------------------------------- shares and values
def _shares(cohort: Reached | None, suffix: str, params: FunnelParams) -> dict[str, Estimate | None]:
    """Share of each step among those who reached the step before, and of the whole way."""
    steps, counts = (cohort.steps, cohort.counts) if cohort is not None else ((), ())
    found = {step: share(counts[i], counts[i - 1], params.level) for i, step in enumerate(steps) if i}
    shares = {f"{step}_share{suffix}": found.get(step) for step in ("answered", "booked", "came")}
    whole = bool(steps) and steps[0] == "callers" and steps[-1] == "came"
    return shares | {f"visit_share{suffix}": share(counts[-1], counts[0], params.level) if whole else None}


def _settled(cohort: Reached, parts: Chain, unseen: Estimate | None, params: FunnelParams) -> dict[str, Estimate | None]:
    """Shares once the latest callers have had their time too."""
    if unseen is None or cohort.steps[-1] != "came":
        return {"came_share_settled": None, "visit_share_settled": None}
    known = 1 - unseen.value
    return {f"{name}_share_settled": settled(cohort.counts[-1], n, known, params.level)
            for name, n in (("came", cohort.counts[-2]), ("visit", cohort.counts[0]))}


def _upstream(ad_spend: Table | None, enquiries: Table | None, site_traffic: Table | None, days: Days) -> dict[str, Estimate | None]:
    """What comes before people are told apart: showings of advertisements, visitors of the site, calls and requests."""
    seen = {
        "impressions": contacts.impressions(ad_spend, days) if ad_spend is not None else 0.0,
        "visitors": contacts.visitors(site_traffic, days) if site_traffic is not None else 0.0,
        "enquiries": contacts.incoming(enquiries, days) if enquiries is not None else 0,
    }
    return {name: per_month(n, days.months) if n else None for name, n in seen.items()}


def _missed(enquiries: Table | None, period: Period, params: FunnelParams) -> dict[str, Estimate | None]:
    """Share of calls nobody answered; nothing when none is, or all are: then the log does not hold who was."""
    found: dict[str, Estimate | None] = {"missed_share": None, "missed_share_before": None}
    missed, calls = contacts.missed_calls(enquiries, Days(start=period.start, end=period.end)) if enquiries is not None else (0, 0)
    if enquiries is None or missed in (0, calls):
        return found
    found["missed_share"] = share(*contacts.missed_calls(enquiries, period.present), params.level)
    if period.past is not None:
        found["missed_share_before"] = share(*contacts.missed_calls(enquiries, period.past), params.level)
    return found


def _return(first_visits: Table, days: Days | None, period: Period, params: FunnelParams) -> dict[str, Any]:
    """Came again in time, of new patients watched so long: those of ``days``, else the last such ones before."""
    if days is None:
        return {}
    last = min(days.end, period.end - timedelta(days=params.return_days))
    start = days.start if last == days.end else last - timedelta(days=max(days.days, params.return_days))
    if start < period.start:
        return {}
    back, n = contacts.came_again(first_visits, Days(start=start, end=last), params.return_days)
    return {"share": share(back, n, params.level), "from": start, "to": last - timedelta(days=1)} if n >= params.fewest else {}


def _returns(
    calls: Table | None, first_visits: Table, patient_days: Table | None, period: Period, params: FunnelParams
) -> dict[str, Any]:
    """Second visits: how many first patients come again now and before, what it brings, and of the callers seen and expected."""
    now = period.present
    seen = contacts.callers_again(calls, first_visits, now, params.return_days) if calls is not None else (0, 0, 0)
    back, before = (_return(first_visits, days, period, params) for days in (now, period.past))
    return {
        **_again(seen, back, now), "return_days": params.return_days, "return_share": back.get("share"), "return_from": back.get("from"),
        "return_to": back.get("to"), "return_share_before": before.get("share"),
        "return_value": _return_value(first_visits, patient_days, period, params),
    }


def _again(seen: tuple[int, int, int], back: Mapping[str, Any], now: Days) -> dict[str, Estimate | None]:
    """Callers of ``now`` who came and came again so far; what is expected of them in time where not all were watched so long."""
    again, watched, came = seen
    expected = back["share"].scaled(came / now.months, "count") if came > watched and back else None
    return {
        "again_seen": per_month(again, now.months) if came and not 0 < again < SMALLEST_SHOWN else None,
        "again_expected": replace(expected, n=back["share"].n, grade="C", verdict="weak") if expected else None,
    }


def _return_value(
    first_visits: Table, patient_days: Table | None, period: Period, params: FunnelParams
) -> Estimate | None:
    """What those who come again bring more than the others after the first day, outside surgery, to the horizon."""
    if patient_days is None:
        return None
    since = max(period.start, period.end - timedelta(days=2 * params.value_days))
    rows = contacts.later_revenue(first_visits, patient_days, since, params.return_days, params.value_days)
    back = rows.came_again.to_numpy(dtype=bool)
    amounts = rows.revenue[back].to_numpy(float), rows.revenue[~back].to_numpy(float)
    if min(len(part) for part in amounts) < params.fewest or not amounts[0].any():
        return None
    return mean_difference(*amounts, params.level, params.seed)


def _first_value(clv: ClvResult | None) -> tuple[Estimate | None, int | None]:
    """Counted value of a first patient at the longest of the usual horizons that is known, and its days."""
    for days in VALUE_DAYS if clv is not None else ():
        if getattr(clv, f"value_{days}") is not None:
            return getattr(clv, f"value_{days}"), days
    return None, None


def _visit_value(patient_days: Table | None, days: Days, params: FunnelParams) -> Estimate | None:
    """Money per visit, for clinics whose funnel begins with the appointment."""
    if patient_days is None:
        return None
    daily = contacts.daily_takings(patient_days, days)
    return money_per(daily.revenue, daily.visits, params.level, params.seed)


def _unseen(calls: Table, days: Days, period: Period) -> Estimate | None:
    """Share of these callers' first visits that are still to come."""
    lags, ages = contacts.visit_lags(calls), contacts.opened_ages(calls, days, period.end)
    still = unseen_share(lags.lag, lags.n, ages.age)
    if np.isnan(still).any():
        return None
    share_ahead = min(float(ages.n @ still / ages.n.sum()), contacts.most_unseen(calls, days))
    return exact(share_ahead, "share", int(lags.n.sum()))


def _recommended(first_visits: Table, now: Days, period: Period, params: FunnelParams) -> dict[str, Estimate | None]:
    """Share of new patients who came by recommendation and how many each patient brings, between worst-case bounds."""
    named, others, silent = referrals.stated(first_visits, now, params.recommended_as)
    since = (pd.Timestamp(now.start) - pd.DateOffset(months=params.recommend_months)).date()
    earlier = referrals.first_patients_by_month(first_visits, max(since, period.start), now.start) if now.start > period.start else []
    found: WordOfMouth | None = None
    if named + others >= params.fewest:
        found = word_of_mouth(named=named, others=others, silent=silent, months=now.months, earlier=earlier, level=params.level)
    n = named + others + silent

    def told(values: tuple[float, float, float], unit: Any) -> Estimate | None:
        return Estimate(*values, unit, n, params.level, "C", "weak") if np.isfinite(values).all() else None

    return {
        "recommended_share": told(found.share, "share") if found else None,
        "recommended_least": per_month(named, now.months) if found and not 0 < named < SMALLEST_SHOWN else None,
        "recommended_most": per_month(named + silent, now.months) if found else None,
        "reproduction": told(found.reproduction, "number") if found else None, "brought": told(found.extra, "number") if found else None,
    }


def _raised(
    cohort: Reached, parts: Chain, capacity: CapacityResult | None, n_new: int, now: Days, params: FunnelParams
) -> dict[str, Estimate | None]:
    """First patients the rooms still hold, and what raising every step at once would bring without and with that limit."""
    most = capacity.visits_most if capacity is not None else None
    room = None
    if most is not None and capacity is not None and n_new and capacity.visits:
        per_first = capacity.visits / n_new
        room = exact(max(most.value - capacity.visits / now.months, 0.0) / per_first, "count", n_new)
    if cohort.steps[-1] != "came" or cohort.counts[-1] < params.fewest:
        return {"room": room, "raised": None, "raised_room": None}
    more, comes = lifted(parts.share, params.raise_by) - 1, cohort.counts[-1] / now.months
    held = None if room is None else exact(min(more, room.value / comes), "share", cohort.counts[-1])
    if not more > 0:
        return {"room": room, "raised": None, "raised_room": None}
    return {"room": room, "raised": exact(more, "share", cohort.counts[-1]), "raised_room": held}


# ---------------------------------------------------------------------- tables
def _stages(
    cohort: Reached, before: Reached | None, parts: Chain, facts: Mapping[str, Any], now: Days, params: FunnelParams
) -> pd.DataFrame:
    unknown = (np.nan,) * 3
    rows: list[list[Any]] = []
    if cohort.steps[0] == "callers":
        known = [(name, facts[name]) for name in UPSTREAM if facts[name]]
        rows += [[name, e.value, *unknown, np.nan, np.nan, *unknown, *unknown, e.n, 0] for name, e in known]
    rows.append([cohort.steps[0], cohort.counts[0] / now.months, *unknown, np.nan, np.nan, *unknown, *unknown, cohort.counts[0], 0])
    for i, (step, n) in enumerate(zip(cohort.steps[1:], cohort.counts[1:], strict=True)):
        entered, earlier = cohort.counts[i], None
        if before is not None:
            earlier = share(before.counts[i + 1], before.counts[i], params.level)
        rows.append([
            step, n / now.months, *three(share(n, entered, params.level)), three(earlier)[0], parts.lost[i], *parts.lost_people[i], *parts.lost_money[i],
            n, max(round(parts.lost[i] * now.months), 0),
        ])
    came, past_back = cohort.counts[-1], three(facts["return_share_before"])[0]
    if expected := facts["again_expected"]:
        n = round(expected.value * now.months)
        rows.append(["again_expected", expected.value, *three(facts["return_share"]), past_back, came / now.months - expected.value, *unknown, *unknown, n, came - n])
    elif facts["again_seen"]:
        n = facts["again_seen"].n
        rows.append(["again", n / now.months, *three(share(n, came, params.level)), past_back, (came - n) / now.months, *unknown, *unknown, n, came - n])
    if named := facts["recommended_least"]:
        rows.append(["recommended", named.value, *unknown, np.nan, np.nan, *unknown, *unknown, named.n, 0])
    return _frame("stages", rows)


def _own_best(calls: Table, steps: tuple[str, ...], period: Period, params: FunnelParams) -> dict[str, tuple[float, float, float]]:
    """Of each step the share that this clinic's own good months have reached, where it has months enough."""
    months = contacts.reached_by_month(calls, Days(start=period.start, end=period.end))
    found = {
        step: own_best(months[step], months[before], fewest=params.fewest, level=params.level, seed=params.seed)
        for before, step in itertools.pairwise(steps)
    }
    return {step: told for step, told in found.items() if told is not None}


def _worth(cohort: Reached, parts: Chain, facts: Mapping[str, Any], best: Mapping[str, tuple[float, float, float]], now: Days, params: FunnelParams) -> pd.DataFrame:
    """One point more of each step: people, money, and the part of it for which there is room."""
    room = facts["room"]

    def fits(people: float) -> float:
        return np.nan if room is None else min(1.0, room.value / people) if people > 0 else 1.0

    rows: list[list[Any]] = [
        [step, parts.share[i], *best.get(step, (np.nan,) * 3), *parts.point_people[i], *parts.point_money[i], parts.point_money[i, 0] * fits(parts.point_people[i, 0]), cohort.counts[i]]
        # a step that everybody passes cannot be a point better
        for i, step in enumerate(cohort.steps[1:]) if cohort.counts[i] >= params.fewest and parts.share[i] <= 1 - POINT
    ]
    back, returns = facts["return_share"], POINT * cohort.counts[-1] / now.months
    if back and facts["visit_share"]:
        money = facts["return_value"].scaled(returns) if facts["return_value"] else None
        rows.append(["again", back.value, *(np.nan,) * 3, *[returns] * 3, *three(money), np.nan, back.n])
    return _frame("worth", rows)


def _change(cohort: Reached, before: Reached | None, now: Days, past: Days | None) -> pd.DataFrame | None:
    """Visits a month more (or fewer), split among the number who entered and the steps without a rest."""
    if before is None or past is None or not before.counts[0] or cohort.steps[-1] != "came":
        return None
    factors = []
    for one, days in ((before, past), (cohort, now)):
        counts = np.asarray(one.counts, float)
        shares = np.divide(counts[1:], counts[:-1], out=np.zeros(len(counts) - 1), where=counts[:-1] > 0)
        factors.append(np.r_[counts[0] / days.months, shares])
    parts = lmdi(*factors)
    return _frame("change", [list(row) for row in zip(cohort.steps, *factors, parts, strict=True)])


def _reasons(calls: Table | None, period: Period, params: FunnelParams) -> tuple[pd.DataFrame | None, tuple[date, date] | tuple[None, None], bool]:
    """Reasons of callers who did not book, where tagged now, else in the whole history, of which days; whether they are free words."""
    free_text = False
    for days in (period.present, Days(start=period.start, end=period.end)) if calls is not None else ():
        rows = contacts.loss_reasons(calls, days)
        rows = rows[rows.reason.notna()]
        free = ~rows.reason.isin(REASONS) | (rows.reason == "other")
        if rows.n.sum() < params.fewest:
            continue
        free_text = bool(rows.n[free].sum() > params.most_free_text * rows.n.sum())
        if free_text:
            continue
        rows = rows.assign(reason=rows.reason.where(~free, "other")).groupby("reason").n.sum().reset_index()
        rows = rows.sort_values(["n", "reason"], ascending=[False, True])
        low, high = multinomial(rows.n, params.level)
        told = _frame("reasons", [list(row) for row in zip(rows.reason, rows.n / rows.n.sum(), low, high, rows.n, strict=True)])
        return told, contacts.marked_days(calls, days), False
    return None, (None, None), free_text


def _losses(
    cohort: Reached, parts: Chain, reasons: pd.DataFrame | None, now: Days, params: FunnelParams
) -> pd.DataFrame | None:
    """Why people are lost before the first visit, in money where it is known and else in people, the largest first."""
    if cohort.steps[0] != "callers" or cohort.counts[0] - cohort.counts[-1] < params.fewest:
        return None
    rows: list[list[Any]] = []
    for i, step in enumerate(cohort.steps[1:]):
        lost, money = parts.lost[i], parts.lost_money[i]
        if step == "booked" and reasons is not None:
            split = reason_money(reasons.n, (1.0, 1.0, 1.0) if np.isnan(money[0]) else tuple(money), level=params.level, seed=params.seed).money
            amounts = split if np.isfinite(money[0]) else np.full((len(reasons), 3), np.nan)
            rows += [[row.reason, lost * row.share, *amounts[at], np.nan, int(row.n)] for at, row in enumerate(reasons.itertuples())]
        else:
            rows.append([f"not_{step}", lost, *money, np.nan, round(lost * now.months)])
    frame = _frame("losses", rows).sort_values(["money", "per_month", "cause"], ascending=[False, False, True]).reset_index(drop=True)
    size = frame.money if frame.money.notna().all() else frame.per_month
    frame["cumulative"] = size.cumsum() / size.sum()
    return frame


# ---------------------------------------------------------------------- what to say
def _says(
    facts: Mapping[str, Any], tables: Mapping[str, Any], cohort: Reached, wrong: Mapping[str, bool], params: FunnelParams
) -> dict[str, Sentence]:
    worst, values, inverted = facts["worst"], dict[str, Any](), wrong["inverted"]
    kind = "diary" if cohort.steps[0] == "due" else "no_visits" if cohort.steps[-1] != "came" else "inverted" if inverted else "booked_or_not_reached" if worst == "booked" and "answered" not in cohort.steps and wrong["contradicted"] else worst or "even"
    if worst:
        lost = tables["stages"].set_index("stage").n_lost[list(cohort.steps[1:])]
        values = {"lost_here": share(lost[worst], lost.sum(), params.level)}
    if inverted:
        values = {"booked": cohort["booked"], "came": facts["first_visits"].n}
    form, losses = "diary" if kind == "diary" else "calls", tables["losses"]
    first = Sentence("none")
    if losses is not None:
        most = int((losses.cumulative < 0.8).sum()) + 1
        first = Sentence("money" if losses.money.notna().all() else "people", {"most": most, "causes": len(losses)})
    return {
        "title": Sentence(kind, values), "lede": Sentence("visits" if facts["visit_share"] else form),
        "figures.stages.title": Sentence(form), "figures.losses.title": first, "figures.losses.subtitle": Sentence(first.key),
        "notes.how": Sentence(form), "notes.care": Sentence(form),
        "notes.decide": Sentence(kind if kind in ("answered", "booked", "came") else "other"),
    }


def _findings(
    facts: Mapping[str, Any], tables: Mapping[str, Any], cohort: Reached, wrong: Mapping[str, bool], capacity: CapacityResult | None,
    params: FunnelParams,
) -> tuple[Finding, ...]:
    worth = tables["worth"].set_index("stage")
    found = []
    if facts["raised"]:
        found.append(Finding("raised", "opportunity", {"steps": len(cohort.steps) - 1, "by": exact(params.raise_by, "share", 0)}))
    found += _done_better(worth, facts, params)
    if facts["reproduction"]:
        found.append(Finding("word_of_mouth", "strength"))
    for step in worth.index.drop("again", errors="ignore"):
        people = _cell(worth, step, "point_people", "number", params)
        money = _cell(worth, step, "point_money", "currency", params)
        found.append(Finding(f"point_{step}", "opportunity", {"people": people}, impact=money))
    load = capacity.room_load if capacity is not None else None
    came, booked = facts["first_visits"].n, cohort["booked"] if "booked" in cohort.steps else None
    skipped = cohort.skipped > 0.05 * max(cohort.counts[-1], 1) and cohort.steps[-1] == "came"
    more_called = bool(facts["visitors"] and facts["callers"]) and facts["callers"].value > facts["visitors"].value
    numbers = facts["no_number_share"]
    caveats: dict[str, tuple[bool, dict[str, Any]]] = {
        "more_came": (wrong["inverted"], {"came": came, "booked": booked}),
        "more_called": (more_called, {}),
        "rooms_full": (load is not None and load.value >= params.full_load, {"room_load": load}),
        "again_expected": (facts["again_expected"] is not None, {"came": exact(cohort.counts[-1], "count", cohort.counts[-1])}),
        "old_reasons": (wrong["old_reasons"], {}),
        "no_numbers": (numbers is not None and contacts.TOLD_FROM <= numbers.value < 1, {}),
        "unlinked": (facts["unlinked_share"] is not None and facts["unlinked_share"].value > 0.1, {}),
        "unseen": (facts["unseen"] is not None and facts["unseen"].value > 0.02, {}),
        "skipped": (skipped, {"skipped": cohort.skipped}),
    }
    found += [Finding(key, "caveat", values) for key, (true, values) in caveats.items() if true]
    from_calls = cohort.steps[0] == "callers"
    lacks = {
        "inverted": wrong["inverted"], "contradicted": wrong["contradicted"],
        "no_enquiries": not from_calls and not wrong["numberless"], "numberless": wrong["numberless"], "no_missed": bool(facts["enquiries"]) and facts["missed_share"] is None and not wrong["contradicted"],
        "no_bookings": from_calls and "booked" not in cohort.steps, "no_link": from_calls and "came" not in cohort.steps,
        "free_text": wrong["free_text"], "no_reasons": "booked" in cohort.steps and tables["reasons"] is None and not wrong["free_text"],
        "no_site": facts["visitors"] is None, "no_return": facts["return_share"] is None, "no_value": facts["first_value"] is None,
        "no_sources": facts["recommended_share"] is None,
    }
    return (*found, *(Finding(key, "not_answered") for key, lacking in lacks.items() if lacking))


def _done_better(worth: pd.DataFrame, facts: Mapping[str, Any], params: FunnelParams) -> list[Finding]:
    """Steps that lie below the clinic's own good months by more than chance, and what those months would bring again."""
    found = []
    for row in worth[worth.own_best.notna()].itertuples():
        now = facts["came_share_settled"] if row.Index == "came" and facts["came_share_settled"] else facts[f"{row.Index}_share"]
        if now is None or row.best_low <= now.high:
            continue
        best = Estimate(row.own_best, row.best_low, row.best_high, "share", now.n, params.level, "B")
        points = Estimate(100 * (best.value - now.value), 100 * (best.low - now.high), 100 * (best.high - now.low), "number", now.n, params.level)
        each = (_cell(worth, str(row.Index), f"point_{name}", unit, params) for name, unit in (("people", "number"), ("money", "currency")))
        people, money = (times(points, one, one.unit) if one else None for one in each)
        values: dict[str, Any] = {"step": row.Index, "best": best, "share": now, "people": people}
        found.append(Finding("done_better", "opportunity", values, impact=money))
    return found


# ---------------------------------------------------------------------- figures
def stages(result: FunnelResult, labels: Labels) -> Figure | None:
    """Who went on and who was lost, step by step, from the first contact of a person."""
    rows = result.stages[~result.stages.stage.isin(UPSTREAM)].reset_index(drop=True)
    if len(rows) < 2:
        return None
    reasons = [_gone(row.stage, result, Estimate(1 - row.share, 1 - row.share_high, 1 - row.share_low, "share", 0), labels)
               if np.isfinite(row.share) else "" for row in rows.itertuples()]
    lost, most = rows.lost.fillna(0.0).round(), result.recommended_most
    named = (rows.stage == "recommended") & rows.per_month.notna()
    if most is not None:
        reasons = [labels.text("recommended", most=most, each=result.reproduction) if told else words for told, words in zip(named, reasons, strict=True)]
    return stage_bars.stages(
        rows.per_month, height=5.0 + 6.6 * len(rows), expected=list(rows.stage == "again_expected"), most=np.where(named, three(most)[0], np.nan), names=[labels.value("stage", stage) for stage in rows.stage], reasons=reasons,
        counts=[labels.number(round(n), "count") if np.isfinite(n) else labels["hidden"] for n in rows.per_month],
        lost=["−" + labels.number(n, "count") if n else "" for n in lost], strong=list(rows.stage == result.worst),
    )


def _gone(stage: str, result: FunnelResult, gone: Estimate, labels: Labels) -> str:
    """What became of the others at a step; people who have time to come still are not lost."""
    will = result.came_share_settled
    if stage != "came" or will is None or result.awaited is None or result.awaited.value < 1:
        return labels.text(stage, gone=gone)
    gone = Estimate(1 - will.value, 1 - will.high, 1 - will.low, "share", 0)
    return labels.text("came_awaited", gone=gone, still=labels.number(round(result.awaited.value), "count"))


def losses(result: FunnelResult, labels: Labels) -> Figure | None:
    """Why people are lost, the dearest reason first, with the share of all losses reached so far."""
    rows = result.losses
    if rows is None:
        return None
    money = bool(rows.money.notna().all())
    size, unit = (rows.money, "currency") if money else (rows.per_month, "count")
    return bars.bars(
        size, names=[labels.value("cause", cause) for cause in rows.cause],
        texts=[labels.number(x, "share") if np.isfinite(x) else "" for x in rows.cumulative],
        low=rows.money_low if money else None, high=rows.money_high if money else None,
        accent=list(rows.cumulative.shift(fill_value=0.0) < 0.8), tick=lambda x: labels.number(x, unit),  # type: ignore[arg-type]
        width=84.5, height=14.0 + 4.6 * len(rows),
    )


# ---------------------------------------------------------------------- small things
def _frame(name: str, rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[part for measure in FunnelResult.measures(name) for part in measure.names])


def _cell(frame: pd.DataFrame, row: str, name: str, unit: Any, params: FunnelParams) -> Estimate | None:
    if row not in frame.index or not np.isfinite(frame.loc[row, name]):
        return None
    value, low, high = frame.loc[row, [name, f"{name}_low", f"{name}_high"]]
    return Estimate(value, low, high, unit, int(frame.loc[row, "n"]), params.level)

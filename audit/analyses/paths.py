"""Paths: which ways new people really take to the first visit, and what goes with leaving the ideal one.

Question   Which ways do people take to the first visit, which is the commonest, and what differs from the ideal?
Method     Event log of calls, requests, bookings, reminders, visits and payments, built in the engine; variants of the way
           up to the first visit (Wilson, bootstrap of people); directly-follows graph by a window and a group-by (van der
           Aalst 2016, §2.4); deviations from the reference path with Newcombe's interval of the difference in arrivals.
Reads      appointments, patients, first visits; enquiries, opportunities, charges, patient days, feedback, campaign
           members if there are any; the result of funnel for the value of a first patient.
Cannot say Whether a step makes people come: those who are reminded booked longer ahead, those who ring twice want it more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field, field_validator

from audit.analyses.funnel import FunnelResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.bootstrap import mean_interval
from audit.models.conformance import Deviation, Path, deviations
from audit.models.counted import share, three
from audit.plots import paths as path_rows
from audit.results import Estimate, Finding, Measure, Result, Sentence, table
from audit.results.disclosure import SMALLEST_SHOWN
from audit.tables import contacts, ways
from audit.tables.event_log import EVENTS, event_log
from audit.wording import Labels

FIGURES = ("variants",)
OTHER = "other"
SUPPOSED = ("reminder", "payment")
"""Events whose moment no export holds; times to and from them would be our own supposition."""

IDEAL = ("call", "booking", "reminder", "visit", "payment")
ARRIVAL = "visit"
STOPS = ("missed_call", "cancelled", "no_show")


class PathsParams(Params):
    """Settings of the analysis."""

    ideal: tuple[str, ...] = Field(IDEAL, description="the way people should take, step by step; cjm.yml may name another")
    days_after: int = Field(90, ge=7, le=365, description="days after the first visit in which returns and money are counted")
    longest: int = Field(365, ge=28, description="days of first contacts looked at")
    fewest: int = Field(30, ge=8, description="people below which a difference is not judged")
    variants_shown: int = Field(8, ge=2, le=12, description="commonest ways told one by one; the rest is one row")

    @field_validator("ideal")
    @classmethod
    def _known(cls, ideal: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [event for event in ideal if event not in EVENTS]
        if unknown or ARRIVAL not in ideal or len(set(ideal)) < len(ideal):
            raise ValueError(f"steps are {', '.join(EVENTS)}, each once, and the visit is one of them")
        return ideal


@dataclass(frozen=True, kw_only=True)
class PathsResult(Result):
    """``first_share`` is that of the commonest way, ``top_arrived`` that of the commonest way which ends in a visit.

    Shares are of all people whose way was watched to its end. ``arrived_share`` came to a first visit within 60 days.
    ``dearest`` is the deviation with the largest cost, which is what fewer arrivals would have been worth.
    """

    people: int
    kinds: int
    watched_from: date
    watched_to: date
    days_after: int
    ideal: str
    first_way: str
    first_share: Estimate
    ideal_share: Estimate
    arrived_share: Estimate
    dearest: str | None
    dearest_cost: Estimate | None
    no_number_share: Estimate | None
    variants: pd.DataFrame = table(
        Measure("way", "label"), Measure("share", "share", interval=True), Measure("came", "share"), Measure("again", "share", interval=True),
        Measure("value", "currency", interval=True), Measure("n", "count", people=True), Measure("is_ideal", "flag", shown=False),
    )
    follows: pd.DataFrame = table(
        Measure("event", "label"), Measure("next", "label"), Measure("share", "share", form="bar"), Measure("days", "days"),
        Measure("n", "count", people=True),
    )
    deviations: pd.DataFrame | None = table(
        Measure("deviation", "label"), Measure("people", "count", people=True), Measure("came", "share"), Measure("others", "share"),
        Measure("difference", "points", interval=True), Measure("cost", "currency", interval=True, form="line"),
        Measure("kind", "label", shown=False), Measure("event", "label", shown=False),
    )


def analyse(
    appointments: Table, patients: Table, first_visits: Table, enquiries: Table | None, opportunities: Table | None,
    charges: Table | None, patient_days: Table | None, feedback: Table | None, campaign_members: Table | None,
    funnel: FunnelResult, *, period: Period, params: PathsParams,
) -> PathsResult:
    """Put every way together from the event log, then count, follow and compare."""
    days = ways.watched(period.end, period.start, params.days_after, params.longest)
    if days is None:
        raise NotAnswerable("too_short", verdict="not_enough_data")
    log = event_log(appointments, patients, enquiries, charges, feedback, campaign_members)
    followed = opportunities is not None and enquiries is not None and funnel.visit_share is not None
    if opportunities is not None and enquiries is not None and followed:
        cases = ways.callers(contacts.persons(opportunities, enquiries), enquiries, days)
        unnumbered = share(*contacts.without_number(enquiries, days), params.level)
    else:
        cases, unnumbered = ways.new_patients(first_visits, patients, days), None
    steps = ways.steps(log, cases).cache()
    people = ways.variants(steps, cases, first_visits, patient_days if charges is not None else None, params.days_after)
    if len(people) < params.fewest:
        raise NotAnswerable("too_few", verdict="not_enough_data", values={"people": len(people), "fewest": params.fewest})
    ideal = _recorded(params.ideal, people)
    if followed and "call" in params.ideal and "call" not in ideal and people.path.str.contains("missed_call").any():
        raise NotAnswerable("no_answers", verdict="not_available")
    told = _variants(people, ideal, params)
    differ = _deviations(people, ideal, funnel.first_value, days, params) if followed else None
    dearest = differ.loc[differ.cost.idxmax()] if differ is not None and differ.cost.notna().any() else None
    first, n = told.iloc[0], len(people)
    facts: dict[str, Any] = {
        "people": n, "kinds": int(people.path.nunique()), "watched_from": days.start, "watched_to": days.end - timedelta(days=1),
        "days_after": params.days_after, "ideal": ways.BETWEEN.join(ideal), "first_way": str(first.way),
        "first_share": share(first.n, n, params.level), "arrived_share": share(people.came.sum(), n, params.level),
        "ideal_share": share((people.path == ways.BETWEEN.join(ideal)).sum(), n, params.level),
        "no_number_share": unnumbered, "dearest": None if dearest is None else str(dearest.deviation),
        "dearest_cost": None if dearest is None else Estimate(
            dearest.cost, dearest.cost_low, dearest.cost_high, "currency", int(dearest.people), params.level, "C", "weak"),
    }
    return PathsResult(
        grade="A", headline="ideal_share", says=_says(facts, differ, followed),
        findings=_findings(facts, differ, followed, charges is not None, len(params.ideal) - len(ideal)),
        **facts, variants=told, follows=_follows(steps), deviations=differ,
    )


# ---------------------------------------------------------------------- tables
def _recorded(ideal: Path, people: pd.DataFrame) -> Path:
    """The steps of the ideal way that this clinic records at all: nobody can be seen to take another."""
    seen = set(ways.BETWEEN.join(people.path.unique()).split(ways.BETWEEN)) | {ARRIVAL}
    return tuple(event for event in ideal if event in seen)


def _variants(people: pd.DataFrame, ideal: Path, params: PathsParams) -> pd.DataFrame:
    """The commonest ways one by one, the others as one row: their shares sum to 1."""
    counts = people.path.value_counts(sort=False).sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    shown = counts[counts >= SMALLEST_SHOWN].index[: params.variants_shown]
    way = people.path.where(people.path.isin(shown), OTHER)
    rows = []
    for name in [*shown, *([OTHER] if (way == OTHER).any() else [])]:
        those = people[way == name]
        came = those[those.came]
        again = three(share(came.again.sum(), len(came), params.level)) if len(came) >= params.fewest else (np.nan,) * 3
        rows.append([
            name, *three(share(len(those), len(people), params.level)), float(those.came.mean()), *again,
            *_mean(came.revenue, params), len(those), name == ways.BETWEEN.join(ideal),
        ])
    return _frame("variants", rows)


def _mean(money: pd.Series, params: PathsParams) -> tuple[float, float, float]:
    """Money per person who came, people resampled; nothing from a few people or without payments."""
    if len(money) < params.fewest or money.isna().any():
        return (np.nan,) * 3
    low, high = mean_interval(money, params.level, params.seed)
    return float(money.mean()), low, high


def _follows(steps: Table) -> pd.DataFrame:
    """What follows what: share of the event's occurrences and median days, where both moments are recorded."""
    edges = ways.follows(steps)
    edges["share"] = edges.n / edges.groupby("event").n.transform("sum")
    supposed = edges.event.isin(SUPPOSED) | edges.next.isin(SUPPOSED)
    edges["days"] = edges.days.where(~supposed)
    return edges[[name for measure in PathsResult.measures("follows") for name in measure.names]]


def _deviations(people: pd.DataFrame, ideal: Path, value: Estimate | None, days: Days, params: PathsParams) -> pd.DataFrame | None:
    """Per month; the costliest first, then the most frequent."""
    by = people.groupby("path").agg(n=("came", "size"), came=("came", "sum")).reset_index()
    found = deviations(
        [_path(way) for way in by.path], by.n, by.came, ideal=ideal, arrival=ARRIVAL,
        value=three(value) if value is not None else None, level=params.level, seed=params.seed, fewest=params.fewest,
    )
    rows = [_row(deviation, days.months) for deviation in found]
    frame = _frame("deviations", rows).sort_values(["cost", "people"], ascending=False, na_position="last", kind="stable")
    return frame.reset_index(drop=True) if rows else None


def _row(d: Deviation, months: float) -> list[Any]:
    cost = [x / months for x in d.cost]
    return [f"{d.kind} {d.event}", d.n, d.arrived / d.n, d.others_arrived / (d.people - d.n), *d.difference, *cost, d.kind, d.event]


def _path(way: str) -> Path:
    return tuple(way.split(ways.BETWEEN))


def _frame(name: str, rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[part for measure in PathsResult.measures(name) for part in measure.names])


# ---------------------------------------------------------------------- what to say
def _says(facts: dict[str, Any], differ: pd.DataFrame | None, followed: bool) -> dict[str, Sentence]:
    first = _path(facts["first_way"])
    kind = "diary" if not followed else "ideal" if facts["first_way"] == facts["ideal"] else "stops" if ARRIVAL not in first else "other"
    return {
        "title": Sentence(kind), "lede": Sentence("calls" if followed else "diary"),
        "notes.decide": Sentence("fewer" if differ is not None and (differ.difference_high < 0).any() else "none"), "notes.care": Sentence("calls" if followed else "diary"),
    }


def _findings(facts: dict[str, Any], differ: pd.DataFrame | None, followed: bool, paid: bool, unrecorded: int) -> tuple[Finding, ...]:
    found = []
    for row in differ.itertuples() if differ is not None else ():
        # where nobody comes later the way ended: that is a loss of the funnel, which tells its money
        if np.isfinite(row.cost) and row.came > 0 and not (row.kind == "skipped" and row.event == "call"):
            cost = Estimate(row.cost, row.cost_low, row.cost_high, "currency", int(row.people), facts["first_share"].level, "C", "weak")
            came = share(round(row.came * row.people), row.people, cost.level)
            found.append(Finding("deviation", "caveat", {"what": row.deviation, "people": int(row.people), "came": came, "cost": cost}))
    reminder = differ[differ.event == "reminder"] if differ is not None else pd.DataFrame()
    if len(reminder) and not np.isfinite(reminder.cost.iloc[0]):
        found.append(Finding("reminder_unclear", "caveat"))
    if facts["no_number_share"] and facts["no_number_share"].value >= contacts.TOLD_FROM:
        found.append(Finding("no_numbers", "caveat"))
    if unrecorded:
        found.append(Finding("unrecorded", "caveat", {"steps": unrecorded}))
    lacks = {"no_enquiries": not followed, "no_payments": not paid}
    return (*found, *(Finding(key, "not_answered") for key, lacking in lacks.items() if lacking))


# ---------------------------------------------------------------------- figures
def variants(result: PathsResult, labels: Labels) -> Figure | None:
    """The commonest ways step by step; steps that end a way in rust, the visit in navy."""
    rows = result.variants.dropna(subset=["share"])
    if rows.empty:
        return None
    steps = [_path(way) if way != OTHER else () for way in rows.way]
    return path_rows.paths(
        [[labels.value("event", event) for event in way] if way else [labels["other"]] for way in steps],
        shares=rows.share, share_texts=[labels.number(x, "share") for x in rows.share],
        heads=[labels["share"], labels["again"], labels["value"]],
        columns=[
            [labels.number(x, "share") if np.isfinite(x) else "–" for x in rows["again"]],
            [labels.number(x, "currency") if np.isfinite(x) else "–" for x in rows["value"]],
        ],
        goals=[[event == ARRIVAL for event in way] for way in steps], bad=[[event in STOPS for event in way] for way in steps],
    )

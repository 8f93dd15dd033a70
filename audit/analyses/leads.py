"""Leads: how many people stand behind calls and requests, how soon somebody speaks with them.

Question   How many people are behind the calls and requests, how soon does somebody speak with them, does it matter?
Method     One telephone within 30 days is one person, whatever the channels (as in the funnel); calls without a number are no
           persons. Now is the present; what needs many people is of the last half-year and says so. Minutes to the first
           conversation with the median's order-statistic interval; booking by response time with Wilson intervals, raw and
           standardised for channel and part of the day by a logit.
Reads      enquiries, opportunities, patients, first visits.
Cannot say Whether answering sooner makes people book: who is answered at once called at another hour, by another channel, and
           those who want it most wait or ring again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.counted import per_month, share, three
from audit.models.proportions import newcombe
from audit.models.standardise import standardise_rates
from audit.models.waits import median_wait
from audit.plots import bars
from audit.results import Estimate, Finding, Measure, Result, Sentence, table
from audit.tables import contacts
from audit.tables import leads as queries
from audit.wording import Labels

FIGURES = ("response",)
BUCKETS = {"at_once": 1.0, "quarter_hour": 15.0, "hour": 60.0, "day": 1440.0, "later": np.inf, "never": np.nan}
"""Minutes up to which a response belongs to each bucket."""
SOON = 15.0


class LeadsParams(Params):
    """Settings of the analysis."""

    shape_days: int = Field(182, ge=28, description="days over which response times are looked at")
    fewest: int = Field(30, ge=8, description="people below which a share is not judged")
    hour_edges: tuple[int, ...] = Field((12, 17), description="hours at which a new part of the day begins")


@dataclass(frozen=True, kw_only=True)
class LeadsResult(Result):
    """Counts, ``soon_share``, ``never_share`` and ``response_median`` are of the period; both tables and booking by speed of
    ``shape_from`` to ``shape_to``. ``overcount`` is how many more people there
    would seem to be if every channel counted its own; ``soon_gap`` the standardised share that books of those reached within
    a minute minus that of those reached later."""

    enquiries: Estimate
    new_contacts: Estimate
    people: Estimate
    overcount: Estimate
    several_share: Estimate | None
    repeat_share: Estimate | None
    soon_share: Estimate | None
    never_share: Estimate | None
    response_median: Estimate | None
    booked_soon: Estimate | None
    booked_late: Estimate | None
    soon_gap: Estimate | None
    no_number_share: Estimate | None
    shape_from: date
    shape_to: date
    channels: pd.DataFrame = table(
        Measure("channel", "label"), Measure("contacts", "count"), Measure("used", "count", people=True), Measure("people", "count", people=True),
        Measure("soon", "share", interval=True), Measure("median", "minutes", interval=True), Measure("booked", "share", interval=True),
        Measure("n", "count", people=True, shown=False),
    )
    response: pd.DataFrame | None = table(
        Measure("bucket", "label"), Measure("people", "count", people=True), Measure("booked", "share", interval=True, form="bar"),
        Measure("standardised", "share"), Measure("n", "count", people=True, shown=False),
    )


def analyse(
    enquiries: Table, opportunities: Table, first_visits: Table, patients: Table, *, period: Period, params: LeadsParams
) -> LeadsResult:
    """People behind the contacts and their response now; by channel and by speed over the last half-year."""
    now = period.present
    unnumbered = share(*contacts.without_number(enquiries, now), params.level)
    if unnumbered is not None and unnumbered.value == 1:
        raise NotAnswerable("no_numbers", verdict="not_available")
    opportunities = contacts.persons(opportunities, enquiries)
    since = max(period.start, min(now.start, now.end - timedelta(days=params.shape_days)))
    shape = Days(start=since, end=now.end)
    mine = queries.contacts_of(enquiries, first_visits, patients, opportunities, now).cache()
    longer = queries.contacts_of(enquiries, first_visits, patients, opportunities, shape).cache()
    by_now, by_channel = queries.merged(mine), queries.merged(longer)
    several, repeated, people = queries.several(mine)
    if not people:
        raise NotAnswerable("nobody", verdict="not_enough_data")
    latest, told = (queries.responses(chosen, enquiries, params.hour_edges) for chosen in (mine, longer))
    told["bucket"] = _bucket(told["minutes"])
    contacts_made = int(by_now["contacts"].sum())
    recorded = bool(latest["minutes"].notna().any())
    facts: dict[str, Any] = {
        "enquiries": per_month(contacts.incoming(enquiries, now), now.months), "new_contacts": per_month(contacts_made, now.months),
        "people": per_month(people, now.months),
        "overcount": Estimate(x := by_now["used"].sum() / people - 1, x, x, "share", people),
        "several_share": share(several, people, params.level), "repeat_share": share(repeated, people, params.level),
        "soon_share": share((latest["minutes"] <= SOON).sum(), len(latest), params.level) if recorded else None,
        "never_share": share(latest["minutes"].isna().sum(), len(latest), params.level) if recorded else None,
        "response_median": _median(latest["minutes"], params) if recorded else None,
        "no_number_share": unnumbered, "shape_from": shape.start, "shape_to": shape.end - timedelta(days=1),
        **_by_speed(told, params),
    }
    response = _response(told, params) if recorded else None
    return LeadsResult(
        grade="A", headline="soon_share" if recorded else "people", **facts, channels=_channels(by_channel, told, params),
        response=response, says=_says(facts), findings=_findings(facts, recorded),
    )


# ---------------------------------------------------------------------- how soon
def _bucket(minutes: pd.Series) -> pd.Series:
    names = list(BUCKETS)
    edges = np.array([BUCKETS[name] for name in names[:-1]])
    at = np.searchsorted(edges, minutes.to_numpy(float))
    return pd.Series(np.where(minutes.isna(), "never", np.array(names)[np.minimum(at, len(edges) - 1)]), index=minutes.index)


def _median(minutes: pd.Series, params: LeadsParams) -> Estimate | None:
    value, low, high = median_wait(minutes, params.level)
    return Estimate(value, low, high, "minutes", len(minutes), params.level) if np.isfinite([value, low, high]).all() else None


def _by_speed(told: pd.DataFrame, params: LeadsParams) -> dict[str, Estimate | None]:
    """Booking of those reached within a minute and of those reached later, and the difference on the same mix of calls."""
    reached = told[told["minutes"].notna()]
    soon = reached["bucket"] == "at_once"
    none: dict[str, Estimate | None] = dict.fromkeys(("booked_soon", "booked_late", "soon_gap"))
    if min(soon.sum(), (~soon).sum()) < params.fewest:
        return none
    (k1, n1), (k0, n0) = ((int(reached.loc[those, "is_booked"].sum()), int(those.sum())) for those in (soon, ~soon))
    rates = _standardised(reached, soon.astype(int))
    low, high = (float(x) for x in newcombe(k1, n1, k0, n0, params.level))
    # the logit moves the difference for the mix of calls; its sampling error is that of the raw one
    gap, raw = float(rates[1] - rates[0]), k1 / n1 - k0 / n0
    return {
        "booked_soon": share(k1, n1, params.level), "booked_late": share(k0, n0, params.level),
        "soon_gap": Estimate(gap, low + gap - raw, high + gap - raw, "points", n0 + n1, params.level, "C", "weak"),
    }


def _standardised(people: pd.DataFrame, unit: pd.Series) -> np.ndarray:
    """Share that books of each unit on everybody's mix of channel and part of the day."""
    strata = {"channel": pd.factorize(people["first_channel"], sort=True)[0], "part": people["part"].to_numpy(int)}
    cells = pd.DataFrame({"unit": unit.to_numpy(int), **strata, "k": people["is_booked"].to_numpy(int), "n": 1})
    sums = cells.groupby(["unit", "channel", "part"], as_index=False)[["k", "n"]].sum()
    return standardise_rates(sums["k"], sums["n"], unit=sums["unit"], strata={name: sums[name] for name in strata}).direct


def _response(told: pd.DataFrame, params: LeadsParams) -> pd.DataFrame:
    """Booking by how soon somebody spoke; those nobody ever spoke with have no share on the same mix."""
    reached = told[told["bucket"] != "never"]
    known = [name for name in BUCKETS if (reached["bucket"] == name).any()]
    rates = dict(zip(known, _standardised(reached, reached["bucket"].map(known.index)), strict=True)) if len(known) > 1 else {}
    rows = []
    for name in BUCKETS:
        those = told.loc[told["bucket"] == name, "is_booked"]
        if len(those):
            booked = share(those.sum(), len(those), params.level)
            alike = rates.get(name, np.nan) if len(those) >= params.fewest else np.nan
            rows.append([name, len(those), *three(booked), alike, len(those)])
    return _frame("response", rows)


def _channels(by_channel: pd.DataFrame, told: pd.DataFrame, params: LeadsParams) -> pd.DataFrame:
    rows = []
    groups = dict(tuple(told.groupby("first_channel")))
    for row in by_channel.itertuples():
        mine = groups.get(row.channel, told.head(0))
        enough = len(mine) >= params.fewest
        soon = three(share((mine["minutes"] <= SOON).sum(), len(mine), params.level)) if enough else (np.nan,) * 3
        wait = np.array(median_wait(mine["minutes"], params.level)) if enough else np.full(3, np.nan)
        booked = three(share(mine["is_booked"].sum(), len(mine), params.level)) if enough else (np.nan,) * 3
        rows.append([row.channel, row.contacts, row.used, row.people, *soon, *(wait if np.isfinite(wait).all() else np.full(3, np.nan)), *booked, row.people])
    return _frame("channels", rows)


def _frame(name: str, rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[part for measure in LeadsResult.measures(name) for part in measure.names])


# ---------------------------------------------------------------------- what to say
def _says(facts: Mapping[str, Any]) -> dict[str, Sentence]:
    gap, reached = facts["soon_gap"], "reached" if facts["soon_share"] else "merged"
    kind = "unknown" if gap is None else "more" if gap.low > 0 else "fewer" if gap.high < 0 else "alike"
    return {"title": Sentence(reached), "lede": Sentence(reached), "figures.response.title": Sentence(kind)}


def _findings(facts: Mapping[str, Any], recorded: bool) -> tuple[Finding, ...]:
    told = (
        (facts["soon_gap"], Finding("speed", "caveat")),
        (facts["overcount"].value > 0.01, Finding("overcount", "caveat")),
        (facts["no_number_share"] and facts["no_number_share"].value >= contacts.TOLD_FROM, Finding("no_numbers", "caveat")),
        (not recorded, Finding("no_answers", "not_answered")),
        (recorded and facts["soon_gap"] is None, Finding("no_speed", "not_answered")),
    )
    return tuple(finding for applies, finding in told if applies)


# ---------------------------------------------------------------------- figures
def response(result: LeadsResult, labels: Labels) -> Figure | None:
    """Share that books by how soon somebody spoke with the person."""
    rows = result.response.dropna(subset=["booked"]) if result.response is not None else pd.DataFrame()
    if len(rows) < 2:
        return None
    return bars.bars(
        rows.booked, names=[labels.value("bucket", bucket) for bucket in rows.bucket], texts=[labels.number(n, "count") for n in rows.people],
        low=rows.booked_low, high=rows.booked_high, track=1.0, tick=lambda x: labels.number(x, "share"), ticks=(0, 0.25, 0.5, 0.75, 1),
        width=84.5, height=40.0,
    )

"""Promotions: how much is sold below list, and whether what a price cut sold was only sold earlier.

Question   How dependent is revenue on discounts, and did promotions add sales or borrow them from later weeks?
Method     Counting sales below the price list; units by week of a service whose price was cut for a while against weeks before
           and after and against branches without the cut, quasi-Poisson (McCullagh & Nelder 1989); individuals chart.
Reads      charges; prices and services if there are any.
Cannot say What would be sold without any discount, where everybody always gets one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models.control_limits import individuals, readings
from audit.models.months import next_month, whole_months
from audit.models.pull_forward import PullForward, pull_forward
from audit.plots import theme
from audit.plots.dots import dots
from audit.plots.trend import UsualRange, trend
from audit.results import Estimate, Finding, Kind, Measure, Result, Sentence, exact, table
from audit.tables.columns import Unit
from audit.tables.currencies import one_currency
from audit.tables.discounts import discounts, weekly_units
from audit.tables.price_cuts import price_cuts
from audit.tables.service_names import named, service_names
from audit.wording import Labels

FIGURES = ("share", "weeks")
MOST_PROMOTIONS = 6
"""Promotions looked at, the last ones: each is two rows of the figure."""


class PromotionsParams(Params):
    """Settings of the analysis."""

    least_discount: float = Field(0.05, gt=0, lt=1, description="share below list from which a sale is discounted")
    longest_days: int = Field(92, ge=7, le=366, description="days of a price cut beyond which it is a new price and no promotion")
    after_weeks: int = Field(6, ge=2, le=26, description="weeks after a promotion in which sales may be missing")
    window_weeks: int = Field(52, ge=13, le=156, description="weeks before a promotion, and after its aftermath, that give the level")
    dependent: float = Field(0.3, gt=0, lt=1, description="share of revenue below list from which revenue depends on discounts")


@dataclass(frozen=True, kw_only=True)
class PromotionsResult(Result):
    """``discounted`` is the share of revenue of sales at least ``least`` below list, ``given`` what they would have brought more at list, a month.

    ``promotions``: ``during`` and ``after`` are share more sold than expected, ``pulled`` the share of the extra that was
    missing afterwards, ``money`` the change of what the service brought over both; ``reading`` is pulled, added, nothing, or
    unknown. ``first_…`` are those of the last promotion that could be judged.
    """

    discounted: Estimate | None
    discounted_before: Estimate | None
    depth: Estimate | None
    given: Estimate | None
    listed_share: Estimate | None
    least: Estimate
    usual_low: Estimate | None
    usual_high: Estimate | None
    cuts: int
    judged: int
    pulled: Estimate | None
    extra: Estimate | None
    missing: Estimate | None
    money: Estimate | None
    service: str | None
    months: pd.DataFrame = table(Measure("month", "date"), Measure("discounted", "share"), Measure("given", "currency"), Measure("reading", "label"))
    kinds: pd.DataFrame = table(
        Measure("kind", "label"), Measure("paid", "currency"), Measure("discounted", "share", form="bar"), Measure("depth", "share"),
        Measure("given", "currency"), Measure("n", "count", shown=False),
    )
    promotions: pd.DataFrame = table(
        Measure("service", "label"), Measure("branch", "label"), Measure("from_day", "date"), Measure("to_day", "date"), Measure("cut", "share"),
        Measure("during", "share", interval=True), Measure("after", "share", interval=True), Measure("pulled", "share", interval=True),
        Measure("money", "currency", interval=True), Measure("reading", "label"), Measure("n", "count", shown=False),
    )


def analyse(charges: Table, services: Table | None, prices: Table | None, *, period: Period, params: PromotionsParams) -> PromotionsResult:
    """Discounts of the present and every promotion on the price list that has ended."""
    one_currency(charges)
    sold = discounts(
        charges, services, start=period.start, end=period.end, now=period.present, before=period.past, least=params.least_discount
    ).to_pandas()
    cuts = None if prices is None else price_cuts(prices, start=period.start, end=period.end, longest_days=params.longest_days).to_pandas()
    if sold.empty and (cuts is None or cuts.empty):
        raise NotAnswerable("no_list")
    facts = _discounted(sold, charges, period) | _kinds(sold, period) | _months(sold, period)
    facts |= _promotions(charges, cuts, service_names(services), period, params)
    result = PromotionsResult(grade="A" if facts["discounted"] else "C", headline="discounted" if facts["discounted"] else "pulled" if facts["pulled"] else None, **facts)
    return replace(result, says=_says(result, params), findings=tuple(_findings(result, prices is not None, params)))


# ---------------------------------------------------------------- below list
def _discounted(sold: pd.DataFrame, charges: Table, period: Period) -> dict[str, Any]:
    now = period.present
    facts: dict[str, Any] = dict.fromkeys(("discounted", "discounted_before", "depth", "given", "listed_share"))
    for name, part in (("discounted", "now"), ("discounted_before", "before")):
        sums = sold[sold["part"] == part][["n", "paid", "cut_paid"]].sum()
        if sums["paid"] > 0:
            facts[name] = exact(sums["cut_paid"] / sums["paid"], "share", int(sums["n"]))
    if facts["discounted"]:
        present = sold[sold["part"] == "now"][["n", "paid", "cut", "cut_paid", "cut_listed"]].sum()
        n, listed, paid = int(present["cut"]), present["cut_listed"], present["cut_paid"]
        facts["given"] = exact((listed - paid) / now.months, "currency", n)
        facts["depth"] = exact(1 - paid / listed, "share", n) if listed > 0 else None
        sales = charges.filter(_.kind == "sale", _.charged_on >= now.start, _.charged_on < now.end).paid.sum().cast("float64").execute()
        facts["listed_share"] = exact(min(present["paid"] / sales, 1.0), "share", int(present["n"]))
    return facts


def _kinds(sold: pd.DataFrame, period: Period) -> dict[str, Any]:
    months = period.present.months
    part = sold[sold["part"] == "now"]
    sums = part.assign(kind=part["kind"].fillna("unknown")).groupby("kind")[["n", "paid", "cut_paid", "cut_listed"]].sum().reset_index()
    frame = pd.DataFrame({
        "kind": sums["kind"].astype(object), "paid": sums["paid"] / months, "discounted": sums["cut_paid"] / sums["paid"],
        "depth": 1 - sums["cut_paid"] / sums["cut_listed"].where(sums["cut_listed"] > 0), "given": (sums["cut_listed"] - sums["cut_paid"]) / months,
        "n": sums["n"].astype(int),
    })
    return {"kinds": frame.sort_values(["given", "kind"], ascending=[False, True], ignore_index=True)}


def _months(sold: pd.DataFrame, period: Period) -> dict[str, Any]:
    """Share of revenue sold below list by whole month, and its usual range."""
    sums = sold.groupby("month")[["paid", "cut_paid", "cut_listed"]].sum()
    months = pd.DataFrame({
        "month": pd.Series([pd.Timestamp(month).date() for month in sums.index], dtype=object), "discounted": (sums["cut_paid"] / sums["paid"]).to_numpy(),
        "given": (sums["cut_listed"] - sums["cut_paid"]).to_numpy(),
    })
    months = months[months["month"].isin(whole_months(period.start, period.end))].reset_index(drop=True)
    limits = individuals(months["discounted"])
    return {
        "usual_low": exact(max(limits.low, 0.0), "share", limits.n) if limits else None,
        "usual_high": exact(min(limits.high, 1.0), "share", limits.n) if limits else None,
        "months": months.assign(reading=readings(limits, months["discounted"])),
    }


# ---------------------------------------------------------------- promotions
def _promotions(charges: Table, cuts: pd.DataFrame | None, names: dict[str, str], period: Period, params: PromotionsParams) -> dict[str, Any]:
    columns = [name for measure in PromotionsResult.measures("promotions") for name in measure.names]
    facts: dict[str, Any] = {"cuts": 0 if cuts is None else len(cuts), "judged": 0, "least": exact(params.least_discount, "share", 0)} | dict.fromkeys(("pulled", "extra", "missing", "money", "service"))
    if cuts is None or cuts.empty:
        return facts | {"promotions": pd.DataFrame(columns=columns)}
    weekly = weekly_units(charges, sorted(cuts["service"].unique()), start=period.start, end=period.end).to_pandas()
    rows = []
    for cut in cuts.tail(MOST_PROMOTIONS).to_dict("records"):
        found = _judged(weekly, cut, cuts, period, params)
        bounds = {name: getattr(found, name) if found else None for name in ("during", "after", "pulled", "money")}
        numbers = [value for triple in bounds.values() for value in (triple or (np.nan,) * 3)]
        units = int(weekly.loc[_of(weekly, cut["service"], cut["branch"]), "units"].sum())
        name = named([cut["service"]], names)[0]
        rows.append((name, cut["branch"] or "all", *_days(cut), 1 - cut["price"] / cut["usual"], *numbers, _reading(found), units))
        if found is not None:
            facts |= _told(found, units, params) | {"judged": facts["judged"] + 1, "service": name}
    return facts | {"promotions": pd.DataFrame(rows, columns=columns)}


def _days(cut: dict[str, Any]) -> tuple[Any, Any]:
    return pd.Timestamp(cut["from_day"]).date(), pd.Timestamp(cut["to_day"]).date()


def _of(weekly: pd.DataFrame, service: str, branch: str) -> pd.Series:
    return (weekly["service"] == service) & ((weekly["branch"] == branch) | (branch == ""))


def _judged(weekly: pd.DataFrame, cut: dict[str, Any], cuts: pd.DataFrame, period: Period, params: PromotionsParams) -> PullForward | None:
    """The promotion against its own weeks around it and branches that had none; weeks of other promotions are left out."""
    begun, ended = _days(cut)
    aftermath = ended + timedelta(weeks=params.after_weeks)
    start = max(begun - timedelta(weeks=params.window_weeks), period.start)
    end = min(aftermath + timedelta(weeks=params.window_weeks), period.end)
    weeks = [week for week in pd.date_range(start, end, freq="W-MON") if week.date() >= start and week.date() + timedelta(days=7) <= end]
    own = weekly[_of(weekly, cut["service"], cut["branch"])].groupby("week")["units"].sum().reindex(weeks, fill_value=0.0)
    same = cuts[cuts["service"] == cut["service"]]
    touched = set(same["branch"])
    others = weekly[(weekly["service"] == cut["service"]) & ~weekly["branch"].isin(touched | {cut["branch"]})]
    control = None if "" in touched or others.empty else others.groupby("week")["units"].sum().reindex(weeks, fill_value=0.0).to_numpy()
    during, after = (np.array([_overlap(week.date(), first, last) for week in weeks]) for first, last in (
        (begun, ended), (ended + timedelta(days=1), aftermath),
    ))
    units = own.to_numpy(float, copy=True)
    for other in same[(same["branch"] == cut["branch"]) & (same["from_day"] != cut["from_day"])].to_dict("records"):
        first, last = _days(other)
        units[[_overlap(week.date(), first, last + timedelta(weeks=params.after_weeks)) > 0 for week in weeks]] = np.nan
    return pull_forward(
        units, during, after, control=control, price=cut["usual"], promotion_price=cut["price"], level=params.level, seed=params.seed
    )


def _overlap(week: Any, first: Any, last: Any) -> float:
    """Part of the week from Monday ``week`` on that lies in ``first`` … ``last`` (inclusive)."""
    days = (min(week + timedelta(days=6), last) - max(week, first)).days + 1
    return max(days, 0) / 7


def _reading(found: PullForward | None) -> str:
    if found is None:
        return "unknown"
    if found.extra[1] <= 0:
        return "nothing"
    return "pulled" if found.missing[1] > 0 else "added" if found.net[1] > 0 else "unsure"


def _told(found: PullForward, n: int, params: PromotionsParams) -> dict[str, Estimate | None]:
    units: dict[str, Unit] = {"extra": "number", "missing": "number", "pulled": "share", "money": "currency"}
    told: dict[str, Estimate | None] = {}
    for name, unit in units.items():
        bounds = getattr(found, name)
        told[name] = None if bounds is None else Estimate(bounds[0], bounds[1], bounds[2], unit, n, params.level, "C")
    return told


# ---------------------------------------------------------------- what is said
def _says(result: PromotionsResult, params: PromotionsParams) -> dict[str, Sentence]:
    reading = result.promotions["reading"].iloc[-1] if result.judged else "none"
    title = "depends" if result.discounted and result.discounted.value >= params.dependent else "discounts" if result.discounted else "list"
    return {
        "title": Sentence(title), "lede": Sentence("discounts" if result.discounted else "promotions"), "figures.weeks.title": Sentence(reading),
        "figures.share.title": Sentence("moved" if result.months["reading"].isin(["above", "below"]).any() else "steady"),
    }


def _findings(result: PromotionsResult, has_prices: bool, params: PromotionsParams) -> Iterator[Finding]:
    last = result.promotions[result.promotions["reading"] != "unknown"].tail(1).to_dict("records")
    if last:
        kinds: dict[str, Kind] = {"pulled": "risk", "added": "strength"}
        kind = kinds.get(last[0]["reading"], "caveat")
        yield Finding(f"promotion_{last[0]['reading']}", kind, {"branch": last[0]["branch"], "from_day": last[0]["from_day"]})
    if result.discounted and result.discounted.value >= params.dependent:
        yield Finding("dependent", "risk")
    elif result.given and result.given.value > 0:
        yield Finding("given", "opportunity")
    if not result.discounted:
        yield Finding("no_list", "not_answered")
    if not has_prices:
        yield Finding("no_prices", "not_answered")
    elif not result.cuts:
        yield Finding("no_cuts", "not_answered")
    elif not result.judged:
        yield Finding("too_few", "not_answered")


# ---------------------------------------------------------------- figures
def share(result: PromotionsResult, labels: Labels) -> Figure | None:
    """Share of revenue sold below list by month, with its usual range."""
    frame, low, high = result.months, result.usual_low, result.usual_high
    if len(frame) < 2:
        return None
    ranges = []
    if low is not None and high is not None:
        ranges = [UsualRange(frame["month"].iloc[0], next_month(frame["month"].iloc[-1]), float(frame["discounted"].mean()), low.value, high.value)]
    return trend(
        list(frame["month"]), frame["discounted"].to_numpy(), number=partial(labels.number, unit="share"), month=labels.month, ranges=ranges,
        marked=frame["reading"].isin(["above", "below"]).to_numpy(), from_zero=True, width=theme.HALF, height=44,
    )


def weeks(result: PromotionsResult, labels: Labels) -> Figure | None:
    """What was sold during and after each promotion against what was expected."""
    frame = result.promotions.dropna(subset=["during"])
    if frame.empty:
        return None
    rows = [(row, when) for row in frame.to_dict("records") for when in ("during", "after")]
    names = [labels.text(when, service=row["service"]) for row, when in rows]
    value, low, high = ([row[f"{when}{end}"] for row, when in rows] for end in ("", "_low", "_high"))
    return dots(
        names, value, low, high, centre=(0.0, 0.0, 0.0), centre_text=labels["centre"], x=labels["x"], number=partial(labels.number, unit="share"),
        height=max(44, 16 + 7 * len(rows)),
    )

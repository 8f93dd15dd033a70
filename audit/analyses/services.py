"""Services: which bring the money, which doctors add others, what an hour of the scarce resource earns, what follows what.

Question   Which services carry the clinic, who sells additional ones, which visits are worth the room, what comes next?
Method     ABC by contribution with months resampled, XYZ by the variation of monthly units round trend and season; share of
           visits with an additional service standardised for the mix of cases by a logit, beta-binomial shrinkage, funnel
           limits (Spiegelhalter 2005) widened for visits of one patient (Kish 1965); contribution per hour as a ratio of
           sums (Cochran 1977); pairs by Fisher's exact test with Benjamini & Hochberg, and within diagnoses (Mantel & Haenszel).
Reads      charges, appointments, first_visits; services if there are any, and the result of capacity.
Cannot say Whether a service was needed, and whether offering the next one would sell it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models.abc_xyz import MOST, NEARLY, abc, evenness
from audit.models.breakdown import COSTED
from audit.models.clustered import design_effect, ratio_of_sums, reach
from audit.models.funnel_limits import funnel_limits, outside
from audit.models.months import whole_months
from audit.models.next_service import following, within_strata
from audit.models.shrinkage import shrink_means, shrink_rates
from audit.models.standardise import standardise_rates, stratum
from audit.plots.dots import dots
from audit.plots.funnel_plot import funnel_plot
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.additional_services import additional_services, attachments
from audit.tables.currencies import one_currency
from audit.tables.next_services import next_services
from audit.tables.service_months import service_months
from audit.tables.service_names import named, service_names
from audit.tables.visit_margins import visit_margins
from audit.wording import Labels

FIGURES = ("attach", "margins")
YEAR = 365
SCARCE = {"operating": "operating_hour", "ward": "bed_night"}
"""What the time of a full resource is counted in; rooms for visits are hours."""


SOLD = (
    Measure("service", "label"), Measure("abc", "label"), Measure("xyz", "label"), Measure("revenue", "currency"),
    Measure("contribution", "currency"), Measure("share", "share", interval=True), Measure("same", "share", form="chance"),
    Measure("per_100_visits", "number"), Measure("kind", "label", shown=False), Measure("variation", "share", shown=False),
    Measure("rank", "count", interval=True, shown=False), Measure("n", "count", shown=False),
)
PAIR = (
    Measure("first", "label"), Measure("then", "label"), Measure("patients", "count", people=True), Measure("rate", "share"),
    Measure("lift", "ratio", interval=True), Measure("within", "ratio", interval=True), Measure("reading", "label"),
    Measure("n", "count", shown=False),
)
LEADERS, MOST_PAIRS = 8, 3
"""Services and pairs that fit on the page; all are in the workbook."""


class ServicesParams(Params):
    """Settings of the analysis."""

    window_months: int = Field(12, ge=1, le=36, description="last whole months that decide ABC")
    fewest_visits: int = Field(100, ge=30, description="billed visits below which a doctor or a kind of visit is not judged")
    pair_days: int = Field(60, ge=7, le=365, description="days after the first visit within which a service counts as the next one")
    pair_window_days: int = Field(730, ge=90, description="first visits of so many days make the pairs")
    least_lift: float = Field(1.2, ge=1, description="times as often as others with the same diagnosis, from which a pair is worth telling")
    fewest_both: int = Field(20, ge=8, description="patients with both services below which a pair is not looked at")


@dataclass(frozen=True, kw_only=True)
class ServicesResult(Result):
    """``services`` are ranked by contribution, or by revenue (``ranked_by``) where direct costs are not known.

    ``attach_share`` is the share of visits with a service beyond the basic one. ``doctors`` reads inside, above, below or
    too_few against the funnel. ``margins`` are contribution per hour of a consulting room (room_hour), of the operating
    room (operating_hour) or per night of a bed (bed_night), by the main service of the visit; ``scarce`` is the unit of what is full.
    ``all_pairs`` that meet more often than chance, the strongest of them in ``pairs``: ``lift`` among all first patients, ``within`` among those of the same diagnosis.
    """

    ranked_by: str
    sold: int
    a_count: int
    a_share: Estimate
    a_cut: Estimate
    b_cut: Estimate
    z_count: int
    visits: int
    attach_share: Estimate | None
    judged: int
    beyond: int
    scarce: str
    room_hour: Estimate | None
    operating_hour: Estimate | None
    bed_night: Estimate | None
    best: str | None
    best_hour: Estimate | None
    lowest: str | None
    lowest_hour: Estimate | None
    pair_days: int
    pairs_tested: int
    pairs_found: int
    pairs_within: int
    least_lift: Estimate
    services: pd.DataFrame = table(*SOLD)
    leaders: pd.DataFrame = table(*SOLD)
    doctors: pd.DataFrame | None = table(
        Measure("doctor", "label"), Measure("patients", "count", people=True), Measure("share_raw", "share"),
        Measure("share_fair", "share"), Measure("share", "share", interval=True), Measure("reading", "label"),
        Measure("n", "count", shown=False), Measure("n_alike", "number", shown=False),
    )
    margins: pd.DataFrame | None = table(
        Measure("service", "label"), Measure("unit", "label"), Measure("margin", "currency", interval=True, form="line"),
        Measure("time", "number"), Measure("n", "count"), Measure("margin_raw", "currency", shown=False), Measure("differs", "flag", shown=False),
    )
    pairs: pd.DataFrame | None = table(*PAIR)
    all_pairs: pd.DataFrame | None = table(*PAIR)


def analyse(
    charges: Table, appointments: Table, first_visits: Table, services: Table | None, capacity: CapacityResult | None,
    *, period: Period, params: ServicesParams,
) -> ServicesResult:
    """Services of the last twelve months up to the end of the present."""
    one_currency(charges)
    end = period.present.end
    sold = service_months(charges, services, start=period.start, end=end).to_pandas()
    if sold.empty or not sold["revenue"].sum() > 0:
        raise NotAnswerable("no_services")
    names = service_names(services)
    since = max(end - timedelta(days=YEAR), period.start)
    cells = additional_services(appointments, charges, services, first_visits, start=since, end=end).to_pandas()
    sums = {by: attachments(appointments, charges, services, start=since, end=end, by_doctor=by).to_pandas() for by in (False, True)}
    facts: dict[str, Any] = {"visits": int(sums[False]["n"].fillna(0).iloc[0]), "pair_days": params.pair_days, "least_lift": exact(params.least_lift, "ratio", 0)}
    facts |= _ranked(sold, names, facts["visits"], since, period, params) | _attached(cells, sums, params)
    facts |= _margins(visit_margins(charges, services, appointments, start=since, end=end).to_pandas(), names, capacity, params)
    last = end - timedelta(days=params.pair_days)
    start = max(period.start, last - timedelta(days=params.pair_window_days))
    facts |= _pairs(next_services(charges, first_visits, start=start, end=last, days=params.pair_days, fewest=params.fewest_both).to_pandas(), names, params)
    result = ServicesResult(grade="A", headline="attach_share" if facts["attach_share"] else "a_share", **facts)
    return replace(result, says=_says(result), findings=tuple(_findings(result, services is not None)))


# ---------------------------------------------------------------- ABC and XYZ
def _ranked(sold: pd.DataFrame, names: dict[str, str], visits: int, since: date, period: Period, params: ServicesParams) -> dict[str, Any]:
    whole = pd.DatetimeIndex(whole_months(period.start, period.present.end))
    whole = whole[whole >= sold["month"].min()]
    if not len(whole):
        raise NotAnswerable("no_whole_month", "not_enough_data")
    window = whole[-params.window_months:]
    wide = sold.pivot_table(index="month", columns="service", values=["units", "revenue", "costed", "direct_cost"], aggfunc="sum", fill_value=0.0)
    wide.index = pd.DatetimeIndex(wide.index)
    wide = wide.reindex(whole, fill_value=0.0)
    recent = wide.loc[window]
    revenue, costed, cost = (recent[name] for name in ("revenue", "costed", "direct_cost"))
    known = costed.sum() >= COSTED * revenue.sum()
    ranked_by = "contribution" if costed.sum().sum() >= COSTED * revenue.sum().sum() > 0 else "revenue"
    # a service without a cost among many that have one brings what it was paid
    margin = (revenue - cost).where(known, revenue, axis=1)
    found = abc((margin if ranked_by == "contribution" else revenue).to_numpy(), level=params.level, seed=params.seed)
    if found is None:
        raise NotAnswerable("no_services")
    cv, letter = evenness(wide["units"].to_numpy(), wide.index.month)
    codes = pd.Series(revenue.columns)
    kind = sold.groupby("service")["kind"].agg(lambda part: part.dropna().iloc[0] if part.notna().any() else None)
    units = sold[sold["month"] >= pd.Timestamp(since)].groupby("service")["units"].sum().reindex(codes).fillna(0.0)
    outpatient = kind.reindex(codes).isin(["operation", "ward"]).to_numpy()
    frame = pd.DataFrame({
        "service": named(codes, names), "abc": found.letter, "xyz": letter, "revenue": revenue.sum().to_numpy() / len(window),
        "contribution": margin.sum().where(known).to_numpy() / len(window), "share": found.share, "share_low": found.share_low,
        "share_high": found.share_high, "same": found.same,
        "per_100_visits": np.where(outpatient | (visits == 0), np.nan, units.to_numpy() / max(visits, 1) * 100),
        "kind": kind.reindex(codes).to_numpy(object), "variation": cv, "rank": found.rank, "rank_low": found.rank_low, "rank_high": found.rank_high,
        "n": recent["units"].sum().round().clip(lower=0).astype(int).to_numpy(),
    })
    frame = frame[frame["n"] > 0].sort_values(["rank", "service"], ignore_index=True)
    top = frame[frame["abc"] == "A"]
    return {
        "services": frame, "leaders": frame.head(LEADERS), "ranked_by": ranked_by, "sold": len(frame), "a_count": len(top),
        "a_cut": exact(MOST, "share", 0), "b_cut": exact(NEARLY, "share", 0), "a_share": exact(min(top["share"].sum(), 1.0), "share", int(top["n"].sum())), "z_count": int((frame["xyz"] == "Z").sum()),
    }


# ---------------------------------------------------------------- additional services by doctor
def _attached(cells: pd.DataFrame, sums: dict[bool, pd.DataFrame], params: ServicesParams) -> dict[str, Any]:
    """Share of visits with an additional service, of all and by doctor on the mix of cases of all."""
    nothing: dict[str, Any] = {"attach_share": None, "judged": 0, "beyond": 0, "doctors": None}
    whole, by = sums[False], sums[True]
    if not whole["n"].fillna(0).iloc[0] > 0 or not whole["attached"].iloc[0] > 0:
        return nothing
    share, se = _ratio(whole)
    clusters = int(whole["clusters"].iloc[0])
    half = float(reach(se, clusters, params.level)[0])
    if not np.isfinite(half):
        return nothing
    value = float(share[0])
    facts = nothing | {"attach_share": Estimate(value, max(value - half, 0.0), min(value + half, 1.0), "share", int(whole["n"].iloc[0]), params.level)}
    if len(by) < 2:
        return facts
    doctors = by["doctor_id"].tolist()
    cells = cells[cells["doctor_id"].isin(doctors)].sort_values(["doctor_id", "block", "payer", "is_first", "quarter"], ignore_index=True)
    n = cells["n"].to_numpy(float)
    unit = pd.Categorical(cells["doctor_id"], doctors).codes.astype(int)
    strata = {key: stratum(list(cells[key]), cases=n) for key in ("block", "payer", "is_first", "quarter")}
    fair = standardise_rates(cells["attached"], n, unit=unit, strata={key: code for key, code in strata.items() if code.max(initial=0) > 0}).direct
    raw, own = _ratio(by)
    alike = by["n"].to_numpy(float) / design_effect(raw, own, by["n"])
    known = (by["n"] >= params.fewest_visits).to_numpy()
    shrunken = shrink_rates(np.where(known, np.nan_to_num(fair) * alike, 0.0), np.where(known, alike, 0.0), params.level, seed=params.seed)
    limits = funnel_limits(np.where(known, fair, np.nan), alike, value)
    far = outside(fair, alike, value, tau=limits.tau) & known
    reading = np.where(known, np.where(far, np.where(fair > value, "above", "below"), "inside"), "too_few")
    frame = pd.DataFrame({
        "doctor": doctors, "patients": by["clusters"], "share_raw": raw, "share_fair": np.where(known, fair, np.nan),
        "share": np.where(known, shrunken.value, np.nan), "share_low": np.where(known, shrunken.low, np.nan),
        "share_high": np.where(known, shrunken.high, np.nan), "reading": reading, "n": by["n"].astype(int), "n_alike": alike,
    })
    if known.sum() < 2:
        return facts
    return facts | {"judged": int(known.sum()), "beyond": int(far.sum()), "doctors": frame.sort_values(["share", "doctor"], ascending=[False, True], ignore_index=True)}


def _ratio(sums: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return ratio_of_sums(
        top=sums["attached"], bottom=sums["n"], top_squares=sums["attached_squares"], products=sums["products"],
        bottom_squares=sums["n_squares"], clusters=sums["clusters"],
    )


# ---------------------------------------------------------------- margin per hour
def _margins(sums: pd.DataFrame, names: dict[str, str], capacity: CapacityResult | None, params: ServicesParams) -> dict[str, Any]:
    """Contribution per unit of time by main service, and of all visits or operations."""
    full = capacity.bottleneck if capacity is not None else None
    nothing: dict[str, Any] = dict.fromkeys(("room_hour", "operating_hour", "bed_night", "best", "best_hour", "lowest", "lowest_hour", "margins"))
    facts = nothing | {"scarce": SCARCE.get(full or "", "room_hour")}
    sums = sums[sums["costed"] >= COSTED * sums["revenue"]]
    parts = []
    for unit, kind, time, products, squares in (
        ("room_hour", "outpatient", "hours", "products", "hours_squares"), ("operating_hour", "operation", "hours", "products", "hours_squares"),
        ("bed_night", "operation", "nights", "night_products", "night_squares"),
    ):
        rows = sums[sums["kind"] == kind]
        rows = rows[rows[time] > 0]
        if rows.empty:
            continue
        every = rows.drop(columns=["service", "kind"]).sum().to_frame().T
        (value,), (half,) = _per_time(every, time, products, squares, params)
        if np.isfinite(half):
            facts[unit] = Estimate(value, value - half, value + half, "currency", int(every["n"].iloc[0]), params.level)
        rows = rows[rows["n"] >= (params.fewest_visits if kind == "outpatient" else params.fewest_both)]
        if len(rows):
            value, half = _per_time(rows, time, products, squares, params)
            # the best and the worst of many are so partly by chance
            shrunken = shrink_means(value, half / NormalDist().inv_cdf((1 + params.level) / 2), params.level, seed=params.seed)
            parts.append(pd.DataFrame({
                "service": named(rows["service"], names), "unit": unit, "margin": shrunken.value, "margin_low": shrunken.low,
                "margin_high": shrunken.high, "time": rows[time].to_numpy(float) / rows["n"].to_numpy(), "n": rows["n"].to_numpy(int),
                "margin_raw": value, "differs": shrunken.differs,
            }).sort_values(["margin", "service"], ascending=[False, True]))
    if not parts:
        return facts
    frame = pd.concat(parts, ignore_index=True)
    scarce = frame[frame["unit"] == facts["scarce"]]
    if len(scarce) > 1 and facts[facts["scarce"]] is not None:
        ends = {"best": scarce.iloc[0], "lowest": scarce.iloc[-1]}
        facts |= {name: row["service"] for name, row in ends.items()}
        facts |= {f"{name}_hour": Estimate(row["margin"], row["margin_low"], row["margin_high"], "currency", row["n"], params.level) for name, row in ends.items()}
    return facts | {"margins": frame}


def _per_time(rows: pd.DataFrame, time: str, products: str, squares: str, params: ServicesParams) -> tuple[np.ndarray, np.ndarray]:
    value, se = ratio_of_sums(
        top=rows["margin"], bottom=rows[time], top_squares=rows["margin_squares"], products=rows[products], bottom_squares=rows[squares],
        clusters=rows["clusters"],
    )
    return value, reach(se, rows["clusters"], params.level)


# ---------------------------------------------------------------- what comes next
def _pairs(rows: pd.DataFrame, names: dict[str, str], params: ServicesParams) -> dict[str, Any]:
    """Pairs in the order of time that meet more often than chance, first those that their diagnosis does not explain."""
    if rows.empty:
        return {"pairs": None, "all_pairs": None, "pairs_tested": 0, "pairs_found": 0, "pairs_within": 0}
    pair = rows.groupby(["first", "then"], sort=True).ngroup().to_numpy()
    one = rows.drop_duplicates(["first", "then"]).reset_index(drop=True)
    found = following(one["all_both"], one["all_first"], one["all_then"], one["all_patients"], level=params.level)
    inside = within_strata(
        pair, rows["n_both"], rows["n_first"], rows["n_then"], rows["patients"], pairs=len(one), level=params.level
    )
    more = found.differs & (found.lift > 1)
    # of the pairs told apart from chance, those whose patients differ from others with the same diagnosis
    kept = more & inside.differs & (inside.lift >= params.least_lift)
    frame = pd.DataFrame({
        "first": named(one["first"], names), "then": named(one["then"], names), "patients": one["all_both"].astype(int), "rate": found.rate,
        "lift": found.lift, "lift_low": found.low, "lift_high": found.high, "within": inside.lift, "within_low": inside.low,
        "within_high": inside.high, "reading": np.where(kept, "own", "diagnosis"), "n": one["all_first"].astype(int),
        "extra": one["all_both"] * (1 - 1 / inside.lift),
    })[more]
    frame = frame.sort_values(["reading", "extra", "first", "then"], ascending=[False, False, True, True], ignore_index=True).drop(columns="extra")
    told = frame if len(frame) else None
    return {
        "pairs": None if told is None else told.head(MOST_PAIRS), "all_pairs": told, "pairs_tested": len(one),
        "pairs_found": int(more.sum()), "pairs_within": int(kept.sum()),
    }


# ---------------------------------------------------------------- what is said
def _says(result: ServicesResult) -> dict[str, Sentence]:
    attach = "unknown" if result.doctors is None else "beyond" if result.beyond else "inside"
    return {
        "title": Sentence("ranked"), "lede": Sentence("attached" if result.attach_share else "ranked"),
        "figures.attach.title": Sentence(attach), "figures.margins.title": Sentence("apart" if _apart(result) else "alike"),
        "tables.leaders.subtitle": Sentence(result.ranked_by),
    }


def _apart(result: ServicesResult) -> bool:
    """Some main service differs from the others by more than chance, and the best from the lowest by more than their intervals."""
    if result.margins is None or result.best_hour is None or result.lowest_hour is None:
        return False
    return bool(result.margins["differs"][result.margins["unit"] == result.scarce].any()) and result.best_hour.low > result.lowest_hour.high


def _findings(result: ServicesResult, has_services: bool) -> Iterator[Finding]:
    if _apart(result):
        yield Finding("hours_apart", "opportunity")
    if result.doctors is not None:
        far = result.doctors[result.doctors["reading"].isin(["above", "below"])]
        told = {"names": ", ".join(far["doctor"])}
        yield Finding("beyond", "caveat", told) if len(far) else Finding("inside", "strength")
    if result.pairs_within:
        yield Finding("pairs", "opportunity")
    elif result.pairs_found:
        yield Finding("pairs_diagnosis", "caveat")
    if result.z_count:
        yield Finding("uneven", "caveat")
    if not has_services:
        yield Finding("no_kinds", "not_answered")
    elif result.margins is None:
        yield Finding("no_margins", "not_answered")
    if result.attach_share is None:
        yield Finding("no_attach", "not_answered")
    if not result.pairs_tested:
        yield Finding("no_pairs", "not_answered")


# ---------------------------------------------------------------- figures
def attach(result: ServicesResult, labels: Labels) -> Figure | None:
    """Share of visits with an additional service by doctor, on the mix of cases of all, in the funnel."""
    if result.doctors is None or result.attach_share is None:
        return None
    frame, centre = result.doctors.dropna(subset=["share_fair"]), result.attach_share.value
    limits = funnel_limits(frame["share_fair"], frame["n_alike"], centre)
    return funnel_plot(
        frame["n_alike"], frame["share_fair"], names=list(frame["doctor"]), marked=frame["reading"].isin(["above", "below"]),
        centre=centre, centre_text=labels.text("centre"), limits_n=limits.n, near=limits.near, wide=limits.wide, usual=limits.usual,
        usual_text=labels["usual"], limits_text=labels["limits"], x=labels["x"], number=lambda v: labels.number(v, "share"), height=50,
    )


def margins(result: ServicesResult, labels: Labels) -> Figure | None:
    """What a unit of the scarce time earns, by the main service of the visit."""
    if result.margins is None:
        return None
    frame, centre = result.margins[result.margins["unit"] == result.scarce].head(8), getattr(result, result.scarce)
    if len(frame) < 2 or centre is None:
        return None
    return dots(
        list(frame["service"]), frame["margin"], frame["margin_low"], frame["margin_high"], raw=frame["margin_raw"], raw_text=labels["raw"], centre=(centre.value, centre.low, centre.high),
        centre_text=labels["centre"], x=labels["x"], number=partial(labels.number, unit="currency"), height=50,
    )

"""Segments: what each kind of patient brings and leads to, and whom it brings along.

Question   What is each kind of new patient worth, who goes on to an operation, and who comes as a family?
Method     New patients by age and first diagnosis: mean cumulative revenue within a fixed time (Nelson),
           operations by one minus Kaplan–Meier; households by shared telephone, resampled whole.
Reads      first_visits, patient_days, patients, charges; the results of capacity and profile.
Cannot say Whether a family spends more because it is one: who comes longer has more time to bring a relative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.analyses.profile import ProfileResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models import bootstrap, proportions
from audit.models.age_bands import wide_bands
from audit.models.group_shares import largest_groups
from audit.models.households import brought_by_adult, households, oversized
from audit.models.mean_cumulative import mean_cumulative
from audit.models.survival import incidence
from audit.plots.dots import dots
from audit.results import Estimate, Finding, Measure, Result, Sentence, small_cells, table
from audit.wording import Labels

FIGURES = ("value_by_segment", "surgery_by_segment")
HORIZONS = (365, 180, 90)
"""Days within which value is counted: the longest that enough patients were watched for."""
DRAWS = 1000


class SegmentsParams(Params):
    """Settings of the segments."""

    child_below_years: int = Field(18, ge=8, le=21, description="a patient younger than this is a child")
    fewest_patients: int = Field(30, ge=8, description="new patients below which a segment joins the others of its age")
    child_segments: int = Field(3, ge=1, le=8, description="most segments of children, the rest together included")
    adult_segments: int = Field(6, ge=1, le=12, description="most segments of adults, the rest together included")
    surgery_days: int = Field(180, ge=30, description="days after the first visit within which an operation counts to it")
    largest_household: int = Field(6, ge=2, description="patients on one telephone above which it is a company's or a default")


@dataclass(frozen=True, kw_only=True)
class SegmentsResult(Result):
    """Values are revenue per new patient within ``horizon_days`` of the first visit; chances within ``surgery_days``.

    ``surgery_age`` and ``surgery_diagnosis`` name the segment operated most. ``families`` are households of two
    patients or more; ``fillable_hours`` are the room hours a week below the ceiling, from capacity.
    """

    child_age: int
    new_patients: int
    horizon_days: int | None
    surgery_days: int
    all_value: Estimate | None
    children_value: Estimate | None
    adults_value: Estimate | None
    children_surgery: Estimate | None
    children_pull: Estimate | None
    surgery_age: str | None
    surgery_diagnosis: str | None
    surgery_chance: Estimate | None
    families: int | None
    family_patients: Estimate | None
    family_value: Estimate | None
    single_value: Estimate | None
    family_extra: Estimate | None
    children_brought: Estimate | None
    shared_by_many: int
    fillable_hours: Estimate | None
    segments: pd.DataFrame | None = table(
        Measure("age", "label"), Measure("diagnosis", "label"), Measure("patients", "count", people=True),
        Measure("share", "share", interval=True), Measure("value", "currency", interval=True),
        Measure("surgery", "share", interval=True), Measure("insured", "share"), Measure("n", "count", shown=False),
    )
    treatment: pd.DataFrame | None = table(
        Measure("band", "label"), Measure("once", "share"), Measure("conservative", "share"),
        Measure("surgical", "share", interval=True), Measure("n", "count"),
    )
    payers: pd.DataFrame | None = table(
        Measure("band", "label", block=True), Measure("payer", "label", block=True), Measure("patients", "count", people=True),
        Measure("share", "share", interval=True, form="bar"), Measure("n", "count", shown=False),
    )
    receipts: pd.DataFrame | None = table(
        Measure("payer", "label"), Measure("bills", "count"), Measure("without_income", "count"),
        Measure("receipt", "currency", interval=True, form="line"), Measure("n", "count", shown=False),
    )
    underused: pd.DataFrame | None = table(
        Measure("sex", "label"), Measure("band", "label"), Measure("patients", "count", people=True),
        Measure("represented", "ratio", interval=True), Measure("value", "currency", interval=True), Measure("claim", "label"),
        Measure("n", "count", shown=False),
    )
    households: pd.DataFrame | None = table(
        Measure("size", "label"), Measure("homes", "count", shown=False), Measure("patients", "count", people=True),
        Measure("share", "share", interval=True, form="bar"), Measure("revenue_share", "share", interval=True),
        Measure("revenue", "currency", interval=True), Measure("n", "count", shown=False),
    )


@dataclass(frozen=True)
class Base:
    """New patients of the period (one row each, ``last_age`` the last day watched) and their days with money or operations.

    ``days``: owner (row of ``people``), age (days since the first visit), revenue, surgery_revenue, operations, visits.
    """

    people: pd.DataFrame
    days: pd.DataFrame
    horizon: int | None
    level: float
    fewest: int

    def value(self, chosen: np.ndarray, what: str = "revenue") -> Estimate | None:
        """Mean cumulative ``what`` of the chosen patients within the horizon."""
        if self.horizon is None or not self.has_money:
            return None
        place = np.cumsum(chosen) - 1
        rows = self.days[chosen[self.days.owner.to_numpy()]]
        last_age = self.people.last_age.to_numpy()[chosen]
        if (last_age >= self.horizon).sum() < self.fewest:
            return None
        found = mean_cumulative(
            owner=place[rows.owner.to_numpy()], age=rows.age, amount=rows[what], last_age=last_age, horizons=[self.horizon]
        )
        low, high = found.interval(self.level)
        value = float(found.value[0])
        return Estimate(value, min(max(float(low[0]), 0.0), value), float(high[0]), "currency", int(chosen.sum()), self.level)

    def surgery(self, chosen: np.ndarray, within: int) -> Estimate | None:
        """Chance of an operation within so many days of the first visit; those watched shorter are censored."""
        last_age = self.people.last_age.to_numpy(float)[chosen]
        day = self.people.operated.to_numpy(float)[chosen]
        if (last_age >= within).sum() < self.fewest:
            return None
        came = np.isfinite(day) & (day <= last_age)
        found = incidence(
            duration=np.where(came, day, last_age), event=came, follow_up=last_age, horizons=[within], level=self.level
        )
        value, low, high = (float(part[0]) for part in (found.value, found.low, found.high))
        if not came.any():
            low, high = (float(bound) for bound in proportions.wilson(0, found.watched[0], self.level))
        return Estimate(value, min(low, value), max(high, value), "share", int(chosen.sum()), self.level)

    @property
    def has_money(self) -> bool:
        """Anybody paid anything."""
        return bool(self.days.revenue.sum() > 0)


def analyse(
    first_visits: Table, patient_days: Table, patients: Table, charges: Table | None, capacity: CapacityResult | None,
    profile: ProfileResult | None, *, period: Period, params: SegmentsParams,
) -> SegmentsResult:
    """Segments of the new patients of the whole period, and the households of all patients."""
    everyone = _everyone(first_visits, patient_days, patients, period)
    if everyone.empty:
        raise NotAnswerable("nobody", verdict="not_enough_data")
    base = _base(first_visits, patient_days, period, params)
    named = _named(base.people, params)
    segments = _segments(base, named, params) if len(named) else None
    child = (named.age == "child").to_numpy()
    underused = _underused(base, named, profile, capacity)
    facts: dict[str, Any] = {
        "child_age": params.child_below_years, "new_patients": len(named), "horizon_days": base.horizon if base.has_money else None,
        "surgery_days": params.surgery_days, "all_value": base.value(np.ones(len(named), bool)), "children_value": base.value(child),
        "adults_value": base.value((named.age == "adult").to_numpy()), "children_surgery": _operated(base, child, params),
        "children_pull": base.value(child, "surgery_revenue") if base.days.surgery_revenue.sum() > 0 else None,
        **_most_operated(segments, params.level), "fillable_hours": capacity.fillable_hours if capacity is not None else None,
    }
    homes = _families(everyone, base, params)
    facts |= homes[1]
    return SegmentsResult(
        grade="A", says=_says(facts, underused), headline="surgery_chance" if facts["surgery_chance"] else None,
        findings=(*_findings(facts, underused, params.level), *_gaps(facts, base, profile)), segments=segments,
        treatment=_treatment(base, params), payers=_payers(named, params), receipts=_receipts(charges, period, params),
        underused=underused, households=homes[0], **facts,
    )


# ------------------------------------------------------------------ queries
def _everyone(first_visits: Table, patient_days: Table, patients: Table, period: Period) -> pd.DataFrame:
    """One row per person with a completed visit: telephone, age and day of the first visit, revenue of the period."""
    within = patient_days.filter(_.day >= period.start, _.day < period.end)
    paid = within.group_by("patient_id").aggregate(revenue=_.revenue.sum().cast("float64"))
    known = first_visits.select("patient_id", "first_day", "age_years")
    joined = known.left_join(patients.select("patient_id", "phone_key"), "patient_id").drop("patient_id_right")
    joined = joined.left_join(paid, "patient_id").drop("patient_id_right")
    frame = joined.order_by("patient_id").to_pandas()
    frame["phone_key"] = frame.phone_key.astype(object).where(frame.phone_key.notna(), None)
    return frame.astype({"age_years": "float64", "revenue": "float64"}).fillna({"revenue": 0.0})


def _base(first_visits: Table, patient_days: Table, period: Period, params: SegmentsParams) -> Base:
    new = first_visits.filter(_.is_new, _.first_day >= period.start, _.first_day < period.end)
    facts = new.select("patient_id", "age_years", "sex", "payer", "diagnosis", last_age=_.tenure_days - 1)
    people = facts.order_by("patient_id").to_pandas().astype({"age_years": "float64", "last_age": "int64"})
    people["row"] = np.arange(len(people))
    rows = patient_days.semi_join(new, "patient_id").filter(_.tenure_day <= max(*HORIZONS, params.surgery_days))
    # money paid before the first visit lies on its day, as on the page of patient value
    days = rows.group_by("patient_id", age=ibis.greatest(_.tenure_day, 0)).aggregate(
        visits=_.visits.sum(), operations=_.operations.sum(), revenue=_.revenue.sum().cast("float64"),
        surgery_revenue=_.surgery_revenue.sum().cast("float64"),
    ).order_by("patient_id", "age").to_pandas()
    days = days.merge(people[["patient_id", "row"]], on="patient_id").rename(columns={"row": "owner"})
    people["operated"] = days[days.operations > 0].groupby("owner").age.min().reindex(people.row).to_numpy(float)
    horizon = next((days for days in HORIZONS if (people.last_age >= days).sum() >= params.fewest_patients), None)
    return Base(people, days, horizon, params.level, params.fewest_patients)


# ------------------------------------------------------------------ segments
def _named(people: pd.DataFrame, params: SegmentsParams) -> pd.DataFrame:
    """``people`` with ``age`` (child, adult, unknown) and ``code``: the segments, of which everybody has one."""
    limit = params.child_below_years
    age = np.select([people.age_years < limit, people.age_years >= limit], ["child", "adult"], "unknown").astype(object)
    code = people.diagnosis.astype("string").str.strip().str.upper().str[:3].replace("", pd.NA).fillna("none").astype(object)
    for name, most in (("child", params.child_segments), ("adult", params.adult_segments), ("unknown", 1)):
        inside = age == name
        groups = largest_groups(code[inside], most=most, smallest=params.fewest_patients) if inside.any() else []
        code = code.where(~inside | code.isin(groups), "other")
    return people.assign(age=age, code=code)


def _segments(base: Base, named: pd.DataFrame, params: SegmentsParams) -> pd.DataFrame:
    sizes = named.groupby(["age", "code"]).size()
    order = sorted(sizes.index, key=lambda key: (key[0] != "child", key[0] == "unknown", key[1] == "other", -sizes[key], key[1]))
    low, high = proportions.multinomial([sizes[key] for key in order], params.level)
    insured = named.payer.isin(["insurer", "state", "corporate"])
    rows = []
    for i, key in enumerate(order):
        chosen = ((named.age == key[0]) & (named.code == key[1])).to_numpy()
        paid_by = insured[chosen & named.payer.notna().to_numpy()]
        # a share of three people is three people
        told = len(paid_by) and not small_cells([paid_by.sum(), (~paid_by).sum()]).any()
        rows.append({
            "age": key[0], "diagnosis": key[1], "patients": sizes[key], "share": sizes[key] / len(named), "share_low": low[i],
            "share_high": high[i], **_columns("value", base.value(chosen)),
            **_columns("surgery", _operated(base, chosen, params)), "insured": paid_by.mean() if told else np.nan, "n": sizes[key],
        })
    return pd.DataFrame(rows)


def _columns(name: str, estimate: Estimate | None) -> dict[str, float]:
    parts = (estimate.value, estimate.low, estimate.high) if estimate else (np.nan, np.nan, np.nan)
    return dict(zip((name, f"{name}_low", f"{name}_high"), parts, strict=True))


def _operated(base: Base, chosen: np.ndarray, params: SegmentsParams) -> Estimate | None:
    """A clinic that never operates has no chance of zero to tell."""
    return base.surgery(chosen, params.surgery_days) if base.people.operated.notna().any() else None


def _most_operated(segments: pd.DataFrame | None, level: float) -> dict[str, Any]:
    facts: dict[str, Any] = {"surgery_age": None, "surgery_diagnosis": None, "surgery_chance": None}
    if segments is None:
        return facts
    rows = segments[~segments.diagnosis.isin(["other", "none"]) & (segments.surgery > 0)]
    if rows.empty:
        return facts
    row = rows.loc[rows.surgery.idxmax()]
    chance = Estimate(row.surgery, row.surgery_low, row.surgery_high, "share", row.n, level)
    return {"surgery_age": str(row.age), "surgery_diagnosis": str(row.diagnosis), "surgery_chance": chance}


def _treatment(base: Base, params: SegmentsParams) -> pd.DataFrame | None:
    """Came once, came again without an operation, was operated: of those watched through the time of operations."""
    ripe = (base.people.last_age >= params.surgery_days) & base.people.age_years.notna()
    if not ripe.any():
        return None
    later = base.days[(base.days.age > 0) & (base.days.age <= params.surgery_days) & (base.days.visits > 0)].owner.unique()
    operated = (base.people.operated <= params.surgery_days).to_numpy()
    again = base.people.row.isin(later).to_numpy() & ~operated
    band = wide_bands(base.people.age_years, params.child_below_years)
    rows = []
    for name in sorted(band[ripe].unique(), key=lambda text: int(text.rstrip("+").split("–")[0])):
        chosen = (ripe & (band == name)).to_numpy()
        counts = np.array([(chosen & ~again & ~operated).sum(), (chosen & again).sum(), (chosen & operated).sum()])
        if not small_cells(counts).any():
            low, high = proportions.wilson(counts[2], chosen.sum(), params.level)
            once, conservative, surgical = counts / chosen.sum()
            rows.append({"band": name, "once": once, "conservative": conservative, "surgical": surgical, "surgical_low": low,
                         "surgical_high": high, "n": int(chosen.sum())})  # fmt: skip
    return pd.DataFrame(rows) if rows else None


def _payers(named: pd.DataFrame, params: SegmentsParams) -> pd.DataFrame | None:
    """Who pays the first visit, for children and adults apart."""
    known, parts = named[named.payer.notna() & (named.age != "unknown")], []
    for band in ("child", "adult"):
        payer = known.payer[known.age == band].astype(str)
        sizes = payer.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        if len(sizes):
            low, high = proportions.multinomial(sizes.to_numpy(), params.level)
            parts.append(pd.DataFrame({"band": band, "payer": sizes.index.astype(object), "patients": sizes.to_numpy(),
                                       "share": sizes.to_numpy() / len(payer), "share_low": low, "share_high": high,
                                       "n": sizes.to_numpy()}))  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else None


def _receipts(charges: Table | None, period: Period, params: SegmentsParams) -> pd.DataFrame | None:
    """Mean bill of a patient's day by payer; days an insurer has not paid for are counted apart, not averaged in."""
    if charges is None:
        return None
    lines = charges.filter(_.kind.isin(["sale", "refund"]), _.payer.notnull())
    lines = lines.filter(_.charged_on >= period.present.start, _.charged_on < period.present.end)
    bills = lines.group_by("patient_id", "charged_on", "payer").aggregate(paid=_.paid.sum().cast("float64"))
    frame = bills.order_by("payer", "paid").select("patient_id", "payer", "paid").to_pandas()
    rows = []
    for payer, own in frame.groupby("payer"):
        empty = (own.paid == 0) & (payer in ("insurer", "state"))
        told = own[~empty].groupby("patient_id").paid.agg(["sum", "count"]).sort_values(["sum", "count"])
        if told["sum"].sum() > 0:
            value = told["sum"].sum() / told["count"].sum()
            low, high = bootstrap.ratio_interval(told["sum"], told["count"], params.level, params.seed, DRAWS)
            rows.append({"payer": payer, "bills": len(own), "without_income": int(empty.sum()), "receipt": value,
                         "receipt_low": low, "receipt_high": high, "n": len(told)})  # fmt: skip
    return pd.DataFrame(rows) if rows else None


# ------------------------------------------------------------------ who does not come
def _underused(
    base: Base, named: pd.DataFrame, profile: ProfileResult | None, capacity: CapacityResult | None
) -> pd.DataFrame | None:
    """Groups that come less than their number around: a claim with value and free hours, else a description."""
    if profile is None or profile.represented is None:
        return None
    rare = profile.represented[(profile.represented.part == "age") & (profile.represented.represented_high < 1)]
    band, rows = wide_bands(named.age_years, profile.child_age), []
    free = capacity.fillable_hours if capacity is not None else None
    for row in rare.itertuples():
        value = base.value(((named.sex == row.sex) & (band == row.group)).to_numpy(bool))
        claim = "claim" if value and value.low > 0 and free and free.value > 0 else "no_value" if not value else "no_hours"
        rows.append({"sex": row.sex, "band": row.group, "patients": row.patients, "represented": row.represented,
                     "represented_low": row.represented_low, "represented_high": row.represented_high,
                     **_columns("value", value), "claim": claim, "n": row.n})  # fmt: skip
    return pd.DataFrame(rows) if rows else None


# ------------------------------------------------------------------ households
def _families(everyone: pd.DataFrame, base: Base, params: SegmentsParams) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """Households by size, and what is told of families; nothing when telephones are missing."""
    facts: dict[str, Any] = dict.fromkeys(("families", "family_patients", "family_value", "single_value", "family_extra", "children_brought"))
    facts["shared_by_many"] = oversized(everyone.phone_key, largest=params.largest_household)
    if everyone.phone_key.notna().mean() < 0.5:
        return None, facts
    home = households([everyone.phone_key], largest=params.largest_household)
    size = np.bincount(home)
    facts["families"] = int((size >= 2).sum())
    shown = _by_size(size, np.bincount(home, weights=everyone.revenue), params)
    own = everyone.assign(size=size[home], home=home)
    of_family = shown[shown["size"] != "1"]
    if len(of_family):
        low, high = bootstrap.ratio_interval(np.sort(np.where(size >= 2, size, 0)), np.sort(size), params.level, params.seed, DRAWS)
        value = size[size >= 2].sum() / size.sum()
        facts["family_patients"] = Estimate(value, min(low, value), max(high, value), "share", len(everyone), params.level)
    in_family = own.set_index("patient_id")["size"].reindex(base.people.patient_id).to_numpy() >= 2
    facts["family_value"], facts["single_value"] = base.value(in_family), base.value(~in_family)
    facts["family_extra"] = _difference(facts["family_value"], facts["single_value"])
    day = (pd.to_datetime(own.first_day) - pd.Timestamp(0)).dt.days
    brought = brought_by_adult(household=home, age=own.age_years, first_day=day, adult_from=params.child_below_years)
    children = own.patient_id.isin(base.people.patient_id) & (own.age_years < params.child_below_years)
    if children.any():
        k, n = int(brought[children.to_numpy()].sum()), int(children.sum())
        bounds = proportions.wilson(k, n, params.level)
        facts["children_brought"] = Estimate(k / n, float(bounds[0]), float(bounds[1]), "share", n, params.level)
    return shown, facts


def _by_size(size: np.ndarray, revenue: np.ndarray, params: SegmentsParams) -> pd.DataFrame:
    """Households of one, two, three, four and more: resampled whole, since its members are not independent."""
    kinds = np.minimum(size, 4)
    order = np.lexsort((revenue, size))
    member = np.column_stack([kinds == kind for kind in (1, 2, 3, 4)])[order].astype(float)
    people, money = size[order].astype(float), revenue[order]
    stacked = np.column_stack([member * people[:, None], member * money[:, None], member, people, money])
    draws = bootstrap.block_bootstrap(stacked, seed=params.seed, draws=DRAWS) if len(size) > 1 else stacked
    totals, rows = stacked.sum(axis=0), []
    for k in range(4):
        if totals[8 + k]:
            pairs = {"share": (k, 12), "revenue_share": (4 + k, 13), "revenue": (4 + k, 8 + k)}
            columns: dict[str, float] = {}
            for name, (top, bottom) in pairs.items():
                columns |= _ratio(name, totals[[top, bottom]], draws[:, [top, bottom]], params.level, len(size))
            rows.append({"size": ("1", "2", "3", "4+")[k], "homes": int(totals[8 + k]), "patients": int(totals[k]), **columns,
                         "n": int(totals[8 + k])})  # fmt: skip
    return pd.DataFrame(rows)


def _ratio(name: str, total: np.ndarray, draws: np.ndarray, level: float, units: int) -> dict[str, float]:
    if not total[1] > 0 or (name != "share" and not total[0] > 0):
        return _columns(name, None)
    value = total[0] / total[1]
    ratios = draws[draws[:, 1] > 0]
    low, high = bootstrap.percentiles(ratios[:, 0] / ratios[:, 1], level, units=units) if units > 1 else (np.nan, np.nan)
    return {name: value, f"{name}_low": np.fmin(low, value), f"{name}_high": np.fmax(high, value)}


def _difference(one: Estimate | None, other: Estimate | None) -> Estimate | None:
    """Of two independent groups; thin evidence whatever its width, since who comes longer brings more relatives."""
    if one is None or other is None:
        return None
    half = float(np.hypot(one.high - one.value, other.high - other.value))
    value = one.value - other.value
    return Estimate(value, value - half, value + half, "currency", one.n + other.n, one.level, "C")


# ------------------------------------------------------------------ what is said
def _says(facts: dict[str, Any], underused: pd.DataFrame | None) -> dict[str, Sentence]:
    if facts["surgery_chance"]:
        title = "surgery"
    elif facts["children_value"] and facts["adults_value"]:
        title = "value"
    else:
        title = "families" if facts["family_patients"] else "all" if facts["all_value"] else "plain"
    lede = "claim" if underused is not None and (underused.claim == "claim").any() else title
    return {"title": Sentence(title), "lede": Sentence("pull" if facts["children_pull"] and lede == "surgery" else lede, _rarest(underused))}


def _rarest(underused: pd.DataFrame | None, level: float = 0.90) -> dict[str, Any]:
    """The group that comes least, of those that may be claimed if there are any."""
    empty: dict[str, Any] = dict.fromkeys(("rare_sex", "rare_band", "represented", "rare_value"))
    if underused is None:
        return empty
    rows = underused[~small_cells(underused.patients)]
    rows = rows[rows.claim == "claim"] if (rows.claim == "claim").any() else rows
    if rows.empty:
        return empty
    row = rows.iloc[0]
    ratio = Estimate(row.represented, row.represented_low, row.represented_high, "ratio", row.n, level)
    value = Estimate(row.value, row.value_low, row.value_high, "currency", row.n, level) if np.isfinite(row.value) else None
    return {"rare_sex": row.sex, "rare_band": row.band, "represented": ratio, "rare_value": value}


def _findings(facts: dict[str, Any], underused: pd.DataFrame | None, level: float) -> list[Finding]:
    found, rarest = [], _rarest(underused, level)
    if underused is not None and rarest["represented"]:
        if (underused.claim == "claim").any():
            found.append(Finding("underused", "opportunity", rarest))
        else:
            lack = "value" if (underused.claim == "no_value").all() else "hours"
            found.append(Finding("descriptive_only", "caveat", {**rarest, "lack": lack}))
    if facts["children_pull"] and facts["children_surgery"]:
        found.append(Finding("pull_through", "caveat"))
    if facts["family_extra"] is not None and facts["family_extra"].is_off_zero:
        found.append(Finding("family_more" if facts["family_extra"].value > 0 else "family_less", "caveat"))
    if facts["shared_by_many"]:
        found.append(Finding("shared_by_many", "caveat"))
    return found


def _gaps(facts: dict[str, Any], base: Base, profile: ProfileResult | None) -> list[Finding]:
    told: Sequence[tuple[str, bool]] = (
        ("no_new", base.people.empty),
        ("no_age", len(base.people) > 0 and base.people.age_years.notna().sum() == 0),
        ("no_diagnosis", len(base.people) > 0 and base.people.diagnosis.notna().sum() == 0),
        ("no_money", len(base.people) > 0 and not base.has_money),
        ("too_short", base.has_money and base.horizon is None),
        ("no_operations", len(base.people) > 0 and base.people.operated.isna().all()),
        ("no_residents", profile is None or profile.represented is None),
        ("no_phones", facts["families"] is None),
    )
    return [Finding(key, "not_answered") for key, is_told in told if is_told]


# ------------------------------------------------------------------ figures
def value_by_segment(result: SegmentsResult, labels: Labels) -> Figure | None:
    """Revenue per new patient within the horizon, by segment."""
    return _figure(result, labels, "value", "currency")


def surgery_by_segment(result: SegmentsResult, labels: Labels) -> Figure | None:
    """Share operated after the first visit, by segment."""
    return _figure(result, labels, "surgery", "share")


def _figure(result: SegmentsResult, labels: Labels, name: str, unit: Any) -> Figure | None:
    if result.segments is None or result.segments[name].notna().sum() < 2:
        return None
    rows = result.segments[result.segments[name].notna()].sort_values([name, "age", "diagnosis"], ascending=[False, True, True])
    names = [labels.text("segment", age=labels.value("age", row.age), diagnosis=labels.value("diagnosis", row.diagnosis))
             for row in rows.itertuples()]  # fmt: skip
    return dots(
        names, rows[name], rows[f"{name}_low"], rows[f"{name}_high"], hollow=list(rows.patients < 100),
        number=lambda v: labels.number(v, unit), height=46.0,
    )

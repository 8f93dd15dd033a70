"""Patient value: what a new patient brings, in which classes, and who brings the money.

Question   What is a new patient worth over time, which patients bring the money, and how early is that seen?
Method     Mean cumulative function of revenue and of margin with robust variance (Nelson 1988; Lawless & Nadeau 1995);
           the same by quarter of the first visit, with a weighted line for drift; fixed classes by what patients did
           in their first year and by what they paid, bootstrap of patients; Cohen's κ between the classes seen
           at 90 and at 365 days; lift of class by diagnosis and treatment with adjusted residuals.
Reads      first_visits, patient_days, appointments; charges and services for money and treatment.
Cannot say Anything about patients registered before the records begin; what a class causes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models import concentration
from audit.models.agreement import agreement
from audit.models.cohort_triangle import value_triangle
from audit.models.drift import drift
from audit.models.lift import lift
from audit.models.mean_cumulative import MeanCumulative, mean_cumulative
from audit.models.proportions import wilson
from audit.plots.cohorts import cohorts
from audit.plots.cumulative import Aside, Line, cumulative
from audit.plots.lorenz import lorenz as draw_lorenz
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.new_patients import new_patient_days, new_patients
from audit.tables.treatment_days import TREATMENTS, heaviest_treatment
from audit.wording import Labels

FIGURES = ("lorenz", "value_curve", "cohort_value")
HORIZONS = (90, 180, 365, 730)
EARLY, YEAR = 90, 365
QUARTER = 91
CLASSES = ("one_off", "short", "course", "chronic", "surgical")
WORTH = ("one_off", "low", "medium", "high", "surgical")
CUTS = (0.1, 0.3, 0.6)
OWN_PAYERS = ("cash",)
OTHER = "other"
SEEN_EARLY = 0.6
"""Cohen's κ from which agreement is called substantial (Landis & Koch 1977)."""
ALIKE = 1.25
"""Quarters are called alike when their ratio is known to be within a fifth to a quarter of 1."""


class ClvParams(Params):
    """Settings of patient value."""

    fewest_patients: int = Field(200, ge=20, description="new patients below which no value is printed")
    fewest_at_risk: int = Field(50, ge=10, description="patients that must be watched to the end of a horizon")
    groups: int = Field(8, ge=2, le=20, description="most diagnoses told apart among the classes; the rest is one")
    short_visits: int = Field(2, ge=2, description="visits in the first year from which a patient is no one-off")
    course_visits: int = Field(5, ge=3, description="visits in the first year that make a course")
    chronic_visits: int = Field(15, ge=4, description="visits in the first year that make a chronic patient")
    known_cost: float = Field(0.8, gt=0, le=1, description="share of revenue with a direct cost that allows a margin")


@dataclass(frozen=True, kw_only=True)
class ClvResult(Result):
    """Money is what was paid, net of refunds, per new patient from the first visit on, day 0 included.

    ``naive_value`` is all money ever over all new patients, followed for ``naive_days`` on average: it depends on
    how long they happened to be watched. Classes are of all patients, or (``class_payers`` is ``own``) only of those who
    paid themselves, where insured ones bring another amount by more than chance. ``kappa`` is the agreement of the class seen after 90 days with that of
    the year, ``kept`` the share in the same one. ``drift_ratio`` compares the 90-day value of the last quarter's
    patients with the first's. ``patients`` has one row per new patient watched for a year.
    """

    value_90: Estimate | None
    value_180: Estimate | None
    value_365: Estimate | None
    value_730: Estimate | None
    margin_90: Estimate | None
    margin_180: Estimate | None
    margin_365: Estimate | None
    margin_730: Estimate | None
    naive_value: Estimate | None
    naive_days: int | None
    drift_ratio: Estimate | None
    drifts: str | None
    one_off_share: Estimate | None
    surgical_share: Estimate | None
    surgical_revenue: Estimate | None
    class_payers: str
    kappa: Estimate | None
    kept: Estimate | None
    top_tenth: Estimate | None
    equal_days: int | None
    new_patients: int
    horizons: pd.DataFrame = table(
        Measure("days", "days"), Measure("value", "currency", interval=True), Measure("margin", "currency", interval=True),
        Measure("n", "count", people=True),
    )
    classes: pd.DataFrame | None = table(
        Measure("class", "label"), Measure("patients", "count", people=True),
        Measure("patient_share", "share", interval=True, form="bar"),
        Measure("revenue_share", "share", interval=True, form="bar"), Measure("margin_share", "share", interval=True),
        Measure("value_365", "currency", interval=True), Measure("visits", "number"), Measure("n", "count", shown=False),
    )
    worth: pd.DataFrame | None = table(
        Measure("class", "label"), Measure("from_value", "currency"), Measure("patients", "count", people=True),
        Measure("revenue_share", "share", interval=True), Measure("patient_share", "share", interval=True, shown=False),
        Measure("margin_share", "share", interval=True, shown=False), Measure("value_365", "currency", interval=True, shown=False),
        Measure("visits", "number", shown=False), Measure("n", "count", shown=False),
    )
    stability: pd.DataFrame | None = table(
        Measure("class_90", "label", block=True), Measure("class_365", "label", block=True), Measure("patients", "count", people=True),
        Measure("share", "share"),
    )
    mix: pd.DataFrame | None = table(
        Measure("class", "label"), Measure("diagnosis", "label"), Measure("treatment", "label"),
        Measure("patients", "count", people=True), Measure("expected", "count"), Measure("lift", "ratio", interval=True),
        Measure("differs", "flag"),
    )
    payers: pd.DataFrame | None = table(
        Measure("payer", "label"), Measure("patients", "count", people=True), Measure("value_90", "currency", interval=True),
        Measure("value_365", "currency", interval=True), Measure("n", "count", shown=False),
    )
    cohorts: pd.DataFrame | None = table(
        Measure("quarter", "date"), Measure("after", "count"), Measure("patients", "count", people=True),
        Measure("value", "currency", interval=True), Measure("is_complete", "flag"),
    )
    curve: pd.DataFrame | None = table(
        Measure("days", "days"), Measure("value", "currency", interval=True), Measure("margin", "currency", interval=True),
        Measure("n", "count", people=True),
    )
    lorenz_points: pd.DataFrame | None = table(Measure("patients", "share"), Measure("revenue", "share"))
    patients: pd.DataFrame | None = table(
        Measure("patient_id", "id", shown=False), Measure("value_365", "currency", shown=False),
        Measure("class", "label", shown=False),
    )


@dataclass(frozen=True)
class _Base:
    """New patients (one row each, index = owner) and their days (sorted by owner and age)."""

    people: pd.DataFrame
    days: pd.DataFrame
    has_money: bool

    @property
    def last_age(self) -> np.ndarray:
        return self.people["last_age"].to_numpy()

    def curve(self, members: np.ndarray, horizons: tuple[int, ...]) -> MeanCumulative:
        """Mean cumulative revenue of the patients marked in ``members`` (N,)."""
        place = np.cumsum(members) - 1
        mine = self.days[members[self.days["owner"]]]
        return mean_cumulative(owner=place[mine["owner"]], age=mine["age"], amount=mine["revenue"],
                               last_age=self.last_age[members], horizons=horizons)

    def per_patient(self, column: str, within: int) -> np.ndarray:
        """Sum of ``column`` over the first ``within`` days of each patient."""
        early = self.days["age"].to_numpy() <= within
        owner, amount = self.days["owner"].to_numpy()[early], self.days[column].to_numpy(float)[early]
        return np.bincount(owner, weights=np.nan_to_num(amount), minlength=len(self.people))


def analyse(
    first_visits: Table, patient_days: Table, appointments: Table, charges: Table | None, services: Table | None, *,
    period: Period, params: ClvParams,
) -> ClvResult:
    """Counted value by age and by cohort, classes by what was done and by what was paid, and what they rest on."""
    treated = heaviest_treatment(appointments, charges, services, first_visits, within=YEAR)
    base = _base(first_visits, patient_days, treated, charges, period, params)
    horizons, curve, facts = _horizons(base, params)
    cohorts, drifted = _cohorts(base, params)
    payers, alike = _payers(base, params)
    matured, classed = _classed(base, alike, params)
    code, classes, shares = _classes(base, matured, params)
    points, top, equal = _lorenz(base, params)
    stability, agreed = _stability(base, matured, code, params)
    if classes is None and facts["value_90"] is None:
        raise NotAnswerable("too_few", verdict="not_enough_data", values={"patients": len(base.people)})
    facts |= drifted | shares | agreed
    facts |= {"top_tenth": top, "equal_days": equal, "new_patients": len(base.people), "class_payers": classed}
    return ClvResult(
        grade="A", headline=next((name for name in ("value_365", "value_90", "one_off_share") if facts[name]), None),
        says=_says(facts), findings=_findings(facts, base),
        **facts, horizons=horizons, curve=curve, classes=classes, worth=_worth(base, matured, params), cohorts=cohorts,
        stability=stability, mix=_mix(base, matured, code, params) if classes is not None else None,
        payers=payers, lorenz_points=points,
        patients=_patients(base, matured, code) if classes is not None else None,
    )


def _base(
    first_visits: Table, patient_days: Table, treated: Table, charges: Table | None, period: Period, params: ClvParams
) -> _Base:
    new = new_patients(first_visits)
    people = new.select("owner", "patient_id", "first_day", "first", "last_age", "payer", diagnosis=_.diagnosis.strip().upper().substr(0, 3))
    people = people.left_join(treated, "patient_id").drop("patient_id_right").order_by("owner").to_pandas()
    if people.empty:
        raise NotAnswerable("no_new_patients", verdict="not_enough_data")
    days = new_patient_days(patient_days, new, end=period.end).order_by("owner", "age").to_pandas()
    return _Base(people, days.assign(margin=_margin(days, params)), charges is not None and days["revenue"].sum() > 0)


def _margin(days: pd.DataFrame, params: ClvParams) -> np.ndarray:
    """Revenue less direct cost per day; days without a known cost get the usual share of cost. NaN if too few are known."""
    known = days["costed"].fillna(0)
    if not (known.sum() > 0 and known.sum() >= params.known_cost * days["revenue"].sum()):
        return np.full(len(days), np.nan)
    return (days["revenue"] - days["cost"].fillna(0) - days["cost"].sum() / known.sum() * (days["revenue"] - known)).to_numpy()


# ------------------------------------------------------------------ value by age
def _horizons(base: _Base, params: ClvParams) -> tuple[pd.DataFrame, pd.DataFrame | None, dict[str, Any]]:
    """Value and margin at the horizons that enough patients were watched for, the whole curve, and the naive figure."""
    last_age, days = base.last_age, base.days
    facts: dict[str, Any] = dict.fromkeys((*(f"{name}_{h}" for name in ("value", "margin") for h in HORIZONS), "naive_value", "naive_days"))
    columns = [n for m in ClvResult.measures("curve") for n in m.names]
    enough = np.array([base.has_money and len(last_age) >= params.fewest_patients and (last_age >= age).sum() >= params.fewest_at_risk
                       for age in range(HORIZONS[-1] + 1)])
    if not enough[EARLY]:
        return pd.DataFrame(columns=columns), None, facts
    ages = np.unique([*range(0, HORIZONS[-1] + 1, 5), *HORIZONS])
    ages = ages[enough[ages]]
    frame = pd.DataFrame({"days": ages, "n": [int((last_age >= age).sum()) for age in ages]})
    for name, amount in (("value", days["revenue"]), ("margin", days["margin"])):
        curve = mean_cumulative(owner=days["owner"], age=days["age"], amount=amount, last_age=last_age, horizons=ages)
        frame[name], (frame[f"{name}_low"], frame[f"{name}_high"]) = curve.value, curve.interval(params.level)
    chosen = frame[frame["days"].isin(HORIZONS)].reset_index(drop=True)
    for row in chosen.to_dict("records"):
        for name in ("value", "margin"):
            if np.isfinite(row[name]):
                bounds = (row[name], row[f"{name}_low"], row[f"{name}_high"])
                facts[f"{name}_{row['days']}"] = Estimate(*bounds, "currency", len(last_age), params.level)
    ever = np.bincount(days["owner"], weights=days["revenue"], minlength=len(last_age))
    facts["naive_value"] = exact(float(ever.mean()), "currency", len(ever))
    facts["naive_days"] = round(float(last_age.mean()))
    return chosen[columns], frame[columns], facts


def _cohorts(base: _Base, params: ClvParams, most: int = 8) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """Value by quarter of the first visit and quarters of age; whether the 90-day value drifts from cohort to cohort."""
    facts: dict[str, Any] = {"drift_ratio": None, "drifts": None}
    if not base.has_money:
        return None, facts
    quarter = pd.to_datetime(base.people["first_day"]).dt.to_period("Q")
    names, days = sorted(quarter.unique()), base.days
    found = value_triangle(
        cohort=pd.Categorical(quarter, names).codes, last_age=base.last_age, owner=days["owner"], age=days["age"],
        amount=days["revenue"], cohorts=len(names), ages=QUARTER * np.arange(1, 9),
    )
    z = NormalDist().inv_cdf((1 + params.level) / 2)
    line = drift(np.where(found.complete[:, 0], found.value[:, 0], np.nan), found.se[:, 0], level=params.level)
    if line is not None:
        members = int(found.size[found.complete[:, 0]].sum())
        facts["drift_ratio"] = Estimate(line.ratio, line.low, line.high, "ratio", members, params.level)
        facts["drifts"] = ("up" if line.ratio > 1 else "down") if line.drifts else None
    rows = [
        (names[k].start_time.date(), j + 1, int(found.size[k]), found.value[k, j], found.value[k, j] - z * found.se[k, j],
         found.value[k, j] + z * found.se[k, j], bool(found.complete[k, j]))
        for k, j in np.argwhere(np.isfinite(found.value) | found.begun) if k >= len(names) - most
    ]
    columns = [n for m in ClvResult.measures("cohorts") for n in m.names]
    return pd.DataFrame(rows, columns=columns) if np.isfinite(found.value).any() else None, facts


def _payers(base: _Base, params: ClvParams) -> tuple[pd.DataFrame | None, bool]:
    """Value by who paid the first visit, where more than one pays; and whether the others' patients are worth as much.

    A payer with few patients has no value. Worth as much: a year's money of own payers and of all others differs no
    more than chance, so that one price list can be assumed.
    """
    payer = base.people["payer"].fillna("unknown")
    if not base.has_money or payer.nunique() < 2:
        return None, payer.nunique() < 2
    own = payer.isin((*OWN_PAYERS, "unknown")).to_numpy()
    rows = []
    for name in sorted(payer.unique()):
        curve = base.curve((payer == name).to_numpy(), (EARLY, YEAR))
        low, high = curve.interval(params.level)
        told = [(v, a, b) if r >= params.fewest_at_risk else (np.nan,) * 3
                for v, a, b, r in zip(curve.value, low, high, curve.at_risk, strict=True)]
        rows.append((name, int((payer == name).sum()), *told[0], *told[1], int(curve.at_risk[0])))
    sides = [base.curve(side, (YEAR,)) for side in (own, ~own) if side.any()]
    compared = len(sides) == 2 and min(side.at_risk[0] for side in sides) >= params.fewest_at_risk
    z = NormalDist().inv_cdf((1 + params.level) / 2)
    alike = compared and abs(sides[0].value[0] - sides[1].value[0]) <= z * float(np.hypot(sides[0].se[0], sides[1].se[0]))
    columns = [n for m in ClvResult.measures("payers") for n in m.names]
    return pd.DataFrame(rows, columns=columns), alike


# ------------------------------------------------------------------ classes
def _classed(base: _Base, alike: bool, params: ClvParams) -> tuple[np.ndarray, str]:
    """Who is classed: new patients watched for a year; only own payers where insurers pay otherwise and enough are left."""
    matured = base.last_age >= YEAR
    own = matured & (base.people["payer"].isna() | base.people["payer"].isin(OWN_PAYERS)).to_numpy()
    if alike or own.sum() < params.fewest_patients:
        return matured, "all"
    return own, "own"


def _class_by(base: _Base, within: int, params: ClvParams) -> np.ndarray:
    """Class code of every patient by the first ``within`` days: fixed cuts, so that patients of all years compare."""
    cuts = (params.short_visits, params.course_visits, params.chronic_visits)
    visits = np.searchsorted(cuts, base.per_patient("visits", within), side="right")
    return np.where(base.per_patient("operations", within) > 0, len(CLASSES) - 1, visits)


def _classes(base: _Base, matured: np.ndarray, params: ClvParams) -> tuple[np.ndarray, pd.DataFrame | None, dict[str, Any]]:
    code = _class_by(base, YEAR, params)
    facts: dict[str, Any] = dict.fromkeys(("one_off_share", "surgical_share", "surgical_revenue"))
    if matured.sum() < params.fewest_patients:
        return code, None, facts
    code = code[matured]
    frame = _shares(base, matured, code, CLASSES, params)
    told = frame.set_index("class")
    for name, of, column in (("one_off_share", "one_off", "patient_share"), ("surgical_share", "surgical", "patient_share"),
                             ("surgical_revenue", "surgical", "revenue_share")):
        if of in told.index and np.isfinite(told.loc[of, column]):
            value, low, high = (told.loc[of, f"{column}{end}"] for end in ("", "_low", "_high"))
            facts[name] = Estimate(value, min(low, value), max(high, value), "share", int(matured.sum()), params.level)
    return code, frame, facts


def _shares(base: _Base, matured: np.ndarray, code: np.ndarray, names: tuple[str, ...], params: ClvParams) -> pd.DataFrame:
    """Shares of patients, revenue and margin of each class that has patients, and its value and visits."""
    money = np.nan if not base.has_money else 1.0
    s, m = (
        concentration.class_shares(code, base.per_patient(part, YEAR)[matured], len(names), params.level, seed=params.seed)
        for part in ("revenue", "margin")
    )
    costed = np.nan if base.days["margin"].isna().all() else money
    visits = np.bincount(code, weights=base.per_patient("visits", YEAR)[matured], minlength=len(names))
    frame = pd.DataFrame({
        "class": names, "patients": s.count,
        "patient_share": s.unit_share, "patient_share_low": s.unit_share_low, "patient_share_high": s.unit_share_high,
        "revenue_share": s.amount_share, "revenue_share_low": s.amount_share_low, "revenue_share_high": s.amount_share_high,
        "margin_share": m.amount_share * costed, "margin_share_low": m.amount_share_low * costed, "margin_share_high": m.amount_share_high * costed,
        "value_365": s.mean * money, "value_365_low": s.mean_low * money, "value_365_high": s.mean_high * money,
        "visits": visits / np.maximum(s.count, 1), "n": s.count,
    })
    return frame[frame["patients"] > 0].reset_index(drop=True)


def _worth(base: _Base, matured: np.ndarray, params: ClvParams) -> pd.DataFrame | None:
    """Classes by what was paid: once only, thirds of those who came again without an operation, operated on."""
    if matured.sum() < params.fewest_patients or not base.has_money:
        return None
    value, visits = base.per_patient("revenue", YEAR)[matured], base.per_patient("visits", YEAR)[matured]
    operated, once = base.per_patient("operations", YEAR)[matured] > 0, visits < params.short_visits
    again = ~operated & ~once
    if again.sum() < 3 * params.fewest_at_risk:
        return None
    cuts = np.quantile(value[again], [1 / 3, 2 / 3])
    code = np.where(operated, 4, np.where(once, 0, 1 + np.searchsorted(cuts, value, side="right")))
    frame = _shares(base, matured, code, WORTH, params)
    starts = dict(zip(WORTH, (np.nan, float(value[again].min()), *cuts, np.nan), strict=True))
    return frame.assign(from_value=frame["class"].map(starts))[[n for m in ClvResult.measures("worth") for n in m.names]]


def _stability(
    base: _Base, matured: np.ndarray, code: np.ndarray, params: ClvParams
) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """How early the class is seen: the class by the first 90 days against that of the year."""
    facts: dict[str, Any] = {"kappa": None, "kept": None}
    if matured.sum() < params.fewest_patients:
        return None, facts
    early, k = _class_by(base, EARLY, params)[matured], len(CLASSES)
    counts = np.bincount(early * k + code, minlength=k * k).reshape(k, k)
    found = agreement(counts, params.level)
    if np.isfinite(found.kappa):
        facts["kappa"] = Estimate(found.kappa, found.low, found.high, "number", found.n, params.level)
        low, high = wilson(np.trace(counts), found.n, params.level)
        facts["kept"] = Estimate(found.same, float(low), float(high), "share", found.n, params.level)
    rows = [(CLASSES[i], CLASSES[j], int(counts[i, j]), counts[i, j] / counts[i].sum()) for i, j in np.argwhere(counts > 0)]
    return pd.DataFrame(rows, columns=[m.name for m in ClvResult.measures("stability")]), facts


def _mix(base: _Base, matured: np.ndarray, code: np.ndarray, params: ClvParams) -> pd.DataFrame | None:
    """Patients by class and by diagnosis with the heaviest treatment of the year, against independence."""
    people = base.people[matured]
    known = people["diagnosis"].notna().to_numpy()
    if known.sum() < params.fewest_patients:
        return None
    code, people = code[known], people[known]
    common = people["diagnosis"].value_counts().rename_axis("code").reset_index().sort_values(["count", "code"], ascending=[False, True])
    names = list(common["code"].head(params.groups))
    diagnosis = people["diagnosis"].where(people["diagnosis"].isin(names), OTHER)
    pairs = pd.MultiIndex.from_arrays([diagnosis, people["rank"].fillna(0).astype(int)])
    kinds = sorted(pairs.unique(), key=lambda pair: (pair[0] == OTHER, names.index(pair[0]) if pair[0] in names else 0, pair[1]))
    column = pd.Categorical.from_codes(pd.Index(kinds).get_indexer(pairs), [f"{a}|{b}" for a, b in kinds]).codes
    counts = np.bincount(code * len(kinds) + column, minlength=len(CLASSES) * len(kinds)).reshape(len(CLASSES), -1)
    found = lift(counts, params.level)
    rows = [
        (CLASSES[i], kinds[j][0], TREATMENTS[kinds[j][1]], int(counts[i, j]), found.expected[i, j], found.lift[i, j],
         found.low[i, j], found.high[i, j], bool(found.differs[i, j]))
        for i, j in np.argwhere((counts > 0) | (found.expected >= 5))
    ]
    return pd.DataFrame(rows, columns=[n for m in ClvResult.measures("mix") for n in m.names])


def _lorenz(base: _Base, params: ClvParams) -> tuple[pd.DataFrame | None, Estimate | None, int | None]:
    """Concentration over the longest of the horizons that enough patients have been watched for."""
    last_age = base.last_age
    days = next((h for h in (365, 180, 90) if (last_age >= h).sum() >= params.fewest_patients), None)
    if days is None or not base.has_money:
        return None, None, None
    value = base.per_patient("revenue", days)[last_age >= days]
    if not np.maximum(value, 0).sum() > 0:
        return None, None, None
    patients, revenue = concentration.lorenz(value)
    top = Estimate(*concentration.top_share(value, CUTS[0], params.level), "share", len(value), params.level)
    return pd.DataFrame({"patients": patients, "revenue": revenue}), top, days


def _patients(base: _Base, matured: np.ndarray, code: np.ndarray) -> pd.DataFrame:
    value = base.per_patient("revenue", YEAR)[matured]
    return pd.DataFrame({
        "patient_id": base.people["patient_id"][matured], "value_365": value if base.has_money else np.nan,
        "class": np.asarray(CLASSES)[code],
    }).sort_values("patient_id").reset_index(drop=True)


def _says(facts: Mapping[str, Any]) -> dict[str, Sentence]:
    title = "concentrated" if facts["top_tenth"] and facts["one_off_share"] else "value" if facts["top_tenth"] else "classes"
    lede = "year" if facts["value_365"] else "shorter" if facts["value_90"] else "classes"
    ratio = facts["drift_ratio"]
    # not shown to differ is not the same: alike are only quarters whose ratio is known to lie near 1
    alike = ratio is not None and ratio.low > 1 / ALIKE and ratio.high < ALIKE
    moved = f"drift_{facts['drifts']}" if facts["drifts"] else "level" if alike else "untold"
    return {"title": Sentence(title), "lede": Sentence(lede),
            "figures.cohort_value.title": Sentence(moved)}


def _findings(facts: Mapping[str, Any], base: _Base) -> tuple[Finding, ...]:
    one_off, watched = facts["one_off_share"], int((base.last_age >= YEAR).sum())
    told = (
        (one_off, Finding("one_off", "risk" if one_off and one_off.low > 0.4 else "caveat")),
        (facts["surgical_revenue"] and facts["surgical_revenue"].low > 0.25, Finding("surgical", "caveat")),
        (facts["drifts"], Finding(f"drift_{facts['drifts']}", "strength" if facts["drifts"] == "up" else "risk")),
        (facts["kappa"], Finding("stability" if facts["kappa"] and facts["kappa"].low > SEEN_EARLY else "class_moves", "caveat")),
        (facts["naive_value"], Finding("naive", "caveat")),
        (not base.has_money, Finding("no_money", "not_answered")),
        (base.has_money and facts["value_90"] and not facts["margin_90"], Finding("no_cost", "not_answered")),
        (not one_off, Finding("no_year", "not_answered", {"watched": watched})),
    )
    return tuple(finding for applies, finding in told if applies)


def lorenz(result: ClvResult, labels: Labels) -> Figure | None:
    """How few patients bring how much."""
    points = result.lorenz_points
    if points is None:
        return None
    return draw_lorenz(
        points["patients"], points["revenue"], cuts=CUTS, number=lambda v: labels.number(v, "share"),
        among=labels["among"], equal_text=labels["equal"], x=labels["x"], y=labels["y"],
    )


def value_curve(result: ClvResult, labels: Labels) -> Figure | None:
    """Revenue and margin per new patient by age; the naive figure aside."""
    frame = result.curve
    if frame is None:
        return None
    lines = [Line(frame[name], frame[f"{name}_low"], frame[f"{name}_high"], labels[name]) for name in ("value", "margin")]
    naive, at = result.naive_value, result.naive_days
    aside = Aside(at, naive.value, labels["naive"]) if naive and at and at <= frame["days"].max() else None
    return cumulative(
        frame["days"], lines, marks=[h for h in HORIZONS if h <= frame["days"].max()], aside=aside, x=labels["x"], y=labels["y"],
        number_x=lambda v: labels.number(v, "count"), number_y=lambda v: labels.number(v, "currency"),
    )


def cohort_value(result: ClvResult, labels: Labels) -> Figure | None:
    """Value per new patient by quarter of the first visit and by age."""
    frame = result.cohorts
    if frame is None:
        return None
    return cohorts(
        frame, "value", row=labels.cohort, text=lambda v: labels.number(v, "currency"), x_label=labels["x"],
        hatched_text=labels["hatched"], least=0.7 * float(frame["value"].min()), most=1.3 * float(frame["value"].max()),
    )

"""Patient value: what a new patient brings, who comes back, and how much the known ones will still bring.

Question   What is a new patient worth, which patients bring the money, how many will come again?
Method     Mean cumulative function with robust variance (Nelson 1988; Lawless & Nadeau 1995); Kaplan–Meier for
           returns; fixed classes by visits in the first year, bootstrap of patients; BG/NBD and MBG/NBD with
           Gamma-Gamma (Fader & Hardie), which may speak only after a check on held-out months.
Reads      first_visits, patient_days; charges for money.
Cannot say Anything about patients registered before the records begin; why a patient does not return.
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

from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models import cohort_triangle, concentration, repeat_visits
from audit.models.mean_cumulative import mean_cumulative
from audit.models.outlook import outlook
from audit.models.repeat_visits import Check, Visits
from audit.models.survival import incidence
from audit.plots import theme
from audit.plots.calibration import calibration as draw_calibration
from audit.plots.heatmap import heatmap
from audit.plots.lorenz import lorenz as draw_lorenz
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.new_patients import EPOCH, new_patient_days, new_patients
from audit.wording import Labels

FIGURES = ("lorenz", "calibration", "returns")
HORIZONS = (90, 180, 365, 730)
RETURNS = (30, 90, 180, 365)
YEAR = 365
QUARTER = 91
CLASSES = ("one_off", "short", "course", "chronic", "surgical")
CUTS = (0.1, 0.3, 0.6)


class ClvParams(Params):
    """Settings of patient value."""

    fewest_patients: int = Field(200, ge=20, description="new patients below which no value is printed")
    fewest_at_risk: int = Field(50, ge=10, description="patients that must be watched to the end of a horizon")
    fewest_returns: int = Field(100, ge=20, description="first visits watched to the end of a horizon, for returns")
    short_visits: int = Field(2, ge=2, description="visits in the first year from which a patient is no one-off")
    course_visits: int = Field(5, ge=3, description="visits in the first year that make a course")
    chronic_visits: int = Field(15, ge=4, description="visits in the first year that make a chronic patient")
    known_cost: float = Field(0.8, gt=0, le=1, description="share of revenue with a direct cost that allows a margin")


@dataclass(frozen=True, kw_only=True)
class ClvResult(Result):
    """Money is what was paid, net of refunds, per new patient from the first visit on, day 0 included.

    ``gate`` is the verdict on the model of repeat visits: ok, weak, rejected or not_enough_data; only after ok
    and weak are the ``expected_…`` of the coming year given. ``patients`` has one row per new patient watched
    for a year.
    """

    value_90: Estimate | None
    value_180: Estimate | None
    value_365: Estimate | None
    value_730: Estimate | None
    margin_365: Estimate | None
    return_30: Estimate | None
    return_90: Estimate | None
    return_180: Estimate | None
    return_365: Estimate | None
    one_off_share: Estimate | None
    surgical_share: Estimate | None
    surgical_revenue: Estimate | None
    top_tenth: Estimate | None
    equal_days: int | None
    new_patients: int
    gate: str
    model: str | None
    holdout_error: Estimate | None
    holdout_weeks: int | None
    expected_visits: Estimate | None
    expected_revenue: Estimate | None
    base_patients: int | None
    horizons: pd.DataFrame = table(
        Measure("days", "days"), Measure("value", "currency", interval=True), Measure("margin", "currency"),
        Measure("returned", "share", interval=True), Measure("n", "count", people=True),
    )
    classes: pd.DataFrame | None = table(
        Measure("class", "label"), Measure("patients", "count", people=True),
        Measure("patient_share", "share", interval=True, form="bar"),
        Measure("revenue_share", "share", interval=True, form="bar"), Measure("value_365", "currency", interval=True),
        Measure("visits", "number"), Measure("n", "count", shown=False),
    )
    cohorts: pd.DataFrame | None = table(
        Measure("quarter", "date"), Measure("after", "count"), Measure("patients", "count", people=True),
        Measure("returned", "share"), Measure("is_complete", "flag"),
    )
    lorenz_points: pd.DataFrame | None = table(Measure("patients", "share"), Measure("revenue", "share"))
    calibration: pd.DataFrame | None = table(
        Measure("month", "date"), Measure("counted", "count"), Measure("model", "count", interval=True),
        Measure("held_out", "flag"),
    )
    by_frequency: pd.DataFrame | None = table(
        Measure("repeats", "count"), Measure("patients", "count", people=True), Measure("predicted", "count"),
        Measure("counted", "count"),
    )
    patients: pd.DataFrame | None = table(
        Measure("patient_id", "id", shown=False), Measure("value_365", "currency", shown=False),
        Measure("class", "label", shown=False), Measure("expected_value", "currency", shown=False),
    )


@dataclass(frozen=True)
class _Base:
    """New patients (one row each, index = owner) and their days (sorted by owner and age)."""

    people: pd.DataFrame
    days: pd.DataFrame
    has_money: bool

    @property
    def visits(self) -> Visits:
        came = self.days["visits"].to_numpy() > 0
        first, owner = self.people["first"].to_numpy(), self.days["owner"].to_numpy()[came]
        return Visits(first, owner, first[owner] + self.days["age"].to_numpy()[came])

    def per_patient(self, column: str, within: int) -> np.ndarray:
        """Sum of ``column`` over the first ``within`` days of each patient."""
        early = self.days["age"].to_numpy() <= within
        owner, amount = self.days["owner"].to_numpy()[early], self.days[column].to_numpy(float)[early]
        return np.bincount(owner, weights=np.nan_to_num(amount), minlength=len(self.people))


def analyse(
    first_visits: Table, patient_days: Table, charges: Table | None, *, period: Period, params: ClvParams
) -> ClvResult:
    """Counted values first, then what a checked model adds to them."""
    base = _base(first_visits, patient_days, charges, period)
    horizons, facts = _horizons(base, params)
    matured = base.people["last_age"].to_numpy() >= YEAR
    code, classes, shares = _classes(base, matured, params)
    points, top, equal = _lorenz(base, params)
    check = _check(base, period)
    outlook, expected = _outlook(base, check, period, params)
    calibration, cohorts = _calibration(base, check, period, params), _cohorts(base)
    if not any(isinstance(fact, Estimate) for fact in facts.values()):
        raise NotAnswerable("too_few", verdict="not_enough_data", values={"patients": len(base.people)})
    facts |= shares | outlook | {"top_tenth": top, "equal_days": equal, "new_patients": len(base.people)}
    return ClvResult(
        grade="B" if facts["expected_visits"] and check.gate == "ok" else "A",
        headline=next((f"value_{h}" for h in (365, 180, 90) if facts[f"value_{h}"]), None),
        says=_says(facts, check, cohorts), findings=_findings(facts, check, base),
        **facts, horizons=horizons, classes=classes, cohorts=cohorts, lorenz_points=points,
        calibration=calibration, by_frequency=_by_frequency(check),
        patients=_patients(base, matured, code, expected) if classes is not None else None,
    )


def _base(first_visits: Table, patient_days: Table, charges: Table | None, period: Period) -> _Base:
    new = new_patients(first_visits)
    people = new.select("owner", "patient_id", "first_day", "first", "last_age", "gap").order_by("owner").to_pandas()
    if people.empty:
        raise NotAnswerable("no_new_patients", verdict="not_enough_data")
    days = new_patient_days(patient_days, new, end=period.end).order_by("owner", "age").to_pandas()
    return _Base(people, days, charges is not None and days["revenue"].sum() > 0)


def _horizons(base: _Base, params: ClvParams) -> tuple[pd.DataFrame, dict[str, Any]]:
    last_age, days = base.people["last_age"].to_numpy(), base.days
    margin = _margin(base, params)
    curves = {
        name: mean_cumulative(owner=days["owner"], age=days["age"], amount=amount, last_age=last_age, horizons=HORIZONS)
        for name, amount in (("value", days["revenue"]), ("margin", margin)) if base.has_money and amount is not None
    }
    gap = base.people["gap"].to_numpy(float)
    came = np.isfinite(gap) & (gap <= last_age)
    ends = sorted({*HORIZONS, *RETURNS})
    back = incidence(duration=np.where(came, gap, last_age), event=came, follow_up=last_age, horizons=ends, level=params.level)
    enough = len(last_age) >= params.fewest_patients
    facts: dict[str, Any] = dict.fromkeys(("margin_365", *(f"value_{h}" for h in HORIZONS), *(f"return_{h}" for h in RETURNS)))
    rows = []
    for k, h in enumerate(ends):
        row: dict[str, Any] = {"days": h, "n": int((last_age >= h).sum())}
        if back.watched[k] >= params.fewest_returns:
            row["returned"] = Estimate(back.value[k], back.low[k], back.high[k], "share", len(last_age), params.level)
        for name, curve in curves.items():
            if h in HORIZONS and enough and row["n"] >= params.fewest_at_risk:
                low, high = curve.interval(params.level)
                i = HORIZONS.index(h)
                row[name] = Estimate(curve.value[i], low[i], high[i], "currency", len(last_age), params.level)
        facts |= {key: row.get(name) for key, name in
                  ((f"value_{h}", "value"), (f"return_{h}", "returned"), (f"margin_{h}", "margin")) if key in facts}
        rows.append(row)
    columns = [n for m in ClvResult.measures("horizons") for n in m.names]
    return pd.DataFrame([_spread(row) for row in rows if len(row) > 2], columns=columns), facts


def _spread(row: Mapping[str, Any]) -> dict[str, Any]:
    """Estimates of a row as value, low and high columns."""
    told = {name: value for name, value in row.items() if isinstance(value, Estimate)}
    bounds = [(f"{name}_{end}", getattr(value, end)) for name, value in told.items() for end in ("low", "high")]
    return dict(row) | {name: value.value for name, value in told.items()} | dict(bounds)


def _margin(base: _Base, params: ClvParams) -> np.ndarray | None:
    """Revenue less direct cost per day; days without a known cost get the usual share of cost."""
    days, known = base.days, base.days["costed"].fillna(0)
    if not base.has_money or not known.sum() >= params.known_cost * days["revenue"].sum():
        return None
    return (days["revenue"] - days["cost"].fillna(0) - days["cost"].sum() / known.sum() * (days["revenue"] - known)).to_numpy()


def _classes(base: _Base, matured: np.ndarray, params: ClvParams) -> tuple[np.ndarray, pd.DataFrame | None, dict[str, Any]]:
    """Classes by the first year alone, so that patients of all years compare."""
    visits, cuts = base.per_patient("visits", YEAR), (params.short_visits, params.course_visits, params.chronic_visits)
    code = np.where(base.per_patient("operations", YEAR) > 0, 4, np.searchsorted(cuts, visits, side="right"))
    facts: dict[str, Any] = dict.fromkeys(("one_off_share", "surgical_share", "surgical_revenue"))
    if matured.sum() < params.fewest_patients:
        return code, None, facts
    code, value = code[matured], base.per_patient("revenue", YEAR)[matured]
    s = concentration.class_shares(code, value, len(CLASSES), params.level, seed=params.seed)
    mean_visits = np.bincount(code, weights=visits[matured], minlength=len(CLASSES)) / np.maximum(s.count, 1)
    money = np.nan if not base.has_money else 1.0
    columns = (s.unit_share, s.unit_share_low, s.unit_share_high, s.amount_share, s.amount_share_low,
               s.amount_share_high, s.mean * money, s.mean_low * money, s.mean_high * money, mean_visits, s.count)
    names = [name for measure in ClvResult.measures("classes") for name in measure.names]
    frame = pd.DataFrame(dict(zip(names, (CLASSES, s.count, *columns), strict=True)))
    frame = frame[frame["patients"] > 0].reset_index(drop=True)
    for name, k, parts in (("one_off_share", 0, columns[:3]), ("surgical_share", 4, columns[:3]),
                           ("surgical_revenue", 4, columns[3:6])):
        value, low, high = (part[k] for part in parts)
        if s.count[k] and np.isfinite(value):
            facts[name] = Estimate(value, min(low, value), max(high, value), "share", int(matured.sum()), params.level)
    return code, frame, facts


def _lorenz(base: _Base, params: ClvParams) -> tuple[pd.DataFrame | None, Estimate | None, int | None]:
    """Concentration over the longest of the horizons that enough patients have been watched for."""
    last_age = base.people["last_age"].to_numpy()
    days = next((h for h in (365, 180, 90) if (last_age >= h).sum() >= params.fewest_patients), None)
    if days is None or not base.has_money:
        return None, None, None
    value = base.per_patient("revenue", days)[last_age >= days]
    if not np.maximum(value, 0).sum() > 0:
        return None, None, None
    patients, revenue = concentration.lorenz(value)
    top = Estimate(*concentration.top_share(value, CUTS[0], params.level), "share", len(value), params.level)
    return pd.DataFrame({"patients": patients, "revenue": revenue}), top, days


def _cohorts(base: _Base, periods: int = 8, most: int = 8) -> pd.DataFrame | None:
    """Share of each quarter's new patients who came again in the 1st, 2nd … 91 days after the first visit."""
    quarter = pd.to_datetime(base.people["first_day"]).dt.to_period("Q")
    names = sorted(quarter.unique())
    came = base.days["visits"] > 0
    triangle = cohort_triangle.cohort_triangle(
        cohort=pd.Categorical(quarter, names).codes, last_age=base.people["last_age"], owner=base.days["owner"][came],
        age=base.days["age"][came], cohorts=len(names), periods=periods, length=QUARTER,
    )
    known = np.argwhere(np.isfinite(triangle.share))
    rows = [
        (names[k].start_time.date(), j + 1, int(triangle.size[k]), triangle.share[k, j], bool(triangle.complete[k, j]))
        for k, j in known if k >= len(names) - most
    ]
    columns = [m.name for m in ClvResult.measures("cohorts")]
    return pd.DataFrame(rows, columns=columns) if rows else None


def _months(base: _Base, period: Period) -> np.ndarray:
    """First days of the months from the first new patient on, and the cut-off, as numbers."""
    start = pd.Timestamp(base.people["first_day"].min()).to_period("M").start_time
    months = pd.date_range(start, period.end - timedelta(days=1), freq="MS")
    return np.array([(day.date() - EPOCH).days for day in (*months, pd.Timestamp(period.end))])


def _check(base: _Base, period: Period) -> Check:
    edges = _months(base, period)
    return repeat_visits.hold_out(base.visits, start=int(base.people["first"].min()), end=int(edges[-1]), splits=edges[:-1])


def _outlook(base: _Base, check: Check, period: Period, params: ClvParams) -> tuple[dict[str, Any], np.ndarray | None]:
    """The verdict on the model and, if it may speak, the coming year: facts, and money expected per patient."""
    facts: dict[str, Any] = dict.fromkeys(
        ("expected_visits", "expected_revenue", "base_patients", "holdout_error", "holdout_weeks", "model"))
    facts["gate"], end = check.gate, (period.end - EPOCH).days
    if check.fit is None:
        return facts, None
    error, weeks = exact(check.error, "share", check.patients), round((end - check.split) / 7)
    facts |= {"holdout_error": error, "holdout_weeks": weeks, "model": check.fit.family}
    repeat = base.days[(base.days["age"] > 0) & (base.days["visits"] > 0)]
    paid = np.bincount(repeat["owner"], weights=repeat["outpatient"], minlength=len(base.people))
    found = outlook(check, base.visits, paid=paid, end=end, weeks=YEAR / 7, level=params.level, seed=params.seed)
    if found is None:
        return facts, None
    ok = check.gate == "ok"
    rest: Any = (found.patients, params.level, "B" if ok else "C", "identified" if ok else "weak")
    facts["expected_visits"] = Estimate(*found.visits, "count", *rest)
    if base.has_money:
        facts["expected_revenue"] = Estimate(*found.money, "currency", *rest)
    return facts | {"base_patients": found.patients}, found.expected if base.has_money else None


def _calibration(base: _Base, check: Check, period: Period, params: ClvParams) -> pd.DataFrame | None:
    if check.fit is None:
        return None
    edges = _months(base, period)
    columns = repeat_visits.monthly(check, base.visits, edges=edges, level=params.level, seed=params.seed)
    names = [name for measure in ClvResult.measures("calibration") for name in measure.names]
    months = [EPOCH + timedelta(days=int(day)) for day in edges[:-1]]
    return pd.DataFrame(dict(zip(names, (months, *columns, edges[:-1] >= check.split), strict=True)))


def _by_frequency(check: Check) -> pd.DataFrame | None:
    if check.by_frequency is None:
        return None
    patients, predicted, counted = check.by_frequency
    return pd.DataFrame({"repeats": np.arange(len(patients)), "patients": patients.astype(int),
                         "predicted": predicted, "counted": counted.astype(int)})


def _patients(base: _Base, matured: np.ndarray, code: np.ndarray, expected: np.ndarray | None) -> pd.DataFrame:
    value = base.per_patient("revenue", YEAR)[matured]
    return pd.DataFrame({
        "patient_id": base.people["patient_id"][matured], "value_365": value if base.has_money else np.nan,
        "class": np.asarray(CLASSES)[code], "expected_value": np.nan if expected is None else expected[matured],
    }).sort_values("patient_id").reset_index(drop=True)


def _says(facts: Mapping[str, Any], check: Check, cohorts: pd.DataFrame | None) -> dict[str, Sentence]:
    title = "concentrated" if facts["top_tenth"] and facts["one_off_share"] else "value" if facts["top_tenth"] else "returns"
    lede = "year" if facts["value_365"] else "shorter" if facts["value_90"] else "returns"
    by_age = cohorts.groupby("after")["returned"].mean() if cohorts is not None else {}
    early = by_age.get(1, 0.0) > 4 * by_age.get(2, 1.0)
    return {"title": Sentence(title), "lede": Sentence(lede), "figures.calibration.title": Sentence(check.gate),
            "figures.returns.title": Sentence("early" if early else "steady")}


def _findings(facts: Mapping[str, Any], check: Check, base: _Base) -> tuple[Finding, ...]:
    one_off, watched = facts["one_off_share"], int((base.people["last_age"] >= YEAR).sum())
    failed = f"model_{check.gate}" if check.fit else "model_failed"
    told = (
        (one_off, Finding("one_off", "risk" if one_off and one_off.low > 0.4 else "caveat")),
        (facts["surgical_revenue"] and facts["surgical_revenue"].low > 0.25, Finding("surgical", "caveat")),
        (check.gate == "ok" and facts["expected_revenue"], Finding("outlook", "strength")),
        (check.gate in ("weak", "rejected"), Finding(failed, "caveat")),
        (check.gate == "not_enough_data", Finding("short_history", "not_answered")),
        (not base.has_money, Finding("no_money", "not_answered")),
        (base.has_money and not facts["margin_365"], Finding("no_cost", "not_answered")),
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


def calibration(result: ClvResult, labels: Labels) -> Figure | None:
    """Counted repeat visits per month against the model."""
    frame = result.calibration
    if frame is None:
        return None
    return draw_calibration(
        list(frame["month"]), frame["counted"], frame["model"], frame["model_low"], frame["model_high"],
        held_out=frame["held_out"], month=labels.month, number=lambda v: labels.number(v, "count"),
        y=labels["y"], counted_text=labels["counted"], model_text=labels["model"], held_out_text=labels["held_out"],
    )


def returns(result: ClvResult, labels: Labels) -> Figure | None:
    """Who came again, by quarter of the first visit and quarter after it."""
    frame = result.cohorts
    if frame is None:
        return None
    shares = frame.pivot(index="quarter", columns="after", values="returned").sort_index()
    ripe = frame.pivot(index="quarter", columns="after", values="is_complete").sort_index().eq(True)
    size = frame.groupby("quarter")["patients"].first().sort_index()
    rows = [
        labels.text("cohort", year=str(day.year), quarter=(day.month + 2) // 3, patients=labels.number(n, "count"))
        for day, n in size.items()
    ]
    return heatmap(
        shares.to_numpy(), rows=rows, columns=[f"+{k}" for k in shares.columns],
        text=lambda v: labels.number(round(v, 2), "share"), hatched=~ripe.to_numpy() & shares.notna().to_numpy(), blank="", width=theme.HALF, height=9 + 3.9 * len(rows),
        x_label=labels["x"],
    )

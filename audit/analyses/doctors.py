"""Doctors: do the patients of different first doctors fare differently by more than chance?

Question   Which doctors' first patients come back and are worth more, once the mix of cases is allowed for?
Method     Patients follow the doctor of their first visit. Logit and least squares with doctor and case-mix
           effects, beta-binomial and normal shrinkage (Morris 1983), false discoveries held at 1 − level,
           funnel limits (Spiegelhalter 2005). Value is outpatient money within an equal horizon.
Reads      first_visits, patient_days, appointments; charges, shifts, feedback, doctors if there are any.
Cannot say Why they differ; whether the patients chose the doctor; what a diagnosis code does not show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
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
from audit.models.funnel_limits import funnel_limits, outside
from audit.models.headroom import headroom
from audit.models.shrinkage import Shrunken, predicts, shrink_means, shrink_rates
from audit.models.standardise import standardise_means, standardise_rates, stratum
from audit.plots.dots import dots
from audit.plots.funnel_plot import funnel_plot
from audit.results import Estimate, Finding, Measure, Result, Sentence, table
from audit.tables.columns import Unit
from audit.tables.new_patients import new_patients, outpatient_value
from audit.tables.performed_money import performed_money
from audit.tables.rota_filled import rota_filled
from audit.wording import Labels

FIGURES = ("doctors_funnel", "doctors_value")
HORIZONS = (365, 180, 90)
RETURN_DAYS = 90
AGES = (0, 7, 18, 35, 55)
UNITS: tuple[Unit, Unit] = ("share", "currency")


class DoctorsParams(Params):
    """Settings of the comparison of doctors."""

    fewest_matured: int = Field(30, ge=10, description="matured first patients below which a doctor is not judged")
    fewest_patients: int = Field(200, ge=50, description="matured first patients of all doctors for a horizon")
    fewest_ratings: int = Field(10, ge=3, description="survey answers below which a doctor's rating is not read")
    window_days: int = Field(730, ge=90, description="first visits of so many days before maturity are compared")
    gap_closed: float = Field(0.5, gt=0, le=1, description="share of the gap to the good doctors that training may close")


@dataclass(frozen=True, kw_only=True)
class DoctorsResult(Result):
    """``reading`` is above, below, as_clinic, review or too_few; ``different`` counts the first, second and fourth.

    ``value`` is outpatient money per first patient within ``value_days``, on the clinic's mix of cases.
    """

    n_doctors: int
    different: int
    waiting: int
    value_days: int | None
    value_since: date | None
    value_until: date | None
    clinic_value: Estimate | None
    clinic_return: Estimate | None
    best: str | None
    best_value: Estimate | None
    lowest: str | None
    lowest_value: Estimate | None
    review: str | None
    biggest: str | None
    clinic_rating: Estimate | None
    raised: Estimate | None
    doctors: pd.DataFrame = table(
        Measure("doctor", "label"), Measure("first_visits", "count", people=True),
        Measure("return_raw", "share", shown=False), Measure("return_90", "share", interval=True),
        Measure("value_raw", "currency", shown=False), Measure("value", "currency", interval=True, form="line"),
        Measure("top_third", "share", shown=False), Measure("rota_filled", "share", form="bar"),
        Measure("satisfaction", "number", interval=True), Measure("revenue", "currency", shown=False),
        Measure("reading", "label"), Measure("n", "count", shown=False), Measure("n_return", "count", shown=False),
        Measure("return_fair", "share", shown=False),
    )


def analyse(
    first_visits: Table, patient_days: Table, appointments: Table, charges: Table | None, shifts: Table | None,
    feedback: Table | None, doctors: Table | None, rooms: Table | None, *, period: Period, params: DoctorsParams,
) -> DoctorsResult:
    """Every doctor of a first visit, judged only where enough patients have been watched long enough."""
    cases = _cases(first_visits, patient_days, doctors, period)
    names = sorted(cases["doctor"].unique())
    if len(names) < 2:
        raise NotAnswerable("one_doctor" if names else "no_doctors", verdict="not_available")
    returns = _returns(cases, names, params)
    days, value = _values(cases, names, charges is not None, params)
    rating, answers, clinic_rating = _ratings(feedback, names, period, params)
    if returns is None and value is None:
        raise NotAnswerable("too_few", verdict="not_enough_data", values={"patients": len(cases)})
    frame = _table(cases, names, returns, value, rating, answers, params)
    frame["rota_filled"] = _rota(appointments, shifts, rooms, period).reindex(names).to_numpy()
    frame["revenue"] = _revenue(charges, appointments, period).reindex(names).to_numpy()
    centres = _centres(cases, days, value is not None, params)
    facts = {"value_days": days, "clinic_rating": clinic_rating} | centres | _extremes(frame, value is not None, params)
    facts["raised"] = _raised(frame, cases, facts, period, params)
    columns = [name for measure in DoctorsResult.measures("doctors") for name in measure.names]
    return DoctorsResult(
        grade="B" if value and value.checked and cases["diagnosis"].notna().mean() > 0.6 else "C",
        headline="clinic_value" if facts["clinic_value"] else "clinic_return",
        says=_says(facts, frame), findings=_findings(facts, frame, cases, shifts),
        **facts,
        doctors=frame.sort_values(["value", "return_90"], ascending=False, kind="stable")[columns].reset_index(drop=True),
    )


def _cases(first_visits: Table, patient_days: Table, doctors: Table | None, period: Period) -> pd.DataFrame:
    """New patients with a doctor: their mix, return and outpatient money within each horizon."""
    new = new_patients(first_visits).filter(_.doctor_id.notnull())
    if doctors is not None:
        new = new.anti_join(doctors.filter(~_.is_specialist), "doctor_id")
    money = outpatient_value(patient_days, horizons=HORIZONS, end=period.end)
    frame = new.left_join(money, "patient_id").drop("patient_id_right").select(
        "doctor_id", "patient_id", "first_day", "last_age", "gap", "diagnosis", "age_years", "sex", "payer", "specialty",
        *(f"value_{h}" for h in HORIZONS),
    ).order_by("doctor_id", "first_day", "patient_id").to_pandas()
    day = pd.to_datetime(frame["first_day"])
    return frame.rename(columns={"doctor_id": "doctor"}).assign(
        age=np.digitize(frame["age_years"].fillna(-1).to_numpy(float), AGES),
        block=frame["diagnosis"].str.upper().str[:3], half=day.dt.year * 2 + (day.dt.month > 6),
    )


def _strata(cases: pd.DataFrame) -> dict[str, np.ndarray]:
    """The case mix as recorded, and the half-year of the first visit; a stratum with one level says nothing."""
    codes = {name: stratum(list(cases[name])) for name in ("block", "age", "sex", "payer", "half")}
    return {name: code for name, code in codes.items() if code.max(initial=0) > 0}


def _matured(cases: pd.DataFrame, days: int, params: DoctorsParams) -> pd.DataFrame:
    """First patients watched for ``days``, of the last ``window_days`` before that."""
    return cases[(cases["last_age"] >= days) & (cases["last_age"] < days + params.window_days)]


@dataclass(frozen=True)
class _Compared:
    """One measure by doctor: raw mean, on the clinic's mix of cases, shrunken, and the patients it rests on."""

    raw: np.ndarray
    fair: np.ndarray
    n: np.ndarray
    shrunken: Shrunken
    checked: bool = False


def _nothing(doctors: int) -> _Compared:
    gap = np.full(doctors, np.nan)
    return _Compared(gap, gap, np.zeros(doctors), Shrunken(gap, gap, gap, gap, np.zeros(doctors, bool), np.nan, np.nan))


def _returns(cases: pd.DataFrame, names: list[str], params: DoctorsParams) -> _Compared | None:
    """Share of first patients who came again within 90 days."""
    seen = _matured(cases, RETURN_DAYS, params)
    if len(seen) < params.fewest_patients / 2:
        return None
    unit, came = pd.Categorical(seen["doctor"], names).codes.astype(int), (seen["gap"] <= RETURN_DAYS).to_numpy(float)
    cells = pd.DataFrame({"unit": unit, **_strata(seen), "k": came, "n": 1.0})
    keys = [name for name in cells if name not in ("k", "n")]
    cells = cells.groupby(keys, sort=True)[["k", "n"]].sum().reset_index()
    adjusted = standardise_rates(
        cells["k"], cells["n"], unit=cells["unit"], strata={name: cells[name] for name in keys if name != "unit"}
    )
    n = np.bincount(unit, minlength=len(names)).astype(float)
    rate = np.r_[adjusted.rate, np.full(len(names) - len(adjusted.rate), np.nan)]
    raw = np.bincount(unit, weights=came, minlength=len(names)) / np.where(n > 0, n, np.nan)
    return _Compared(raw, rate, n, shrink_rates(np.nan_to_num(rate) * n, n, params.level, seed=params.seed))


def _values(
    cases: pd.DataFrame, names: list[str], has_money: bool, params: DoctorsParams
) -> tuple[int | None, _Compared | None]:
    """Outpatient money per first patient within the longest horizon that enough patients were watched for."""
    for days in HORIZONS if has_money else ():
        seen = _matured(cases, days, params)
        n = seen["doctor"].value_counts().reindex(names, fill_value=0).to_numpy()
        unit, money = pd.Categorical(seen["doctor"], names).codes.astype(int), seen[f"value_{days}"].fillna(0).to_numpy()
        enough = n >= params.fewest_matured
        if len(seen) < params.fewest_patients or enough.sum() < 2 or not money.any():
            continue
        fair = standardise_means(money, unit=unit, units=len(names), strata=_strata(seen))
        raw = np.bincount(unit, weights=money, minlength=len(names)) / np.where(n > 0, n, np.nan)
        mean, se = (np.where(enough, part, np.nan) for part in (fair.mean, fair.se))
        # Patients of even days teach, those of odd days test: by date, so that nothing depends on names.
        even = pd.to_datetime(seen["first_day"]).dt.day_of_year.to_numpy() % 2 == 0
        halves = [standardise_means(money[half], unit=unit[half], units=len(names), strata=_strata(seen[half]))
                  for half in (even, ~even)]
        checked = predicts(halves[0].mean, halves[0].se, halves[1].mean, halves[1].se, known=enough)
        return days, _Compared(raw, fair.mean, n, shrink_means(mean, se, params.level, seed=params.seed), checked)
    return None, None


def _ratings(
    feedback: Table | None, names: list[str], period: Period, params: DoctorsParams
) -> tuple[Shrunken | None, np.ndarray, Estimate | None]:
    """The clinic's own survey by doctor, shrunken; public stars select themselves and are left out."""
    nothing = None, np.zeros(len(names)), None
    if feedback is None:
        return nothing
    asked = feedback.filter(
        (_.source == "survey") & _.doctor_id.isin(names) & (_.given_on >= period.start) & (_.given_on < period.end)
    )
    by = asked.group_by("doctor_id").aggregate(n=_.count(), mean=_.score.mean(), square=(_.score * _.score).mean())
    by = by.order_by("doctor_id").to_pandas().set_index("doctor_id").reindex(names)
    n = by["n"].fillna(0).to_numpy(float)
    if n.sum() < params.fewest_ratings * 2 or (n > 0).sum() < 2:
        return nothing
    within = np.nansum(n * (by["square"] - by["mean"] ** 2)) / max(n.sum() - (n > 0).sum(), 1)
    se = np.sqrt(within / np.where(n > 0, n, np.nan))
    shrunken = shrink_means(by["mean"].to_numpy(), se, params.level, seed=params.seed)
    mean = float(np.nansum(n * by["mean"]) / n.sum())
    half = NormalDist().inv_cdf((1 + params.level) / 2) * float(np.sqrt(within / n.sum()))
    return shrunken, n, Estimate(mean, mean - half, mean + half, "number", int(n.sum()), params.level)


def _table(
    cases: pd.DataFrame, names: list[str], returns: _Compared | None, value: _Compared | None,
    rating: Shrunken | None, answers: np.ndarray, params: DoctorsParams,
) -> pd.DataFrame:
    """One row per doctor; judged by value if there is any, else by returns."""
    nothing = _nothing(len(names))
    back, worth, liked = (returns or nothing).shrunken, (value or nothing).shrunken, rating or nothing.shrunken
    n_return, n_value = (returns or nothing).n, (value or nothing).n
    few = n_return < params.fewest_matured
    recent = _matured(cases, 0, params)["doctor"].value_counts()
    main = value or returns or nothing
    judged, n = main.shrunken, main.n
    # The line on the page is the mean of patients; the centre of the doctors may lie elsewhere.
    level = float(np.nansum(main.fair * n) / max(n[np.isfinite(main.fair)].sum(), 1))
    off = judged.differs & ((judged.low > level) | (judged.high < level))
    disliked = (answers >= params.fewest_ratings) & (liked.high < liked.centre)
    reading = np.where(judged.value > level, np.where(disliked & bool(value), "review", "above"), "below")
    reading = np.where(n < params.fewest_matured, "too_few", np.where(off, reading, "as_clinic"))
    seen = answers >= params.fewest_ratings
    return pd.DataFrame({
        "doctor": names, "first_visits": recent.reindex(names, fill_value=0).to_numpy(),
        "return_raw": (returns or nothing).raw, "return_fair": np.where(few, np.nan, (returns or nothing).fair),
        "return_90": np.where(few, np.nan, back.value),
        "return_90_low": np.where(few, np.nan, back.low), "return_90_high": np.where(few, np.nan, back.high),
        "value_raw": np.where(n_value >= params.fewest_matured, (value or nothing).raw, np.nan), "value": worth.value,
        "value_low": worth.low, "value_high": worth.high, "top_third": judged.top_third,
        "satisfaction": np.where(seen, liked.value, np.nan), "satisfaction_low": np.where(seen, liked.low, np.nan),
        "satisfaction_high": np.where(seen, liked.high, np.nan), "reading": reading, "n": n.astype(int),
        "n_return": n_return.astype(int),
    })


def _rota(appointments: Table, shifts: Table | None, rooms: Table | None, period: Period) -> pd.Series:
    """Share of each doctor's rota hours now that hold outpatient visits which took place."""
    if shifts is None:
        return pd.Series(dtype=float)
    filled = rota_filled(appointments, shifts, rooms, period.present).order_by("doctor_id").to_pandas()
    return filled.set_index("doctor_id")["share"].astype(float)


def _revenue(charges: Table | None, appointments: Table, period: Period) -> pd.Series:
    """Money of the last twelve months by the doctor who performed the service."""
    if charges is None:
        return pd.Series(dtype=float)
    lines = performed_money(charges, appointments).filter(_.day >= period.end - timedelta(days=365), _.day < period.end)
    by = lines.group_by("doctor_id").aggregate(paid=_.paid.sum().cast("float64")).order_by("doctor_id").to_pandas()
    return by.set_index("doctor_id")["paid"].astype(float)


def _centres(cases: pd.DataFrame, days: int | None, has_value: bool, params: DoctorsParams) -> dict[str, Any]:
    """What all first patients together do: the line the doctors are compared with."""
    seen = _matured(cases, RETURN_DAYS, params)
    found: dict[str, Any] = dict.fromkeys(("clinic_return", "clinic_value", "value_since", "value_until"))
    if len(seen) >= params.fewest_patients / 2:
        found["clinic_return"] = _mean((seen["gap"] <= RETURN_DAYS).to_numpy(float), "share", params)
    if has_value and days:
        seen = _matured(cases, days, params)
        found["clinic_value"] = _mean(seen[f"value_{days}"].fillna(0).to_numpy(), "currency", params)
        ends = pd.to_datetime(seen["first_day"]).agg(["min", "max"])
        found |= {"value_since": ends["min"].date(), "value_until": ends["max"].date()}
    return found


def _mean(values: np.ndarray, unit: Unit, params: DoctorsParams) -> Estimate:
    mean, se = float(values.mean()), float(values.std(ddof=1)) / np.sqrt(len(values))
    half = NormalDist().inv_cdf((1 + params.level) / 2) * se
    low = max(mean - half, 0.0) if unit == "share" else mean - half
    return Estimate(mean, low, mean + half, unit, len(values), params.level)


def _extremes(frame: pd.DataFrame, has_value: bool, params: DoctorsParams) -> dict[str, Any]:
    """The doctors farthest above and below among those that differ by more than chance."""
    found: dict[str, Any] = dict.fromkeys(("best", "best_value", "lowest", "lowest_value", "review"))
    name, unit = "value" if has_value else "return_90", UNITS[has_value]
    for which, reading, ascending in (("best", "above", False), ("lowest", "below", True)):
        rows = frame[frame["reading"] == reading].sort_values(name, ascending=ascending, kind="stable")
        if len(rows):
            row = rows.iloc[0]
            bounds = (row[name], row[f"{name}_low"], row[f"{name}_high"])
            found |= {which: row["doctor"], f"{which}_value": Estimate(*bounds, unit, int(row["n"]), params.level, "B")}
    judged, flagged = frame["reading"] != "too_few", frame.loc[frame["reading"] == "review", "doctor"]
    # Totals follow shifts: the doctor with the most money may have patients worth no more than anybody's.
    top = frame.loc[frame["revenue"].idxmax()] if has_value and frame["revenue"].notna().any() else None
    return found | {
        "review": ", ".join(flagged) if len(flagged) else None,
        "biggest": str(top["doctor"]) if top is not None and top["reading"] in ("as_clinic", "below") else None,
        "n_doctors": int(judged.sum()), "different": int((judged & (frame["reading"] != "as_clinic")).sum()),
        "waiting": int((~judged & (frame["first_visits"] > 0)).sum()),
    }


def _raised(
    frame: pd.DataFrame, cases: pd.DataFrame, facts: Mapping[str, Any], period: Period, params: DoctorsParams
) -> Estimate | None:
    """Money a month from closing part of the gap between the low doctors and the middle good one.

    Good is as high as the clinic or higher, liked no less than the clinic, and not for review.
    """
    low, rating = frame[frame["reading"] == "below"], facts["clinic_rating"]
    liked = frame["satisfaction"].isna() | (frame["satisfaction"] >= rating.value if rating else True)
    centre = facts["clinic_value"].value if facts["clinic_value"] else np.inf
    good = frame[frame["reading"].isin(["above", "as_clinic"]) & liked & (frame["value"] >= centre)].sort_values("value")
    if low.empty or good.empty:
        return None
    target = good.iloc[(len(good) - 1) // 2]
    day = pd.to_datetime(cases["first_day"])
    now = cases[(day >= pd.Timestamp(period.present.start)) & (day < pd.Timestamp(period.present.end))]
    per_month = now["doctor"].value_counts().reindex(low["doctor"], fill_value=0).to_numpy() / period.present.months
    if not per_month.sum():
        return None
    levels = (part[["value", "value_low", "value_high"]] for part in (low, target))
    gain = headroom(*levels, volume=per_month, part=params.gap_closed, level=params.level, seed=params.seed)
    return Estimate(*gain, "currency", int(low["n"].sum()), params.level, "C")


def _says(facts: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, Sentence]:
    title = "differ" if facts["different"] else "alike"
    lede = "extremes" if facts["best"] and facts["lowest"] else "centre"
    centre = facts["clinic_return"]
    far = int(outside(frame["return_fair"], frame["n_return"], centre.value).sum()) if centre else 0
    return {
        "title": Sentence(title), "lede": Sentence(lede if facts["clinic_value"] else "returns"),
        "figures.doctors_funnel.title": Sentence("outside" if far else "inside", {"outside": far}),
        "figures.doctors_value.title": Sentence(title),
    }


def _findings(facts: Mapping[str, Any], frame: pd.DataFrame, cases: pd.DataFrame, shifts: Any) -> tuple[Finding, ...]:
    waiting = frame[(frame["reading"] == "too_few") & (frame["first_visits"] > 0)]
    kinds = int(cases["specialty"].nunique())
    low = ", ".join(frame.loc[frame["reading"] == "below", "doctor"])
    told = (
        (facts["raised"], Finding("raise_low", "opportunity", {"low": low}, impact=facts["raised"])),
        (facts["review"], Finding("review", "caveat")),
        (facts["biggest"], Finding("biggest", "caveat")),
        (facts["waiting"], Finding("too_few", "caveat", {"names": ", ".join(waiting["doctor"])})),
        (kinds > 1, Finding("specialties", "caveat", {"specialties": kinds})),
        (not facts["clinic_value"], Finding("no_value", "not_answered")),
        (not facts["clinic_rating"], Finding("no_ratings", "not_answered")),
        (shifts is None, Finding("no_rota", "not_answered")),
        (not cases["diagnosis"].notna().any(), Finding("no_diagnosis", "not_answered")),
    )
    return tuple(finding for applies, finding in told if applies)


def doctors_funnel(result: DoctorsResult, labels: Labels) -> Figure | None:
    """Share that came back against the number of first patients, with the limits of chance."""
    frame, centre = result.doctors.dropna(subset=["return_90", "return_fair"]), result.clinic_return
    if centre is None or len(frame) < 2:
        return None
    limits = funnel_limits(frame["return_fair"], frame["n_return"], centre.value)
    return funnel_plot(
        frame["n_return"], frame["return_fair"], names=list(frame["doctor"]),
        marked=outside(frame["return_fair"], frame["n_return"], centre.value), centre=centre.value,
        centre_text=labels.text("centre", centre=labels.number(centre)), limits_n=limits.n, near=limits.near,
        wide=limits.wide, usual=limits.usual, usual_text=labels["usual"], limits_text=labels["limits"], x=labels["x"],
        number=lambda v: labels.number(v, "share"),
    )


def doctors_value(result: DoctorsResult, labels: Labels) -> Figure | None:
    """Value per first patient by doctor: ring raw, dot shrunken."""
    frame, centre = result.doctors.dropna(subset=["value"]), result.clinic_value
    if centre is None or len(frame) < 2:
        return None
    return dots(
        list(frame["doctor"]), frame["value"], frame["value_low"], frame["value_high"], raw=frame["value_raw"],
        marked=list(frame["reading"].isin(["above", "below", "review"])), centre=(centre.value, centre.low, centre.high),
        centre_text=labels.text("centre", centre=labels.number(centre)), raw_text=labels["raw"], x=labels["x"],
        number=lambda v: labels.number(v, "currency"), height=max(50, 15 + 3.5 * len(frame)),
    )

"""Doctors: do the patients of different first doctors fare differently by more than chance?

Question   Which doctors' first patients come back and are worth more, once the mix of cases is allowed for?
Method     Patients follow the doctor of their first visit, until that doctor left. Logit and least squares with
           doctor and case-mix effects (diagnosis, age, sex, payer, named source, quarter), beta-binomial and normal
           shrinkage (Morris 1983), false discoveries held at 1 − level, funnel limits (Spiegelhalter 2005); the
           same levels within half days of the rota, where who is on duty is as good as random (Hausman 1978).
           Value is outpatient money within an equal horizon. Additional services are compared given the diagnosis.
Reads      first_visits, patient_days, appointments; charges, services, shifts, rooms, feedback, doctors if there are any.
Cannot say Why they differ; what a diagnosis code does not show; whether a service was needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.fair import Fair, fair_means, fair_rates, unknown
from audit.models.funnel_limits import funnel_limits, outside
from audit.models.headroom import headroom
from audit.models.proportions import wilson
from audit.models.ratings import Ratings, nothing_rated, ratings
from audit.models.service_mix import ServiceMix, service_mix
from audit.models.shrinkage import paule_mandel
from audit.models.standardise import stratum, within_slots
from audit.plots.dots import dots
from audit.plots.funnel_plot import funnel_plot
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.additional_services import additional_services
from audit.tables.columns import Unit
from audit.tables.doctor_work import doctor_hours, doctor_money
from audit.tables.new_patients import new_patients, outpatient_value
from audit.tables.rota_filled import rota_filled
from audit.tables.survey_ratings import survey_ratings
from audit.wording import Labels

FIGURES = ("doctors_funnel", "doctors_value")
HORIZONS = (365, 180, 90)
RECENT_DAYS, RATED_DAYS = 365, 182
REPEATS = (90, 365)
RETURN_DAYS = 90
AGES = (0, 7, 18, 35, 55)
UNITS: tuple[Unit, Unit] = ("share", "currency")
MERGED = "other"
"""Doctors of fewer than ``FEWEST_SEEN`` first patients, together: their rows would tell of single patients."""
FEWEST_SEEN = 5
AFTERNOON = 14
"""Hour from which a first visit belongs to the second half of the day."""
DUTY_MATTERS, DUTY_SMALL = 0.5, 0.05
"""Levels within half days contradict the others when they stray beyond chance, by half of what doctors differ and by a
twentieth of the common level."""
DUTY_USED = 0.3
"""Share of first visits in half days with two doctors below which the rota tells nothing."""
LOW_RESPONSE = 0.2
"""Answers per visit below which those who kept silent could change the rating."""
COSTED = 0.9
"""Share of a doctor's money whose direct cost must be known for a margin."""


class DoctorsParams(Params):
    """Settings of the comparison of doctors."""

    fewest_matured: int = Field(30, ge=10, description="matured first patients below which a doctor is not judged")
    fewest_patients: int = Field(200, ge=50, description="matured first patients of all doctors for a horizon")
    fewest_ratings: int = Field(10, ge=3, description="survey answers below which a doctor's rating is not read")
    fewest_visits: int = Field(100, ge=30, description="billed visits below which a doctor's services are not judged")
    window_days: int = Field(730, ge=90, description="first visits of so many days before maturity are compared")
    gap_closed: float = Field(0.5, gt=0, le=1, description="share of the gap to the good doctors that training may close")


@dataclass(frozen=True, kw_only=True)
class DoctorsResult(Result):
    """``reading`` is above, below, as_clinic, review or too_few; ``different`` counts the first, second and fourth.

    ``value`` is outpatient money per first patient within ``value_days``, on the clinic's mix of cases.
    ``signs`` of a review: 3 with the mix of services, 2 when bills do not show it. ``duty`` says whether levels
    within half days of the rota agree: agrees, differs or unknown. ``raised`` counts the money of the first
    ``raised_days`` days, ``raised_raw`` is the same without shrinkage. Ratings are those since ``rated_since``;
    ``review_late`` is the rating of the last half-year of the doctor for review, if it is no longer low.
    ``services`` is observed over expected additional services, ``services_reading`` inside, above, below the
    funnel or unknown. ``now`` is first visits a month, ``hours`` on the rota a month, ``hours_each`` of one first
    patient with the repeat visits.
    """

    n_doctors: int
    different: int
    waiting: int
    signs: int
    duty: str
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
    raised_raw: Estimate | None
    raised_days: int | None
    rated_since: date | None
    review_late: Estimate | None
    doctors: pd.DataFrame = table(
        Measure("doctor", "label"), Measure("first_visits", "count", people=True),
        Measure("return_raw", "share", shown=False), Measure("return_90", "share", interval=True),
        Measure("value_raw", "currency", shown=False), Measure("value", "currency", interval=True, form="line"),
        Measure("top_third", "share", form="chance"), Measure("rota_filled", "share", form="bar"),
        Measure("satisfaction", "number", interval=True), Measure("revenue", "currency", shown=False),
        Measure("reading", "label"), Measure("n", "count", shown=False), Measure("n_return", "count", shown=False),
        Measure("return_fair", "share", shown=False), Measure("value_fair", "currency", interval=True, shown=False),
        Measure("revenue_hour", "currency", shown=False), Measure("margin_hour", "currency", shown=False),
        Measure("repeats_90", "number", shown=False), Measure("repeats_365", "number", interval=True, shown=False),
        Measure("services_visit", "number", shown=False), Measure("services", "ratio", interval=True, shown=False),
        Measure("services_expected", "number", shown=False), Measure("services_reading", "label", shown=False),
        Measure("specialty", "label", shown=False), Measure("now", "number", shown=False),
        Measure("hours", "hours", shown=False), Measure("hours_each", "hours", shown=False),
    )
    services_limits: pd.DataFrame | None = table(
        Measure("expected", "number"), Measure("near_low", "ratio"), Measure("near_high", "ratio"),
        Measure("wide_low", "ratio"), Measure("wide_high", "ratio"), Measure("usual_low", "ratio"),
        Measure("usual_high", "ratio"),
    )


def analyse(
    first_visits: Table, patient_days: Table, appointments: Table, charges: Table | None, services: Table | None,
    shifts: Table | None, feedback: Table | None, doctors: Table | None, rooms: Table | None,
    *, period: Period, params: DoctorsParams,
) -> DoctorsResult:
    """Every doctor of a first visit, judged only where enough patients have been watched long enough."""
    cases = _cases(first_visits, patient_days, appointments, doctors, period)
    names = sorted(cases["doctor"].unique())
    if cases["doctor_id"].nunique() < 2:
        raise NotAnswerable("one_doctor" if names else "no_doctors", verdict="not_available")
    returns = _returns(cases, names, params)
    days, value = _values(cases, names, charges is not None, params)
    if len(names) < 2 or (returns is None and value is None):
        raise NotAnswerable("too_few", verdict="not_enough_data", values={"patients": len(cases)})
    rated = _ratings(feedback, appointments, names, period, params)
    mix = _services(appointments, charges, services, first_visits, names, period, params)
    frame = pd.concat([
        _table(cases, names, returns, value, rated, mix, params),
        _work(names, appointments, charges, services, shifts, rooms, period), _flow(cases, names, appointments, period, params),
    ], axis=1)
    duty, used = _duty(cases, names, days, value, params)
    facts: dict[str, Any] = {"value_days": days, "clinic_rating": rated.clinic, "duty": duty, "signs": 2 + (mix is not None)}
    facts |= _centres(cases, days, value is not None, params) | _extremes(frame, value is not None, params)
    facts |= _raised(frame, _today(cases, names, charges is not None, params), facts, params)
    facts |= {"rated_since": rated.since, "review_late": _rated_late(frame, rated, params)}
    columns = [name for measure in DoctorsResult.measures("doctors") for name in measure.names]
    sound = value and value.checked and cases["diagnosis"].notna().mean() > 0.6 and duty != "differs"
    return DoctorsResult(
        grade="B" if sound else "C", headline="clinic_value" if facts["clinic_value"] else "clinic_return",
        says=_says(facts, frame), findings=_findings(facts, frame, cases, shifts, rated, used), **facts,
        doctors=frame.sort_values(["value", "return_90"], ascending=False, kind="stable").reset_index(drop=True).reindex(columns=columns),
        services_limits=mix.limits() if mix else None,
    )


def _cases(
    first_visits: Table, patient_days: Table, appointments: Table, doctors: Table | None, period: Period
) -> pd.DataFrame:
    """New patients with a doctor: their mix, return, repeat visits and outpatient money within each horizon.

    A patient is watched no longer than the doctor was there: what a colleague makes of the patient afterwards is not
    the doctor's.
    """
    new = new_patients(first_visits).filter(_.doctor_id.notnull())
    if doctors is not None:
        staff = doctors.group_by("doctor_id").aggregate(left_on=_.left_on.max(), helps=(~_.is_specialist).any())
        new = new.left_join(staff, "doctor_id").drop("doctor_id_right").filter(~ibis.coalesce(_.helps, False))
        there = ibis.coalesce(_.left_on.delta(_.first_day, unit="day"), _.last_age)
        new = new.mutate(last_age=ibis.least(_.last_age, ibis.greatest(there, 0)))
    money = outpatient_value(patient_days, horizons=HORIZONS, end=period.end)
    again = patient_days.filter(_.day < period.end, _.visits > 0, _.tenure_day > 0).group_by("patient_id").aggregate(
        **{f"repeats_{h}": (_.tenure_day <= h).sum() for h in REPEATS}
    )
    hour = appointments.filter(_.status == "completed").group_by("patient_id").aggregate(hour=_.starts_at.min().hour())
    for part in (money, again, hour):
        new = new.left_join(part, "patient_id").drop("patient_id_right")
    frame = new.select(
        "doctor_id", "patient_id", "first_day", "last_age", "gap", "diagnosis", "age_years", "sex", "payer", "specialty",
        "hour", *(f"value_{h}" for h in HORIZONS), *(f"repeats_{h}" for h in REPEATS), channel="stated_source",
    ).order_by("doctor_id", "first_day", "patient_id").to_pandas()
    day = pd.to_datetime(frame["first_day"])
    seen = frame["doctor_id"].map(frame["doctor_id"].value_counts())
    half = np.where(frame["hour"] >= AFTERNOON, "2", "1")
    return frame.assign(
        doctor=frame["doctor_id"].where(seen >= FEWEST_SEEN, MERGED), day=day,
        age=np.digitize(frame["age_years"].fillna(-1).to_numpy(float), AGES),
        block=frame["diagnosis"].str.upper().str[:3], quarter=day.dt.year * 4 + day.dt.quarter,
        slot=frame["specialty"].fillna("").astype(str) + day.dt.strftime("|%Y-%m-%d|") + half,
    )


def _strata(cases: pd.DataFrame) -> dict[str, np.ndarray]:
    """The case mix as recorded, the source the patient named and the season; one level alone says nothing."""
    codes = {name: stratum(list(cases[name])) for name in ("block", "age", "sex", "payer", "channel", "quarter")}
    return {name: code for name, code in codes.items() if code.max(initial=0) > 0}


def _matured(cases: pd.DataFrame, days: int, params: DoctorsParams) -> pd.DataFrame:
    """First patients watched for ``days``, of the last ``window_days`` before that."""
    return cases[(cases["last_age"] >= days) & (cases["last_age"] < days + params.window_days)]


def _units(cases: pd.DataFrame, names: list[str]) -> np.ndarray:
    return pd.Categorical(cases["doctor"], names).codes.astype(int)


def _enough(n: np.ndarray, names: list[str], fewest: int) -> np.ndarray:
    return np.asarray((n >= fewest) & (np.array(names) != MERGED))


def _returns(cases: pd.DataFrame, names: list[str], params: DoctorsParams) -> Fair | None:
    """Share of first patients who came again within 90 days."""
    seen = _matured(cases, RETURN_DAYS, params)
    if len(seen) < params.fewest_patients / 2:
        return None
    return fair_rates(
        seen["gap"] <= RETURN_DAYS, unit=_units(seen, names), units=len(names), strata=_strata(seen), level=params.level,
        seed=params.seed,
    )


def _values(
    cases: pd.DataFrame, names: list[str], has_money: bool, params: DoctorsParams
) -> tuple[int | None, Fair | None]:
    """Outpatient money per first patient within the longest horizon that enough patients were watched for."""
    for days in HORIZONS if has_money else ():
        seen = _matured(cases, days, params)
        n = seen["doctor"].value_counts().reindex(names, fill_value=0).to_numpy()
        if len(seen) < params.fewest_patients or _enough(n, names, params.fewest_matured).sum() < 2:
            continue
        if seen[f"value_{days}"].fillna(0).sum() > 0:
            return days, _means(seen, f"value_{days}", names, params)
    return None, None


def _means(seen: pd.DataFrame, column: str, names: list[str], params: DoctorsParams) -> Fair:
    """The mean of ``column`` by doctor. By date, so that nothing depends on names: patients of even days teach."""
    unit = _units(seen, names)
    known = _enough(np.bincount(unit, minlength=len(names)), names, params.fewest_matured)
    return fair_means(
        seen[column].fillna(0), unit=unit, units=len(names), strata=_strata(seen), known=known,
        half=seen["day"].dt.day_of_year.to_numpy() % 2 == 0, level=params.level, seed=params.seed,
    )


def _duty(
    cases: pd.DataFrame, names: list[str], days: int | None, value: Fair | None, params: DoctorsParams
) -> tuple[str, Estimate | None]:
    """Whether doctors on duty in the same half day differ as all do, and the share of first visits that tells."""
    if value is None or cases["hour"].isna().all():
        return "unknown", None
    seen = _matured(cases, days or 0, params)
    seen = seen[seen["doctor"].isin(np.array(names)[np.isfinite(value.shrunken.value)])]
    slot = np.unique(seen["slot"].to_numpy(str), return_inverse=True)[1]
    amount = seen[f"value_{days}"].fillna(0).to_numpy(float)
    found = within_slots(amount, unit=_units(seen, names), units=len(names), strata=_strata(seen), slot=slot)
    used, known = exact(found.used, "share", len(seen)), np.isfinite(found.difference) & (found.se > 0)
    if found.used < DUTY_USED or known.sum() < 2 or not np.isfinite(found.p):
        return "unknown", used
    strays = np.sqrt(paule_mandel(found.difference[known], found.se[known] ** 2))
    matters = max(DUTY_MATTERS * value.shrunken.spread, DUTY_SMALL * abs(value.shrunken.centre))
    return "differs" if found.p < 1 - params.level and strays > matters else "agrees", used


def _ratings(
    feedback: Table | None, appointments: Table, names: list[str], period: Period, params: DoctorsParams
) -> Ratings:
    """The clinic's own survey by doctor, shrunken; public stars select themselves and are left out."""
    if feedback is None:
        return nothing_rated(len(names))
    late = period.end - timedelta(days=RATED_DAYS)
    asked = survey_ratings(feedback, start=period.start, end=period.end, late=late).filter(_.doctor_id.isin(names))
    by = asked.order_by("doctor_id").to_pandas().set_index("doctor_id").reindex(names)
    since = by["since"].min()
    visits = 0 if pd.isna(since) else appointments.filter(
        _.status == "completed", _.kind == "outpatient", _.starts_at.date() >= since, _.starts_at.date() < period.end,
    ).count().execute()
    return ratings(by, visits=int(visits), fewest=params.fewest_ratings, level=params.level, seed=params.seed)


def _rated_late(frame: pd.DataFrame, rated: Ratings, params: DoctorsParams) -> Estimate | None:
    """The last half-year's rating of the doctor for review, if it has risen above the whole and is not below the clinic's."""
    flagged = frame[frame["reading"] == "review"]
    found = rated.lately(flagged.iloc[0]["doctor"], params.fewest_ratings) if len(flagged) else None
    if found is None or rated.clinic is None:
        return None
    is_better = found.low > flagged.iloc[0]["satisfaction_high"] and found.high >= rated.clinic.value
    return found if is_better else None


def _services(
    appointments: Table, charges: Table | None, services: Table | None, first_visits: Table, names: list[str],
    period: Period, params: DoctorsParams,
) -> ServiceMix | None:
    """Services billed beyond the basic one at the visits a doctor held, against the mix of cases."""
    if charges is None:
        return None
    start = period.end - timedelta(days=params.window_days + HORIZONS[0])
    cells = additional_services(appointments, charges, services, first_visits, start=start, end=period.end)
    keys = ["doctor_id", "block", "payer", "is_first", "quarter"]
    cells = cells.filter(_.doctor_id.isin(names)).order_by(keys).to_pandas()
    return service_mix(
        cells["lines"].fillna(0), cells["squares"], cells["n"], unit=pd.Categorical(cells["doctor_id"], names).codes.astype(int),
        units=len(names), strata={key: stratum(list(cells[key]), cases=cells["n"]) for key in keys[1:]},
        judged=lambda visits: _enough(visits, names, params.fewest_visits),
    )


def _table(
    cases: pd.DataFrame, names: list[str], returns: Fair | None, value: Fair | None,
    rated: Ratings, mix: ServiceMix | None, params: DoctorsParams,
) -> pd.DataFrame:
    """One row per doctor; judged by value if there is any, else by returns."""
    nothing = unknown(len(names))
    back, worth, liked = (returns or nothing).shrunken, (value or nothing).shrunken, rated.shrunken or nothing.shrunken
    n_return, n_value = (returns or nothing).n, (value or nothing).n
    few = ~_enough(n_return, names, params.fewest_matured)
    recent = _matured(cases, 0, params)["doctor"].value_counts()
    main = value or returns or nothing
    judged, n = main.shrunken, main.n
    level = main.level
    # one doctor far off moves the mean, and all the others would seem to differ from it
    off = judged.differs & main.strays(params.level) & ((judged.low > level) | (judged.high < level))
    seen = rated.answers >= params.fewest_ratings
    disliked = seen & (liked.high < liked.centre)
    beyond = mix.beyond if mix else np.ones(len(names))
    review = disliked & bool(value) & (beyond > 0)
    reading = np.where(judged.value > level, np.where(review, "review", "above"), "below")
    reading = np.where(_enough(n, names, params.fewest_matured), np.where(off, reading, "as_clinic"), "too_few")
    z = NormalDist().inv_cdf((1 + params.level) / 2)
    fair, se = (value or nothing).fair, (value or nothing).se
    services = mix.ratios(params.level) if mix else pd.DataFrame({"services_reading": "unknown"}, index=range(len(names)))
    return pd.DataFrame({
        "doctor": names, "first_visits": recent.reindex(names, fill_value=0).to_numpy(),
        "return_raw": np.where(few, np.nan, (returns or nothing).raw), "return_fair": np.where(few, np.nan, (returns or nothing).fair),
        "return_90": np.where(few, np.nan, back.value),
        "return_90_low": np.where(few, np.nan, back.low), "return_90_high": np.where(few, np.nan, back.high),
        "value_raw": np.where(_enough(n_value, names, params.fewest_matured), (value or nothing).raw, np.nan),
        "value": worth.value, "value_low": worth.low, "value_high": worth.high, "top_third": judged.top_third,
        "value_fair": fair, "value_fair_low": fair - z * se, "value_fair_high": fair + z * se,
        "satisfaction": np.where(seen, liked.value, np.nan), "satisfaction_low": np.where(seen, liked.low, np.nan),
        "satisfaction_high": np.where(seen, liked.high, np.nan), "reading": reading, "n": n.astype(int),
        "n_return": n_return.astype(int),
    }).join(services)


def _work(
    names: list[str], appointments: Table, charges: Table | None, services: Table | None, shifts: Table | None,
    rooms: Table | None, period: Period,
) -> pd.DataFrame:
    """By doctor: money of the last year and per hour on the rota, which a total hides; hours and their use now."""
    year, now = Days(start=period.end - timedelta(days=365), end=period.end), period.present
    work = pd.DataFrame(
        index=pd.Index(names, name="doctor_id"), columns=["revenue", "outpatient", "costed", "direct_cost", "year", "now", "share"],
        dtype=float,
    )
    parts = [doctor_money(charges, services, appointments, year)] if charges is not None else []
    if shifts is not None:
        parts += [doctor_hours(shifts, rooms, year=year, now=now), rota_filled(appointments, shifts, rooms, now)]
    for part in parts:
        work.update(part.order_by("doctor_id").to_pandas().set_index("doctor_id").astype(float))
    worked = work["year"].where(work["year"] > 0)
    covered = (work["costed"] / work["outpatient"]).where(work["outpatient"] > 0)
    margin = (work["costed"] - work["direct_cost"]) / covered.where(covered >= COSTED)
    return pd.DataFrame({
        "rota_filled": work["share"], "revenue": work["revenue"], "revenue_hour": work["outpatient"] / worked,
        "margin_hour": margin / worked, "hours": work["now"],
    }).reset_index(drop=True)


def _flow(
    cases: pd.DataFrame, names: list[str], appointments: Table, period: Period, params: DoctorsParams
) -> pd.DataFrame:
    """By doctor: first visits a month now, the repeat visits and hours one of them leads to, and the usual specialty."""
    again = {h: _means(_matured(cases, h, params), f"repeats_{h}", names, params) for h in REPEATS}
    year = again[365].shrunken
    most = year if np.isfinite(year.value).any() else again[90].shrunken
    each = np.where(np.isfinite(most.value), most.value, most.centre) + 1
    visit = appointments.filter(_.status == "completed", _.kind == "outpatient", _.minutes > 0).minutes.mean().execute()
    now = period.present
    lately = cases[(cases["day"] >= pd.Timestamp(now.start)) & (cases["day"] < pd.Timestamp(now.end))]
    kind = cases.groupby("doctor")["specialty"].agg(lambda part: part.mode().iloc[0] if part.notna().any() else None)
    return pd.DataFrame({
        "repeats_90": np.where(_enough(again[90].n, names, params.fewest_matured), again[90].raw, np.nan),
        "repeats_365": year.value, "repeats_365_low": year.low, "repeats_365_high": year.high,
        "specialty": kind.reindex(names).to_numpy(object),
        "now": lately["doctor"].value_counts().reindex(names, fill_value=0).to_numpy() / now.months,
        "hours_each": each * (visit / 60 if visit == visit and visit else np.nan),
    })


def _centres(cases: pd.DataFrame, days: int | None, has_value: bool, params: DoctorsParams) -> dict[str, Any]:
    """What all first patients together do: the line the doctors are compared with."""
    seen = _matured(cases, RETURN_DAYS, params)
    found: dict[str, Any] = dict.fromkeys(("clinic_return", "clinic_value", "value_since", "value_until"))
    if len(seen) >= params.fewest_patients / 2:
        came = int((seen["gap"] <= RETURN_DAYS).sum())
        low, high = wilson(came, len(seen), params.level)
        found["clinic_return"] = Estimate(came / len(seen), float(low), float(high), "share", len(seen), params.level)
    if has_value and days:
        seen = _matured(cases, days, params)
        found["clinic_value"] = _mean(seen[f"value_{days}"].fillna(0).to_numpy(), params)
        ends = seen["day"].agg(["min", "max"])
        found |= {"value_since": ends["min"].date(), "value_until": ends["max"].date()}
    return found


def _mean(values: np.ndarray, params: DoctorsParams) -> Estimate:
    mean, se = float(values.mean()), float(values.std(ddof=1)) / np.sqrt(len(values))
    half = NormalDist().inv_cdf((1 + params.level) / 2) * se
    return Estimate(mean, mean - half, mean + half, "currency", len(values), params.level)


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
    top = frame.loc[frame["revenue"].idxmax()] if has_value and frame["revenue"].max() > 0 else None
    return found | {
        "review": ", ".join(flagged) if len(flagged) else None,
        "biggest": str(top["doctor"]) if top is not None and top["reading"] in ("as_clinic", "below") else None,
        "n_doctors": int(judged.sum()), "different": int((judged & (frame["reading"] != "as_clinic")).sum()),
        "waiting": int((~judged & (frame["first_visits"] > 0)).sum()),
    }


def _today(cases: pd.DataFrame, names: list[str], has_money: bool, params: DoctorsParams) -> pd.DataFrame | None:
    """What patients of the last year brought in their first 90 days, by doctor: value takes long to ripen, doctors change."""
    days = HORIZONS[-1]
    seen = cases[(cases["last_age"] >= days) & (cases["last_age"] < days + RECENT_DAYS)]
    if not has_money or len(seen) < params.fewest_patients:
        return None
    found, z = _means(seen, f"value_{days}", names, params), NormalDist().inv_cdf((1 + params.level) / 2)
    worth, fair, se = found.shrunken, found.fair, found.se
    return pd.DataFrame({
        "value": worth.value, "value_low": worth.low, "value_high": worth.high,
        "value_fair": fair, "value_fair_low": fair - z * se, "value_fair_high": fair + z * se,
    }, index=names)


def _raised(
    frame: pd.DataFrame, today: pd.DataFrame | None, facts: Mapping[str, Any], params: DoctorsParams
) -> dict[str, Any]:
    """Money a month from closing part of the gap between the low doctors and the middle good one, and without shrinkage.

    Good is as high as the clinic or higher, liked no less than the clinic, and not for review. The gap is that of ``today``
    where it is known of all of them.
    """
    nothing: dict[str, Any] = {"raised": None, "raised_raw": None, "raised_days": None}
    low, rating = frame[frame["reading"] == "below"], facts["clinic_rating"]
    liked = frame["satisfaction"].isna() | (frame["satisfaction"] >= rating.value if rating else True)
    centre = facts["clinic_value"].value if facts["clinic_value"] else np.inf
    good = frame[frame["reading"].isin(["above", "as_clinic"]) & liked & (frame["value"] >= centre)].sort_values("value")
    if low.empty or good.empty or not low["now"].sum():
        return nothing
    target = good.iloc[(len(good) - 1) // 2]
    nothing["raised_days"] = facts["value_days"]
    if today is not None and today.loc[[*low["doctor"], target["doctor"]], "value"].notna().all():
        low = low.drop(columns=list(today.columns)).join(today, on="doctor")
        target, nothing["raised_days"] = today.loc[target["doctor"]], HORIZONS[-1]
    for name, column in (("raised", "value"), ("raised_raw", "value_fair")):
        levels = (part[[column, f"{column}_low", f"{column}_high"]] for part in (low, target))
        gain = headroom(*levels, volume=low["now"], part=params.gap_closed, level=params.level, seed=params.seed)
        nothing[name] = Estimate(*gain, "currency", int(low["n"].sum()), params.level, "C")
    return nothing


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


def _findings(
    facts: Mapping[str, Any], frame: pd.DataFrame, cases: pd.DataFrame, shifts: Any, rated: Ratings, used: Estimate | None
) -> tuple[Finding, ...]:
    waiting = frame[(frame["reading"] == "too_few") & (frame["first_visits"] > 0)]
    kinds, liked = int(cases["specialty"].nunique()), rated.answered
    low = ", ".join(frame.loc[frame["reading"] == "below", "doctor"])
    few = {"answered": liked, "floor": rated.floor, "ceiling": rated.ceiling}
    review = "review" if facts["signs"] == 3 else "review_two_signs"
    told = (
        (facts["raised"], Finding("raise_low", "opportunity", {"low": low}, impact=facts["raised"])),
        (facts["duty"] == "differs", Finding("patients_choose", "caveat", {"used": used})),
        (facts["review"], Finding(review, "caveat")),
        (liked and liked.value < LOW_RESPONSE, Finding("few_answers", "caveat", few)),
        (facts["biggest"], Finding("biggest", "caveat")),
        (facts["waiting"], Finding("too_few", "caveat", {"names": ", ".join(waiting["doctor"])})),
        (kinds > 1, Finding("specialties", "caveat", {"specialties": kinds})),
        (facts["duty"] == "agrees", Finding("duty_agrees", "strength", {"used": used})),
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

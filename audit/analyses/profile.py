"""Profile: who comes, by age, sex, diagnosis, payer and district.

Question   Who comes, who does not, and with what?
Method     Shares of new patients at their first visit (Wilson; Sison & Glaz for shares of one whole), of
           revenue by patient bootstrap; patients over those expected from the residents with exact Poisson
           intervals; Cramér's V for a change of mix.
Reads      first_visits, appointments, patient_days; population of the district if there is one.
Cannot say Why a group stays away; whether a diagnosis became more frequent or is only coded more often.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from audit.models import bootstrap, proportions
from audit.plots.dumbbell import dumbbell
from audit.plots.pyramid import pyramid as pyramid_form
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.wording import Labels

FIGURES = ("pyramid", "diagnosis_money")
OLDEST = 70
UNSPECIFIC = ("Z00", "R69")
"""Codes that say no more than "examined": dominated by them, a diagnosis profile says nothing."""


class ProfileParams(Params):
    """Settings of the profile."""

    child_below_years: int = Field(18, ge=1, le=21, description="a patient younger than this is a child")
    coded_share: float = Field(0.70, gt=0, le=1, description="visits that must carry a diagnosis for the diagnosis part")
    unspecific_share: float = Field(0.50, gt=0, le=1, description="of coded visits with Z00 or R69: refuse above")
    groups: int = Field(8, ge=2, le=20, description="most diagnosis groups shown; the rest is one group")
    smallest_group: int = Field(8, ge=1, description="patients below which a diagnosis or district joins the rest")
    mix_changed: float = Field(0.10, gt=0, lt=1, description="Cramér's V from which a change of mix is shown")


@dataclass(frozen=True, kw_only=True)
class ProfileResult(Result):
    """Shares are of patients with the fact known; ``basis`` is ``new`` (first visits) or ``seen`` (all patients)."""

    basis: str
    child_age: int
    patients: int
    patients_before: int | None
    children_share: Estimate | None
    children_share_before: Estimate | None
    children_change: Estimate | None
    children_residents: Estimate | None
    children_expected: Estimate | None
    children_missing: Estimate | None
    women_share: Estimate | None
    median_age: Estimate | None
    age_known: Estimate | None
    coded: Estimate | None
    age_mix_change: Estimate | None
    ages: pd.DataFrame | None = table(
        Measure("age", "label"), Measure("women", "count", people=True), Measure("men", "count", people=True),
        Measure("women_share", "share"), Measure("men_share", "share"), Measure("women_residents", "share"),
        Measure("men_residents", "share"), Measure("represented", "ratio", interval=True),
        Measure("n", "count", shown=False),
    )
    diagnoses: pd.DataFrame | None = table(
        Measure("code", "label"), Measure("diagnosis", "label"), Measure("patients", "count", people=True),
        Measure("patient_share", "share", interval=True), Measure("revenue_share", "share", interval=True),
        Measure("relative_value", "ratio", form="bar"), Measure("mean_age", "years"), Measure("trend", "points"),
        Measure("n", "count", shown=False),
    )
    mix: pd.DataFrame | None = table(
        Measure("part", "label"), Measure("group", "label"), Measure("patients", "count", people=True),
        Measure("share", "share", interval=True, form="bar"), Measure("share_before", "share"),
        Measure("n", "count", shown=False),
    )
    coding: pd.DataFrame | None = table(
        Measure("doctor", "label"), Measure("visits", "count"), Measure("coded", "share", interval=True, form="bar"),
        Measure("n", "count", shown=False),
    )


def analyse(
    first_visits: Table, appointments: Table, patient_days: Table, population: Table | None, *, period: Period,
    params: ProfileParams,
) -> ProfileResult:
    """Profile of new patients of the present; of all patients seen in it when nobody can be told to be new."""
    now, past = period.present, period.past
    basis = "new" if _counted(first_visits, now, new=True) else "seen"
    people = _people(first_visits, appointments, now, basis)
    if people.empty:
        raise NotAnswerable("nobody", verdict="not_enough_data")
    earlier = _people(first_visits, appointments, past, basis) if past else None
    earlier = None if earlier is None or earlier.empty else earlier
    residents = _residents(population)
    ages = _ages(people, residents, params.level, params.smallest_group)
    children = _children(people, earlier, residents, now, params)
    coding = _coding(appointments, now, params.level)
    coded = _coded(coding, params.level)
    cases = _cases(appointments, patient_days, first_visits, now)
    is_coded = coded is not None and coded.value >= params.coded_share and _is_specific(cases, params)
    before_cases = _cases(appointments, patient_days, first_visits, past) if past and is_coded else None
    diagnoses = _diagnoses(cases, before_cases, params) if is_coded else None
    known_sex = people.sex.notna()
    facts: dict[str, Any] = {
        "basis": basis, "child_age": params.child_below_years, "patients": len(people), "patients_before": len(earlier) if earlier is not None else None, **children,
        "women_share": _share(people.sex[known_sex] == "female", params.level),
        "median_age": exact(float(people.age_years.median()), "years", int(people.age_years.count())) if people.age_years.notna().any() else None,
        "age_known": _share(people.age_years.notna(), params.level), "coded": coded,
        "age_mix_change": _mix_change(people, earlier),
    }
    return ProfileResult(
        grade="A", says=_says(facts, ages, diagnoses), headline="children_share" if facts["children_share"] else None,
        findings=(*_findings(facts, diagnoses), *_gaps(facts, ages, residents, cases, is_coded)),
        ages=ages, diagnoses=diagnoses, mix=_mix(people, earlier, params),
        coding=coding if coded is not None and not is_coded else None, **facts,
    )


# ------------------------------------------------------------------ queries
def _counted(first_visits: Table, days: Days, *, new: bool) -> int:
    return int(first_visits.filter(_.first_day >= days.start, _.first_day < days.end, _.is_new == new).count().execute())


def _people(first_visits: Table, appointments: Table, days: Days, basis: str) -> pd.DataFrame:
    """One row per patient: new ones of these days, or all who had a completed visit in them."""
    if basis == "new":
        chosen = first_visits.filter(_.is_new, _.first_day >= days.start, _.first_day < days.end)
    else:
        chosen = first_visits.semi_join(_visits(appointments, days), "patient_id")
    facts = chosen.select("patient_id", "age_years", "sex", "district", "payer").order_by("patient_id").to_pandas()
    return facts.astype({"age_years": "float64"})


def _visits(appointments: Table, days: Days) -> Table:
    day = appointments.starts_at.date()
    return appointments.filter(_.status == "completed", day >= days.start, day < days.end)


def _cases(appointments: Table, patient_days: Table, first_visits: Table, days: Days) -> pd.DataFrame:
    """One row per patient seen in these days: his most frequent diagnosis (ICD-10 category) and what he paid."""
    coded = _visits(appointments, days).filter(_.diagnosis.notnull(), _.diagnosis.strip() != "")
    coded = coded.mutate(code=_.diagnosis.strip().upper().substr(0, 3))
    times = coded.group_by("patient_id", "code").aggregate(times=_.count(), first=_.starts_at.min())
    main = times.mutate(place=ibis.row_number().over(
        group_by="patient_id", order_by=[_.times.desc(), _["first"], _.code]
    )).filter(_.place == 0).select("patient_id", "code")
    paid = patient_days.filter(_.day >= days.start, _.day < days.end).group_by("patient_id").aggregate(
        revenue=_.revenue.sum().cast("float64")
    )
    joined = main.left_join(paid, "patient_id").drop("patient_id_right")
    joined = joined.left_join(first_visits.select("patient_id", "age_years"), "patient_id").drop("patient_id_right")
    frame = joined.to_pandas().astype({"age_years": "float64", "revenue": "float64"}).fillna({"revenue": 0.0})
    # an order that does not hang on the patients' codes, so that neither do the resamples
    return frame.sort_values(["revenue", "code", "age_years", "patient_id"], ignore_index=True)


def _coding(appointments: Table, days: Days, level: float) -> pd.DataFrame | None:
    """Share of completed visits with a diagnosis, by doctor; None when the export has no diagnosis at all."""
    came = _visits(appointments, days).filter(_.kind != "ward")
    has_code = _.diagnosis.notnull() & (_.diagnosis.strip() != "")
    rows = came.group_by(doctor=ibis.coalesce(_.doctor_id, "–")).aggregate(visits=_.count(), k=has_code.sum())
    frame = rows.order_by("doctor").to_pandas()
    if not frame.k.sum() > 0:
        return None
    frame["coded"], frame["n"] = frame.k / frame.visits, frame.visits
    frame["coded_low"], frame["coded_high"] = proportions.wilson(frame.k, frame.visits, level)
    return frame[["doctor", "visits", "coded", "coded_low", "coded_high", "n"]]


def _residents(population: Table | None) -> pd.DataFrame | None:
    """Residents by single year of age and sex; a band is spread evenly over its years."""
    if population is None:
        return None
    bands = population.group_by("age_from", "age_to", "sex").aggregate(people=_.people.sum())
    frame = bands.order_by("age_from", "age_to", "sex").to_pandas()
    years = [
        (age, band.sex, band.people / (band.age_to - band.age_from + 1))
        for band in frame.itertuples() for age in range(int(band.age_from), int(band.age_to) + 1)
    ]
    spread = pd.DataFrame(years, columns=["age", "sex", "people"])
    return spread.groupby(["age", "sex"], as_index=False).people.sum() if spread.people.sum() > 0 else None


# ------------------------------------------------------------------ ages
def _ages(people: pd.DataFrame, residents: pd.DataFrame | None, level: float, smallest: int) -> pd.DataFrame | None:
    """Patients by age band and sex; bands of five years, of ten when fewer than ``smallest`` would fall into one."""
    known = people[people.age_years.notna() & people.sex.notna()]
    if len(known) < 0.5 * len(people) or known.empty:
        return None
    for width in (5, 10):
        people_in = _by_band(known.age_years, known.sex, np.ones(len(known)), width)
        # wider bands rather than rows hidden for the privacy of a few
        if min(band[band > 0].min(initial=smallest) for band in people_in.values()) >= smallest:
            break
    starts = np.arange(0, OLDEST + 1, width)
    frame = pd.DataFrame({"age": [f"{a}–{a + width - 1}" for a in starts[:-1]] + [f"{OLDEST}+"]})
    frame["women"], frame["men"] = (people_in[sex].astype(int) for sex in ("female", "male"))
    frame["women_share"], frame["men_share"] = frame.women / len(known), frame.men / len(known)
    for name in ("women_residents", "men_residents", "represented", "represented_low", "represented_high"):
        frame[name] = np.nan
    if residents is not None:
        around = _by_band(residents.age, residents.sex, residents.people, width)
        total = sum(band.sum() for band in around.values())
        frame["women_residents"], frame["men_residents"] = around["female"] / total, around["male"] / total
        expected = (around["female"] + around["male"]) / total * len(known)
        seen = (frame.women + frame.men).to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            frame["represented"] = np.where(expected > 0, seen / expected, np.nan)
        frame["represented_low"], frame["represented_high"] = proportions.poisson_rate(seen, expected, level)
    frame["n"] = frame.women + frame.men
    return frame


def _by_band(age: pd.Series, sex: pd.Series, weight: pd.Series | np.ndarray, width: int) -> dict[str, np.ndarray]:
    band = np.minimum(age.to_numpy(dtype=float), OLDEST) // width
    size = OLDEST // width + 1
    return {
        name: np.bincount(band[(sex == name).to_numpy()].astype(int), np.asarray(weight)[(sex == name).to_numpy()], size)
        for name in ("female", "male")
    }


def _children(
    people: pd.DataFrame, earlier: pd.DataFrame | None, residents: pd.DataFrame | None, now: Days, params: ProfileParams
) -> dict[str, Estimate | None]:
    """Share of children now and before, and how many more would come if the clinic mirrored its residents."""
    def counted(frame: pd.DataFrame | None) -> tuple[int, int]:
        ages = frame.age_years.dropna() if frame is not None else pd.Series(dtype=float)
        return int((ages < params.child_below_years).sum()), len(ages)

    (k1, n1), (k0, n0) = counted(people), counted(earlier)
    facts: dict[str, Estimate | None] = dict.fromkeys(
        ("children_share", "children_share_before", "children_change", "children_residents", "children_expected", "children_missing")
    )
    if n1:
        facts["children_share"] = _proportion(k1, n1, params.level)
    if n0:
        facts["children_share_before"] = _proportion(k0, n0, params.level)
    if n1 and n0:
        low, high = proportions.newcombe(k1, n1, k0, n0, params.level)
        facts["children_change"] = Estimate(k1 / n1 - k0 / n0, float(low), float(high), "points", n1 + n0, params.level)
    if n1 and residents is not None:
        around = float(residents.people[residents.age < params.child_below_years].sum() / residents.people.sum())
        facts["children_residents"] = exact(around, "share", 0)
        if 0 < around < 1:
            low, high = proportions.poisson_rate(k1, around * n1, params.level)
            facts["children_expected"] = Estimate(k1 / (around * n1), float(low), float(high), "ratio", n1, params.level)
            if high < 1:
                facts["children_missing"] = _missing(facts["children_share"], around, n1 / now.months)
    return facts


def _missing(share: Estimate | None, around: float, monthly: float) -> Estimate | None:
    """Children a month more if they were the residents' share and as many adults came as now."""
    assert share is not None
    value, low, high = (monthly * ((1 - s) * around / (1 - around) - s) for s in (share.value, share.high, share.low))
    return Estimate(value, low, high, "count", share.n, share.level, "C")


def _mix_change(people: pd.DataFrame, earlier: pd.DataFrame | None) -> Estimate | None:
    """Cramér's V of age group (child, 18–34, 35–54, 55+) by period."""
    if earlier is None or not (people.age_years.notna().any() and earlier.age_years.notna().any()):
        return None
    counts = [np.histogram(frame.age_years.dropna(), [0, 18, 35, 55, 130])[0] for frame in (people, earlier)]
    return exact(proportions.cramers_v(counts), "number", int(np.sum(counts)))


# ------------------------------------------------------------------ diagnoses and other groups
def _coded(coding: pd.DataFrame | None, level: float) -> Estimate | None:
    if coding is None:
        return None
    return _proportion(round(float((coding.coded * coding.visits).sum())), int(coding.visits.sum()), level)


def _is_specific(cases: pd.DataFrame, params: ProfileParams) -> bool:
    return len(cases) > 0 and cases.code.isin(UNSPECIFIC).mean() < params.unspecific_share


def _diagnoses(cases: pd.DataFrame, before: pd.DataFrame | None, params: ProfileParams) -> pd.DataFrame:
    """Diagnosis categories by patients and revenue; each patient counts once, under his most frequent one."""
    sizes = cases.code.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    named = [code for code in sizes.index[: params.groups - 1] if sizes[code] >= params.smallest_group]
    named = list(sizes.index) if len(sizes) <= params.groups and sizes.min() >= params.smallest_group else named
    rest = ["other"] if len(named) < len(sizes) else []
    group = cases.code.where(cases.code.isin(named), "other")
    member = np.column_stack([(group == code).to_numpy(dtype=float) for code in [*named, *rest]])
    patients = member.sum(axis=0)
    low, high = proportions.multinomial(patients, params.level)
    money = member * cases.revenue.to_numpy()[:, None]
    frame = pd.DataFrame({
        "code": [*named, *("" for _ in rest)], "diagnosis": [*named, *rest], "patients": patients.astype(int),
        "patient_share": patients / len(cases), "patient_share_low": low, "patient_share_high": high,
    })
    total = cases.revenue.sum()
    bounds = np.full((len(frame), 2), np.nan)
    if total > 0:
        draws = bootstrap.block_bootstrap(np.column_stack([money, cases.revenue]), seed=params.seed, draws=1000)
        bounds = np.array([bootstrap.percentiles(draws[:, i] / draws[:, -1], params.level, units=len(cases)) for i in range(len(frame))])
    frame["revenue_share"] = money.sum(axis=0) / total if total > 0 else np.nan
    frame["revenue_share_low"], frame["revenue_share_high"] = bounds.T
    frame["relative_value"] = frame.revenue_share / frame.patient_share
    frame["mean_age"] = [cases.age_years[(group == code).to_numpy()].mean() for code in frame.diagnosis]
    frame["trend"] = np.nan
    if before is not None and len(before):
        past = before.code.where(before.code.isin(named), "other")
        old = np.array([(past == code).sum() for code in frame.diagnosis])
        # small shifts of a mix are noise that reads like news
        if proportions.cramers_v([patients, old]) >= params.mix_changed:
            frame["trend"] = frame.patient_share - old / len(before)
    frame["n"] = frame.patients
    return frame


def _mix(people: pd.DataFrame, earlier: pd.DataFrame | None, params: ProfileParams) -> pd.DataFrame | None:
    """Sex, payer and district: patients, shares of those known, shares before."""
    parts = []
    for part in ("sex", "payer", "district"):
        known = people[part].dropna()
        sizes = known.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        if len(sizes) < 2:
            continue
        named = [name for name in sizes.index[:6] if sizes[name] >= params.smallest_group or part == "sex"]
        groups = [*named, *(["other"] if len(named) < len(sizes) else [])]
        counts = np.array([(known.where(known.isin(named), "other") == name).sum() for name in groups])
        low, high = proportions.multinomial(counts, params.level)
        past = earlier[part].dropna() if earlier is not None else pd.Series(dtype=object)
        old = [(past.where(past.isin(named), "other") == name).mean() if len(past) else np.nan for name in groups]
        parts.append(pd.DataFrame({
            "part": part, "group": groups, "patients": counts, "share": counts / len(known), "share_low": low,
            "share_high": high, "share_before": old, "n": counts,
        }))
    return pd.concat(parts, ignore_index=True) if parts else None


def _share(is_so: pd.Series, level: float) -> Estimate | None:
    return _proportion(int(is_so.sum()), len(is_so), level) if len(is_so) else None


def _proportion(k: int, n: int, level: float) -> Estimate:
    low, high = proportions.wilson(k, n, level)
    return Estimate(k / n, float(low), float(high), "share", n, level)


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any], ages: pd.DataFrame | None, diagnoses: pd.DataFrame | None) -> dict[str, Sentence]:
    share, change, expected = (facts[name] for name in ("children_share", "children_change", "children_expected"))
    if share is None:
        title = "no_age"
    elif expected is not None and expected.high < 1:
        title = "fewer"
    elif change is not None and change.is_off_zero:
        title = "risen" if change.value > 0 else "fallen"
    elif expected is not None and expected.low > 1:
        title = "more"
    else:
        title = "mirror" if expected is not None else "plain"
    says = {"title": Sentence(title), "lede": Sentence(title), "notes.care": Sentence(facts["basis"])}
    says["figures.pyramid.title"] = Sentence("residents" if facts["children_residents"] else "plain")
    says["figures.pyramid.subtitle"] = Sentence(facts["basis"])
    says["figures.diagnosis_money.title"] = Sentence("money", _leader(diagnoses) or {"top": "", "top_patients": None, "top_revenue": None})
    return says


def _leader(diagnoses: pd.DataFrame | None) -> dict[str, Any] | None:
    """The named diagnosis whose share of revenue most exceeds its share of patients."""
    if diagnoses is None:
        return None
    named = diagnoses[(diagnoses.diagnosis != "other") & (diagnoses.patients >= 30) & diagnoses.revenue_share.notna()]
    if named.empty:
        return None
    top = named.loc[(named.revenue_share - named.patient_share).idxmax()]
    return {
        "top": str(top.diagnosis),
        "top_patients": Estimate(top.patient_share, top.patient_share_low, top.patient_share_high, "share", top.n),
        "top_revenue": Estimate(top.revenue_share, top.revenue_share_low, top.revenue_share_high, "share", top.n),
    }


def _findings(facts: Mapping[str, Any], diagnoses: pd.DataFrame | None) -> list[Finding]:
    found = []
    if facts["children_missing"]:
        found.append(Finding("children_missing", "opportunity"))
    change = facts["children_change"]
    if change is not None and change.is_off_zero:
        found.append(Finding("children_rose" if change.value > 0 else "children_fell", "strength" if change.value > 0 else "risk"))
    leader = _leader(diagnoses)
    if leader and leader["top_revenue"].low > leader["top_patients"].high:
        found.append(Finding("leader", "strength", leader))
    if facts["children_share"] and facts["age_known"].value < 0.95:
        found.append(Finding("ages_missing", "caveat"))
    return found


def _gaps(
    facts: Mapping[str, Any], ages: pd.DataFrame | None, residents: pd.DataFrame | None, cases: pd.DataFrame, is_coded: bool
) -> list[Finding]:
    told = {
        "no_age": facts["children_share"] is None,
        "no_sex": ages is None and facts["children_share"] is not None,
        "no_population": residents is None,
        "no_diagnosis": facts["coded"] is None,
        "few_coded": facts["coded"] is not None and not is_coded,
        "no_money": is_coded and not cases.revenue.sum() > 0,
    }
    return [Finding(key, "not_answered") for key, is_told in told.items() if is_told]


# ------------------------------------------------------------------ figures
def pyramid(result: ProfileResult, labels: Labels) -> Figure | None:
    """Patients by age and sex, with the residents' line and a wash on children."""
    if result.ages is None:
        return None
    rows = result.ages
    width = 5 if len(rows) > OLDEST // 10 + 1 else 10
    has_line = rows.women_residents.notna().any()
    return pyramid_form(
        rows.women_share, rows.men_share, edges=np.arange(len(rows) + 1) * width, bands=list(rows.age),
        left_name=labels["women"], right_name=labels["men"], tick=lambda v: labels.number(v, "share"),
        left_line=rows.women_residents if has_line else None, right_line=rows.men_residents if has_line else None,
        line_name=labels["line"] if has_line else "", wash=(0, result.child_age) if result.children_share else None,
        wash_text=labels["children"] if result.children_share else "",
    )


def diagnosis_money(result: ProfileResult, labels: Labels) -> Figure | None:
    """Share of patients against share of revenue, by diagnosis."""
    if result.diagnoses is None or not result.diagnoses.revenue_share.notna().any():
        return None
    rows = result.diagnoses.assign(gap=result.diagnoses.revenue_share - result.diagnoses.patient_share)
    rows = rows.sort_values(["gap", "diagnosis"], ascending=[False, True])
    return dumbbell(
        rows.patient_share, rows.revenue_share, names=[labels.value("diagnosis", code) for code in rows.diagnosis],
        differences=[labels.text("gap", gap=round(100 * gap)) if np.isfinite(gap) else "" for gap in rows.gap],
        ring_name=labels["patients"], dot_name=labels["revenue"], tick=lambda v: labels.number(v, "share"),
    )

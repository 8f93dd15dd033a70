"""Profile: who comes, by age, sex, diagnosis, payer and district.

Question   Who comes, who does not, and with what?
Method     Shares of new patients at their first visit (Wilson; Sison & Glaz for shares of one whole), of
           revenue by patient bootstrap; patients over those expected from the residents with exact Poisson
           intervals; Cramér's V with its non-central interval for a change of mix.
Reads      first_visits, appointments, patient_days; population of the district if there is one.
Cannot say Why a group stays away, or whether it would pay to win it (the next page asks that); whether a
           diagnosis became more frequent or is only coded more often.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models import proportions
from audit.models.age_bands import band_lows, band_names, wide_bands
from audit.models.counted import share
from audit.models.group_shares import GroupShares, group_shares, largest_groups
from audit.models.mix_change import MixChange, mix_change
from audit.models.representation import representation, spread_years
from audit.plots.dumbbell import dumbbell
from audit.plots.pyramid import pyramid as pyramid_form
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, small_cells, table
from audit.tables.paying_patients import Basis, coded_visits, diagnosed_patients, paying_patients
from audit.wording import Labels

FIGURES = ("pyramid", "diagnosis_money")
OLDEST = 70
WIDEST_BAND = 25
"""Years in a band of residents from which it does not tell how many are of each age."""
SEXES = ("female", "male")
UNSPECIFIC = ("Z00", "R69")
"""Codes that say no more than "examined": dominated by them, a diagnosis profile says nothing."""
CODED_MOVED = 0.02
"""Share of coded visits that, gained or lost, can pass for a change of diagnoses."""


class ProfileParams(Params):
    """Settings of the profile."""

    child_below_years: int = Field(18, ge=8, le=21, description="a patient younger than this is a child")
    coded_share: float = Field(0.70, gt=0, le=1, description="visits that must carry a diagnosis for the diagnosis part")
    unspecific_share: float = Field(0.50, gt=0, le=1, description="of coded visits with Z00 or R69: refuse above")
    groups: int = Field(8, ge=2, le=20, description="most diagnosis groups shown; the rest is one group")
    smallest_group: int = Field(8, ge=1, description="patients below which a diagnosis or district joins the rest")
    mix_changed: float = Field(0.10, gt=0, lt=1, description="Cramér's V from which a change of mix is shown")


@dataclass(frozen=True, kw_only=True)
class ProfileResult(Result):
    """Shares are of patients with the fact known; ``basis`` is ``new`` (first visits) or ``seen`` (all patients).

    ``cases`` are patients with a diagnosis: what the shares by diagnosis are of. ``away`` is the group by age and
    sex that comes least against its number around, ``away_represented`` how much.
    """

    basis: str
    child_age: int
    patients: int
    patients_before: int | None
    children_share: Estimate | None
    children_share_before: Estimate | None
    children_change: Estimate | None
    children_revenue: Estimate | None
    children_residents: Estimate | None
    children_expected: Estimate | None
    children_missing: Estimate | None
    women_share: Estimate | None
    median_age: Estimate | None
    age_known: Estimate | None
    coded: Estimate | None
    coded_before: Estimate | None
    cases: int | None
    away_sex: str | None
    away_age: str | None
    away_represented: Estimate | None
    age_mix_change: Estimate | None
    ages: pd.DataFrame | None = table(
        Measure("age", "label"), Measure("women", "count", people=True), Measure("men", "count", people=True),
        Measure("women_share", "share"), Measure("men_share", "share"), Measure("women_residents", "share"),
        Measure("men_residents", "share"), Measure("represented", "ratio", interval=True),
        Measure("revenue_share", "share", interval=True), Measure("n", "count", shown=False),
    )
    diagnoses: pd.DataFrame | None = table(
        Measure("code", "label"), Measure("diagnosis", "label"), Measure("patients", "count", people=True),
        Measure("patient_share", "share", interval=True), Measure("revenue_share", "share", interval=True),
        Measure("relative_value", "ratio", form="bar"), Measure("mean_age", "years"), Measure("trend", "points"),
        Measure("n", "count", shown=False),
    )
    mix: pd.DataFrame | None = table(
        Measure("part", "label", block=True), Measure("group", "label"), Measure("patients", "count", people=True),
        Measure("share", "share", interval=True, form="bar"), Measure("revenue_share", "share", interval=True),
        Measure("share_before", "share"), Measure("n", "count", shown=False),
    )
    represented: pd.DataFrame | None = table(
        Measure("part", "label", block=True), Measure("sex", "label"), Measure("group", "label"),
        Measure("patients", "count", people=True), Measure("expected", "count"),
        Measure("represented", "ratio", interval=True, form="line"), Measure("n", "count", shown=False),
    )
    changes: pd.DataFrame | None = table(
        Measure("part", "label"), Measure("known", "count"), Measure("unknown", "count"),
        Measure("effect", "number", interval=True, form="line"), Measure("chi_square", "number"), Measure("p", "number"),
        Measure("moved", "label"), Measure("points", "points"), Measure("n", "count", shown=False),
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
    came = first_visits.filter(_.is_new, _.first_day >= now.start, _.first_day < now.end)
    basis: Basis = "new" if came.count().execute() else "seen"
    people, earlier = (
        paying_patients(first_visits, appointments, patient_days, days, basis).to_pandas() if days else None for days in (now, past)
    )
    if people is None or people.empty:
        raise NotAnswerable("nobody", verdict="not_enough_data")
    earlier = None if earlier is None or earlier.empty else earlier
    residents = _residents(population)
    coding, coding_before = (_coding(appointments, days, params.level) if days else None for days in (now, past))
    coded, coded_before = _coded(coding, params.level), _coded(coding_before, params.level)
    cases, cases_before = (
        diagnosed_patients(first_visits, appointments, patient_days, days).to_pandas() if days else None for days in (now, past)
    )
    assert cases is not None
    is_coded = coded is not None and coded.value >= params.coded_share and _is_specific(cases, params)
    was_coded = is_coded and coded_before is not None and coded_before.value >= params.coded_share
    mix, changes = _mixes(people, earlier, params)
    diagnoses = None
    if is_coded:
        diagnoses, changed = _diagnoses(cases, cases_before if was_coded else None, params)
        changes = [*changes, {"part": "diagnosis", "known": len(cases), "unknown": 0, **changed}]
    ages, represented = _ages(people, residents, params), _represented(people, residents, _districts(population), params)
    facts: dict[str, Any] = {
        "basis": basis, "child_age": params.child_below_years, "patients": len(people),
        "patients_before": len(earlier) if earlier is not None else None,
        **_children(people, earlier, residents, now, params), **_away(represented, params.level),
        "women_share": _share_of(people.sex[people.sex.notna()] == "female", params),
        "median_age": exact(float(people.age_years.median()), "years", int(people.age_years.count())) if people.age_years.notna().any() else None,
        "age_known": _share_of(people.age_years.notna(), params), "coded": coded, "coded_before": coded_before,
        "cases": len(cases) if is_coded else None, "age_mix_change": _effect(changes, params.level),
    }
    moved = pd.DataFrame(changes).reindex(columns=list(CHANGE)).assign(n=lambda f: f.known) if changes else None
    return ProfileResult(
        grade="A", says=_says(facts, diagnoses), headline="children_share" if facts["children_share"] else None,
        findings=(*_findings(facts, diagnoses, moved), *_gaps(facts, ages, residents, cases, people, is_coded)),
        ages=ages, diagnoses=diagnoses, mix=mix, represented=represented, changes=moved,
        coding=coding if coded is not None and not is_coded else None, **facts,
    )


CHANGE = ("part", "known", "unknown", "effect", "effect_low", "effect_high", "chi_square", "p", "moved", "points", "n")


# ------------------------------------------------------------------ queries
def _coding(appointments: Table, days: Days, level: float) -> pd.DataFrame | None:
    """Share of completed visits with a diagnosis, by doctor; None when the export has no diagnosis at all."""
    frame = coded_visits(appointments, days).order_by("doctor").to_pandas()
    if not frame.coded.sum() > 0:
        return None
    k, n = frame.coded, frame.visits
    low, high = proportions.wilson(k, n, level)
    return pd.DataFrame({"doctor": frame.doctor, "visits": n, "coded": k / n, "coded_low": low, "coded_high": high, "n": n})


def _residents(population: Table | None) -> dict[str, np.ndarray] | None:
    """Residents by single year of age, for each sex; ``coarse`` years lie in a band too wide to say how many are of that age."""
    if population is None:
        return None
    bands = population.group_by("age_from", "age_to", "sex").aggregate(people=_.people.sum())
    frame = bands.order_by("age_from", "age_to", "sex").to_pandas()
    years = {
        sex: spread_years(age_from=rows.age_from, age_to=rows.age_to, people=rows.people)
        for sex, rows in ((sex, frame[frame.sex == sex]) for sex in SEXES)
    }
    if not sum(around.sum() for around in years.values()) > 0:
        return None
    coarse = np.zeros(len(years["female"]), bool)
    for band in frame[frame.age_to - frame.age_from >= WIDEST_BAND].itertuples():
        coarse[int(band.age_from) : int(band.age_to) + 1] = True
    return years | {"coarse": coarse}


def _districts(population: Table | None) -> pd.Series:
    """Residents by district."""
    if population is None:
        return pd.Series(dtype=float)
    rows = population.group_by("district").aggregate(people=_.people.sum()).order_by("district").to_pandas()
    return rows.set_index("district").people


# ------------------------------------------------------------------ ages and residents
def _ages(people: pd.DataFrame, residents: Mapping[str, np.ndarray] | None, params: ProfileParams) -> pd.DataFrame | None:
    """Patients by age band and sex; bands of five years, of ten when few would fall into one."""
    known = people[people.age_years.notna() & people.sex.notna()]
    if len(known) < 0.5 * len(people) or known.empty:
        return None
    for width in (5, 10):
        starts = np.arange(0, OLDEST + 1, width)
        band = np.minimum(known.age_years.to_numpy(), OLDEST) // width
        people_in = {sex: np.bincount(band[known.sex == sex].astype(int), minlength=len(starts)) for sex in SEXES}
        # wider bands rather than rows hidden for the privacy of a few
        if min(counts[counts > 0].min(initial=params.smallest_group) for counts in people_in.values()) >= params.smallest_group:
            break
    frame = pd.DataFrame({"age": [f"{a}–{a + width - 1}" for a in starts[:-1]] + [f"{OLDEST}+"]})
    frame["women"], frame["men"] = (people_in[sex] for sex in SEXES)
    frame["women_share"], frame["men_share"] = frame.women / len(known), frame.men / len(known)
    seen = (frame.women + frame.men).to_numpy()
    for name in ("women_residents", "men_residents", "represented", "represented_low", "represented_high"):
        frame[name] = np.nan
    if residents is not None:
        around = {sex: np.add.reduceat(residents[sex], starts) for sex in SEXES}
        total = sum(counts.sum() for counts in around.values())
        told = ~np.logical_or.reduceat(residents["coarse"], starts)
        frame["women_residents"], frame["men_residents"] = (np.where(told, around[sex] / total, np.nan) for sex in SEXES)
        found = representation(observed=seen, reference=around["female"] + around["male"], level=params.level)
        ratios = (np.where(told, part, np.nan) for part in (found.ratio, found.low, found.high))
        frame["represented"], frame["represented_low"], frame["represented_high"] = ratios
    paid = _grouped(pd.Series(np.array(frame.age)[band.astype(int)]), list(frame.age), known.revenue, params)
    frame["revenue_share"], frame["revenue_share_low"], frame["revenue_share_high"] = paid.money_share, paid.money_low, paid.money_high
    return frame.assign(n=seen)


def _represented(
    people: pd.DataFrame, residents: Mapping[str, np.ndarray] | None, districts: pd.Series, params: ProfileParams
) -> pd.DataFrame | None:
    """Patients over those expected, by age band and sex and by district, the rarest first."""
    if residents is None:
        return None
    known = people[people.age_years.notna() & people.sex.notna()]
    bands, parts = band_names(params.child_below_years), []
    if len(known):
        band = wide_bands(known.age_years, params.child_below_years)
        cells = [(sex, name) for sex in SEXES for name in bands]
        observed = [int(((known.sex == sex) & (band == name)).sum()) for sex, name in cells]
        around = np.concatenate([np.add.reduceat(residents[sex], band_lows(params.child_below_years)) for sex in SEXES])
        parts.append(_over_expected("age", cells, observed, around, params.level))
    # two lists of districts that do not name the same places cannot be compared
    lived = people.district[people.district.isin(districts.index)]
    if len(districts) > 1 and len(lived) >= 0.5 * people.district.notna().sum() > 0:
        observed = [int((lived == name).sum()) for name in districts.index]
        parts.append(_over_expected("district", [("all", name) for name in districts.index], observed, districts.to_numpy(), params.level))
    return pd.concat(parts, ignore_index=True) if parts else None


def _over_expected(part: str, cells: list[tuple[str, str]], observed: list[int], around: np.ndarray, level: float) -> pd.DataFrame:
    found = representation(observed=observed, reference=around, level=level)
    frame = pd.DataFrame({
        "part": part, "sex": [sex for sex, _name in cells], "group": [name for _sex, name in cells], "patients": observed,
        "expected": found.expected, "represented": found.ratio, "represented_low": found.low, "represented_high": found.high,
        "n": observed,
    })
    return frame[frame.expected > 0].sort_values("represented", kind="stable", ignore_index=True)


def _away(represented: pd.DataFrame | None, level: float) -> dict[str, Any]:
    """The group by age and sex that comes least, if fewer come than expected beyond chance."""
    nobody: dict[str, Any] = {"away_sex": None, "away_age": None, "away_represented": None}
    if represented is None:
        return nobody
    rows = represented[(represented.part == "age") & (represented.represented_high < 1)]
    # a group that must be hidden cannot be named either
    rows = rows[~small_cells(represented.patients)[rows.index]]
    if rows.empty:
        return nobody
    row = rows.iloc[0]
    ratio = Estimate(row.represented, row.represented_low, row.represented_high, "ratio", row.n, level)
    return {"away_sex": str(row.sex), "away_age": str(row.group), "away_represented": ratio}


def _children(
    people: pd.DataFrame, earlier: pd.DataFrame | None, residents: Mapping[str, np.ndarray] | None, now: Days, params: ProfileParams
) -> dict[str, Estimate | None]:
    """Share of children now and before, and how many more would come if the clinic mirrored its residents."""
    def counted(frame: pd.DataFrame | None) -> tuple[int, int]:
        ages = frame.age_years.dropna() if frame is not None else pd.Series(dtype=float)
        return int((ages < params.child_below_years).sum()), len(ages)

    (k1, n1), (k0, n0) = counted(people), counted(earlier)
    facts: dict[str, Estimate | None] = dict.fromkeys((
        "children_share", "children_share_before", "children_change", "children_revenue", "children_residents",
        "children_expected", "children_missing",
    ))
    if n1:
        facts["children_share"] = share(k1, n1, params.level)
        facts["children_revenue"] = _revenue_of_children(people, params)
    if n0:
        facts["children_share_before"] = share(k0, n0, params.level)
    if n1 and n0:
        low, high = proportions.newcombe(k1, n1, k0, n0, params.level)
        facts["children_change"] = Estimate(k1 / n1 - k0 / n0, float(low), float(high), "points", n1 + n0, params.level)
    if n1 and residents is not None:
        years = residents["female"] + residents["male"]
        around = float(years[: params.child_below_years].sum() / years.sum())
        facts["children_residents"] = exact(around, "share", 0)
        if 0 < around < 1:
            low, high = proportions.poisson_rate(k1, around * n1, params.level)
            facts["children_expected"] = Estimate(k1 / (around * n1), float(low), float(high), "ratio", n1, params.level)
            if high < 1:
                facts["children_missing"] = _missing(facts["children_share"], around, n1 / now.months)
    return facts


def _revenue_of_children(people: pd.DataFrame, params: ProfileParams) -> Estimate | None:
    known = people[people.age_years.notna()]
    ages = (known.age_years < params.child_below_years).map({True: "child", False: "adult"})
    paid = _grouped(ages, ["child", "adult"], known.revenue, params)
    if not np.isfinite(paid.money_low).all():
        return None
    value, low, high = (float(part[0]) for part in (paid.money_share, paid.money_low, paid.money_high))
    return Estimate(value, min(low, value), max(high, value), "share", len(known), params.level)


def _missing(share: Estimate | None, around: float, monthly: float) -> Estimate | None:
    """Children a month more if they were the residents' share and as many adults came as now."""
    assert share is not None
    value, low, high = (monthly * ((1 - s) * around / (1 - around) - s) for s in (share.value, share.high, share.low))
    return Estimate(value, low, high, "count", share.n, share.level, "C")


# ------------------------------------------------------------------ diagnoses and other groups
def _coded(coding: pd.DataFrame | None, level: float) -> Estimate | None:
    if coding is None:
        return None
    return share(round(float((coding.coded * coding.visits).sum())), int(coding.visits.sum()), level)


def _is_specific(cases: pd.DataFrame, params: ProfileParams) -> bool:
    return len(cases) > 0 and cases.code.isin(UNSPECIFIC).mean() < params.unspecific_share


def _diagnoses(
    cases: pd.DataFrame, before: pd.DataFrame | None, params: ProfileParams
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Diagnosis categories by patients and revenue, each patient under his most frequent one; and their change."""
    groups = largest_groups(cases.code, most=params.groups, smallest=params.smallest_group)
    group = cases.code.where(cases.code.isin(groups), "other")
    found = _grouped(group, groups, cases.revenue, params)
    past = before.code.where(before.code.isin(groups), "other") if before is not None else pd.Series(dtype=object)
    changed, points = _change(found, past, groups, params)
    frame = pd.DataFrame({
        "code": ["" if name == "other" else name for name in groups], "diagnosis": groups, "patients": found.units,
        "patient_share": found.share, "patient_share_low": found.low, "patient_share_high": found.high,
        "revenue_share": found.money_share, "revenue_share_low": found.money_low, "revenue_share_high": found.money_high,
        "relative_value": found.money_share / found.share,
        "mean_age": [cases.age_years[(group == name).to_numpy()].mean() for name in groups], "trend": points, "n": found.units,
    })
    return frame, changed


def _mixes(
    people: pd.DataFrame, earlier: pd.DataFrame | None, params: ProfileParams
) -> tuple[pd.DataFrame | None, list[dict[str, Any]]]:
    """Age, sex, payer and district: patients, shares of those known, shares before; and how much each mix changed."""
    parts, changes = [], []
    for part in ("age", "sex", "payer", "district"):
        now, past = (_labels(frame, part, params) if frame is not None else pd.Series(dtype=object) for frame in (people, earlier))
        known, old = now.dropna(), past.dropna()
        if known.empty:
            continue
        if part in ("age", "sex"):
            groups = [name for name in (band_names(params.child_below_years) if part == "age" else SEXES) if (known == name).any() or (old == name).any()]
        else:
            groups = largest_groups(known, most=7, smallest=params.smallest_group)
        named, was = known.where(known.isin(groups), "other"), old.where(old.isin(groups), "other")
        found = _grouped(named, groups, people.revenue[known.index], params)
        changed, _points = _change(found, was, groups, params)
        changes.append({"part": part, "known": len(known), "unknown": len(now) - len(known), **changed})
        times = np.array([(was == name).sum() for name in groups])
        before = np.where(small_cells(times), np.nan, times / len(was)) if len(was) else np.nan
        frame = pd.DataFrame({
            "part": part, "group": groups, "patients": found.units, "share": found.share, "share_low": found.low,
            "share_high": found.high, "revenue_share": found.money_share, "revenue_share_low": found.money_low,
            "revenue_share_high": found.money_high, "share_before": before, "n": found.units,
        })
        unknown = len(now) - len(known)
        # a handful without the fact are told in the table of changes; as a row they would hide a group of many
        if unknown >= params.smallest_group:
            frame.loc[len(frame), ["part", "group", "patients", "n"]] = [part, "unknown", unknown, unknown]
        parts.append(frame)
    if not parts:
        return None, changes
    return pd.concat(parts, ignore_index=True).astype({"patients": int, "n": int}), changes


def _labels(people: pd.DataFrame, part: str, params: ProfileParams) -> pd.Series:
    return wide_bands(people.age_years, params.child_below_years) if part == "age" else people[part].astype(object)


def _grouped(group: pd.Series, groups: list[str], revenue: pd.Series, params: ProfileParams) -> GroupShares:
    return group_shares(group=group.to_numpy(object), groups=groups, money=revenue.to_numpy(), level=params.level, seed=params.seed)


def _change(
    now: GroupShares, past: pd.Series, groups: list[str], params: ProfileParams
) -> tuple[dict[str, Any], np.ndarray]:
    """Cramér's V of group by period, and the points of each group when it is large enough to be told."""
    times = np.array([(past == name).sum() for name in groups])
    found: MixChange | None = mix_change([now.units, times], params.level) if len(past) else None
    points = np.full(len(groups), np.nan)
    if found is None:
        return {}, points
    # small shifts of a mix are noise that reads like news
    if found.v >= params.mix_changed:
        points = np.where(small_cells(times), np.nan, now.share - times / len(past))
    most = int(np.nanargmax(np.abs(points))) if np.isfinite(points).any() else None
    moved = {"moved": groups[most], "points": points[most]} if most is not None else {}
    bounds = {"effect": found.v, "effect_low": found.low, "effect_high": found.high}
    return {**bounds, "chi_square": found.chi2, "p": found.p, **moved}, points


def _share_of(is_so: pd.Series, params: ProfileParams) -> Estimate | None:
    return share(int(is_so.sum()), len(is_so), params.level)


def _effect(changes: list[dict[str, Any]], level: float) -> Estimate | None:
    for row in changes:
        if row["part"] == "age" and "effect" in row:
            return Estimate(row["effect"], row["effect_low"], row["effect_high"], "number", row["known"], level)
    return None


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any], diagnoses: pd.DataFrame | None) -> dict[str, Sentence]:
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


def _findings(facts: Mapping[str, Any], diagnoses: pd.DataFrame | None, changes: pd.DataFrame | None) -> list[Finding]:
    found = []
    if facts["children_missing"]:
        # an opportunity only with what they bring and who has time for them: the next page
        found.append(Finding("children_missing", "caveat"))
    elif facts["away_represented"]:
        found.append(Finding("away", "caveat"))
    change = facts["children_change"]
    if change is not None and change.is_off_zero:
        found.append(Finding("children_rose" if change.value > 0 else "children_fell", "strength" if change.value > 0 else "risk"))
    leader = _leader(diagnoses)
    if leader and leader["top_revenue"].low > leader["top_patients"].high:
        found.append(Finding("leader", "strength", leader))
    for row in changes.dropna(subset="points").itertuples() if changes is not None else ():
        effect = Estimate(row.effect, row.effect_low, row.effect_high, "number", row.n)
        points = exact(row.points, "points", row.n)
        found.append(Finding("mix_changed", "caveat", {"part": row.part, "moved": row.moved, "points": points, "effect": effect}))
    coded, before = facts["coded"], facts["coded_before"]
    if facts["cases"] and coded and before and abs(coded.value - before.value) >= CODED_MOVED:
        found.append(Finding("coding_moved", "caveat"))
    if facts["children_share"] and facts["age_known"].value < 0.95:
        found.append(Finding("ages_missing", "caveat"))
    return found


def _gaps(
    facts: Mapping[str, Any], ages: pd.DataFrame | None, residents: Mapping[str, np.ndarray] | None, cases: pd.DataFrame,
    people: pd.DataFrame, is_coded: bool,
) -> list[Finding]:
    told = {
        "no_age": facts["children_share"] is None,
        "no_sex": ages is None and facts["children_share"] is not None,
        "no_population": residents is None,
        "no_diagnosis": facts["coded"] is None,
        "few_coded": facts["coded"] is not None and not is_coded,
        "no_money": not people.revenue.sum() > 0 and not cases.revenue.sum() > 0,
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

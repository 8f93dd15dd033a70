"""Attribution: how far the record of channels can be trusted, and what depends on who gets the credit.

Question   Which channel brought the patients, and how sure is that?
Method     Five rules credit the contacts before a first visit (last non-direct, last, first, linear, position); their
           sums are equal, their distance is what convention alone moves, and only of patients with several contacts. The
           patient's own answer stands beside the record; the record is tried by what may fail: first patients found among
           callers, callers marked as booked found among patients; one word, conversion, is counted four ways.
Reads      opportunities, enquiries, patients; money and site traffic if there are any; the results of channels and campaigns.
Cannot say What a channel caused: every rule divides the same recorded contacts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.campaigns import CampaignsResult
from audit.analyses.channels import ChannelsResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.attribution import RULES, credits, widest_move
from audit.models.proportions import poisson_rate, wilson
from audit.plots.stages import stages
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.results.disclosure import is_small
from audit.tables.call_to_money import call_to_money, marked_booked
from audit.tables.channel_days import NO_SOURCE, credited
from audit.tables.contact_paths import ContactPaths, contact_paths
from audit.tables.conversions import conversions
from audit.tables.site_visitors import site_visitors
from audit.wording import Labels

FIGURES = ("waterfall",)
STATED_AS: Mapping[str, tuple[str, ...]] = {
    "internet": ("organic search", "own context ads", "agency context", "context ads", "aggregators / portals", "aggregators", "portals", "site"),
    "portal": ("aggregators / portals", "aggregators", "portals"), "friends": ("word of mouth",), "relatives": ("word of mouth",),
    "outdoor": ("static numbers / outdoor", "outdoor"),
}
"""What a patient's answer can mean in the words of the tracker. Answers that are not here (“a doctor”, “been before”) say
nothing of a channel unless they are the name of one."""


class AttributionParams(Params):
    """Settings of attribution."""

    lookback_days: int = Field(90, ge=1, description="days before the first visit in which a contact counts")
    direct: tuple[str, ...] = Field(
        ("direct", "direct / brand", "brand"), description="channels the last non-direct rule passes over")
    target_seconds: float = Field(30, ge=0, description="seconds of talk from which a tracker calls a call a target")
    most_without_source: float = Field(0.20, gt=0, lt=1, description="share without a source above which trust is low")
    least_matched: float = Field(0.75, gt=0, lt=1, description="share joined, from visits to calls or back, below which trust is low")
    most_contradicted: float = Field(0.40, gt=0, lt=1, description="share of answers that name another source above which trust is low")
    sure_without_source: float = Field(0.10, gt=0, lt=1, description="share without a source below which trust may be high")
    sure_matched: float = Field(0.90, gt=0, lt=1, description="share joined above which trust may be high")
    sure_contradicted: float = Field(0.20, gt=0, lt=1, description="share of answers that name another source below which trust may be high")
    stated_as: dict[str, tuple[str, ...]] = Field(dict(STATED_AS), description="channels each answer of patients can mean")
    fewest_answers: int = Field(30, ge=8, description="answers that must be comparable with the record")


@dataclass(frozen=True, kw_only=True)
class AttributionResult(Result):
    """First patients of the present days who called first; credits are a month and add up to the same sum by every rule.

    ``moved_share`` is the part of the credit that the choice of the rule moves at most, ``moved_of_many`` the same
    among patients with several contacts: of the others (``one_contact``) every rule says the same. ``trust`` is high,
    middle or low; ``called_share`` first patients found among callers, ``matched_share`` callers marked as booked found
    among patients, ``contradicted`` patients whose answer is no name of any channel recorded for them.
    """

    trust: str
    first_patients: Estimate
    contacts_each: Estimate
    one_contact: Estimate
    many_contacts: Estimate | None
    moved_share: Estimate
    moved_of_many: Estimate | None
    moved_most: str | None
    without_source: Estimate
    matched_share: Estimate | None
    called_share: Estimate | None
    contradicted: Estimate | None
    stated_blank: Estimate | None
    rule: str | None
    rule_changed_on: date | None
    home_region: str | None
    calls_each: Estimate | None
    rules: pd.DataFrame = table(
        Measure("channel", "label"), *(Measure(rule, "number") for rule in RULES), Measure("cost_least", "currency"),
        Measure("cost_most", "currency"), Measure("n", "count", people=True, shown=False),
    )
    stated: pd.DataFrame | None = table(
        Measure("stated", "label"), Measure("patients", "count", people=True, shown=False), Measure("share", "share", interval=True),
        Measure("recorded", "label"), Measure("recorded_share", "share"), Measure("n", "count", shown=False),
    )
    join: pd.DataFrame | None = table(
        Measure("stage", "label"), Measure("count", "count"), Measure("share", "share", interval=True, form="bar"),
        Measure("n", "count", shown=False),
    )
    conversions: pd.DataFrame = table(
        Measure("definition", "label"), Measure("count", "count"), Measure("per_visitor", "share", interval=True),
        Measure("cost", "currency"), Measure("times", "ratio", shown=False), Measure("n", "count", shown=False),
    )


def analyse(
    opportunities: Table, enquiries: Table, patients: Table, first_visits: Table, patient_days: Table | None,
    site_traffic: Table | None, channels: ChannelsResult, campaigns: CampaignsResult | None, *, period: Period, params: AttributionParams,
) -> AttributionResult:
    """Credit by every rule, what patients say themselves, and how much of the way from call to money could be joined."""
    now = period.present
    paths = contact_paths(opportunities, enquiries, first_visits, days=now, lookback_days=params.lookback_days)
    if not paths.patient.size:
        raise NotAnswerable("no_paths")
    join, matched, called = _joined(opportunities, enquiries, patients, first_visits, patient_days, period, params)
    rules, facts = _rules(paths, channels, now.months, params)
    changed = channels.rule_changed_on
    facts |= {
        "matched_share": matched, "called_share": called, "without_source": channels.without_source,
        "contradicted": _contradicted(paths, params), "calls_each": _calls_each(join, params), "rule": channels.rule,
        # contacts of these patients were recorded by two rules
        "rule_changed_on": changed if changed and changed > now.start - timedelta(days=params.lookback_days) else None,
        "home_region": campaigns.home_region if campaigns is not None else None,
    }
    named = {name for name, n in zip(channels.channels.channel, channels.channels.n, strict=True) if n != 0} - {NO_SOURCE, "total"}
    shares = {name: facts[name].value if facts[name] is not None else None for name in ("matched_share", "called_share", "contradicted")}
    facts["trust"] = "low" if len(named) < 2 else trust(without_source=channels.without_source.value, **shares, params=params)
    if facts["trust"] == "high" and facts["rule_changed_on"] is not None:
        facts["trust"] = "middle"
    stated, facts["stated_blank"] = _stated(paths, params)
    counted = _conversions(opportunities, enquiries, site_traffic, channels, facts["home_region"], now, params)
    grade: Grade = "A" if facts["trust"] == "high" else "C" if facts["trust"] == "low" else "B"
    return AttributionResult(
        grade=grade, headline="moved_share", says=_says(facts, len(named), params),
        findings=_findings(facts, rules, stated, bool(counted.per_visitor.notna().any()), join),
        rules=rules, stated=stated, join=join, conversions=counted, **facts,
    )


# ------------------------------------------------------------------ credit
def _rules(paths: ContactPaths, channels: ChannelsResult, months: float, params: AttributionParams) -> tuple[pd.DataFrame, dict[str, Any]]:
    direct = np.isin(paths.channel.astype(str), [*params.direct, NO_SOURCE])
    weights = pd.DataFrame(credits(paths.patient, is_direct=direct)).groupby(paths.channel, sort=True).sum()
    n = int(paths.patient.max()) + 1
    contacts = np.bincount(paths.patient)
    spend = channels.channels.set_index("channel").spend.reindex(weights.index).fillna(0.0).to_numpy()
    credit = weights.to_numpy() / months
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where((spend > 0)[:, None] & (credit > 0), spend[:, None] / credit, np.nan)
    rules = pd.DataFrame(credit, columns=list(RULES)).assign(
        channel=weights.index, cost_least=_over(cost, np.fmin), cost_most=_over(cost, np.fmax),
        n=np.floor(weights.max(axis=1).to_numpy()),
    )
    rules = rules.assign(is_unknown=rules.channel == NO_SOURCE).sort_values(
        ["is_unknown", "last_non_direct", "channel"], ascending=[True, False, True])
    spread = credit.max(axis=1) - credit.min(axis=1)
    moved = widest_move(credit / credit.sum(axis=0))
    many = contacts > 1
    few = is_small(int(many.sum()))
    facts = {
        "first_patients": exact(n / months, "count", n), "contacts_each": exact(contacts.mean(), "number", n),
        "one_contact": exact(float((~many).mean()), "share", n),
        "many_contacts": None if few else _share(int(many.sum()), n, params), "moved_share": exact(moved, "share", n),
        # credit of single contacts is the same by every rule: all that moves is of the others
        "moved_of_many": exact(moved * n / int(many.sum()), "share", int(many.sum())) if many.any() and not few else None,
        "moved_most": str(weights.index[int(np.argmax(spread))]) if spread.max() > 0 else None,
    }
    columns = [name for measure in AttributionResult.measures("rules") for name in measure.names]
    whole = pd.DataFrame([["total", *credit.sum(axis=0), np.nan, np.nan, n]], columns=columns)
    return pd.concat([rules[columns], whole], ignore_index=True), facts


def _over(cost: np.ndarray, choose: np.ufunc) -> np.ndarray:
    return np.asarray(choose.reduce(cost, axis=1))


def _stated(paths: ContactPaths, params: AttributionParams) -> tuple[pd.DataFrame | None, Estimate | None]:
    """What patients name themselves, and what was recorded most often for those who name it."""
    if paths.stated.isna().all():
        return None, None
    last = pd.Series(paths.channel).groupby(paths.patient).last().to_numpy()
    named = pd.DataFrame({"stated": paths.stated.fillna(NO_SOURCE).astype(str).to_numpy(), "recorded": last})
    n = len(named)
    rows = []
    for stated, part in named.groupby("stated", sort=True):
        counts = part.recorded.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        rows.append([stated, len(part), *_cells(_share(len(part), n, params)), counts.index[0], counts.iloc[0] / len(part), n])
    columns = [name for measure in AttributionResult.measures("stated") for name in measure.names]
    frame = pd.DataFrame(rows, columns=columns).assign(last=lambda f: f.stated == NO_SOURCE)
    frame = frame.sort_values(["last", "patients", "stated"], ascending=[True, False, True], ignore_index=True)
    return frame[columns], _share(int(paths.stated.isna().sum()), n, params)


# ------------------------------------------------------------------ from call to money
def _joined(
    opportunities: Table, enquiries: Table, patients: Table, first_visits: Table, patient_days: Table | None, period: Period,
    params: AttributionParams,
) -> tuple[pd.DataFrame | None, Estimate | None, Estimate | None]:
    """How far calls can be followed to patients and money, in the last span whose outcomes are settled."""
    ripe = opportunities.filter(_.is_mature).opened_at.max().execute()
    if ripe is None or pd.isna(ripe):
        return None, None, None
    end = min(pd.Timestamp(ripe).date() + timedelta(days=1), period.present.end)
    start = max(end - timedelta(days=max(period.present.days, 91)), period.start)
    if start >= end:
        return None, None, None
    found = call_to_money(opportunities, enquiries, patient_days, days=Days(start=start, end=end))
    rows = []
    for stage, (count, base) in found.items():
        of = found[base][0] if base else 0
        rows.append([stage, count, *_cells(_share(min(count, of), of, params)), of or count])
    frame = pd.DataFrame(rows, columns=["stage", "count", "share", "share_low", "share_high", "n"])
    firsts = first_visits.filter(_.is_new, _.first_day >= start, _.first_day < end)
    called = int(firsts.semi_join(credited(opportunities), "patient_id").count().execute())
    marked = marked_booked(enquiries, first_visits, patients, days=Days(start=period.start, end=end))
    return frame, _share(*marked, params), _share(called, int(firsts.count().execute()), params)


def _calls_each(join: pd.DataFrame | None, params: AttributionParams) -> Estimate | None:
    """Calls and requests for each new person: what counting calls instead of people would overstate."""
    if join is None:
        return None
    counts = join.set_index("stage")["count"]
    if not counts["people"] > 0:
        return None
    low, high = poisson_rate(counts["enquiries"], counts["people"], params.level)
    return Estimate(counts["enquiries"] / counts["people"], float(low), float(high), "ratio", int(counts["people"]), params.level)


# ------------------------------------------------------------------ one word, four counts
def _conversions(
    opportunities: Table, enquiries: Table, site_traffic: Table | None, channels: ChannelsResult, region: str | None, days: Days,
    params: AttributionParams,
) -> pd.DataFrame:
    """Each definition's count and cost over all channels; per visitor only of channels whose visitors are counted."""
    def counts(of: list[str] | None = None) -> dict[str, int]:
        return conversions(opportunities, enquiries, days=days, target_seconds=params.target_seconds, channels=of)

    seen = site_visitors(site_traffic, days, "channel", region) if site_traffic is not None else pd.Series(dtype=float)
    visitors, of_site = float(seen.sum()), counts(list(seen.index[seen > 0]))
    spend = channels.spend.value * days.months if channels.spend is not None else np.nan
    every = counts()
    strictest = every["first_patient"]
    rows = []
    for name, count in every.items():
        are_patients = name == "first_patient"
        with_site = 0 if are_patients and is_small(of_site[name]) else of_site.get(name, 0)
        per = np.array([with_site / visitors, *poisson_rate(with_site, visitors, params.level)]) if visitors > 0 and with_site else np.full(3, np.nan)
        # the count of a few patients could be computed from their cost
        shown = count if count and not (are_patients and is_small(count)) else np.nan
        times = count / strictest if strictest and not is_small(strictest) else np.nan
        rows.append([name, shown / days.months, *per, spend / shown, times, shown])
    return pd.DataFrame(rows, columns=[name for measure in AttributionResult.measures("conversions") for name in measure.names])


def _share(k: int, n: int, params: AttributionParams) -> Estimate | None:
    if n <= 0:
        return None
    low, high = (float(bound) for bound in wilson(k, n, params.level))
    return Estimate(k / n, low, high, "share", n, params.level)


def _cells(estimate: Estimate | None) -> tuple[float, float, float]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (np.nan, np.nan, np.nan)


def _contradicted(paths: ContactPaths, params: AttributionParams) -> Estimate | None:
    """Patients whose answer names no channel recorded for any of their contacts, of those whose answer and record can be compared."""
    means = {name.casefold(): {channel.casefold() for channel in channels} for name, channels in params.stated_as.items()}
    names = {str(channel).casefold() for channel in paths.channel} | {name for known in means.values() for name in known}
    silent = {NO_SOURCE, *params.direct}
    recorded: dict[int, set[str]] = {}
    for patient, channel in zip(paths.patient.tolist(), paths.channel, strict=True):
        if channel not in silent:
            recorded.setdefault(patient, set()).add(str(channel).casefold())
    told = {patient: str(answer).casefold() for patient, answer in enumerate(paths.stated) if not pd.isna(answer)}
    pairs = [(means.get(answer, {answer}), recorded[patient]) for patient, answer in told.items()
             if patient in recorded and (answer in means or answer in names)]
    if len(pairs) < params.fewest_answers:
        return None
    return _share(sum(not meant & seen for meant, seen in pairs), len(pairs), params)


def trust(
    *, without_source: float, matched_share: float | None, called_share: float | None, contradicted: float | None, params: AttributionParams,
) -> str:
    """“high”, “middle” or “low”: how much weight a cost by channel may carry; what is not known forbids nothing but a join."""
    joined = [share for share in (matched_share, called_share) if share is not None]
    wrong = contradicted or 0.0
    if not joined or without_source > params.most_without_source or min(joined) < params.least_matched or wrong > params.most_contradicted:
        return "low"
    sure = without_source <= params.sure_without_source and min(joined) >= params.sure_matched and wrong <= params.sure_contradicted
    return "high" if sure else "middle"


# ------------------------------------------------------------------ what is said
def alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Names that differ only by capitals, spaces or signs: one source written in several ways."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault("".join(letter for letter in name.casefold() if letter.isalnum()), []).append(name)
    return [tuple(sorted(group)) for group in groups.values() if len(group) > 1]


def _says(facts: dict[str, Any], channels: int, params: AttributionParams) -> dict[str, Sentence]:
    title = facts["trust"]
    if title == "low":
        said = facts["contradicted"]
        title = "one" if channels < 2 else "contradicted" if said is not None and said.value > params.most_contradicted else "low"
    lede = "few" if facts["many_contacts"] is None else "single" if not facts["many_contacts"].value else "many" if facts["moved_share"].value > 0 else "alike"
    return {"title": Sentence(title), "lede": Sentence(lede), "notes.decide": Sentence(
        "one" if title == "one" else "use" if facts["trust"] != "low" else "repair")}


def _findings(
    facts: dict[str, Any], rules: pd.DataFrame, stated: pd.DataFrame | None, per_visitor: bool, join: pd.DataFrame | None,
) -> tuple[Finding, ...]:
    found = [Finding("same_source", "risk", {"names": " = ".join(group)}) for group in alike(rules.channel)]
    if facts["moved_most"] is not None:
        row = rules.set_index("channel").loc[facts["moved_most"], list(RULES)].astype(float)
        found.append(Finding("rule_matters", "caveat", {
            "least": exact(row.min(), "count", facts["first_patients"].n), "most": exact(row.max(), "count", facts["first_patients"].n)}))
    if facts["called_share"] is not None:
        found.append(Finding("joined", "strength" if facts["trust"] == "high" else "caveat"))
    if facts["contradicted"] is not None:
        found.append(Finding("contradicted", "caveat"))
    if facts["rule_changed_on"] is not None:
        found.append(Finding("two_rules", "caveat"))
    if facts["stated_blank"] is not None:
        found.append(Finding("blank", "caveat"))
    gaps = (
        ("no_join", join is None), ("no_marks", join is not None and facts["matched_share"] is None), ("no_rule", facts["rule"] is None),
        ("no_stated", stated is None), ("no_traffic", not per_visitor),
    )
    return (*found, *(Finding(key, "not_answered") for key, applies in gaps if applies))


# ------------------------------------------------------------------ figures
def waterfall(result: AttributionResult, labels: Labels) -> Figure | None:
    """From new people who called to those who paid: at each step who went on and who was lost or could not be joined."""
    if result.join is None:
        return None
    rows = result.join[result.join.stage.isin(["people", "answered", "booked", "came", "paid"])]
    counts = rows["count"].to_numpy(float)
    if not counts[0] > 0:
        return None
    lost = np.r_[0.0, counts[:-1] - counts[1:]]
    return stages(
        counts, names=[labels.value("stage", stage) for stage in rows.stage],
        counts=[labels.number(count, "count") for count in counts],
        lost=[f"−{labels.number(part, 'count')}" if part > 0 else "" for part in lost],
        reasons=[labels[f"lost_{stage}"] if part > 0 else "" for stage, part in zip(rows.stage, lost, strict=True)],
        height=34,
    )

"""Patients to invite back: who has been silent too long, what a call is worth, and what past campaigns brought.

Question   Whom should the clinic invite back, what would it bring, and did past campaigns bring anything?
Method     RFM with cuts fixed to the clinic's own gaps, proven on the last half-year held out (Cochran–Armitage trend);
           overdue = days of silence over the patient's own expected gap; chance and worth counted from patients
           who were in the same state half a year ago; a hold-out drawn by lot within every segment, households with
           one telephone as a whole; past campaigns by intention to treat against their hold-out (Newcombe 1998 on as many
           members as would say as much alone), never gross.
Reads      patient_days, first_visits, patients, appointments; campaign_members, feedback, the result of clv if there are any.
Cannot say Whether a patient needs care; what a call brings where no campaign held anybody out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.clv import ClvResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models import rfm
from audit.models.bootstrap import mean_interval
from audit.models.households import households
from audit.models.proportions import newcombe, wilson
from audit.models.recall import expected_gap, held_out, in_same_state
from audit.models.uplift import balance, members_per_group, uplift
from audit.plots.dots import dots
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.campaign_returns import campaign_returns
from audit.tables.silent_patients import gap_quantiles, silent_patients, visit_gaps
from audit.wording import Labels

FIGURES = ("proof",)
HALF_YEAR = 182
FIRST_DAYS, LATER_DAYS = 7, 120
OVERDUE_CUTS = (0.5, 1.0, 1.2, 2.0, 4.0, 8.0, 16.0)
EXCLUSIONS = ("booked", "no_consent", "consent_unknown", "minor", "age_unknown", "contacted", "insured", "unhappy")
"""In the order they are checked: the first that applies is the reason told."""


class RecallParams(Params):
    """Settings of inviting back."""

    overdue_from: float = Field(1.2, gt=0, description="silence over the expected gap from which a patient is overdue")
    fewest_silent_days: int = Field(60, ge=14, description="days of silence before anybody is invited back")
    most_silent_days: int = Field(365, ge=60, description="days of silence beyond which nobody is invited, unless a campaign has shown that they come")
    held_out_share: float = Field(0.15, ge=0.1, le=0.2, description="share of each segment held out of the call by lot")
    campaign: str = Field("next", description="name of the campaign the list is drawn for; another name draws another lot")
    unknown_consent: Literal["exclude", "call"] = Field("exclude", description="patients whose permission is not recorded")
    adult_from_years: int = Field(18, ge=14, description="younger patients are invited through their guardian only")
    unknown_age: Literal["exclude", "call"] = Field("exclude", description="patients who may be children, because their age is not recorded")
    contacted_days: int = Field(90, ge=0, description="days after a campaign in which its members are left alone")
    call_insured: bool = Field(False, description="insured and company patients may be invited too")
    unhappy_score: float = Field(2.0, ge=0, le=5, description="last rating up to which a patient is not invited but heard")
    largest_household: int = Field(6, ge=2, description="patients on one telephone above which it is a company's or a default")
    cost_per_call: float = Field(0.0, ge=0, description="cost of one call, in the client's currency")
    assumed_uplift: tuple[float, float] = Field((0.0, 0.10), description="range of extra returns per call where no campaign tells")
    fewest_patients: int = Field(200, ge=50, description="patients who have come, below which no list is made")


@dataclass(frozen=True, kw_only=True)
class RecallResult(Result):
    """``due_patients`` are overdue and have been silent for ``silent_least`` to ``silent_most`` days, ``call_patients`` of them may be called and are, ``held_patients`` are held out.

    ``uplift_…`` is what the latest campaign with a hold-out brought beyond it: within 7 days, and after that within
    120; ``gross_…`` and ``held_…`` are the shares of its two groups, who had been silent for ``silent_from`` to
    ``silent_to`` days and differed by ``imbalance`` standard deviations before it. ``recall_revenue`` is what calling
    ``gain_patients`` brings that does not come unasked: those of the list who are like the campaign's, or all when none
    tells; their silence spans ``gain_days``. ``recall_gain`` is what is left of it after the calls and, where
    ``margin_share`` is known, after direct cost.
    ``list`` is one row per overdue patient.
    """

    due_patients: int
    silent_least: int
    silent_most: int
    call_patients: int
    held_patients: int
    excluded_patients: int
    segments_predict: str
    trend_z: Estimate | None
    chance_unasked: Estimate | None
    return_worth: Estimate | None
    campaign: str | None
    called: int | None
    held: int | None
    followed_days: int | None
    silent_from: int | None
    silent_to: int | None
    imbalance: Estimate | None
    gross_first: Estimate | None
    held_first: Estimate | None
    uplift_first: Estimate | None
    gross_later: Estimate | None
    held_later: Estimate | None
    uplift_later: Estimate | None
    uplift_money: Estimate | None
    recall_revenue: Estimate | None
    recall_gain: Estimate | None
    margin_share: Estimate | None
    gain_patients: int
    gain_days: int
    gain_assumed: int
    per_group: int | None
    segments: pd.DataFrame = table(
        Measure("segment", "label"), Measure("patients", "count", people=True), Measure("money_share", "share", form="bar"),
        Measure("returned", "share", interval=True), Measure("later_money", "currency", interval=True),
        Measure("scored", "count", people=True, shown=False), Measure("due", "count", people=True), Measure("n", "count", shown=False),
    )
    exclusions: pd.DataFrame = table(Measure("reason", "label"), Measure("patients", "count", people=True))
    campaigns: pd.DataFrame | None = table(
        Measure("campaign", "label"), Measure("within", "label"), Measure("called", "count", people=True),
        Measure("gross", "share"), Measure("held", "count", people=True), Measure("unasked", "share"),
        Measure("uplift", "points", interval=True, form="line"), Measure("money", "currency", interval=True, shown=False),
        Measure("n", "count", shown=False),
    )
    contacts: pd.DataFrame | None = table(
        Measure("contact", "count"), Measure("patients", "count", people=True), Measure("returned", "share", interval=True),
        Measure("opted_out", "share"), Measure("n", "count", shown=False),
    )
    list: pd.DataFrame = table(
        Measure("patient_id", "id", shown=False), Measure("group", "label", shown=False), Measure("segment", "label", shown=False),
        Measure("silent_days", "days", shown=False), Measure("expected_gap", "days", shown=False),
        Measure("chance", "share", shown=False), Measure("worth", "currency", shown=False),
        Measure("added", "share", shown=False), Measure("expected", "currency", shown=False), Measure("diagnosis", "label", shown=False),
    )


def analyse(
    patient_days: Table, first_visits: Table, patients: Table, appointments: Table, campaign_members: Table | None,
    feedback: Table | None, clv: ClvResult | None, *, period: Period, params: RecallParams,
) -> RecallResult:
    """Score everybody who has come, prove the scores on half a year held out, and list who is due."""
    end, split = period.end, period.end - timedelta(days=HALF_YEAR)
    gaps = visit_gaps(patient_days, end=end)
    cuts, then = (gap_quantiles(visit_gaps(patient_days, end=day), first_visits, quantiles=rfm.GAP_QUANTILES).to_pandas() for day in (end, split))
    now = _known(silent_patients(patient_days, first_visits, gaps, at=end, until=end), cuts)
    past = _known(silent_patients(patient_days, first_visits, gaps, at=split, until=end), then)
    past = past[~past["patient_id"].isin(_called_between(campaign_members, split, end))].reset_index(drop=True)
    if len(now) < params.fewest_patients:
        raise NotAnswerable("too_few", verdict="not_enough_data", values={"patients": len(now)})
    if then["n"].sum() == 0 or past.empty:
        raise NotAnswerable("too_short" if past.empty else "nobody_again", verdict="not_enough_data")
    proven = rfm.proof(_scores(past, then), returned=past["return_days"].notna(), money=past["later_money"], level=params.level, seed=params.seed)
    members = _members(campaign_members, patient_days, first_visits, gaps, end)
    homes = _homes(patients, params)
    campaigns, told = _campaigns(members, homes, params)
    longest = _longest(told, params)
    now = _due(now, past, longest, params)
    now["excluded"] = _excluded(now, patients, appointments, campaign_members, feedback, period, params)
    listed = _listed(now, _scores(now, cuts).segment, homes, told, params)
    facts = told | _counts(now, listed) | _worth(past, longest, params) | {"silent_least": params.fewest_silent_days, "silent_most": longest}
    contacts = _contacts(members, params.level)
    facts |= {"trend_z": exact(proven.z, "number", len(past)), "segments_predict": "yes" if proven.predicts else "partly" if proven.rises else "no"}
    facts |= _gain(facts, listed, _margin(clv), params)
    return RecallResult(
        grade=told["uplift_later"].grade if told["uplift_later"] else "C", headline=next((name for name in ("uplift_later", "recall_gain", "chance_unasked") if facts[name]), None),
        says=_says(facts, _is_unrecorded(now)),
        findings=_findings(facts, contacts, campaign_members is not None, _is_unrecorded(now), params.level),
        segments=_segments(now, cuts, proven), exclusions=_reasons(now), campaigns=campaigns,
        contacts=contacts, list=listed, **facts,
    )


def _called_between(members: Table | None, start: date, end: date) -> list[str]:
    """Patients contacted by a campaign in these days: they did not come unasked."""
    if members is None:
        return []
    called = members.filter(_.group == "called", _.contacted_on >= start, _.contacted_on < end)
    return called.select("patient_id").distinct().to_pandas()["patient_id"].tolist()


def _known(patients: Table, cuts: pd.DataFrame) -> pd.DataFrame:
    """One row per patient with the expected gap (days) and how far beyond it the silence is."""
    frame = patients.to_pandas()
    every = cuts[cuts["diagnosis"].isna()]
    clinic = float(every["q2"].iloc[0]) if len(every) and np.isfinite(every["q2"].iloc[0]) else np.nan
    usual = cuts.dropna(subset=["diagnosis"]).set_index("diagnosis")
    expected = expected_gap(
        longest=frame["longest_gap"].astype(float), gaps=frame["gaps"], usual=frame["diagnosis"].map(usual["q2"]).astype(float),
        usual_n=frame["diagnosis"].map(usual["n"]).astype(float), clinic=clinic,
    )
    return frame.assign(expected_gap=np.maximum(expected, 1.0), overdue=frame["silent_days"] / np.maximum(expected, 1.0))


def _scores(frame: pd.DataFrame, cuts: pd.DataFrame) -> rfm.Scores:
    days = cuts[cuts["diagnosis"].isna()][["q0", "q1", "q2", "q3"]].to_numpy(float)[0]
    return rfm.scores(silent=frame["silent_days"], visits=frame["visits"], money=frame["money"], gap_cuts=days)


# ------------------------------------------------------------------ who is due
def _states(frame: pd.DataFrame) -> np.ndarray:
    """Code of the state of a patient: visits so far and how far overdue."""
    often = np.searchsorted(rfm.FREQUENCY_CUTS, frame["visits"], side="right")
    return often * (len(OVERDUE_CUTS) + 1) + np.searchsorted(OVERDUE_CUTS, frame["overdue"], side="right")


def _due(now: pd.DataFrame, past: pd.DataFrame, longest: int, params: RecallParams) -> pd.DataFrame:
    """Who is overdue; chance to come within half a year unasked, and what those who came brought, in the same state.

    States of few patients lean on the overdue of half a year ago, not on everybody: patients in the middle of a course
    come and pay several times as much.
    """
    past = past[_overdue(past, longest, params)]
    states, came = 5 * (len(OVERDUE_CUTS) + 1), past["return_days"].notna()
    chance = in_same_state(state=_states(past), outcome=came, states=states)
    back = past[came]
    worth = in_same_state(state=_states(back), outcome=back["later_money"], states=states)
    state = _states(now)
    known = bool(past["later_money"].any())
    return now.assign(chance=chance[state], worth=np.maximum(worth[state], 0.0) if known else np.nan, due=_overdue(now, longest, params))


def _overdue(frame: pd.DataFrame, longest: int, params: RecallParams) -> pd.Series:
    """Silent for longer than expected of them, and neither too lately nor for more than ``longest`` days."""
    return (frame["overdue"] >= params.overdue_from) & frame["silent_days"].between(params.fewest_silent_days, longest)


def _longest(told: Mapping[str, Any], params: RecallParams) -> int:
    """Days of silence beyond which nobody is invited: as far as a campaign that is known to work has reached."""
    return max(params.most_silent_days, told["silent_to"]) if _works(told) else params.most_silent_days


def _works(told: Mapping[str, Any]) -> bool:
    return told["uplift_later"] is not None and told["uplift_later"].low > 0


def _excluded(
    now: pd.DataFrame, patients: Table, appointments: Table, members: Table | None, feedback: Table | None, period: Period,
    params: RecallParams,
) -> np.ndarray:
    """The first reason not to call each patient, empty if there is none."""
    end, who = period.end, now["patient_id"]

    def among(found: Table | None) -> np.ndarray:
        if found is None:
            return np.zeros(len(now), bool)
        return who.isin(found.select("patient_id").distinct().to_pandas()["patient_id"]).to_numpy()

    consent = who.map(patients.select("patient_id", "may_contact").to_pandas().set_index("patient_id")["may_contact"])
    refused, unknown = consent.eq(False).to_numpy(), consent.isna().to_numpy()
    lately = opted = liked = None
    if members is not None:
        opted = members.filter(ibis.coalesce(_.opted_out, False))
        # the hold-out of a campaign that is still followed must stay uncalled
        since = {"called": params.contacted_days, "held_out": LATER_DAYS}
        lately = members.filter(ibis.or_(*(
            (_.group == group) & (_.contacted_on >= end - timedelta(days=days)) for group, days in since.items()
        )))
    if feedback is not None:
        last = feedback.filter(_.source == "survey", _.patient_id.notnull(), _.given_on < end)
        latest = ibis.row_number().over(group_by="patient_id", order_by=[_.given_on.desc(), _.feedback_id])
        liked = last.mutate(latest=latest).filter(_.latest == 0, _.score <= params.unhappy_score)
    booked = appointments.filter(_.status == "booked", _.starts_at.date() >= end)
    insured = now["payer"].isin(["insurer", "corporate", "state"]).to_numpy()
    tests = {
        "booked": among(booked), "no_consent": refused | among(opted),
        "consent_unknown": unknown if params.unknown_consent == "exclude" else np.zeros(len(now), bool),
        "minor": now["age_years"].lt(params.adult_from_years).to_numpy(),
        "age_unknown": now["age_years"].isna().to_numpy() & (params.unknown_age == "exclude"), "contacted": among(lately),
        "insured": insured & (not params.call_insured), "unhappy": among(liked),
    }
    return np.select([tests[reason] for reason in EXCLUSIONS], EXCLUSIONS, "")


def _homes(patients: Table, params: RecallParams) -> pd.Series:
    """Number of each patient's household, by patient: who has one telephone hears of one call."""
    cards = patients.select("patient_id", "phone_key").order_by("patient_id").to_pandas()
    return pd.Series(households([cards["phone_key"]], largest=params.largest_household), index=cards["patient_id"])


def _listed(
    now: pd.DataFrame, segment: np.ndarray, homes: pd.Series, told: Mapping[str, Any], params: RecallParams
) -> pd.DataFrame:
    """Overdue patients who may be called; a share of every segment held out by lot, households as a whole.

    First those like the patients of a campaign that is known to work; the most money that a call adds first: what a
    patient who comes brings, times the chance a call adds, as measured or in the middle of what is assumed.
    """
    rows = now.assign(code=segment)[now["due"] & (now["excluded"] == "")]
    home = rows["patient_id"].map(homes)
    out = held_out(list(rows["patient_id"]), rows["code"], home, share=params.held_out_share, campaign=params.campaign, seed=params.seed)
    rows = rows.assign(group=np.where(out, "held_out", "call"), segment=np.asarray(rfm.SEGMENTS)[rows["code"]])
    works = _works(told)
    rows["tested"] = rows["silent_days"].between(told["silent_from"], told["silent_to"]) if works else False
    added = told["uplift_first"].value + told["uplift_later"].value if works else np.nan
    rows["added"] = np.where(rows["tested"], added, float(np.mean(params.assumed_uplift)))
    rows["expected"] = rows["added"] * rows["worth"]
    order = ["tested", "expected", "chance", "silent_days", "patient_id"]
    rows = rows.sort_values(order, ascending=[False, False, False, True, True], kind="stable")
    return rows[[measure.name for measure in RecallResult.measures("list")]].reset_index(drop=True)


def _counts(now: pd.DataFrame, listed: pd.DataFrame) -> dict[str, Any]:
    due, held = int(now["due"].sum()), int((listed["group"] == "held_out").sum())
    return {"due_patients": due, "call_patients": len(listed) - held, "held_patients": held, "excluded_patients": due - len(listed)}


def _worth(past: pd.DataFrame, longest: int, params: RecallParams) -> dict[str, Estimate | None]:
    """Of patients who were overdue half a year ago: the share that came unasked, and what each of those brought."""
    facts: dict[str, Estimate | None] = {"chance_unasked": None, "return_worth": None}
    due = past[_overdue(past, longest, params)]
    came = due["return_days"].notna()
    if len(due) < 30:
        return facts
    low, high = wilson(came.sum(), len(due), params.level)
    facts["chance_unasked"] = Estimate(came.mean(), min(low, came.mean()), max(high, came.mean()), "share", len(due), params.level)
    brought = np.sort(due.loc[came, "later_money"].to_numpy(float))
    if len(brought) >= 30 and brought.sum() > 0:
        value, (least, most) = float(brought.mean()), mean_interval(brought, params.level, params.seed)
        facts["return_worth"] = Estimate(value, min(least, value), max(most, value), "currency", len(brought), params.level)
    return facts


def _margin(clv: ClvResult | None) -> Estimate | None:
    """Share of a new patient's first-year money that is left after direct cost; None where costs are not known."""
    if clv is None or clv.margin_365 is None or clv.value_365 is None or not clv.value_365.value > 0:
        return None
    return exact(clv.margin_365.value / clv.value_365.value, "share", clv.margin_365.n)


def _gain(facts: Mapping[str, Any], listed: pd.DataFrame, margin: Estimate | None, params: RecallParams) -> dict[str, Any]:
    """Money of the list's calls beyond what comes unasked: as in the past campaign, or a range assumed.

    What a campaign brought is true of patients like its own: those of the list who have been silent as long.
    """
    every, worth, money = facts["call_patients"], facts["return_worth"], facts["uplift_money"]
    alike = int(listed["silent_days"].between(facts["silent_from"], facts["silent_to"]).sum()) if money is not None else 0
    # the share of the list that is called, not who is: a gain must not depend on the lot
    like = round(alike * every / max(len(listed), 1))
    measured, unasked = like > 0, facts["chance_unasked"]
    base = facts["held_first"].value + facts["held_later"].value if measured else unasked.value if unasked else None
    lift = facts["uplift_first"].value + facts["uplift_later"].value if measured else float(np.mean(params.assumed_uplift))
    calls = like if measured else every
    longest, shortest = facts["silent_most"], facts["silent_least"]
    if measured:
        longest, shortest = min(longest, facts["silent_to"]), max(shortest, facts["silent_from"])
    found: dict[str, Any] = {"recall_revenue": None, "recall_gain": None, "margin_share": margin, "gain_assumed": int(not measured),
                             "gain_patients": calls, "gain_days": longest - shortest + 1}
    found["per_group"] = members_per_group(base, max(lift / 2, 0.01)) if base is not None else None
    if not calls or (not measured and worth is None):
        return found
    if measured:
        each, judged = (money.value, money.low, money.high), (money.grade, money.verdict)
    else:
        least, most = params.assumed_uplift
        each, judged = (lift * worth.value, least * worth.low, most * worth.high), ("C", "weak")
    left = margin.value if margin else 1.0

    def of_all(parts: Iterable[float]) -> Estimate:
        value, low, high = (calls * part for part in parts)
        return Estimate(value, low, high, "currency", calls, params.level, *judged)

    return found | {"recall_revenue": of_all(each), "recall_gain": of_all(left * part - params.cost_per_call for part in each)}


# ------------------------------------------------------------------ segments and past campaigns
def _segments(now: pd.DataFrame, cuts: pd.DataFrame, proof: rfm.Proof) -> pd.DataFrame:
    code = _scores(now, cuts).segment
    size, whole = len(rfm.SEGMENTS), float(now["money"].clip(lower=0).sum())
    later = [np.where(whole > 0, part, np.nan) for part in (proof.money, proof.money_low, proof.money_high)]
    money = np.bincount(code, weights=now["money"].clip(lower=0), minlength=size)
    return pd.DataFrame({
        "segment": rfm.SEGMENTS, "patients": np.bincount(code, minlength=size), "money_share": money / whole if whole > 0 else np.nan,
        "returned": proof.returned, "returned_low": proof.returned_low, "returned_high": proof.returned_high,
        "later_money": later[0], "later_money_low": later[1], "later_money_high": later[2],
        "scored": proof.patients, "due": np.bincount(code, weights=now["due"] & (now["excluded"] == ""), minlength=size).astype(int),
        "n": np.bincount(code, minlength=size),
    })


def _reasons(now: pd.DataFrame) -> pd.DataFrame:
    counts = now.loc[now["due"], "excluded"].value_counts()
    return pd.DataFrame([(reason, int(counts.get(reason, 0))) for reason in EXCLUSIONS if counts.get(reason, 0)], columns=["reason", "patients"])


def _members(
    members: Table | None, patient_days: Table, first_visits: Table, gaps: Table, end: date
) -> pd.DataFrame | None:
    """Everybody drawn for a campaign: what became of them, and what was known of them (visits, silence, money) before it."""
    if members is None:
        return None
    frame = campaign_returns(members, patient_days, end=end, within=LATER_DAYS).to_pandas()
    parts = []
    for name, start in frame.groupby("campaign")["contacted_on"].min().sort_values(kind="stable").items():
        first = pd.Timestamp(start).date()
        known = silent_patients(patient_days, first_visits, gaps, at=first, until=first).to_pandas().set_index("patient_id")
        before = known[["visits", "silent_days", "money"]].add_prefix("past_")
        parts.append(frame[frame["campaign"] == name].join(before, on="patient_id"))
    return pd.concat(parts, ignore_index=True) if parts else None


def _campaigns(members: pd.DataFrame | None, homes: pd.Series, params: RecallParams) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """Every past campaign against its hold-out; the latest one leads. Gross shares stand beside, never alone."""
    names = ("campaign", "called", "held", "followed_days", "silent_from", "silent_to", "imbalance", *(f"{kind}_{when}" for when in ("first", "later") for kind in ("gross", "held", "uplift")), "uplift_money")
    facts: dict[str, Any] = dict.fromkeys(names)
    if members is None:
        return None, facts
    rows = []
    for name, mine in members.groupby("campaign", sort=False):
        came, treated = mine["return_days"], mine["is_called"].to_numpy(bool)
        # who is on no card any more is a home of his own
        home = pd.factorize(mine["patient_id"].map(homes).astype(object).fillna(mine["patient_id"]))[0]
        before = mine[["past_visits", "past_silent_days", "past_money"]].astype(float)
        alike, silent, n = balance(treated=treated, before=before), before["past_silent_days"].dropna(), len(mine)
        judged: Any = ("B", "identified") if alike.is_chance else ("C", "weak")
        windows = {"first": came <= FIRST_DAYS, "later": (came > FIRST_DAYS) & (came <= LATER_DAYS)}
        for when, seen in windows.items():
            found = uplift(treated=treated, came=seen, money=mine["money"], home=home, level=params.level, seed=params.seed)
            if found is None or silent.empty or mine["watched"].min() < FIRST_DAYS:
                continue
            n1, n0 = int(treated.sum()), int((~treated).sum())
            money = found.money if when == "later" else (np.nan,) * 3
            rows.append((name, when, n1, found.gross, n0, found.unasked, *found.share, *money, n))
            facts |= {"campaign": str(name), "called": n1, "held": n0, "followed_days": min(int(mine["watched"].min()), LATER_DAYS),
                      "silent_from": int(silent.min()), "silent_to": int(silent.max()),
                      "imbalance": exact(alike.difference, "number", n)}
            for kind, value, size in (("gross", found.gross, n1), ("held", found.unasked, n0)):
                facts[f"{kind}_{when}"] = exact(value, "share", size)
            facts[f"uplift_{when}"] = Estimate(*found.share, "points", n, params.level, *judged)
            if when == "later":
                facts["uplift_money"] = None if not mine["money"].any() else Estimate(*found.money, "currency", n, params.level, *judged)
    columns = [n for m in RecallResult.measures("campaigns") for n in m.names]
    return pd.DataFrame(rows, columns=columns) if rows else None, facts


def _contacts(members: pd.DataFrame | None, level: float) -> pd.DataFrame | None:
    """Gross response and refusals by how many times a patient had been contacted; None when nobody was twice."""
    if members is None:
        return None
    called = members[members["is_called"] & (members["watched"] >= LATER_DAYS)]
    number = called.sort_values(["contacted_on", "campaign"], kind="stable").groupby("patient_id").cumcount() + 1
    if number.empty or number.max() < 2:
        return None
    each = called.assign(number=number, came=called["return_days"].notna()).groupby("number")
    n, k, refused = each.size(), each["came"].sum(), each["opted_out"].mean()
    low, high = wilson(k, n, level)
    return pd.DataFrame({"contact": n.index, "patients": n, "returned": k / n, "returned_low": low, "returned_high": high,
                         "opted_out": refused, "n": n}).reset_index(drop=True)


# ------------------------------------------------------------------ words
def _is_unrecorded(now: pd.DataFrame) -> bool:
    """Nobody of those overdue may be called, because nobody's permission is on record."""
    reasons = set(now.loc[now["due"], "excluded"])
    return "consent_unknown" in reasons and reasons <= {"booked", "consent_unknown"}


def _says(facts: Mapping[str, Any], is_unrecorded: bool) -> dict[str, Sentence]:
    title = "gain" if facts["recall_gain"] and facts["recall_gain"].low > 0 else "due" if facts["call_patients"] else "nobody"
    title = "unasked" if is_unrecorded else title
    return {
        "title": Sentence(title), "lede": Sentence("campaign" if facts["uplift_later"] else "none"),
        "figures.proof.title": Sentence(facts["segments_predict"]),
    }


def _findings(
    facts: Mapping[str, Any], contacts: pd.DataFrame | None, has_members: bool, is_unrecorded: bool, level: float
) -> tuple[Finding, ...]:
    gain, later = facts["recall_gain"], facts["uplift_later"]
    told = (
        (later, Finding("uplift", "strength" if later and later.low > 0 else "caveat")),
        (later and later.grade == "C", Finding("groups_differ", "caveat")),
        (gain, Finding("gain_assumed" if facts["gain_assumed"] else "gain", "caveat" if facts["gain_assumed"] else "opportunity", impact=None)),
        (_tired(contacts, level), Finding("tired", "risk")),
        (facts["per_group"] and (gain or later), Finding("test_size", "caveat")),
        (facts["segments_predict"] != "yes", Finding(f"proof_{facts['segments_predict']}", "caveat")),
        (facts["excluded_patients"] and not is_unrecorded, Finding("excluded", "caveat")),
        (is_unrecorded, Finding("no_consent", "not_answered")),
        (has_members and not later, Finding("nobody_held_out", "not_answered")),
        (not has_members, Finding("no_campaign", "not_answered")),
        (facts["return_worth"] is None, Finding("no_worth", "not_answered")),
    )
    return tuple(finding for applies, finding in told if applies)


def _tired(contacts: pd.DataFrame | None, level: float) -> bool:
    """Patients contacted again respond less than at their first contact, by more than chance."""
    if contacts is None:
        return False
    n, k = contacts["n"].to_numpy(), (contacts["returned"] * contacts["n"]).round().to_numpy()
    return bool(newcombe(k[1:].sum(), n[1:].sum(), k[0], n[0], level)[1] < 0)


def proof(result: RecallResult, labels: Labels) -> Figure | None:
    """Who came in the half-year held out, by segment of half a year ago."""
    frame = result.segments.dropna(subset=["returned"])
    if len(frame) < 2:
        return None
    return dots(
        [labels.value("segment", name) for name in frame["segment"]], frame["returned"], frame["returned_low"], frame["returned_high"],
        x=labels["x"], number=lambda v: labels.number(v, "share"), height=44.0,
    )

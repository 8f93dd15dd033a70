"""Allocation: which doctors should get the new patients, and who is the example for the others?

Question   Who is good on value and satisfaction at once, and what would moving first visits to them bring?
Method     Pareto front of shrunken value and shrunken rating, with its chance, among doctors not up for a review of
           records. Linear programme over first visits within a specialty: free hours on the rota, growth and loss of
           a doctor bounded, gain from the doctors' posteriors. Additional services in a funnel (Spiegelhalter 2005).
Reads      the result of doctors.
Cannot say Whether a doctor stays as good with more patients: nothing is said beyond the bound of growth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.doctors import DoctorsResult
from audit.config import Params
from audit.errors import NotAnswerable
from audit.models.allocation import allocate
from audit.models.front import front_chance
from audit.plots.front import front
from audit.plots.funnel_plot import funnel_plot
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.wording import Labels

FIGURES = ("balance", "services")
ON_FRONT = 0.1
"""Chance from which a doctor counts as on the front: that another is better on both is not beyond chance."""


class AllocationParams(Params):
    """Settings of the proposal."""

    most_more: float = Field(0.3, gt=0, le=0.5, description="growth of one doctor's first visits up to which values may be trusted")
    most_less: float = Field(0.3, gt=0, le=1, description="share of the first visits one doctor may lose")
    fullest_rota: float = Field(0.95, gt=0, le=1, description="share of rota hours that may be filled; beyond it queues grow")


@dataclass(frozen=True, kw_only=True)
class AllocationResult(Result):
    """``proposal`` is moves, unsure, full, alike, no_rota or no_flow; without moves ``proposed`` equals ``now``.

    ``first visits`` and hours are per month. ``on_front`` is the chance that no doctor is better on value and rating.
    """

    proposal: str
    benchmark: str | None
    n_front: int
    value_days: int | None
    value_median: Estimate | None
    rating_median: Estimate | None
    moved: Estimate | None
    gain: Estimate | None
    free_hours: Estimate | None
    doctors: pd.DataFrame = table(
        Measure("doctor", "label"), Measure("value", "currency", interval=True, shown=False),
        Measure("satisfaction", "number", interval=True, shown=False), Measure("on_front", "share", form="chance"),
        Measure("services_visit", "number"), Measure("repeats", "number"), Measure("revenue", "currency"),
        Measure("revenue_hour", "currency"), Measure("margin_hour", "currency", shown=False), Measure("free_hours", "hours"),
        Measure("now", "count"), Measure("proposed", "count"), Measure("role", "label"),
        Measure("services", "ratio", interval=True, shown=False), Measure("services_expected", "number", shown=False),
        Measure("services_reading", "label", shown=False),
    )
    services_limits: pd.DataFrame | None = table(
        Measure("expected", "number"), Measure("near_low", "ratio"), Measure("near_high", "ratio"),
        Measure("wide_low", "ratio"), Measure("wide_high", "ratio"), Measure("usual_low", "ratio"),
        Measure("usual_high", "ratio"),
    )


def analyse(doctors: DoctorsResult, *, params: AllocationParams) -> AllocationResult:
    """Front and benchmark, then the split of first visits that the free hours allow."""
    if doctors.clinic_value is None:
        raise NotAnswerable("no_value", verdict="not_available")
    frame = doctors.doctors.copy()
    fit = frame["reading"].isin(["above", "as_clinic", "below"]).to_numpy()
    frame["on_front"] = front_chance(_triple(frame, "value"), _triple(frame, "satisfaction"), eligible=fit,
                                     level=params.level, seed=params.seed)
    frame["role"] = _roles(frame, doctors)
    filled = frame["rota_filled"].fillna(0)
    frame["free_hours"] = frame["hours"] * (params.fullest_rota - filled).clip(lower=0)
    proposal, facts = _proposal(frame, doctors, params)
    frame["proposed"] = facts.pop("proposed")
    frame["repeats"] = frame["repeats_365"].fillna(frame["repeats_90"])
    good, at = frame.loc[frame["role"] == "benchmark", "doctor"], int((frame["on_front"] >= ON_FRONT).sum())
    columns = [name for measure in AllocationResult.measures("doctors") for name in measure.names]
    facts |= {"proposal": proposal, "benchmark": ", ".join(good) or None, "n_front": at, "value_days": doctors.value_days}
    facts |= {"value_median": _median(frame, "value", "currency"), "rating_median": _median(frame, "satisfaction", "number")}
    return AllocationResult(
        grade="C", headline="gain" if facts["gain"] else "value_median" if facts["value_median"] else None,
        says=_says(facts, frame, doctors.services_limits), findings=_findings(facts, frame, doctors), **facts,
        doctors=frame[columns].reset_index(drop=True), services_limits=doctors.services_limits,
    )


def _triple(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[[name, f"{name}_low", f"{name}_high"]].to_numpy(float)


def _median(frame: pd.DataFrame, name: str, unit: Any) -> Estimate | None:
    known = frame[name].dropna()
    return exact(float(known.median()), unit, len(known)) if len(known) > 1 else None


def _roles(frame: pd.DataFrame, doctors: DoctorsResult) -> np.ndarray:
    """Benchmark: on the front and worth no less, liked no less than the middle doctor; the rest as they read."""
    ahead = (frame["on_front"] >= ON_FRONT) & (frame["value"] >= frame["value"].median())
    ahead &= (frame["satisfaction"] >= frame["satisfaction"].median()) & (frame["reading"] != "below")
    return np.where(ahead & (doctors.different > 0), "benchmark", frame["reading"])


def _proposal(frame: pd.DataFrame, doctors: DoctorsResult, params: AllocationParams) -> tuple[str, dict[str, Any]]:
    """What is proposed, or why nothing is."""
    now = frame["now"].to_numpy(float)
    facts: dict[str, Any] = {"proposed": now, "moved": None, "gain": None, "free_hours": None}
    if frame["hours"].isna().all() or frame["rota_filled"].isna().all():
        return "no_rota", facts
    free = frame["free_hours"].fillna(0).to_numpy(float)
    facts["free_hours"] = exact(float(free.sum()), "hours", int((free > 0).sum()))
    if not doctors.different:
        return "alike", facts
    # Nobody is sent to a doctor up for review, to one too new to be known, or to one liked less than the middle.
    liked = frame["satisfaction"].isna() | (frame["satisfaction_high"] >= frame["satisfaction"].median())
    may_grow = (frame["role"].isin(["benchmark", "above", "as_clinic"]) & liked).to_numpy()
    if not now.sum():
        return "no_flow", facts
    if not (free[may_grow] > 0).any():
        return "full", facts
    found = allocate(
        _triple(frame, "value"), now, group=frame["specialty"].fillna("").to_numpy(str), hours_each=frame["hours_each"],
        free_hours=free, may_grow=may_grow, most_more=params.most_more, most_less=params.most_less,
        level=params.level, seed=params.seed,
    )
    n = int(frame["n"].sum())
    moved = float(np.abs(found.proposed - now).sum() / 2)
    if found.chance < params.level or moved < 1:
        return "unsure" if moved >= 1 else "full", facts
    gain = Estimate(found.gain, found.low, found.high, "currency", n, params.level, "C", "weak")
    return "moves", facts | {"proposed": found.proposed, "moved": exact(moved, "count", n), "gain": gain}


def _says(facts: dict[str, Any], frame: pd.DataFrame, limits: pd.DataFrame | None) -> dict[str, Sentence]:
    usual = limits is not None and bool(limits["usual_low"].notna().any())
    beyond = frame["services_reading"].isin(["above", "below"])
    known = frame["services_reading"] != "unknown"
    names = {"names": ", ".join(frame.loc[frame["services_reading"] == "above", "doctor"])}
    title = facts["proposal"] if facts["proposal"] == "moves" else "benchmark" if facts["benchmark"] else "nobody"
    services = ("above" if names["names"] else "inside") if known.any() else "unknown"
    lede = facts["proposal"]
    return {
        "figures.services.subtitle": Sentence("usual" if usual else "chance"),
        "title": Sentence(title), "lede": Sentence(lede),
        "figures.balance.title": Sentence("benchmark" if facts["benchmark"] else "nobody"),
        "figures.services.title": Sentence(services, names | {"outside": int(beyond.sum())}),
        "tables.doctors.title": Sentence("moves" if facts["proposal"] == "moves" else "as_now"),
    }


def _findings(facts: dict[str, Any], frame: pd.DataFrame, doctors: DoctorsResult) -> tuple[Finding, ...]:
    review = frame.loc[frame["reading"] == "review", "doctor"]
    evidence = {"names": ", ".join(review)}
    gap = {"raised": doctors.raised, "raised_raw": doctors.raised_raw}
    told = (
        (facts["gain"], Finding("move", "opportunity", impact=facts["gain"])),
        (facts["proposal"] == "full", Finding("full", "caveat")),
        (facts["proposal"] == "unsure", Finding("unsure", "caveat")),
        (len(review), Finding("review_first" if doctors.signs == 3 else "review_first_two_signs", "risk", evidence)),
        (doctors.raised and doctors.raised_raw, Finding("gap", "caveat", gap)),
        (doctors.duty == "differs", Finding("patients_choose", "caveat")),
        (not facts["rating_median"], Finding("no_ratings", "not_answered")),
        (facts["proposal"] == "no_rota", Finding("no_rota", "not_answered")),
        (doctors.services_limits is None, Finding("no_services", "not_answered")),
    )
    return tuple(finding for applies, finding in told if applies)


def balance(result: AllocationResult, labels: Labels) -> Figure | None:
    """Shrunken value against shrunken rating with both intervals, the middle doctor's lines and the front."""
    frame = result.doctors.dropna(subset=["value", "satisfaction"])
    if len(frame) < 2 or result.value_median is None or result.rating_median is None:
        return None
    return front(
        _triple(frame, "satisfaction"), _triple(frame, "value"), names=list(frame["doctor"]),
        marked=(frame["role"] == "benchmark").to_numpy(), hollow=(frame["role"] == "review").to_numpy(),
        on_front=(frame["on_front"] >= ON_FRONT).to_numpy(), middle=(result.rating_median.value, result.value_median.value),
        middle_text=labels["middle"], front_text=labels["front"], hollow_text=labels["review"], x=labels["x"], y=labels["y"],
        x_number=lambda v: labels.number(v, "number"), y_number=lambda v: labels.number(v, "currency"),
    )


def services(result: AllocationResult, labels: Labels) -> Figure | None:
    """Additional services over what the cases explain, with the limits of chance and of the usual difference."""
    limits, frame = result.services_limits, result.doctors.dropna(subset=["services"])
    if limits is None or len(frame) < 2:
        return None
    usual = (limits["usual_low"], limits["usual_high"]) if limits["usual_low"].notna().any() else None
    return funnel_plot(
        frame["services_expected"], frame["services"], names=list(frame["doctor"]),
        marked=frame["services_reading"].isin(["above", "below"]), centre=1.0, centre_text=labels["centre"],
        limits_n=limits["expected"], near=(limits["near_low"], limits["near_high"]),
        wide=(limits["wide_low"], limits["wide_high"]), usual=usual, limits_text="",
        x=labels["x"], height=56, number=lambda v: labels.number(v, "ratio"),
    )

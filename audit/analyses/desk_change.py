"""Desk change: has conversion changed by who answers or by how, and what did a training do?

Question   Did the common conversion change, and is that the training's doing?
Method     Kitagawa (1955) for mix and rate between the periods; for a training, difference in differences of
           logits by administrator with untrained colleagues as controls: standardised for hour, weekday,
           channel and branch, the rates before shrunken so that choosing the weakest is no gain, the
           administrators being the observations (Donald & Lang 2007), chance of the choice by permutation, the
           half-years before as a placebo. Without one: the effect that a training of every second administrator would show.
Reads      opportunities, enquiries; events if there are any. Who was trained and when is told by the client (``trained``, ``trained_on``).
Cannot say What a change of everybody at once did: colleagues who stayed as they were are the only measure of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.counted import share
from audit.models.rate_change import RateChange, rate_change
from audit.models.standardise import standardise_rates
from audit.models.training import TrainingEffect, detectable, training_effect
from audit.plots import dots, theme, waterfall
from audit.results import Estimate, Finding, Kind, Measure, Result, Sentence, exact, table
from audit.tables import contacts
from audit.wording import Labels

FIGURES = ("parts", "each")
STRATA = ("part", "weekday", "channel", "branch")
DESIGN_WEEKS = (8, 13, 26)
TOGETHER_DAYS = 42
"""Two changes within six weeks cannot be told apart afterwards."""


class DeskChangeParams(Params):
    """Settings of the analysis; who was trained is the client's to say."""

    trained: tuple[str, ...] = Field((), description="administrators who were trained, by code, from the client")
    trained_on: date | None = Field(None, description="first day after the training, from the client")
    weeks: int = Field(26, ge=4, description="weeks compared before and after a training")
    fewest: int = Field(30, ge=8, description="answered new callers below which an administrator is not judged")
    hour_edges: tuple[int, ...] = Field((11, 14, 17), description="hours at which the parts of the day begin")


@dataclass(frozen=True, kw_only=True)
class DeskChangeResult(Result):
    """``change`` is conversion now over before; ``effect`` the training's, in points of booked among answered new callers.

    ``raw_effect`` holds regression to the mean still, ``regression`` is what of it would have come by itself.
    ``training`` is known, not_told, everybody, nobody_known, few or too_early.
    """

    outcome: str
    training: str
    trained_names: str | None
    trained_on: date | None
    conversion: Estimate | None
    conversion_before: Estimate | None
    change: Estimate | None
    mix: Estimate | None
    rate: Estimate | None
    effect: Estimate | None
    effect_bookings: Estimate | None
    raw_effect: Estimate | None
    regression: Estimate | None
    placebo: Estimate | None
    chance: Estimate | None
    detectable: Estimate | None
    administrators_count: int
    no_number_share: Estimate | None
    change_by: pd.DataFrame | None = table(
        Measure("administrator", "label"), Measure("weight_before", "share"), Measure("weight", "share"),
        Measure("conversion_before", "share"), Measure("conversion", "share"),
        Measure("mix", "points"), Measure("rate", "points"),
    )
    colleagues: pd.DataFrame | None = table(
        Measure("administrator", "label"), Measure("group", "label"), Measure("booked_before", "share"), Measure("booked", "share"),
        Measure("change", "points", interval=True, form="line"), Measure("n", "count", people=True),
    )
    design: pd.DataFrame | None = table(
        Measure("weeks", "count"), Measure("callers", "count"), Measure("points", "points"), Measure("bookings", "number"),
    )


def analyse(opportunities: Table, enquiries: Table, events: Table | None, *, period: Period, params: DeskChangeParams) -> DeskChangeResult:
    """Mix and rate between the periods; the training against colleagues, or the test that would show one."""
    now, past = period.present, period.past
    opportunities = contacts.persons(opportunities, enquiries)
    calls, outcome = contacts.answered(opportunities)
    cells, before = (contacts.answered_cells(calls, days, params.hour_edges) for days in (now, past))
    if not cells.n.sum():
        raise NotAnswerable("no_answered", verdict="not_enough_data")
    if outcome == "booking" and not cells.k.sum():
        raise NotAnswerable("not_followed", verdict="not_available")
    split = rate_change(before, cells, unit="administrator", level=params.level, seed=params.seed, fewest=params.fewest)
    booked = contacts.booked(opportunities)
    known, found = _training(booked, period, params)
    design = _design(booked, period, params) if found is None else None
    joint = _other_events(events, params) if found is not None and events is not None else ""
    facts: dict[str, Any] = {
        "outcome": outcome, "training": known, "trained_names": ", ".join(params.trained) or None, "trained_on": params.trained_on,
        "conversion": share(cells.k.sum(), cells.n.sum(), params.level),
        "conversion_before": share(before.k.sum(), before.n.sum(), params.level),
        "change": split.ratio if split else None, "mix": split.mix if split and len(split.by) > 1 else None, "rate": split.rate if split else None,
        **_effect(found, booked, joint, period, params),
        "administrators_count": cells.administrator.nunique(), "no_number_share": share(*contacts.without_number(enquiries, now), params.level), "detectable": exact(float(design.points.iloc[1]), "points", int(design.callers.iloc[1])) if design is not None else None,
    }
    return DeskChangeResult(
        grade=facts["effect"].grade if facts["effect"] else "C", headline="effect" if facts["effect"] else "change" if facts["change"] else None,
        says=_says(facts), findings=_findings(facts, design, joint), **facts, change_by=_change_by(split),
        colleagues=found.frame if found is not None else None, design=design,
    )


# ---------------------------------------------------------------------- training
@dataclass(frozen=True)
class _Found:
    effect: TrainingEffect
    frame: pd.DataFrame
    months: float


def _training(booked: Table, period: Period, params: DeskChangeParams) -> tuple[str, _Found | None]:
    """What is known of a training, and its effect if colleagues allow one."""
    if not params.trained or params.trained_on is None:
        return "not_told", None
    length, day = timedelta(weeks=params.weeks), params.trained_on
    end = min(day + length, period.end)
    if day - length < period.start - timedelta(days=7) or (end - day).days < 28:
        return "too_early", None
    days = Days(start=max(day - length, period.start), end=day), Days(start=day, end=end)
    frame = _rates(booked, days, params)
    trained = frame.administrator.isin(params.trained)
    if not trained.any():
        return "nobody_known", None
    if trained.all():
        return "everybody", None
    found = _estimated(frame, params)
    if found is None:
        return "few", None
    return "known", _Found(found, _colleagues(frame, found, params), days[1].months)


def _rates(booked: Table, days: tuple[Days, Days], params: DeskChangeParams) -> pd.DataFrame:
    """Rates of each administrator with enough callers on both sides, as if all had had the same callers."""
    parts = [contacts.answered_cells(booked, part, params.hour_edges).assign(side=side) for side, part in enumerate(days)]
    cells = pd.concat(parts, ignore_index=True)
    cells = cells[cells.administrator.notna()]
    sums = cells.pivot_table(index="administrator", columns="side", values="n", aggfunc="sum", fill_value=0)
    enough = sums.index[(sums.reindex(columns=[0, 1], fill_value=0) >= params.fewest).all(axis=1)]
    cells = cells[cells.administrator.isin(enough)]
    names = sorted(enough)
    columns = ["administrator", "rate0", "rate1", "n0", "n1"]
    if not names:
        return pd.DataFrame(columns=columns)
    unit = cells.administrator.map({name: i for i, name in enumerate(names)}) * 2 + cells.side
    fair = standardise_rates(cells.k, cells.n, unit=unit, strata={name: cells[name] for name in STRATA}).direct.reshape(-1, 2)
    n = sums.loc[names].to_numpy(float)
    return pd.DataFrame(dict(zip(columns, [names, fair[:, 0], fair[:, 1], n[:, 0], n[:, 1]], strict=True)))


def _estimated(frame: pd.DataFrame, params: DeskChangeParams) -> TrainingEffect | None:
    return training_effect(
        rate_before=frame.rate0, trials_before=frame.n0, rate_after=frame.rate1, trials_after=frame.n1,
        trained=frame.administrator.isin(params.trained), level=params.level, seed=params.seed,
    )


def _colleagues(frame: pd.DataFrame, effect: TrainingEffect, params: DeskChangeParams) -> pd.DataFrame:
    group = np.where(frame.administrator.isin(params.trained), "trained", "colleague")
    rows = pd.DataFrame({
        "administrator": frame.administrator, "group": group, "booked_before": frame.rate0, "booked": frame.rate1,
        "change": effect.change[:, 0], "change_low": effect.change[:, 1], "change_high": effect.change[:, 2], "n": (frame.n0 + frame.n1).astype(int),
    })
    return rows.sort_values(["group", "administrator"], ascending=[False, True], ignore_index=True)


def _effect(found: _Found | None, booked: Table, joint: str, period: Period, params: DeskChangeParams) -> dict[str, Estimate | None]:
    """The effect and its checks; weak where they were apart before or something else changed within six weeks."""
    names = ("effect", "effect_bookings", "raw_effect", "regression", "placebo", "chance")
    if found is None:
        return dict.fromkeys(names)
    e, n = found.effect, int(found.frame.n.sum())
    value, low, high = e.points
    monthly = [amount / found.months for amount in e.successes]
    placebo = _placebo(booked, period, params)
    clean = not joint and placebo is not None and not placebo.is_off_zero
    return {
        "effect": Estimate(value, low, high, "points", n, params.level, "B" if clean else "C", "identified" if clean else "weak"),
        "effect_bookings": Estimate(monthly[0], monthly[1], monthly[2], "number", n, params.level, "B"),
        "raw_effect": exact(e.raw, "points", n), "regression": exact(e.raw - value, "points", n),
        "placebo": placebo, "chance": exact(e.p, "share", len(found.frame)),
    }


def _placebo(booked: Table, period: Period, params: DeskChangeParams) -> Estimate | None:
    """The same comparison between the two halves before the training, when it had no effect yet."""
    assert params.trained_on is not None
    half = timedelta(weeks=params.weeks // 2)
    middle = params.trained_on - half
    start = max(middle - half, period.start)
    if start >= middle:
        return None
    frame = _rates(booked, (Days(start=start, end=middle), Days(start=middle, end=params.trained_on)), params)
    found = _estimated(frame, params) if len(frame) else None
    if found is None:
        return None
    value, low, high = found.points
    return Estimate(value, low, high, "points", int((frame.n0 + frame.n1).sum()), params.level, "B")


def _other_events(events: Table, params: DeskChangeParams) -> str:
    """Other events of the desk, of price or of advertising within six weeks of the training."""
    assert params.trained_on is not None
    near = timedelta(days=TOGETHER_DAYS)
    rows = contacts.events_near(events, params.trained_on - near, params.trained_on + near)
    return ", ".join(rows.event[pd.to_datetime(rows.from_day).dt.date != params.trained_on])


def _design(booked: Table, period: Period, params: DeskChangeParams) -> pd.DataFrame | None:
    """What a training of every second administrator would show after so many weeks, at the callers of the last ones."""
    last = Days(start=max(period.start, period.end - timedelta(weeks=params.weeks)), end=period.end)
    middle = last.start + timedelta(days=last.days // 2)
    frame = _rates(booked, (Days(start=last.start, end=middle), Days(start=middle, end=last.end)), params)
    if len(frame) < 4:
        return None
    callers, rate = (frame.n0 + frame.n1).to_numpy(float), float((frame.rate0 * frame.n0 + frame.rate1 * frame.n1).sum() / (frame.n0 + frame.n1).sum())
    quiet = training_effect(rate_before=frame.rate0, trials_before=frame.n0, rate_after=frame.rate1, trials_after=frame.n1,
                            trained=np.arange(len(frame)) % 2 == 0, level=params.level, seed=params.seed)
    rows = []
    for weeks in DESIGN_WEEKS:
        each = callers * weeks * 7 / last.days
        least = detectable(rate=rate, trials=each, spread=quiet.spread if quiet else 0.0, level=params.level)
        if least is not None:
            rows.append([weeks, round(each.sum()), least, least * callers.sum() / 2 / last.months])
    return _frame("design", rows) if rows else None


def _change_by(split: RateChange | None) -> pd.DataFrame | None:
    return split.by.rename(columns={"unit": "administrator"}) if split is not None else None


# ---------------------------------------------------------------------- what to say
def _says(facts: Mapping[str, Any]) -> dict[str, Sentence]:
    effect, change, rate = facts["effect"], facts["change"], facts["rate"]
    by = "alone" if change is not None and facts["mix"] is None else "nothing" if rate is None or change is None or (change.low <= 1 <= change.high) else "rate" if abs(rate.value) >= abs(facts["mix"].value) else "mix"
    kind = ("helped" if effect.low > 0 else "harmed" if effect.high < 0 else "open") if effect else f"by_{by}" if change else "no_before"
    return {
        "title": Sentence(kind), "lede": Sentence("training" if effect else "no_before" if not change else "alone" if by == "alone" else "change"),
        "figures.parts.title": Sentence(f"by_{by}"), "notes.decide": Sentence("known" if effect else "test" if facts["detectable"] else "weeks"),
    }


def _findings(facts: Mapping[str, Any], design: pd.DataFrame | None, joint: str) -> tuple[Finding, ...]:
    found = []
    effect, rate, placebo = facts["effect"], facts["rate"], facts["placebo"]
    if effect is not None:
        kind: Kind = "strength" if effect.low > 0 else "risk" if effect.high < 0 else "caveat"
        found.append(Finding(f"effect_{kind}", kind))
        if abs(facts["regression"].value) >= 0.005:
            found.append(Finding("regression", "caveat"))
    if placebo is not None:
        found.append(Finding("placebo_off" if placebo.is_off_zero else "placebo_quiet", "caveat"))
    if facts["no_number_share"] and facts["no_number_share"].value >= contacts.TOLD_FROM:
        found.append(Finding("no_numbers", "caveat"))
    if joint:
        found.append(Finding("joint", "caveat", {"others": joint}))
    if rate is not None and facts["mix"] is not None:
        kind = "strength" if rate.low > 0 else "risk" if rate.high < 0 else "caveat"
        found.append(Finding(f"changed_{kind}", kind))
    if design is not None:
        found.append(Finding("design", "opportunity", {
            "weeks": int(design.weeks.iloc[1]), "points": exact(float(design.points.iloc[1]), "points", int(design.callers.iloc[1]))}))
    alone = design is None and facts["training"] == "not_told"
    lacks = {"no_before": facts["change"] is None, "training_alone" if alone else f"training_{facts['training']}": effect is None}
    return (*found, *(Finding(key, "not_answered") for key, lacking in lacks.items() if lacking))


# ---------------------------------------------------------------------- figures
def parts(result: DeskChangeResult, labels: Labels) -> Figure | None:
    """From the conversion before to that of now: who answers, how they answer."""
    if result.mix is None or result.rate is None or result.conversion is None or result.change_by is None:
        return None
    by = result.change_by
    start = float(by.weight_before.fillna(0) @ by.conversion_before.fillna(0))
    end = float(by.weight.fillna(0) @ by.conversion.fillna(0))
    return waterfall.waterfall(
        [labels["mix"], labels["rate"]], [result.mix.value, result.rate.value], start=(labels["before"], start), end=labels["now"],
        number=lambda value: labels.number(value, "share"), signed=lambda value: labels.text("signed", value=exact(value, "points", 1)),
        whisker=waterfall.Whisker(end + result.rate.low - result.rate.value, end + result.rate.high - result.rate.value), accent=1,
        width=theme.HALF, height=50,
    )


def each(result: DeskChangeResult, labels: Labels) -> Figure | None:
    """Change of every administrator, the trained marked; without a training how each added to the change."""
    if result.colleagues is not None:
        rows = result.colleagues
        return dots.dots(
            [labels.text("row", code=code) for code in rows.administrator], rows.change, rows.change_low, rows.change_high,
            marked=list(rows.group == "trained"), goal=0.0, x=labels["x"], number=lambda v: labels.number(v, "points"), height=50,
        )
    if result.change_by is None:
        return None
    rows = result.change_by.dropna(subset=["conversion", "conversion_before"])
    if len(rows) < 2:
        return None
    return dots.dots(
        [labels.text("row", code=code) for code in rows.administrator], rows.conversion,
        rows[["conversion", "conversion_before"]].min(axis=1), rows[["conversion", "conversion_before"]].max(axis=1), raw=rows.conversion_before, raw_text=labels["before"], x=labels["x_rate"], number=lambda v: labels.number(v, "share"), height=50,
    )


def _frame(name: str, rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[part for measure in DeskChangeResult.measures(name) for part in measure.names])

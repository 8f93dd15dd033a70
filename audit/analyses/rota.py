"""Rota: which hours of the rota to move from quiet to full hours, within the rooms there are.

Question   Do doctors work when patients want to come, and which hours should move?
Method     Used over rota hours by weekday and hour. Linear programme: the same hours, never more than the rooms, nobody driven
           out, each hour of the week changed by a bounded share. What full hours turn away is assumed in a range.
Reads      shifts, rooms, the result of capacity.
Cannot say Whether doctors can work at other hours, and how many patients full hours really turn away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models.counted import times
from audit.models.occupancy import week_grid
from audit.models.roster import propose
from audit.plots.heatmap import heatmap
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.rostered_hours import rota_patterns
from audit.wording import Labels

FIGURES = ("fit", "change")
NOON, EVENING = 12, 17
PARTS = ("morning", "afternoon", "evening")


class RotaParams(Params):
    """Settings of the rota."""

    ceiling: float = Field(0.85, gt=0, lt=1, description="load of the rota from which an hour counts as full")
    most_change: float = Field(0.5, gt=0, le=1, description="share of an hour's rota that may move")
    turned_away: tuple[float, float] = Field((0.0, 0.2), description="assumed demand full hours turn away, of what they see")
    quiet_hours: int = Field(3, ge=1, le=6, description="length of the quietest window that is looked for")
    weeks_needed: int = Field(8, ge=2, description="weeks from which a quiet window is told")
    least_moved: float = Field(1.0, ge=0, description="hours a week below which no move is proposed")


@dataclass(frozen=True, kw_only=True)
class RotaResult(Result):
    """Hours are per week. ``proposal`` is moves, open (rooms are free at full hours but no rota hours are), full or fits.

    ``moved_hours`` go to full hours, ``more_hours`` of patients would then be seen; ``addable_hours`` are open and unstaffed in
    rooms at full hours. ``quiet_…`` is the stretch of hours with the lowest room load.
    """

    proposal: str
    rota_hours: Estimate
    full_hours: Estimate | None
    moved_hours: Estimate | None
    more_hours: Estimate | None
    gain: Estimate | None
    addable_hours: Estimate | None
    ceiling: Estimate
    peak_weekday: int | None
    peak_hour: int | None
    peak_load: Estimate | None
    quiet_weekday: int | None
    quiet_from: int | None
    quiet_to: int | None
    quiet_load: Estimate | None
    moves: pd.DataFrame | None = table(
        Measure("weekday", "label"), Measure("part", "label"), Measure("rooms", "hours"), Measure("used", "hours"),
        Measure("staffed", "hours"), Measure("proposed", "hours"), Measure("change", "hours"), Measure("load", "share", form="bar"),
        Measure("load_after", "share"),
    )
    cells: pd.DataFrame = table(
        Measure("weekday", "number"), Measure("hour", "number"), Measure("rooms", "hours"), Measure("staffed", "hours"),
        Measure("used", "hours"), Measure("load", "share"), Measure("proposed", "hours"), Measure("change", "hours"),
    )


def analyse(shifts: Table, rooms: Table, capacity: CapacityResult, *, period: Period, params: RotaParams) -> RotaResult:
    """The rota of the present by hour of the week, against what is used and what the rooms hold."""
    if capacity.heat is None:
        raise NotAnswerable("no_times", verdict="not_available")
    now = period.present
    weeks = now.days / 7
    patterns = rota_patterns(shifts, rooms, start=now.start, end=now.end).to_pandas()
    grid = week_grid(patterns.weekday, patterns.start, patterns.length, patterns.times) / 60 / weeks
    heat = capacity.heat
    cells = pd.DataFrame({
        "weekday": heat.weekday, "hour": heat.hour, "rooms": heat.open_hours / weeks, "used": heat.used_hours / weeks,
        "staffed": grid[heat.weekday.to_numpy(int), heat.hour.to_numpy(int)],
    })
    if not cells.staffed.sum() > 0:
        raise NotAnswerable("no_rota", verdict="not_available")
    cells["load"] = (cells.used / cells.staffed).where(cells.staffed > 0)
    is_full = (cells.load >= params.ceiling).to_numpy()
    least, most = params.turned_away
    found = propose(
        cells.used, cells.staffed, cells.rooms, np.where(is_full, most * cells.used, 0.0), ceiling=params.ceiling, most_change=params.most_change
    )
    moves = found.moved >= params.least_moved
    cells["proposed"] = found.staffed if moves else cells.staffed
    cells["change"] = cells.proposed - cells.staffed
    spare = float((cells.rooms - cells.staffed).clip(lower=0)[is_full].sum())
    n = round(weeks)
    facts: dict[str, Any] = {
        "proposal": "fits" if not is_full.any() else "moves" if moves else "open" if spare >= params.least_moved else "full",
        "rota_hours": exact(float(cells.staffed.sum()), "hours", n),
        "full_hours": exact(float(cells.staffed[is_full].sum()), "hours", n) if is_full.any() else None,
        "moved_hours": exact(found.moved, "hours", n) if moves else None,
        "more_hours": _more(cells, is_full, (least, most), n, params) if moves else None,
        "addable_hours": exact(spare, "hours", n) if spare > 0 and is_full.any() else None,
        "ceiling": exact(params.ceiling, "share", 0), **_peak(cells, n), **_quiet(cells, weeks, params),
    }
    facts["gain"] = _gain(facts["more_hours"], capacity.hour_value, weeks / now.months)
    columns = [measure.name for measure in RotaResult.measures("cells")]
    return RotaResult(
        grade="C" if moves else "A", headline="moved_hours" if moves else "rota_hours", says=_says(facts), findings=tuple(_findings(facts)),
        moves=_moves(cells) if moves else None, cells=cells[columns], **facts,
    )


def _more(cells: pd.DataFrame, is_full: np.ndarray, turned_away: tuple[float, float], n: int, params: RotaParams) -> Estimate | None:
    """Patient hours more, when full hours turn away the middle, the least and the most that is assumed."""
    room = params.ceiling * cells.change.clip(lower=0)[is_full]
    middle, least, most = (float(np.minimum(share * cells.used[is_full], room).sum()) for share in (sum(turned_away) / 2, *turned_away))
    return Estimate(middle, least, most, "hours", n, params.level, "C", "weak") if middle > 0 else None


def _gain(more: Estimate | None, hour_value: Estimate | None, weeks: float) -> Estimate | None:
    if more is None or hour_value is None or not hour_value.low >= 0:
        return None
    return times(more.scaled(weeks), hour_value, "currency")


def _peak(cells: pd.DataFrame, n: int) -> dict[str, Any]:
    row = cells.loc[cells.load.idxmax()]
    return {"peak_weekday": int(row.weekday), "peak_hour": int(row.hour), "peak_load": exact(float(row.load), "share", n)}


def _quiet(cells: pd.DataFrame, weeks: float, params: RotaParams) -> dict[str, Any]:
    """The stretch of neighbouring open hours in which rooms are used least; not told from a few weeks."""
    facts: dict[str, Any] = dict.fromkeys(("quiet_weekday", "quiet_from", "quiet_to", "quiet_load"))
    if weeks < params.weeks_needed:
        return facts
    found: list[tuple[float, int, int]] = []
    for weekday, day in cells[cells.rooms > 0].groupby("weekday"):
        for i in range(len(day) - params.quiet_hours + 1):
            part = day.iloc[i : i + params.quiet_hours]
            if part.hour.iloc[-1] - part.hour.iloc[0] == params.quiet_hours - 1:
                found.append((float(part.used.sum() / part.rooms.sum()), int(weekday), int(part.hour.iloc[0])))
    if not found:
        return facts
    load, weekday, hour = min(found)
    return {
        "quiet_weekday": weekday, "quiet_from": hour, "quiet_to": hour + params.quiet_hours, "quiet_load": exact(load, "share", round(weeks)),
    }


def _moves(cells: pd.DataFrame) -> pd.DataFrame:
    """The proposal by weekday and part of the day, the largest gains first."""
    part = np.select([cells.hour < NOON, cells.hour < EVENING], PARTS[:2], PARTS[2])
    summed = cells.assign(part=part).groupby(["weekday", "part"])[["rooms", "used", "staffed", "proposed", "change"]].sum().reset_index()
    summed = summed[(summed.staffed > 0) | (summed.proposed > 0)]
    summed["load"], summed["load_after"] = summed.used / summed.staffed.where(summed.staffed > 0), summed.used / summed.proposed.where(summed.proposed > 0)
    shown = summed[summed.change.abs() >= 0.25].sort_values(["change", "weekday", "part"], ascending=[False, True, True], ignore_index=True)
    return shown.assign(weekday=shown.weekday.astype(str))[[measure.name for measure in RotaResult.measures("moves")]]


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any]) -> dict[str, Sentence]:
    return {
        "title": Sentence(facts["proposal"]), "lede": Sentence(facts["proposal"]),
        "notes.decide": Sentence("moves" if facts["proposal"] == "moves" else "keep"),
    }


def _findings(facts: Mapping[str, Any]) -> list[Finding]:
    told = (
        (facts["moved_hours"] and facts["gain"], Finding("move", "opportunity", impact=facts["gain"])),
        (facts["moved_hours"] and not facts["gain"], Finding("move_hours", "opportunity")),
        (facts["addable_hours"] and facts["addable_hours"].value >= 1, Finding("add", "opportunity")),
        (facts["proposal"] == "full", Finding("full", "risk")),
        (facts["quiet_load"] and facts["quiet_load"].value < facts["ceiling"].value, Finding("quiet", "caveat")),
        (facts["quiet_load"] is None, Finding("no_quiet", "not_answered")),
    )
    return [finding for applies, finding in told if applies]


# ------------------------------------------------------------------ figures
def _grid(result: RotaResult, column: str, labels: Labels, text: Any, least: float, most: float) -> Figure:
    grid = result.cells.pivot(index="weekday", columns="hour", values=column).reindex(range(7))
    staffed = result.cells.pivot(index="weekday", columns="hour", values="staffed").reindex(range(7))
    return heatmap(
        grid.where(staffed.notna() & ((staffed > 0) | (grid.abs() > 0))).to_numpy(float), rows=[labels.weekday(i) for i in range(7)],
        columns=[str(hour) for hour in grid.columns], text=text, least=least, most=most, height=50.0,
    )


def fit(result: RotaResult, labels: Labels) -> Figure | None:
    """Rota hours used by weekday and hour, above 100 % where they were."""
    return _grid(result, "load", labels, lambda value: f"{100 * value:.0f}", 0.0, 1.0)


def change(result: RotaResult, labels: Labels) -> Figure | None:
    """Proposed change of the rota by weekday and hour: dark hours gain, pale ones give."""
    size = float(result.cells.change.abs().max())
    if result.moves is None or not size > 0:
        return None
    return _grid(result, "change", labels, lambda value: f"{value:+.1f}".replace("-", "−") if abs(value) >= 0.05 else "0", -size, size)

"""A small analysis with its result, for tests of words and pages."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType

import pandas as pd
from ibis.expr.types import Table

from audit.config import HOUSE, ClientConfig, Days, Params, Period
from audit.plots import theme
from audit.results import Estimate, Finding, Measure, Result, Sentence, Unanswered, exact, table
from audit.wording import Words
from audit.workbench.page import Page

FIXTURES = Path(__file__).with_name("fixtures")
HOSTILE = "<script>alert(\"x\")</script> =cmd|' /C calc'!A0"


@dataclass(frozen=True, kw_only=True)
class RoomsResult(Result):
    load: Estimate
    load_before: Estimate | None
    free_hours: Estimate
    peak: str
    visits: int
    since: date
    rooms: pd.DataFrame = table(
        Measure("room", "label"),
        Measure("load", "share", interval=True, form="bar"),
        Measure("gain", "currency", interval=True, form="line"),
        Measure("sure", "share", form="chance"),
        Measure("patients", "count", people=True),
        Measure("state", "status"),
        Measure("n", "count", shown=False),
    )


def rooms_result(peak: str = "operating", **changes) -> RoomsResult:
    frame = pd.DataFrame(
        [
            ["consulting", 0.43, 0.36, 0.51, 26_200.0, 12_000.0, 41_000.0, 0.9996, 640.0, "act", 300],
            ["operating", 0.93, 0.86, 0.98, -1_200.0, -4_000.0, 900.0, 0.08, float("nan"), "act_beds", 28],
            [HOSTILE, 0.5, 0.4, 0.6, 500.0, 100.0, 900.0, 0.0, 31.0, "good", 31],
            ["total", 0.47, 0.42, 0.55, 25_500.0, 9_000.0, 42_000.0, 1.0, 700.0, "unclear", 359],
        ],
        columns=["room", "load", "load_low", "load_high", "gain", "gain_low", "gain_high", "sure", "patients", "state", "n"],
    )
    values = {
        "grade": "A",
        "headline": "load",
        "says": {"title": Sentence("full")},
        "findings": (
            Finding("peak_full", "risk", {}),
            Finding(
                "free_hours", "opportunity", {"hours": 171}, impact=Estimate(26_200, 12_000, 41_000, "currency", 26)
            ),
            Finding("no_shifts", "not_answered"),
        ),
        "load": Estimate(0.4321, 0.36, 0.51, "share", 26),
        "load_before": None,
        "free_hours": exact(171, "hours", 26),
        "peak": peak,
        "visits": 31_204,
        "since": date(2014, 1, 1),
        "rooms": frame,
    }
    return RoomsResult(**(values | changes))


def unanswered() -> Unanswered:
    return Unanswered(
        grade="C", analysis="rooms_fake", reason="no_rooms", verdict="not_available", details={"months": 6}
    )


class RoomsParams(Params):
    pass


def analyse(
    appointments: Table, rooms: Table, shifts: Table | None, *, period: Period, params: RoomsParams
) -> RoomsResult:
    return rooms_result()


def bars(result, labels):
    figure, (axes,) = theme.canvas(theme.MAIN, 40)
    axes.barh([labels.value("room", room) for room in result.rooms["room"]], result.rooms["load"])
    axes.set_xlabel(labels["x"])
    return figure


def module() -> ModuleType:
    fake = ModuleType("rooms_fake")
    fake.__dict__.update(analyse=analyse, bars=bars, FIGURES=("bars",))
    return fake


def period() -> Period:
    return Period(start=date(2014, 1, 1), end=date(2017, 1, 1), now=Days(start=date(2016, 12, 1), end=date(2017, 1, 1)))


def config(**changes) -> ClientConfig:
    return ClientConfig(**({"client": "fake", "name": "Fake & Sons", "period": period()} | changes))


def texts(folder: Path) -> Path:
    """The house's texts and those of the fake analysis in one folder."""
    shutil.copytree(HOUSE / "templates" / "text", folder / "text")
    for language in ("en",):
        shutil.copytree(FIXTURES / language, folder / "text" / language, dirs_exist_ok=True)
    return folder / "text"


def page(folder: Path, language: str = "en", currency: str = "EUR", **changes) -> Page:
    words = Words("rooms_fake", language, currency, period(), folder=folder, **changes)
    return Page("rooms_fake", 1, module(), words, config())

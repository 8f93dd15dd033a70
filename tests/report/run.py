"""A finished run of a small fake clinic: executed notebooks and stored results, as execution leaves them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import nbformat
import pandas as pd
import pytest

from audit import catalogue
from audit.plots import theme
from audit.results import Estimate, Finding, Measure, Result, exact, table
from audit.results.store import save
from audit.wording import Words
from audit.workbench import show
from audit.workbench.context import Context
from audit.workbench.page import Page
from tests.wording import fake

ACTIONS = {
    "call_back": ("do_now", 9_800, 5_900, 14_200, 0.99, "low", "A", "rooms_fake"),
    "recall": ("do_now", 6_000, 2_100, 10_400, 0.97, "low", "B", "rooms_fake"),
    "price_test": ("test_first", 400, -1_900, 2_600, 0.62, "medium", "C", "rooms_fake"),
    "price_cut": ("leave", -2_700, -6_900, 1_200, 0.12, "low", "C", "rooms_fake"),
}


@dataclass(frozen=True, kw_only=True)
class CapacityResult(Result):
    room_load: Estimate
    bottleneck: str
    bottleneck_load: Estimate
    ceiling: Estimate
    calendar: pd.DataFrame = table(Measure("day", "date"), Measure("load", "share"))


@dataclass(frozen=True, kw_only=True)
class PlanResult(Result):
    joint_gain: Estimate
    actions: pd.DataFrame = table(
        Measure("action", "label"), Measure("group", "label"), Measure("gain", "currency", interval=True),
        Measure("chance", "share"), Measure("effort", "label"), Measure("evidence", "label"), Measure("section", "label"),
    )  # fmt: skip


TEXTS = {
    "capacity": """
name: Capacity
title: "Rooms are {{ room_load }} used"
question: "What is full?"
tables: {resources: {columns: {}, values: {resource: {ward: the ward}}}}
reasons: {no_hours: "there are no opening hours; export them."}
notes: {how: "Dark is full."}
findings: {full: "The ward is {{ bottleneck_load }} full"}
estimates: {room_load: Share of room hours used}
""",
    "plan": """
name: Plan
title: "Together {{ joint_gain|ci }}"
question: "What to do first?"
actions:
  call_back: {title: Call back every missed call, step: "A second line from 17 to 20 h"}
  recall: {title: Invite patients who stayed away, step: A message from the doctor}
  price_test: {title: A higher price at one site, step: Eight weeks}
  price_cut: {title: A price cut, step: Do not}
figures: {bridge: {title: "Profit grows", subtitle: "a month", alt: "Bars"}}
estimates: {joint_gain: Joint gain of the actions to start}
""",
}


def results() -> dict[str, Result]:
    days = pd.date_range("2014-01-01", "2016-12-31", freq="D")
    loads = [0.1 + 0.8 * ((day.weekday() * 3 + day.day_of_year // 7) % 10) / 10 for day in days]
    frame = pd.DataFrame([(key, *values) for key, values in ACTIONS.items()])
    frame.columns = ["action", "group", "gain", "gain_low", "gain_high", "chance", "effort", "evidence", "section"]
    return {
        "rooms_fake": fake.rooms_result(peak=fake.HOSTILE),
        "capacity": CapacityResult(
            grade="A", room_load=Estimate(0.43, 0.36, 0.51, "share", 26), bottleneck="ward",
            bottleneck_load=Estimate(0.93, 0.86, 0.98, "share", 26), ceiling=exact(0.85, "share", 0),
            calendar=pd.DataFrame({"day": days.date, "load": loads}),
            findings=(Finding("full", "risk", {}, impact=Estimate(99_000, 1, 120_000, "currency", 9)),),
        ),
        "plan": PlanResult(grade="B", joint_gain=Estimate(13_400, 7_000, 21_000, "currency", 4000), actions=frame),
    }  # fmt: skip


def bridge(result, labels):
    figure, (axes,) = theme.canvas(theme.FULL, 46)
    axes.bar(["today", "call back", "recall", "after"], [38.4, 9.8, 6.0, 51.8], bottom=[0, 38.4, 48.2, 0])
    return figure


def _compute(*, params: fake.RoomsParams):
    raise AssertionError("a report computes nothing")


def analyses(texts: Path) -> dict[str, catalogue.Analysis]:
    kinds = {name: type(result) for name, result in results().items()}
    modules = {"rooms_fake": fake.module(), "capacity": ModuleType("capacity"), "plan": ModuleType("plan")}
    modules["capacity"].__dict__.update(analyse=fake.analyse)
    modules["plan"].__dict__.update(analyse=fake.analyse, bridge=bridge)
    for name, text in TEXTS.items():
        (texts / "en" / f"{name}.yaml").write_text(text, "utf-8")
    return {
        name: catalogue.Analysis(name, modules[name], _compute, kinds[name], fake.RoomsParams, ()) for name in modules
    }


def patched(monkeypatch: pytest.MonkeyPatch, texts: Path) -> None:
    """Let catalogue and pages know the fake analyses."""
    known = analyses(texts)

    def page(what, config, own, language=None):
        words = Words(what.name, language or config.language, config.currency, config.period, config.level, own, texts)
        return Page(what.name, what.number, what.module, words, config)

    monkeypatch.setattr(catalogue, "analysis", known.__getitem__)
    monkeypatch.setattr(show, "page", page)


def make_run(folder: Path, **config) -> tuple[Context, list[dict]]:
    """Write the run; returns its context and the statuses of its sections."""
    context = Context(
        folder, folder / "20170101-abc1234", fake.config(**config), folder / "none.duckdb", "1n2p3u4t5s", {}
    )
    statuses = []
    for name, result in results().items():
        what = catalogue.analysis(name)
        number = f"{what.number:02d}" if name != "rooms_fake" else "11"
        notebook = f"{number}_{name}"
        save(result, context.results / name, analysis=name, fingerprint="f")
        page = show.page(what, context.config, {})
        parts = [show.head(page, result), show.findings(page, result), show.notes(page, result)]
        if name == "rooms_fake":
            parts[1:1] = [show.figures(page, result, "bars", beside="numbers"), show.table(page, result, "rooms")]
        write_notebook(context.folder / "notebooks" / f"{notebook}.ipynb", [part._repr_html_() for part in parts])
        statuses.append({"notebook": notebook, "status": "PASS", "message": "", "own_notebook": False})
    return context, statuses


def write_notebook(path: Path, fragments: list[str]) -> None:
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell("# note for the analyst", metadata={"tags": ["analyst"]})]
    hidden = v4.new_output("execute_result", data={"text/html": "<p>not for the client</p>"})
    cells.append(
        v4.new_code_cell("print('not for the client')", outputs=[v4.new_output("stream", text="secret"), hidden])
    )
    for html in fragments:
        output = v4.new_output("execute_result", data={"text/html": html, "text/plain": "<fragment>"})
        cells.append(v4.new_code_cell("run.show()", outputs=[output], metadata={"tags": ["report"]}))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(v4.new_notebook(cells=cells), path)

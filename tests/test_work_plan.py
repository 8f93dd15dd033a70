"""The plan that is handed over: work_plan.xlsx adds up, the log is kept as people left it, the next audit reads it."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from markupsafe import Markup
from python_calamine import CalamineWorkbook

from audit import catalogue
from audit.analyses import finance
from audit.analyses.finance import FinanceParams
from audit.analyses.plan import PlanResult
from audit.config import ClientConfig, load_config
from audit.errors import ConfigError, RunError
from audit.report import book as books
from audit.report import hypotheses
from audit.report.actions import GROUPS, ROWS, heading, plan
from audit.report.book import Book, Section
from audit.report.work_plan import write_work_plan
from audit.results import Unanswered
from audit.wording import Words
from audit.workbench import show
from audit.workbench.context import Context
from tests.analyses.test_finance import NAMES
from tests.analyses.test_plan import run, sections


@pytest.fixture(scope="module")
def result(demo_tables, demo_period) -> PlanResult:
    money = finance.analyse(**{n: demo_tables.get(n) for n in NAMES}, period=demo_period, params=FinanceParams())
    return run(demo_tables, money, demo_period, sections(load=0.98, ward=1.0))


def book_of(result, demo_period, folder: Path) -> Book:
    config = ClientConfig(client="small", name="Small", currency="RUB", period=demo_period)
    page = show.page(catalogue.analysis("plan"), config, {})
    words = Words("report", currency="RUB", period=demo_period)
    title = page.words.sentence("title", result) if isinstance(result, PlanResult) else Markup()
    return Book(Context(folder, folder, config, folder / "x", "0", {}), words, (Section("10_growth", page, Markup("Plan"), title, result, Markup()),))


@pytest.fixture
def book(result, demo_period, tmp_path) -> Book:
    return book_of(result, demo_period, tmp_path)


def test_the_file_holds_every_action_with_its_step_and_adds_up(book, result, tmp_path):
    assert write_work_plan(book, tmp_path / "work_plan.xlsx")
    sheets = CalamineWorkbook.from_path(tmp_path / "work_plan.xlsx")
    rows = {name: sheets.get_sheet_by_name(name).to_python()[3:] for name in sheets.sheet_names}
    assert list(rows) == ["Actions", "Plan", "Jobs", "Months", "Log", "Not judged"]
    assert len(rows["Actions"]) == 1 + len(result.actions)
    heed = rows["Actions"][0].index("To heed")
    assert any("GDPR" in str(row[heed]) for row in rows["Actions"][1:])
    for name, estimate in (("Jobs", result.work_cost), ("Months", result.work_cost), ("Plan", result.work_cost)):
        cost = rows[name][0].index("Cost")
        *jobs, total = rows[name][1:]
        assert total[0] == "Total" and total[cost] == pytest.approx(estimate.value) == pytest.approx(sum(row[cost] for row in jobs))


def test_the_same_plan_gives_the_same_bytes(book, tmp_path):
    for name in ("one.xlsx", "two.xlsx"):
        write_work_plan(book, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_without_a_plan_there_is_no_file_and_nothing_to_accept(demo_period, tmp_path):
    empty = book_of(Unanswered(grade="C", analysis="plan", reason="missing_result", verdict="not_available"), demo_period, tmp_path)
    (tmp_path / "work_plan.xlsx").write_text("old")
    assert not write_work_plan(empty, tmp_path / "work_plan.xlsx") and not (tmp_path / "work_plan.xlsx").exists()
    hypotheses.write_log(empty, tmp_path / "hypotheses.yml")
    assert not (tmp_path / "hypotheses.yml").exists()
    with pytest.raises(RunError, match="no action to begin"):
        hypotheses.accept(empty, tmp_path)


# ---------------------------------------------------------------- the page
def test_the_page_stays_one_sheet_and_says_where_the_rest_is(book, result):
    found = plan(book)
    assert len(found.actions) == len(result.actions)
    assert sum(len(found.shown(group)) for group in GROUPS) == ROWS and found.shown("do_now") == found.group("do_now")
    assert found.tests == result.tests_begun < len(found.group("test_first"))
    _, lede = heading(book, found)
    assert "work_plan.xlsx" in str(lede)
    first = found.group("do_now")[0]
    assert str(first.who).replace("\u00a0", " ") == "Head of desk, from 2 January 2017; every week: New callers answered"


# ---------------------------------------------------------------- the log
def test_an_accepted_plan_is_read_by_the_next_audit(book, result, tmp_path):
    path, added = hypotheses.accept(book, tmp_path)
    assert set(added) == set(result.log["action"])
    (tmp_path / "clinic.yml").write_text("client: small\nname: Small\nperiod: {start: 2014-01-01, end: 2018-01-01}\n")
    config = load_config(tmp_path / "clinic.yml")
    read = catalogue.analysis("hypotheses").params.model_validate(config.analyses["hypotheses"]).accepted
    assert list(read) == list(added)
    assert read["call_back"].value == 0.94 and "has risen clearly above 94%" in read["call_back"].stop_rule
    assert path.read_text("utf-8").startswith("# The actions begun") and "&id" not in path.read_text("utf-8")


def test_what_people_changed_stays(book, tmp_path):
    path, added = hypotheses.accept(book, tmp_path)
    content = yaml.safe_load(path.read_text("utf-8"))
    moved = content["call_back"]["start"] + timedelta(days=9)
    content = {"call_back": content["call_back"] | {"start": moved, "change": "Reactivation"}}
    path.write_text(yaml.safe_dump(content), "utf-8")
    _, again = hypotheses.accept(book, tmp_path)
    kept = yaml.safe_load(path.read_text("utf-8"))
    assert set(again) == set(added) - {"call_back"}
    assert kept["call_back"]["start"] == moved and kept["call_back"]["change"] == "Reactivation"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"start": "soon"}, "hypotheses.yml: hypotheses.call_back.start"),
        ({"bettr": "high"}, "hypotheses.yml: hypotheses.call_back.bettr: unknown setting"),
        ({"check": date(2000, 1, 1)}, "is not after start"),
        ({"kpi": "returned"}, "hypotheses.yml: hypotheses.call_back.kpi"),
    ],
)
def test_a_mistake_in_the_log_names_file_and_key(book, tmp_path, change, told):
    path, _ = hypotheses.accept(book, tmp_path)
    content = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump({"call_back": content["call_back"] | change}), "utf-8")
    with pytest.raises(ConfigError) as error:
        hypotheses.accept(book, tmp_path)
    assert told in str(error.value)


@pytest.mark.parametrize(("verdict", "printed"), [("not_asked", ["plan"]), ("not_available", ["plan", "hypotheses"])])
def test_a_page_nobody_asked_for_is_not_printed(monkeypatch, book, result, tmp_path, verdict, printed):
    """Until a plan is accepted there is no page on what became of it; a question the data cannot answer keeps its page."""
    def section(context, status, name, body):
        found = result if name == "plan" else Unanswered(grade="C", analysis=name, reason="none_accepted", verdict=verdict)
        return dataclasses.replace(book.sections[0], name=Markup(name), result=found)

    monkeypatch.setattr(books.catalogue, "section", lambda notebook: ("plan", "hypotheses"))
    monkeypatch.setattr(books, "pages_of", lambda path, name: {"plan": Markup(), "hypotheses": Markup()})
    monkeypatch.setattr(books, "_section", section)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "10_plan.ipynb").touch()
    assert [page.name for page in books._pages(book.context, {"notebook": "10_plan"})] == printed


def test_a_run_that_leaves_the_plan_out_says_so(book):
    without = dataclasses.replace(book, sections=())
    with pytest.raises(RunError, match="its preset leaves it out → clinic-audit run small"):
        hypotheses.lines(without)

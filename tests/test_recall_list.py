"""The list of whom to call: by card number, for its owner only, never in the report."""

from __future__ import annotations

import dataclasses
import zipfile
from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from audit.analyses.recall import RecallResult
from audit.config import ClientConfig, Period
from audit.errors import RunError
from audit.intake.cards import keep_cards
from audit.report.recall_list import write_recall_list
from audit.results.store import save
from audit.workbench.context import Context
from tests.analyses.test_recall import analysed, usual


@pytest.fixture(scope="module")
def result() -> RecallResult:
    return analysed(usual())


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "data" / "small").mkdir(parents=True)
    config = ClientConfig(client="small", name="Small", period=Period(start=date(2014, 1, 1), end=date(2017, 1, 1)))
    return Context(tmp_path, tmp_path / "reports" / "small" / "run", config, tmp_path / "x.duckdb", "0", {})


def written(context: Context, result: RecallResult) -> dict[str, list[list[object]]]:
    save(result, context.results / "recall", analysis="recall", fingerprint="x")
    book = CalamineWorkbook.from_path(write_recall_list(context))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_both_groups_by_card_and_nobody_else(context, result):
    keep_cards(context.root / "data" / "small", {who: f"card {who}" for who in result.list["patient_id"]} | {"other": "card other"})
    sheets = written(context, result)
    assert {title: len(rows) - 1 for title, rows in sheets.items()} == {"call": result.call_patients, "hold out": result.held_patients}
    cards = {row[0] for rows in sheets.values() for row in rows[1:]}
    assert cards == {f"card {who}" for who in result.list["patient_id"]}


def test_lies_beside_the_exports_and_only_its_owner_reads_it(context, result):
    save(result, context.results / "recall", analysis="recall", fingerprint="x")
    path = write_recall_list(context)
    assert path.relative_to(context.root) == Path("data/small/recall/run.xlsx")
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert not list((context.root / "reports").rglob("*.xlsx")) and list(path.parent.iterdir()) == [path]


def test_without_the_vault_the_keyed_codes_remain(context, result):
    sheets = written(context, result)
    assert {row[1] for rows in sheets.values() for row in rows[1:]} == set(result.list["patient_id"])
    assert {row[0] for rows in sheets.values() for row in rows[1:]} == {""}


def test_a_card_that_looks_like_a_formula_stays_text(context, result):
    who = result.list["patient_id"].iloc[0]
    keep_cards(context.root / "data" / "small", {who: '=HYPERLINK("http://x","y")'})
    sheets = written(context, result)
    assert sum("HYPERLINK" in str(row[0]) for rows in sheets.values() for row in rows) == 1
    with zipfile.ZipFile(context.root / "data" / "small" / "recall" / "run.xlsx") as archive:
        assert all(b"<f>" not in archive.read(name) and b"<hyperlink" not in archive.read(name) for name in archive.namelist())


def test_no_list_is_said_in_words(context, result):
    with pytest.raises(RunError, match="clinic-audit run small"):
        write_recall_list(context)
    nobody = dataclasses.replace(result, list=result.list.head(0))
    with pytest.raises(RunError, match="nobody"):
        written(context, nobody)

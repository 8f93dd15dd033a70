"""The list of calls to hear: keys, times and administrators, nobody's name, for its owner only, the same by seed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from audit.analyses.listening import ListeningResult
from audit.config import ClientConfig, Period
from audit.errors import RunError
from audit.report.listening_list import TO_MARK, write_listening_list
from audit.results.store import save
from audit.workbench.context import Context
from tests.analyses.test_listening import REASONS, december, loaded, run


@pytest.fixture(scope="module")
def result() -> ListeningResult:
    return run(loaded(december(REASONS)))


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "data" / "small").mkdir(parents=True)
    config = ClientConfig(client="small", name="Small", period=Period(start=date(2014, 1, 1), end=date(2017, 1, 1)))
    return Context(tmp_path, tmp_path / "reports" / "small" / "run", config, tmp_path / "x.duckdb", "0", {})


def written(context: Context, result: ListeningResult) -> list[list[object]]:
    save(result, context.results / "listening", analysis="listening", fingerprint="x")
    book = CalamineWorkbook.from_path(write_listening_list(context))
    return book.get_sheet_by_name(book.sheet_names[0]).to_python()


def test_holds_the_calls_drawn_with_room_for_their_marks(context, result):
    heads, *rows = written(context, result)
    assert {row[0] for row in rows} == set(result.sample["call"]) and len(rows) == result.sample_size
    assert len(heads) == 3 + len(TO_MARK) and all(row[3:] in ([], [""] * len(TO_MARK)) for row in rows)
    times = dict(zip(result.sample["call"], result.sample["at"], strict=True))
    assert all(abs((row[1] - times[row[0]].to_pydatetime()).total_seconds()) < 1 for row in rows)
    assert {row[2] for row in rows} == {"A", "B"}


def test_names_nobody_and_does_not_say_who_booked(context, result):
    told = "\n".join(str(value) for row in written(context, result)[1:] for value in row)
    frames = december(REASONS)
    assert not any(key in told.split("\n") for key in frames["enquiries"]["caller_key"]) and "booked" not in told


def test_lies_beside_the_exports_and_only_its_owner_reads_it(context, result):
    save(result, context.results / "listening", analysis="listening", fingerprint="x")
    path = write_listening_list(context)
    assert path.relative_to(context.root) == Path("data/small/listening/run.xlsx")
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_without_a_run_or_calls_it_says_so(context):
    with pytest.raises(RunError, match="no list of calls to hear"):
        write_listening_list(context)
    old = december(REASONS)
    old["enquiries"]["administrator_id"] = None
    save(run(loaded(old)), context.results / "listening", analysis="listening", fingerprint="x")
    with pytest.raises(RunError, match="recent enough"):
        write_listening_list(context)

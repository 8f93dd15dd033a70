"""One finished fake run and its report, made once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.report import make_report
from audit.report.book import Book, read_book
from audit.workbench.context import Context
from tests.report import run
from tests.wording import fake


@dataclass(frozen=True)
class Made:
    """A run, its book and its folder with the files of the report."""

    context: Context
    statuses: list[dict]
    book: Book
    folder: Path
    html: str


@pytest.fixture(scope="package")
def fakes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fake")
    with pytest.MonkeyPatch.context() as patch:
        run.patched(patch, fake.texts(folder))
        yield folder


@pytest.fixture(scope="package")
def made(fakes) -> Made:
    context, statuses = run.make_run(fakes / "audits", goals={"room_load": 0.75})
    assert make_report(context, statuses, ("html", "xlsx")) == ()
    html = (context.folder / "report.html").read_text("utf-8")
    return Made(context, statuses, read_book(context, statuses), context.folder, html)

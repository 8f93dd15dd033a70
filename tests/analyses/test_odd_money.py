"""Money of clinics no method was made for: the pages of section 9 say something true, and no number is nonsense."""

from __future__ import annotations

import math

import pytest

from audit import catalogue
from audit.results import Result, Unanswered
from audit.tables.connection import tables_from_frames
from tests.pages import NONSENSE, spoken

from .test_odd_clinics import END, ODD, PERIOD

NAMES = catalogue.section("09_finance")


@pytest.fixture(scope="module", params=ODD)
def results(request) -> dict[str, Result]:
    tables = {name: table for name, table in tables_from_frames(ODD[request.param], end=END).items() if table.count().execute()}
    found: dict[str, Result] = {}
    for name in NAMES:
        what = catalogue.analysis(name)
        found[name] = catalogue.compute(what, tables, found, period=PERIOD, params=what.params())
    return found


def test_every_page_says_something_true(results):
    for name, result in results.items():
        texts = spoken(name, result, PERIOD).texts
        for text in texts:
            # the name of the section that a page builds on holds one of the words
            plain = text.replace("finance", "")
            assert plain.strip() and not any(nonsense in plain for nonsense in NONSENSE), text
        if isinstance(result, Unanswered) and result.reason != "missing_result":
            assert "to answer it" in texts[0]


def test_no_number_is_nonsense(results):
    for result in results.values():
        for key, e in result.estimates().items():
            assert all(map(math.isfinite, (e.value, e.low, e.high))) and e.low <= e.value <= e.high, key
            if e.unit == "share" and not any(word in key for word in ("change", "ledger", "contribution")):
                assert e.low >= -1e-9 and e.high <= 1 + 1e-9, key

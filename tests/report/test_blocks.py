"""A report of blocks: drawn from stored results, in the preset's order; the pages in front point into it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from audit.presets import Block, Preset, Shown
from audit.report.book import read_book
from audit.report.html import report_html
from audit.results import Unanswered
from audit.results.store import save


def block(key: str, *shown: Shown, message: str = "shown") -> Block:
    return Block(key=key, name={"en": f"The {key}", "ru": f"О {key}"}, message=message, show=shown, missing={"en": f"Collect {key} <now>"})


PRESET = Preset(
    name="own", title={"en": "Own report"}, front=("summary",),
    blocks=(
        block("empty", Shown(analysis="plan")),
        block("rooms", Shown(analysis="rooms_fake", figures=("bars",), table="rooms")),
        block("said", Shown(analysis="rooms_fake", table="rooms", rows=1), message="page"),
        block("capacity", Shown(analysis="capacity", findings=("full",))),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def page(made) -> str:
    return report_html(read_book(replace(made.context, preset=PRESET), made.statuses))


def articles(page: str) -> dict[str, str]:
    return dict(re.findall(r'<article class="block" id="block-([a-z-]+)">(.*?)</article>', page, re.DOTALL))


def test_blocks_come_in_their_order_and_nothing_else(page):
    assert list(articles(page)) == ["empty", "rooms", "said", "capacity"]
    assert re.findall(r'<section class="section[^"]*" id="([a-z]+)"', page) == ["contents", "summary", "blocks", "back"]


def test_a_block_shows_what_it_names(page):
    shown = articles(page)
    assert "<img" in shown["rooms"] and "<table" in shown["rooms"] and "<h2>The rooms</h2>" in shown["rooms"]
    assert "<img" not in shown["said"] and "Rooms are 43% used" in shown["said"]


def test_a_block_without_data_says_what_to_collect(page):
    for key in ("empty", "capacity"):
        assert f"Collect {key} &lt;now&gt;" in articles(page)[key] and "not-computed" in articles(page)[key]


def test_links_from_the_front_lead_to_blocks(page):
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert "block-capacity" in targets and targets <= set(re.findall(r'\bid="([^"]+)"', page))


def test_a_question_without_an_answer_gives_its_reason(made, tmp_path):
    context = replace(made.context, folder=tmp_path, preset=PRESET)
    unanswered = Unanswered(grade="C", analysis="capacity", reason="no_hours", verdict="not_available")
    save(unanswered, tmp_path / "results" / "capacity", analysis="capacity", fingerprint="f")
    text = articles(report_html(read_book(context, made.statuses)))["capacity"]
    assert "there are no opening hours" in text and "Collect capacity" in text


def test_a_question_that_does_not_arise_has_no_page(made, tmp_path):
    """Also where its notebook printed nothing else, so that it is the first page of its section."""
    context = replace(made.context, folder=tmp_path)
    unasked = Unanswered(grade="C", analysis="capacity", reason="no_hours", verdict="not_asked")
    save(unasked, tmp_path / "results" / "capacity", analysis="capacity", fingerprint="f")
    assert [section.page.name for section in read_book(context, made.statuses).sections] == ["plan", "rooms_fake"]

"""Parts of the page: what a notebook cell shows and the report prints."""

from __future__ import annotations

import dataclasses
import re

import pandas as pd
import pytest

from audit.results import Finding
from audit.workbench import show
from audit.workbench.page import CELL_STYLE
from audit.workbench.pictures import svg
from tests.wording import fake


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return fake.page(fake.texts(tmp_path_factory.mktemp("texts")))


def test_the_head_says_number_name_evidence_message_and_lede(page):
    html = show.head(page, fake.rooms_result()).html
    assert "<b>1</b> Rooms" in html and "Evidence A: counted from your records" in html
    assert "<h2>Rooms are 43% used; operating is full</h2>" in html and '<p class="lede">On average <b>' in html


def test_a_question_without_an_answer_says_what_is_needed_and_what_it_would_answer(page):
    html = show.head(page, fake.unanswered()).html
    assert "<h2>Not computed: there is no list of rooms for 6 months</h2>" in html
    assert "Export the rooms with their opening hours." in html
    assert "Which rooms are full?" in html and "opens_minute" in html and ">if there is one<" in html
    for part in (show.figures(page, fake.unanswered(), "bars"), show.notes(page, fake.unanswered())):
        assert not part and part._repr_html_() == ""


def test_a_figure_carries_its_words_and_the_same_bytes_each_time(page):
    first, second = (show.figures(page, fake.rooms_result(), "bars", beside="numbers").html for _ in range(2))
    assert first == second
    assert (
        "<figcaption><b>The operating room is the fullest</b><span>Rooms in use, % of open hours, December 2016"
        in first
    )
    assert 'src="data:image/svg+xml;base64,' in first and 'alt="Bars: use of 31,204 visits"' in first
    assert "Source: visits, rooms, rota" in first
    drawn = svg(fake.bars(fake.rooms_result(), _labels(page)))
    assert b"<dc:date>" not in drawn and b"<dc:creator>" not in drawn


def test_side_numbers_leave_out_what_is_not_known(page):
    html = show.numbers(page, fake.rooms_result()).html
    assert "171 hours" in html and "a year before" not in html


def test_a_table_prints_words_intervals_bars_lines_and_states(page):
    html = show.table(page, fake.rooms_result(), "rooms").html
    assert "<caption>Free hours <span>December 2016</span></caption>" in html
    assert "<small>90% interval</small>" in html
    assert '43% <span class="iv">36–51</span>' in html
    assert "width:43.0%" in html and html.count("<svg") == 4
    assert '<i aria-hidden="true">■</i>waits for beds' in html and "on track" in html
    assert html.index("All rooms") > html.index("&lt;script&gt;") and '<tr class="total">' in html
    assert '<td class="r">*</td>' in html and "fewer than 8 people" in html
    assert '<tr class="thin">' in html and "fewer than 30 cases" in html
    assert "<script" not in html


def test_a_long_table_is_cut_and_says_where_the_rest_is(page):
    result = fake.rooms_result()
    long = pd.concat([result.rooms.iloc[:3]] * 100 + [result.rooms.iloc[3:]], ignore_index=True)
    html = show.table(page, dataclasses.replace(result, rooms=long), "rooms").html
    assert html.count("<tr") - 1 == 12 + 1
    assert "288 more rows are in the workbook, sheet 01_rooms_fake." in html
    assert show.table(page, dataclasses.replace(result, rooms=long), "rooms", most=1000).html.count("<tr") - 1 == 201


def test_an_empty_table_shows_nothing(page):
    empty = dataclasses.replace(fake.rooms_result(), rooms=fake.rooms_result().rooms.iloc[:0])
    assert not show.table(page, empty, "rooms")


def test_findings_and_what_could_not_be_answered_stand_apart(page):
    html = show.findings(page, fake.rooms_result()).html
    assert html.index("What we found") < html.index("171 free hours") < html.index("What could not be answered")
    assert html.index("What could not be answered") < html.index("export the rota")


def test_a_page_leads_with_the_gravest_and_counts_what_has_no_room(page):
    result = fake.rooms_result()
    praise = Finding("peak_full", "strength", {})
    many = dataclasses.replace(result, findings=(praise, *result.findings, praise))
    html = show.findings(page, many).html
    assert html.index('class="risk"') < html.index('class="opportunity"') and 'class="strength"' not in html
    assert "2 more in the Excel appendix, sheet 01_rooms_fake" in html
    assert "more in the Excel appendix" not in show.findings(page, many, most=4).html


def test_a_cell_brings_its_style_and_the_report_can_drop_it(page):
    fragment = show.notes(page, fake.rooms_result())
    cell = fragment._repr_html_()
    assert cell.startswith("<style data-clinic-audit>") and "lang=" in cell
    assert CELL_STYLE.sub("", cell) == f'<div class="clinic-audit" lang="en">{fragment.html}</div>'
    assert re.search(r"\.clinic-audit \{ .*& \{", cell, re.DOTALL), "the style is confined to the cell"


def _labels(page):
    from audit.wording import Labels

    return Labels(page.words, "bars", fake.rooms_result())

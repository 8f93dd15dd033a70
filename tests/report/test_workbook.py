"""appendix.xlsx: every number by its key, text as text."""

from __future__ import annotations

import zipfile

import pytest
from python_calamine import CalamineWorkbook

from tests.wording import fake


@pytest.fixture(scope="module")
def sheets(made):
    book = CalamineWorkbook.from_path(made.folder / "appendix.xlsx")
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_one_sheet_per_section_after_an_index(sheets):
    assert list(sheets) == ["Contents", "01_capacity", "10_plan", "11_rooms_fake"]
    assert sheets["Contents"][-1][:2] == ["11_rooms_fake", "Rooms"]


def test_estimates_come_first_by_key_with_interval_and_cases(sheets):
    rows = sheets["11_rooms_fake"]
    head = next(i for i, row in enumerate(rows) if row[0] == "Key")
    assert rows[head + 1][:9] == [
        "rooms_fake.load", "Share of open room hours used", 0.4321, 0.36, 0.51, 0.9, "share of 1", 26.0, "A",
    ]  # fmt: skip
    assert rows[head + 2][0] == "rooms_fake.free_hours" and rows[head + 2][3:5] == ["", ""]


def test_tables_follow_with_units_and_numbers_as_numbers(sheets):
    rows = sheets["11_rooms_fake"]
    start = next(i for i, row in enumerate(rows) if row[0] == "rooms_fake.rooms")
    assert rows[start + 1][1].startswith("load") and rows[start + 1][2].startswith("load_low")
    assert [rows[start + 2][i] for i in (1, 4)] == ["share of 1", "€"]
    assert rows[start + 3][:2] == ["Consulting rooms", 0.43]
    assert rows[start + 4][8] == "", "a hidden number stays hidden"


def test_hostile_text_is_text(made, sheets):
    assert any(fake.HOSTILE in row for row in sheets["11_rooms_fake"])
    with zipfile.ZipFile(made.folder / "appendix.xlsx") as archive:
        assert not any("externalLink" in name or "vbaProject" in name for name in archive.namelist())
        for name in archive.namelist():
            content = archive.read(name)
            assert b"<f>" not in content and b"<hyperlink" not in content


def test_all_findings_stand_at_the_end_also_those_without_room_on_the_page(sheets):
    rows = sheets["11_rooms_fake"]
    start = next(i for i, row in enumerate(rows) if row[0] == "Found, and what could not be answered")
    assert [row[0] for row in rows[start + 1 : start + 4]] == [f"rooms_fake.{key}" for key in ("peak_full", "free_hours", "no_shifts")]
    assert rows[start + 1][1].endswith(" is 43% full")

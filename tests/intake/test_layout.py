"""Layouts: headers that are not first, two levels, stacked tables, group rows, totals, months across."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.errors import DataError
from audit.intake.files import RawFile
from audit.intake.layout import RawTable, joined_levels, lay_out
from audit.intake.mapping import Format
from audit.intake.read import read
from audit.intake.sql import work_connection


def laid_out(folder: Path, text: str, **facts: object) -> tuple[RawTable, list[tuple[str | None, ...]]]:
    path = folder / "raw" / "a.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    how = Format.model_validate({"encoding": "utf-8", "delimiter": ";", **facts})
    with work_connection(1) as connection:
        raw = lay_out(connection, read(RawFile(path, "a.csv"), folder / "raw", how)[0], how, "raw_1")
        rows = connection.execute("SELECT * EXCLUDE (part, damage) FROM raw_1 ORDER BY row, part").fetchall()
    return raw, rows


def test_title_rows_before_the_header(tmp_path: Path) -> None:
    raw, rows = laid_out(tmp_path, "Report\n\nfrom 1 to 2;\nDate;Cost\n1;2\n", header=4)
    assert raw.headers == ("Date", "Cost")
    assert rows == [(5, "1", "2")]
    assert raw.kinds == {"header": 4, "record": 1}


def test_a_header_found_by_its_cells_and_a_table_that_ends_at_a_blank_row(tmp_path: Path) -> None:
    text = "# one\nDay;Users\n1;2\n3;4\n\n# two\nDay;Page\n5;6\n"
    raw, rows = laid_out(tmp_path, text, comment="#", header={"contains": ["Day", "Users"]}, ends="blank")
    assert rows == [(3, "1", "2"), (4, "3", "4")]
    assert raw.kinds["beyond"] == 2
    _, second = laid_out(tmp_path, text, comment="#", header={"contains": ["Day"], "nth": 2}, ends="blank")
    assert second == [(8, "5", "6")]


def test_a_header_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv: no header row with Tag"):
        laid_out(tmp_path, "Day;Users\n", header={"contains": ["Tag"]})


def test_two_level_headers_are_joined() -> None:
    upper = ["Date", "Visit", "", "Money", "", "Note"]
    lower = ["", "no", "type", "list", "paid", ""]
    assert joined_levels([upper, lower]) == (
        "Date",
        "Visit / no",
        "Visit / type",
        "Money / list",
        "Money / paid",
        "Note",
    )


def test_no_header_at_all(tmp_path: Path) -> None:
    raw, rows = laid_out(tmp_path, "1;2\n3;4\n", header=0, names=["start", "answer"])
    assert raw.column("answer") == raw.column(2) == "x2"
    assert rows == [(1, "1", "2"), (2, "3", "4")]


GROUPED = """Doctor;Visit;Paid
Branch A;;
Dr Ash;;
;V1;10,00
;V2;20,00
Total: Dr Ash;;30,00
Total: Branch A;;30,00
Branch B;;
;V3;5,00
Dr Bow;;
;V4;7,50
Total: Dr Bow;;7,50
Total: Branch B;;12,50
Total;;42,50
"""
GROUPS = {
    "data_has": "Visit",
    "levels": [{"name": "branch", "column": 1, "pattern": "Branch .*"}, {"name": "doctor", "column": 1}],
}


def test_group_rows_are_carried_down_and_totals_add_up(tmp_path: Path) -> None:
    totals = {"marks": ["Total"], "columns": ["Paid"]}
    raw, rows = laid_out(tmp_path, GROUPED, groups=GROUPS, totals=totals, decimal=",")
    assert [row[2:] for row in rows] == [
        ("V1", "10,00", "Branch A", "Dr Ash"),
        ("V2", "20,00", "Branch A", "Dr Ash"),
        ("V3", "5,00", "Branch B", None),
        ("V4", "7,50", "Branch B", "Dr Bow"),
    ]
    assert raw.kinds == {"header": 1, "group": 4, "record": 4, "total": 5}
    assert all(check.agrees for check in raw.totals)
    assert len(raw.totals) == 5


def test_a_total_that_does_not_add_up_is_found(tmp_path: Path) -> None:
    totals = {"marks": ["Total"], "columns": ["Paid"]}
    raw, _ = laid_out(
        tmp_path, GROUPED.replace("Total;;42,50", "Total;;52,50"), groups=GROUPS, totals=totals, decimal=","
    )
    assert [(check.row, check.agrees) for check in raw.totals][-1] == (14, False)


@pytest.mark.parametrize("mark", ["Итого", "Всего", "Total", "Ukupno", "Gesamt", "TOTAL :", "Итого: всё"])
def test_marks_of_totals(tmp_path: Path, mark: str) -> None:
    raw, rows = laid_out(tmp_path, f"a;b\nx;1\nИтоговая;2\n{mark};3\n", totals={"columns": ["b"]})
    assert len(rows) == 2
    assert [check.agrees for check in raw.totals] == [True]


def test_a_last_row_that_counts_the_rows(tmp_path: Path) -> None:
    raw, rows = laid_out(tmp_path, "a;b\n1;2\n3;4\nTotal rows: 2\n", totals={"marks": [], "counts": "Total rows"})
    assert len(rows) == 2
    assert raw.totals[0].agrees


def test_months_across_become_rows(tmp_path: Path) -> None:
    text = "Item;Kind;Jan 2016;Feb 2016\nRent;fixed;(10);(11)\nSales;;5;\nTotal;;-5;-11\n"
    facts = {"unpivot": {"keep": ["Item", "Kind"], "names": "month", "values": "amount"}, "totals": {"columns": "all"}}
    raw, rows = laid_out(tmp_path, text, **facts)
    assert raw.headers == ("Item", "Kind", "month", "amount")
    assert rows[:2] == [(2, "Rent", "fixed", "Jan 2016", "(10)"), (2, "Rent", "fixed", "Feb 2016", "(11)")]
    assert raw.records == 4
    assert all(check.agrees for check in raw.totals)


def test_a_repeated_header_is_no_record(tmp_path: Path) -> None:
    raw, rows = laid_out(tmp_path, "a;b\n1;2\na;b\n3;4\n")
    assert len(rows) == 2
    assert raw.kinds["repeated header"] == 1


def test_a_column_that_is_missing_or_there_twice(tmp_path: Path) -> None:
    raw, _ = laid_out(tmp_path, "patient;price;price\n1;2;3\n")
    with pytest.raises(DataError, match="column “price”: 2 columns have this header → name one by position: 2 or 3"):
        raw.column("price")
    with pytest.raises(DataError, match="column “pаtient”: no such column in the header → did you mean patient"):
        raw.column("pаtient")
    assert raw.column(3) == "x3"


def test_a_line_of_data_in_place_of_the_header_is_not_repeated(tmp_path: Path) -> None:
    raw, _ = laid_out(tmp_path, "Петрова Анна;+7 916 123-45-67\nx;y\n")
    with pytest.raises(DataError) as caught:
        raw.column("name")
    assert "Петрова" not in str(caught.value)

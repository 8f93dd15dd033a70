"""JSON answers as grids: what is flattened, what is repeated, what is refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.errors import DataError
from audit.intake.files import RawFile
from audit.intake.json_records import nested_lists, read_json

RECORDS = [
    {"id": 1, "sum": 10.10, "client": {"id": 7, "tags": ["a", "b"]}, "lines": [{"code": "A", "n": 1}, {"code": "B", "n": 2}]},
    {"id": 2, "sum": 1e2, "client": None, "lines": [], "paid": True},
]


def _file(tmp_path: Path, content: Any) -> RawFile:
    path = tmp_path / "a.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return RawFile(path, "a.json")


def _rows(file: RawFile, each: str | None = None) -> list[dict[str, str]]:
    names, *rows = [
        [record[name] for name in record if name not in ("row", "fields", "damage")]
        for record in read_json(file, each).cells.to_pylist()
    ]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_fields_inside_others_are_joined_by_a_dot_and_numbers_stay_as_written(tmp_path: Path) -> None:
    file = _file(tmp_path, '{"data": [{"id": 1, "sum": 10.10, "client": {"id": 7, "tags": ["a", "b"]}, "paid": false, "note": null}]}')
    assert _rows(file) == [{"id": "1", "sum": "10.10", "client.id": "7", "client.tags": "a, b", "paid": "false", "note": ""}]


@pytest.mark.parametrize("wrapped", [RECORDS, {"data": RECORDS}, {"meta": {"page": 1}, "answer": {"items": RECORDS, "odd": [{}]}}])
def test_the_longest_list_of_records_is_found_wherever_it_lies(tmp_path: Path, wrapped: Any) -> None:
    assert [row["id"] for row in _rows(_file(tmp_path, wrapped))] == ["1", "2"]


def test_every_item_of_a_list_inside_is_a_row_and_a_record_without_items_keeps_one(tmp_path: Path) -> None:
    file = _file(tmp_path, RECORDS)
    assert nested_lists(file) == ["lines"]
    assert [(row["id"], row["lines.code"]) for row in _rows(file, "lines")] == [("1", "A"), ("1", "B"), ("2", "")]


def test_lists_of_records_are_not_read_by_their_first_item(tmp_path: Path) -> None:
    assert not any(name.startswith("lines") for name in _rows(_file(tmp_path, [RECORDS[0]]))[0])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"data": [', "not valid JSON"),
        ('{"success": false, "message": "no rights"}', "no list of records"),
        ("[" * 100_000, "not valid JSON"),
        ("[1, 2, 3]", "no list of records"),
    ],
)
def test_what_is_no_list_of_records_is_refused_in_words(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(DataError, match=rf"a\.json.*{told}"):
        read_json(_file(tmp_path, content))


def test_a_list_that_no_record_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no record has a list “services”"):
        read_json(_file(tmp_path, RECORDS), "services")

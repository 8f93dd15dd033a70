"""Exports of known systems are recognised and load with nothing done by hand; one folder of ``tests/fixtures`` each."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml

from audit.config import ClientConfig
from audit.errors import ConfigError
from audit.intake.known_export import known_exports, read_known_export
from audit.intake.known_export_page import PAGE, known_export_page
from audit.intake.load import load_client
from audit.intake.propose import DECIDE
from audit.intake.validate import validate_client
from tests.intake.small_clinic import CONFIG

FIXTURES = Path(__file__).parents[1] / "fixtures"
CLINIC = FIXTURES / "clinic"
"""Patients and visits, without which there is no clinic: beside exports that have neither."""
SETS = sorted(path.parent for path in FIXTURES.glob("*/expected.yml"))


def _expected(folder: Path) -> dict[str, Any]:
    expected = yaml.safe_load((folder / "expected.yml").read_text(encoding="utf-8"))
    known = {file: [names] if isinstance(names, str) else names for file, names in expected["known"].items()}
    return {**expected, "known": known}


def _client(home: Path, folder: Path) -> ClientConfig:
    expected = _expected(folder)
    raw = home / "raw"
    raw.mkdir(parents=True)
    for place in [folder] if expected.get("is_clinic") else [folder, CLINIC]:
        for path in place.iterdir():
            if path.name != "expected.yml":
                shutil.copy(path, raw / path.name)
    return ClientConfig.model_validate(CONFIG | {key: expected[key] for key in ("timezone", "country") if key in expected})


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_exports_of_known_systems_load_with_nothing_done_by_hand(tmp_path: Path, folder: Path) -> None:
    home, expected = tmp_path / "acme", _expected(folder)
    config = _client(home, folder)
    seen = validate_client(home, config)
    assert seen.known == {file: tuple(known_exports()[name].title for name in names) for file, names in expected["known"].items()}
    assert not seen.decisions and not seen.problems
    text = (home / "mapping.yml").read_text(encoding="utf-8")
    assert DECIDE + ":" not in text

    database, aside = tmp_path / "clinic.duckdb", tmp_path / "set_aside.csv"
    intake = load_client(home, config, database=database, set_aside=aside)
    for table, count in expected["rows"].items():
        assert intake.rows[table] == count, table
    with duckdb.connect(str(database), read_only=True) as connection:
        for table, columns in expected["values"].items():
            frame = connection.execute(f'SELECT * FROM "{table}" ORDER BY ALL').df()
            for column, values in columns.items():
                found = [None if pd.isna(value) else value for value in frame[column].tolist()]
                assert _sorted_texts(found) == _sorted_texts(values), f"{table}.{column}"


def _sorted_texts(values: list[Any]) -> list[str]:
    return sorted(_text(value) for value in values)


def _text(value: Any) -> str:
    if isinstance(value, str | bool) or value is None:
        return str(value)
    try:
        return f"{float(value):.2f}"
    except (TypeError, ValueError):
        return str(value).removesuffix(" 00:00:00")


def test_every_known_export_is_recognised_in_a_fixture() -> None:
    shown = {name for folder in SETS for names in _expected(folder)["known"].values() for name in names}
    assert shown == set(known_exports())


def test_an_export_without_an_optional_column_still_loads(tmp_path: Path) -> None:
    home = tmp_path / "acme"
    config = _client(home, FIXTURES / "calltouch_calls")
    path = home / "raw" / "calls.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("waitingConnect", "queue"), encoding="utf-8")
    seen = validate_client(home, config)
    assert list(seen.known) == ["calls.csv"]
    assert "wait_seconds" not in (home / "mapping.yml").read_text(encoding="utf-8")


def test_an_export_without_a_required_column_is_left_to_a_person(tmp_path: Path) -> None:
    home = tmp_path / "acme"
    config = _client(home, FIXTURES / "yandex_direct_ui")
    path = home / "raw" / "direct.csv"
    path.write_bytes(path.read_bytes().replace("Расход".encode("cp1251"), "Прочее".encode("cp1251")))
    assert validate_client(home, config).known == {}


def test_an_export_with_dates_written_otherwise_is_left_to_a_person(tmp_path: Path) -> None:
    home = tmp_path / "acme"
    config = _client(home, FIXTURES / "google_ads")
    for path, text in (("utf8.csv", "utf-8"), ("excel.csv", "utf-16")):
        file = home / "raw" / path
        file.write_text(re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\2/\3/\1", file.read_text(text)), encoding=text)
    seen = validate_client(home, config)
    assert seen.known == {}
    assert "ad_spend.channel" in {decision.column for decision in seen.decisions}


def test_money_in_millionths_and_in_currency_are_told_apart(tmp_path: Path) -> None:
    for name in ("yandex_direct_api", "yandex_direct_micros"):
        home = tmp_path / name
        seen = validate_client(home, _client(home, FIXTURES / name))
        assert seen.known["report.tsv"] == (known_exports()[name].title,)


def test_a_mistake_in_a_known_export_names_file_and_place(tmp_path: Path) -> None:
    path = tmp_path / "odd.yml"
    path.write_text(
        "title: Odd\nsystem: Odd\nknown_by: rumour\nexport: any\nmarks: {headers: [a]}\n"
        "fills: [{table: enquiries, columns: {kind: {konst: call}}}]\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"odd\.yml.*known_by"):
        read_known_export(path)


def test_the_page_of_known_exports_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == known_export_page(), "renew it: make dictionary"

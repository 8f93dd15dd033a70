"""A value that cannot be read does not cost a row that can do without it: it is emptied, counted and listed."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import ConfigError, DataError
from audit.intake.record import file_records
from tests.intake.small_clinic import SmallClinic, text_format

HEADER = "id;at;from;why;answered"
TAGS = ("price", "нет времени", "Дорого!", "перезвонит", "", "слишком дорого, и нет времени", "недорого")
LISTED = {"price": ["дорог*"], "no_slot": ["нет времени"]}


def call(number: int, why: str) -> str:
    return f"{number};{1 + number % 28:02d}.02.2016 10:{number % 60:02d};7916100{number:04d};{why};да"


def with_calls(clinic: SmallClinic, tags: list[str], **rule: object) -> SmallClinic:
    """The small clinic and a log of calls, one for each of ``tags``, their reason of loss read by ``rule``."""
    clinic.raw("calls.csv", "\n".join([HEADER, *(call(n, why) for n, why in enumerate(tags))]) + "\n")
    columns = {
        "enquiry_id": "id", "started_at": {"from": "at", "format": "%d.%m.%Y %H:%M"}, "kind": {"const": "call"},
        "direction": {"const": "in"}, "caller_key": "from", "is_answered": {"from": "answered"},
        "loss_reason": {"from": "why", **rule},
    }
    calls = {"name": "calls", "files": ["calls.csv"], "format": text_format(), "fills": [{"table": "enquiries", "columns": columns}]}
    clinic.mapping["sources"].append(calls)
    return clinic


def reasons(clinic: SmallClinic) -> dict[str | None, int]:
    return dict(clinic.query("SELECT loss_reason, count(*) FROM enquiries GROUP BY 1"))


def listed(clinic: SmallClinic) -> list[dict[str, str]]:
    return list(csv.DictReader(clinic.set_aside.read_text("utf-8").splitlines()))


def test_a_call_with_an_unlisted_tag_is_kept_and_its_tag_counted(clinic: SmallClinic) -> None:
    intake = with_calls(clinic, ["price"] * 30 + ["перезвонит"] * 12 + ["so"]).load()
    assert reasons(clinic) == {"price": 30, None: 13}
    told = next(check for check in intake.checks if check.check == "values_emptied")
    assert (told.rows, told.values["column"], told.values["rule"]) == (13, "loss_reason", "code")
    line = listed(clinic)[-1]
    assert (line["file"], line["row"], line["column"], line["kept_as"]) == ("calls.csv", "32", "why", "row kept, value empty")
    assert line["content"].startswith("13 rows; перезвонит × 12; mapping.yml, enquiries: loss_reason: {codes: {price | no_slot")
    assert line["content"].endswith('["перезвонит"]}}') and "so" not in line["content"].split("; ")[1]


def test_the_line_to_add_is_understood(clinic: SmallClinic) -> None:
    with_calls(clinic, ["price"] * 30 + ["перезвонит"] * 12, codes={"price": ["price"], "other": ["перезвонит"]}).load()
    assert reasons(clinic) == {"price": 30, "other": 12} and listed(clinic) == []


def test_free_text_is_grouped_by_listed_words_and_never_guessed(clinic: SmallClinic) -> None:
    with_calls(clinic, [*TAGS] * 10, words=LISTED, otherwise="other").load()
    # “недорого” is no beginning with “дорог”, a text with words of two reasons tells neither
    assert reasons(clinic) == {"price": 20, "no_slot": 10, "other": 30, None: 10}


def test_free_text_without_otherwise_is_left_empty(clinic: SmallClinic) -> None:
    with_calls(clinic, [*TAGS] * 10, words=LISTED).load()
    assert reasons(clinic) == {"price": 20, "no_slot": 10, None: 40}


def test_what_a_row_needs_still_sets_it_aside(clinic: SmallClinic) -> None:
    clinic.visits[3] = clinic.visits[3].replace(";came;", ";somehow;")
    intake = clinic.load()
    assert next(f for f in intake.files if f.table == "appointments").rows_set_aside == 1
    assert not [check for check in intake.checks if check.check == "values_emptied"]


def test_a_mapping_may_ask_for_the_row_to_be_set_aside(clinic: SmallClinic) -> None:
    intake = with_calls(clinic, ["price"] * 30 + ["перезвонит"] * 2, if_bad="set_aside").load()
    assert next(f for f in intake.files if f.table == "enquiries").rows_set_aside == 2


def _with_days(clinic: SmallClinic, **rule: object) -> None:
    """The day of booking in another form than declared, in every row."""
    clinic.source("visits")["fills"][0]["columns"]["booked_at"] = {"from": "starts", "format": "%Y-%m-%d", **rule}


def test_a_form_declared_wrongly_is_refused_not_emptied(clinic: SmallClinic) -> None:
    _with_days(clinic)
    with pytest.raises(DataError, match=r"visits.csv, row 2, column “starts”: 60 of 60 values: not a date as declared .*if_bad: empty"):
        clinic.load()
    assert not clinic.database.exists()


def test_a_column_may_be_given_up(clinic: SmallClinic) -> None:
    _with_days(clinic, if_bad="empty")
    clinic.load()
    assert clinic.query("SELECT count(*), count(booked_at) FROM appointments") == [(60, 0)]


def test_names_and_telephones_among_the_tags_are_counted_not_shown(clinic: SmallClinic) -> None:
    planted = ["Иванова Пелагея а", "+7 916 100-00-00", "Яшин Ян перезвонит"]
    intake = with_calls(clinic, [tag for tag in planted for _ in range(20)] + ["price"] * 5).load()
    text = clinic.set_aside.read_text("utf-8") + str([dict(check.values) for check in intake.checks])
    assert "60 rows" in text
    assert not [tag for tag in planted if tag in text]


def test_words_found_everywhere_are_refused(clinic: SmallClinic) -> None:
    with pytest.raises(ConfigError, match="found in every text"):
        with_calls(clinic, ["price"], words={"price": ["*"]}).load()


def test_words_for_a_code_that_is_none_are_refused(clinic: SmallClinic) -> None:
    with pytest.raises(ConfigError, match="“dear” is not one of our words"):
        with_calls(clinic, ["price"], words={"dear": ["дорого"]}).load()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([*TAGS, "rude", "x"]), min_size=1, max_size=80))
def test_every_tag_is_read_or_counted(tags: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = with_calls(SmallClinic(Path(folder) / "small"), tags, words=LISTED).prepared()
        with work.connection as connection:
            kept, read = connection.execute("SELECT count(*), count(loss_reason) FROM stage_enquiries WHERE fate IS NULL").fetchall()[0]
            assert kept == len(tags)
            assert sum(tag != "" for tag in tags) == read + sum(found.rows for found in work.unread)
            record = next(r for r in file_records(connection, work.staged, work.tables, work.files) if r.table == "enquiries")
            assert (record.rows_read, record.rows_used, record.rows_set_aside) == (len(tags), len(tags), 0)
            for found in work.unread:
                assert sum(n for _, n in found.texts) <= found.rows

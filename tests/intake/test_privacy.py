"""No planted identifier reaches the database, set_aside.csv, a record, a message or a log."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from audit.errors import AuditError, DataError
from audit.intake.load import Intake
from audit.intake.privacy import KEY_BYTES, keyed, secret
from audit.intake.staff import shown_names
from tests.intake.small_clinic import SmallClinic, cards

NAME, PHONE, MAIL, BORN = "Свердлова-Канарейкина Евдокия", "+79031234567", "canary.person@mail.ru", "17.11.1944"
SPELLINGS = [
    *(NAME, PHONE, PHONE[1:], "8 903 123-45-67", MAIL, BORN, "1944-11-17", "CARD-0042", "Яшин Ян"),
    *(NAME.upper(), NAME.lower(), "Канарейкина"),
]


def planted(clinic: SmallClinic) -> SmallClinic:
    """One person whose every value is planted, also where it does not belong."""
    clinic.cards = [f"CARD-0042;{NAME};8 903 123-45-67;{BORN};ж", *cards()]
    clinic.visits[0] = f"CV1;CARD-0042;Яшин Ян;05.02.2016 10:00;came;{NAME} {PHONE}"
    clinic.visits[1] = f"CV2;CARD-0042;Яшин Ян;05.02.2016 11:00;{NAME};5"
    clinic.visits[2] = "CV3;CARD-0042;Яшин Ян;05.02.2016 12:00;came;7;" + MAIL
    clinic.visits[3] = f"CV4;CARD-0042;{PHONE};06.02.2016 12:00;came;7"
    clinic.source("visits")["fills"][0]["columns"]["branch"] = "doctor"
    return clinic


def hits(content: bytes) -> list[str]:
    found = []
    for word in SPELLINGS:
        forms = [
            word.encode(),
            word.encode("cp1251", "ignore"),
            word.encode("utf-16-le"),
            base64.b64encode(word.encode()),
        ]
        found += [word for form in forms if len(form) > 4 and form in content]
    return found


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallClinic, Intake]:
    clinic = planted(SmallClinic(tmp_path_factory.mktemp("planted") / "small"))
    return clinic, clinic.load()


def test_no_identifier_is_stored_or_told(loaded: tuple[SmallClinic, Intake]) -> None:
    clinic, intake = loaded
    # the branch was mapped from the doctor's column: a telephone in it is masked, a doctor's name is a branch's name
    written = [p for p in clinic.home.rglob("*") if p.is_file() and ".vault" not in p.parts and "raw" not in p.parts]
    assert clinic.database in written and clinic.set_aside in written
    leaks = {path.name: [word for word in hits(path.read_bytes()) if word != "Яшин Ян"] for path in written}
    assert {name: words for name, words in leaks.items() if words} == {}
    assert hits(str(intake).encode()) in ([], ["Яшин Ян"])
    assert [check.values["column"] for check in intake.checks if check.check == "personal_label"] == ["branch"]


def test_ids_are_thirty_two_hex_digits_equal_in_all_tables(loaded: tuple[SmallClinic, Intake]) -> None:
    clinic, intake = loaded
    for table, column in (
        ("patients", "patient_id"),
        ("patients", "phone_key"),
        ("appointments", "appointment_id"),
        ("charges", "charge_id"),
    ):
        assert clinic.query(f"SELECT bool_and(regexp_full_match({column}, '[0-9a-f]{{32}}')) FROM {table}") == [(True,)]
    joined = "charges JOIN appointments USING (appointment_id, patient_id) JOIN patients USING (patient_id)"
    unread = next(f.rows_set_aside for f in intake.files if f.table == "appointments")
    assert unread == 2
    assert clinic.query(f"SELECT count(*) FROM {joined}") == [(intake.rows["charges"],)]


def test_names_are_shown_only_when_the_clinic_says_so(loaded: tuple[SmallClinic, Intake]) -> None:
    clinic, _ = loaded
    assert shown_names(clinic.home, clinic.config) == {}
    clinic.settings["show_names"] = True
    assert set(shown_names(clinic.home, clinic.config).values()) >= {"Белов Бор", "Яшин Ян"}


def test_messages_hold_no_value(clinic: SmallClinic) -> None:
    clinic.settings["set_aside_limit"] = 0.01
    planted(clinic)
    with pytest.raises(AuditError) as caught:
        clinic.load()
    assert hits(str(caught.value).encode()) == []


def test_a_line_of_data_as_header_is_not_repeated(clinic: SmallClinic) -> None:
    planted(clinic)
    clinic.raw("patients.csv", "\n".join(clinic.cards))
    with pytest.raises(DataError, match=r"patients\.csv") as caught:
        clinic.load()
    assert hits(str(caught.value).encode()) == []


def test_the_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    key = secret(tmp_path, loaded=False)
    path = tmp_path / ".vault" / "key"
    assert len(key) == KEY_BYTES
    assert oct(path.stat().st_mode)[-3:] == "600" and oct(path.parent.stat().st_mode)[-3:] == "700"
    assert secret(tmp_path, loaded=True) == key
    path.unlink()
    with pytest.raises(DataError, match="the key of the loaded tables is gone → put the key back"):
        secret(tmp_path, loaded=True)


def test_codes_depend_on_key_role_and_value() -> None:
    one, other = b"1" * 32, b"2" * 32
    assert keyed(one, "phone", ["+7916"]) == keyed(one, "phone", ["+7916"])
    codes = {
        keyed(one, "phone", ["+7916"])[0],
        keyed(other, "phone", ["+7916"])[0],
        keyed(one, "patient", ["+7916"])[0],
        keyed(one, "phone", ["+7917"])[0],
    }
    assert len(codes) == 4


def test_set_aside_is_no_formula(clinic: SmallClinic) -> None:
    clinic.source("visits")["fills"][0]["columns"]["branch"] = "doctor"
    clinic.source("visits")["fills"][0]["columns"].pop("doctor_id")
    clinic.visits[0] = 'V000;C00;"=HYPERLINK(""http://evil"")";05.02.2016 10:00;???;1'
    clinic.load()
    cells = clinic.set_aside.read_text("utf-8").splitlines()[1].split(",")
    assert not any(cell.lstrip('"').startswith(("=", "+", "-", "@")) for cell in cells)

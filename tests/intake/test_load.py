"""Loading: what is kept, set aside, left out, merged, matched; what is refused and how it is told."""

from __future__ import annotations

import csv

import pytest

from audit.errors import ConfigError, DataError
from audit.intake.record import file_records
from tests.intake.small_clinic import VISITS_HEADER, SmallClinic, asked, cards, text_format


def test_a_clean_client_is_loaded_whole(clinic: SmallClinic) -> None:
    intake = clinic.load()
    assert intake.rows["patients"] == 12
    assert intake.rows["appointments"] == 60
    assert intake.rows["charges"] == 54
    assert intake.rows["doctors"] == 2
    assert clinic.query("SELECT sum(paid) FROM charges")[0][0] == 54_027
    assert {check.status for check in intake.checks if check.check in ("contract", "rows_set_aside")} == {"pass"}
    assert not list(clinic.database.parent.glob("*.aside"))
    assert oct(clinic.database.stat().st_mode)[-3:] == "600"


def test_doctors_are_codes_in_the_order_of_their_names(clinic: SmallClinic) -> None:
    work = clinic.prepared()
    counted = asked(work, "SELECT doctor_id, count(*) FROM stage_appointments GROUP BY 1 ORDER BY 1")
    assert counted == [("D01", 30), ("D02", 30)]
    assert asked(work, "SELECT doctor_id, started_on::VARCHAR FROM stage_doctors ORDER BY 1")[0] == (
        "D01",
        "2016-01-01",
    )
    assert work.names["doctors"] == {"D01": "Белов Бор", "D02": "Яшин Ян"}


def test_rows_that_cannot_be_read_are_set_aside_with_their_places(clinic: SmallClinic) -> None:
    clinic.visits[4] = clinic.visits[4].replace("1 000,50", "бесплатно")
    clinic.visits[5] = clinic.visits[5].replace(".2016", ".2016x")
    clinic.visits[6] = clinic.visits[6].replace("came", "???")
    clinic.visits[7] += ";too;long"
    clinic.visits[8] = "V008;C00"
    clinic.visits[10] = ";" + clinic.visits[10].split(";", 1)[1]
    clinic.visits[11] = clinic.visits[11].replace("C11", "")
    clinic.visits[12] = clinic.visits[12].replace("Белов", "Бе\x00лов")
    intake = clinic.load()
    rows = list(csv.DictReader(clinic.set_aside.read_text("utf-8").splitlines()))
    found = {(int(row["row"]), row["table"], row["column"]) for row in rows}
    assert {(6, "charges", "paid"), (7, "appointments", "starts"), (8, "appointments", "status")} <= found
    assert {
        (9, "appointments", ""),
        (10, "charges", ""),
        (12, "appointments", "visit"),
        (13, "appointments", "card"),
    } <= found
    assert (14, "appointments", "doctor") in found
    for file in intake.files:
        assert file.rows_read == file.rows_used + file.rows_set_aside + file.rows_left_out
    assert clinic.query(
        "SELECT rows_read, rows_used, rows_set_aside FROM exports WHERE \"table\" = 'appointments'"
    ) == [(60, 53, 7)]
    assert intake.rows["appointments"] == 53


def test_several_mistakes_in_one_row_are_all_listed(clinic: SmallClinic) -> None:
    clinic.visits[4] = "V004;C04;Белов Бор;tomorrow;???;free"
    clinic.load()
    rows = [
        row
        for row in csv.DictReader(clinic.set_aside.read_text("utf-8").splitlines())
        if row["table"] == "appointments"
    ]
    assert [row["column"] for row in rows] == ["starts", "status"]


def test_more_than_the_limit_is_refused_and_nothing_is_written(clinic: SmallClinic) -> None:
    clinic.visits[:30] = [line.replace("1 000,50", "Петрова +79161234567") for line in clinic.visits[:30]]
    with pytest.raises(DataError) as caught:
        clinic.load()
    told = str(caught.value)
    assert "visits.csv (charges): 27 of 54 rows cannot be used, more than 20%" in told
    assert "visits.csv, row 2, column “paid”: 27 × not a number as declared (decimal) → rows 2, 3, 4, 5, 6 …" in told
    assert "Петрова" not in told and "7916" not in told
    assert not clinic.database.exists() and not clinic.set_aside.exists()


def test_missing_files_and_columns_of_all_sources_are_told_at_once(clinic: SmallClinic) -> None:
    clinic.source("cards")["files"] = ["pacijenti.csv"]
    clinic.source("visits")["fills"][1]["columns"]["paid"] = "amount"
    clinic.source("visits")["fills"][0]["columns"]["doctor_id"] = "doktor"
    with pytest.raises(DataError) as caught:
        clinic.load()
    told = str(caught.value)
    assert (
        "pacijenti.csv: no such file for source “cards” → put it into raw/, correct files:, or set optional: true"
        in told
    )
    assert "visits.csv, column “amount”: no such column in the header" in told
    assert "visits.csv, column “doktor”: no such column in the header → did you mean doctor?" in told


def test_an_optional_file_may_be_missing(clinic: SmallClinic) -> None:
    clinic.mapping["sources"].append(
        {
            "name": "ads",
            "files": "ads.csv",
            "optional": True,
            "format": text_format(),
            "fills": [
                {
                    "table": "ad_spend",
                    "columns": {
                        "channel": "c",
                        "from_day": {"from": "d", "format": "iso"},
                        "to_day": {"from": "d", "format": "iso"},
                        "spend": "s",
                    },
                }
            ],
        }
    )
    assert "ad_spend" not in clinic.prepared().tables
    clinic.raw("ads.csv", "c;d;s\n")
    work = clinic.prepared()
    assert asked(work, "SELECT count(*) FROM stage_ad_spend") == [(0,)]


def test_the_preferred_of_repeated_rows_is_kept(clinic: SmallClinic) -> None:
    clinic.visits = [line.replace("Яшин", service) for line in clinic.visits for service in ("Осмотр", "Анализ")]
    target = clinic.source("visits")["fills"][0]
    target["one_per"] = "appointment_id"
    target["columns"]["service_id"] = "doctor"
    target["prefer"] = {"service_id": ["Анализ Ян"]}
    work = clinic.prepared()
    got = asked(work, "SELECT service_id, count(*) FROM stage_appointments WHERE fate IS NULL GROUP BY 1 ORDER BY 1")
    assert got == [("Анализ Ян", 30), ("Белов Бор", 30)]


def test_a_required_file_with_a_header_only_is_refused(clinic: SmallClinic) -> None:
    clinic.visits = []
    with pytest.raises(DataError, match=r"visits\.csv: holds no usable row for appointments: the file is empty"):
        clinic.load()


def test_a_period_without_appointments_is_refused(clinic: SmallClinic) -> None:
    clinic.settings["period"] = {"start": "2001-01-01", "end": "2017-01-01"}
    clinic.settings["period"]["start"] = "2016-12-30"
    with pytest.raises(ConfigError, match=r"clinic\.yml: period: no appointment between 2016-12-30 and 2017-01-01"):
        clinic.load()


def test_exports_of_two_clinics_are_refused(clinic: SmallClinic) -> None:
    clinic.visits = [line.replace(";C", ";X") for line in clinic.visits]
    with pytest.raises(
        DataError, match=r"visits\.csv, column “card”: no appointment belongs to a known patient \(patient_id\)"
    ):
        clinic.load()


def test_some_orphans_are_kept_and_counted(clinic: SmallClinic) -> None:
    clinic.visits[3] = clinic.visits[3].replace(";C03;", ";X99;")
    intake = clinic.load()
    link = next(
        c
        for c in intake.checks
        if c.check == "link" and c.table == "appointments" and c.values["column"] == "patient_id"
    )
    assert (link.rows, link.status) == (1, "warn")
    assert intake.rows["appointments"] == 60


def test_two_files_of_one_name_are_a_question(clinic: SmallClinic) -> None:
    clinic.raw("visits.xlsx", "x")
    with pytest.raises(
        DataError,
        match=r"visits\.csv: visits\.xlsx has the same name: both are here → map both, or put one under ignore",
    ):
        clinic.load()
    clinic.mapping["ignore"] = ["*.xlsx"]
    clinic.load()


def test_a_file_nobody_reads_is_told(clinic: SmallClinic) -> None:
    clinic.raw("notes.txt", "x")
    assert clinic.prepared().unused == ["notes.txt"]


def test_three_months_in_three_encodings_fill_one_table(clinic: SmallClinic) -> None:
    first, second, third = clinic.visits[:20], clinic.visits[20:40], clinic.visits[40:]
    clinic.raw("visits.csv", "\n".join([VISITS_HEADER, *first]))
    clinic.raw("visits2.csv", "\r\n".join(["Report;;;;;", VISITS_HEADER, *second]).encode("cp1251"))
    clinic.raw("visits3.txt", "\n".join([VISITS_HEADER, *third]).replace(";", "\t").encode("utf-16"))
    visits = clinic.source("visits")
    clinic.mapping["sources"] += [
        {**visits, "name": "second", "files": ["visits2.csv"], "format": text_format(encoding="cp1251", header=2)},
        {**visits, "name": "third", "files": ["visits3.txt"], "format": text_format(encoding="utf-16", delimiter="\t")},
    ]
    work = clinic.prepared()
    assert asked(work, "SELECT count(*) FROM stage_appointments WHERE fate IS NULL") == [(60,)]
    records = file_records(work.connection, work.staged, work.tables, work.files)
    assert {(file.file, file.encoding, file.rows_used) for file in records if file.table == "appointments"} == {
        ("visits.csv", "utf-8", 20),
        ("visits2.csv", "cp1251", 20),
        ("visits3.txt", "utf-16", 20),
    }


def test_duplicates_are_left_out_and_contradictions_set_aside(clinic: SmallClinic) -> None:
    clinic.visits += [clinic.visits[3], clinic.visits[5].replace("came", "missed")]
    clinic.cards += [clinic.cards[2].replace("ж", "м").replace("м", "ж", 1) + "", clinic.cards[4]]
    clinic.cards[-2] = clinic.cards[2].replace("1952", "1953")
    work = clinic.prepared()
    assert asked(work, "SELECT fate, row FROM stage_appointments WHERE fate IS NOT NULL ORDER BY 2") == [
        ("duplicate", 62),
        ("set aside", 63),
    ]
    assert asked(work, "SELECT fate, row FROM stage_patients WHERE fate IS NOT NULL ORDER BY 2") == [
        ("set aside", 14),
        ("duplicate", 15),
    ]


def test_ids_are_texts(clinic: SmallClinic) -> None:
    base = "Ли Ян {};+7 916 222-00-{:02d};0{}.04.1960;ж"
    ids = ["00017", "17", "123456789012345678", "123456789012345679", "9377952927E-5", "../../etc"]
    clinic.cards += [f"{card};{base.format(n, n, n + 1)}" for n, card in enumerate(ids)]
    clinic.cards.append(f"1,23457E+11;{base.format(9, 99, 9)}")
    work = clinic.prepared()
    assert asked(work, "SELECT count(DISTINCT patient_id) FROM stage_patients WHERE fate IS NULL") == [(18,)]
    assert asked(work, "SELECT reasons FROM stage_patients WHERE fate = 'set aside'") == [(["cut number:patient_id"],)]


def test_rows_after_the_period_are_left_out_and_impossible_years_set_aside(clinic: SmallClinic) -> None:
    clinic.visits += ["V900;C01;Белов Бор;05.01.2017 10:00;came;1,00", "V901;C01;Белов Бор;05.01.2099 10:00;came;1,00"]
    work = clinic.prepared()
    assert asked(work, "SELECT row, fate FROM stage_appointments WHERE fate IS NOT NULL ORDER BY 1") == [
        (62, "after the period"),
        (63, "set aside"),
    ]


def test_cards_of_one_phone_and_birth_date_are_one_person(clinic: SmallClinic) -> None:
    clinic.cards += [
        "C90;ИВАНОВА;8(916)1000003;04.03.1953;",  # the person of C03 again
        "C91;Сын;8(916)1000003;01.01.2010;м",  # a family shares a telephone
    ]
    clinic.visits += ["V900;C90;Белов Бор;05.02.2016 10:00;came;1,00"]
    work = clinic.prepared()
    assert work.persons.merged == 1
    assert asked(work, "SELECT patient_id FROM stage_appointments WHERE appointment_id = 'V900'") == [("C03",)]
    assert asked(work, "SELECT count(*) FROM stage_patients WHERE fate IS NULL") == [(13,)]


def test_twins_of_different_sex_are_two_persons(clinic: SmallClinic) -> None:
    clinic.cards += ["C90;Ли Ян;+79169999999;01.02.2010;м", "C91;Ли Яна;+79169999999;01.02.2010;ж"]
    assert clinic.prepared().persons.merged == 0


def test_test_patients_and_their_visits_go(clinic: SmallClinic) -> None:
    clinic.cards += ["C90;Тест Тестович;+79160000000;01.01.1980;м", "C92;Протестов Ян;+79160000001;01.01.1981;м"]
    clinic.visits += ["V900;C90;Белов Бор;05.02.2016 10:00;came;1,00"]
    work = clinic.prepared()
    assert work.persons.tests == 1
    assert asked(work, "SELECT fate FROM stage_charges WHERE appointment_id = 'V900'") == [("test",)]
    assert asked(work, "SELECT fate FROM stage_patients WHERE patient_id = 'C92'") == [(None,)]


def test_a_default_birth_date_is_unknown_age_and_sex(clinic: SmallClinic) -> None:
    clinic.cards += [f"X{n:02d};Ли Ян {n};+7 916 333-00-{n:02d};01.01.2000;м" for n in range(8)]
    clinic.cards += ["X98;Ли Ян;+7 916 333-00-01;01.01.2000;м"]  # same phone and default: not the same person
    work = clinic.prepared()
    assert work.persons.defaults == {"2000-01-01": 9}
    assert work.persons.merged == 0
    assert asked(work, "SELECT count(*) FROM stage_patients WHERE age_years IS NULL AND sex IS NULL") == [(9,)]
    assert asked(work, "SELECT age_years FROM stage_patients WHERE patient_id = 'C00'") == [(65,)]


def test_an_impossible_age_is_empty_and_counted(clinic: SmallClinic) -> None:
    clinic.source("cards")["fills"][0]["columns"].pop("birth_date")
    clinic.source("cards")["fills"][0]["columns"]["age_years"] = {"from": "born", "strip": ["лет"]}
    clinic.cards = [
        ";".join([*line.split(";")[:3], f"{20 + n} лет", line.split(";")[4]]) for n, line in enumerate(cards())
    ]
    clinic.cards[3] = clinic.cards[3].replace("23 лет", "-1 лет")
    intake = clinic.load()
    assert clinic.query("SELECT count(*), count(age_years), min(age_years) FROM patients") == [(12, 11, 20)]
    emptied = [check for check in intake.checks if check.check == "values_emptied"]
    assert [(check.rows, check.values["column"]) for check in emptied] == [(1, "age_years")]


def calls(clinic: SmallClinic) -> None:
    """Call tracking and the exchange: three calls seen by both, one by the exchange only, one redial."""
    clinic.raw(
        "track.csv",
        "id,at,from,source\n1,01/02/2016 10:00:00,79161000001,seo\n2,01/02/2016 10:00:40,79161000001,\n3,02/02/2016 09:00:00,79161000002,ads\n",
    )
    start = 1454310000  # 01.02.2016 10:00:00 in Moscow
    lines = [
        (start + 2, "79161000001", 31),
        (start + 41, "79161000001", 0),
        (start + 82_800, "79161000002", 5),
        (start + 90_000, "79161000003", 0),
    ]
    clinic.raw("pbx.csv", "".join(f"{at};{number};{talk}\n" for at, number, talk in lines))
    common = {"kind": {"const": "call"}, "direction": {"const": "in"}}
    clinic.mapping["sources"] += [
        {
            "name": "tracking",
            "files": "track.csv",
            "format": {"encoding": "utf-8", "delimiter": ","},
            "fills": [
                {
                    "table": "enquiries",
                    "columns": {
                        **common,
                        "enquiry_id": "id",
                        "started_at": {"from": "at", "format": "%d/%m/%Y %H:%M:%S"},
                        "caller_key": "from",
                        "channel": "source",
                        "is_answered": {"const": True},
                    },
                }
            ],
        },
        {
            "name": "exchange",
            "files": "pbx.csv",
            "format": text_format(header=0, names=["start", "number", "talk"]),
            "fills": [
                {
                    "table": "enquiries",
                    "same_event": {"columns": "caller_key", "within_seconds": 60},
                    "columns": {
                        **common,
                        "started_at": {"from": "start", "format": "unix"},
                        "caller_key": "number",
                        "talk_seconds": "talk",
                        "is_answered": {"from": "talk", "codes": {"no": [0]}, "otherwise": "yes"},
                    },
                }
            ],
        },
    ]


def test_one_call_in_two_systems_is_counted_once_and_its_gaps_filled(clinic: SmallClinic) -> None:
    calls(clinic)
    intake = clinic.load()
    got = clinic.query("SELECT strftime(started_at, '%d %H:%M:%S'), channel, talk_seconds FROM enquiries ORDER BY 1")
    assert got == [
        ("01 10:00:00", "seo", 31.0),
        ("01 10:00:40", None, 0.0),
        ("02 09:00:00", "ads", 5.0),
        ("02 11:00:00", None, 0.0),
    ]
    exchange = next(file for file in intake.files if file.file == "pbx.csv")
    assert (exchange.rows_read, exchange.rows_used, exchange.reasons) == (4, 4, {"same event": 3})
    matched = next(check for check in intake.checks if check.check == "events_matched")
    assert (matched.rows, matched.values["matched"]) == (1, 3)


def test_the_same_inputs_give_the_same_rows_in_the_same_order(clinic: SmallClinic) -> None:
    calls(clinic)
    first = clinic.load()
    tables = [
        "patients",
        "appointments",
        "charges",
        "enquiries",
        "first_visits",
        "patient_days",
        "opportunities",
        "exports",
        "checks",
    ]
    rows = {table: clinic.query(f"SELECT * FROM {table}") for table in tables}
    second = clinic.load()
    assert {table: clinic.query(f"SELECT * FROM {table}") for table in tables} == rows
    assert first.fingerprint == second.fingerprint


def test_invoices_fill_three_tables(clinic: SmallClinic) -> None:
    clinic.raw(
        "inv.csv",
        "no,who,at,amount\nI1,A,2016-02-01 10:00:00,100.00\nI2,A,2016-02-03 10:00:00,50.5\nI3,B,2016-02-03 11:00:00,70\nR1,A,2016-02-05 10:00:00,-50.5\n",
    )
    key = {"patient_id": "who"}
    at = {"from": "at", "format": "iso"}
    clinic.mapping["sources"] = [
        {
            "name": "invoices",
            "files": "inv.csv",
            "format": {"encoding": "utf-8", "delimiter": ","},
            "fills": [
                {"table": "patients", "one_per": "patient_id", "columns": key},
                {
                    "table": "appointments",
                    "where": [{"column": "amount", "sign": "positive"}],
                    "columns": {
                        **key,
                        "appointment_id": "no",
                        "starts_at": at,
                        "kind": {"const": "outpatient"},
                        "status": {"const": "completed"},
                    },
                },
                {
                    "table": "charges",
                    "columns": {
                        **key,
                        "charged_on": at,
                        "paid": "amount",
                        "kind": {"from": "amount", "by_sign": {"negative": "refund", "otherwise": "sale"}},
                    },
                },
            ],
        }
    ]
    work = clinic.prepared()
    kept = {t: asked(work, f"SELECT count(*) FROM stage_{t} WHERE fate IS NULL")[0][0] for t in work.tables}
    assert {name: kept[name] for name in ("patients", "appointments", "charges")} == {
        "patients": 2, "appointments": 3, "charges": 4,
    }  # fmt: skip
    sums = asked(work, "SELECT kind, sum(paid)::VARCHAR FROM stage_charges GROUP BY 1 ORDER BY 1")
    assert sums == [("refund", "-50.50"), ("sale", "220.50")]


def test_amounts_that_jump_by_a_hundred_are_told(clinic: SmallClinic) -> None:
    clinic.visits = [
        f"V{n:03d};C{n % 12:02d};Белов Бор;{1 + n % 28:02d}.02.2016 10:30;came;{1000 if n < 120 else 100_000}"
        for n in range(240)
    ]
    level = next(check for check in clinic.load().checks if check.check == "amounts_level")
    assert (level.status, level.rows, level.values["file"]) == ("warn", 120, "visits.csv")


def test_a_header_and_a_name_stand_for_nothing_but_themselves(clinic: SmallClinic) -> None:
    clinic.raw(
        "visits.csv", "\n".join([VISITS_HEADER.replace("doctor", 'price"), DROP TABLE visits --'), *clinic.visits])
    )
    clinic.source("visits")["fills"][0]["columns"]["doctor_id"] = 'price"), DROP TABLE visits --'
    clinic.source("visits")["fills"][1]["columns"].pop("doctor_id")
    clinic.source("visits")["fills"][0]["columns"]["branch"] = {"const": "'); DROP TABLE stage_patients; --"}
    assert asked(clinic.prepared(), "SELECT count(*) FROM stage_appointments WHERE fate IS NULL") == [(60,)]


ADS = {
    "name": "ads", "files": ["ads.csv"], "format": text_format(),
    "fills": [{"table": "ad_spend", "columns": {
        "channel": {"const": "search ads"}, "from_day": {"from": "day", "format": "%d.%m.%Y"},
        "to_day": {"from": "day", "format": "%d.%m.%Y"}, "spend": "cost", "currency": "code"}}],
}


def ads(*codes: str) -> str:
    return "\n".join(["day;cost;code", *(f"{n + 1:02d}.03.2016;1 000;{code}" for n, code in enumerate(codes))]) + "\n"


def test_spend_in_another_currency_is_set_aside_never_converted(clinic: SmallClinic) -> None:
    clinic.mapping["sources"].append(ADS)
    clinic.raw("ads.csv", ads("RUB", "RUB", "rur", "", "руб.", "USD"))
    intake = clinic.load()
    assert intake.rows["ad_spend"] == 5
    rows = list(csv.DictReader(clinic.set_aside.read_text("utf-8").splitlines()))
    assert [(row["row"], row["rule"]) for row in rows if row["table"] == "ad_spend"] == [("7", "money in another currency than the clinic's")]


def test_an_account_wholly_in_another_currency_is_refused(clinic: SmallClinic) -> None:
    clinic.mapping["sources"].append(ADS)
    clinic.raw("ads.csv", ads("USD", "USD", "USD"))
    with pytest.raises(DataError, match="money in another currency"):
        clinic.load()

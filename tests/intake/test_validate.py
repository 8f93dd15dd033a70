"""validate: what it sees, what it proposes, what it leaves to a person."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
import yaml

from audit.config import HOUSE, ClientConfig
from audit.intake.detect import detect_date, detect_decimal, detect_delimiter, detect_encoding, detect_header
from audit.intake.files import RawFile
from audit.intake.mapping_file import load_mapping
from audit.intake.propose import DECIDE
from audit.intake.synonyms import known_headers
from audit.intake.validate import validate_client
from tests.intake.small_clinic import CONFIG, SmallClinic

RUSSIAN = "Фамилия;Отделение\nЖуков Пётр;Хирургия\nЩербакова Анна;Приёмный покой\n"
CROATIAN = "Prezime;Odjel\nČačić Đuro;Kirurgija\nŠušnjara Željka;Čekaonica\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "utf-16"),
        (RUSSIAN, "utf-16-le"),
        (CROATIAN, "cp1250"),
        (CROATIAN, "utf-8"),
        ("a;b\n", "utf-8"),
    ],
)
def test_encodings_are_seen(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert detect_encoding(RawFile(path, "a.csv"))[0] == encoding


def test_delimiters_are_seen() -> None:
    assert detect_delimiter(["a;b;c\n", "1,5;2,5;3\n", "1;2;3\n"]) == ";"
    assert detect_delimiter(["a\tb\n", "1\t2\n"]) == "\t"
    assert detect_delimiter(["one word\n"]) is None


def test_headers_are_seen() -> None:
    rows = [(1, ["Отчёт", "", ""]), (3, ["Дата", "Врач", "Сумма"]), (4, ["01.02.2016", "Жук", "1 000"])]
    assert detect_header(rows, known_headers()) == (3,)
    two = [
        (5, ["Приём", "", "Суммы", ""]),
        (6, ["Дата", "Врач", "Оплачено", "Скидка"]),
        (7, ["01.02.2016", "Жук", "1", "2"]),
    ]
    assert detect_header(two, known_headers()) == (5, 6)
    assert detect_header([(1, ["1", "2016-01-01", "+7916"]), (2, ["2", "2016-01-02", "+7917"])], known_headers()) == ()


def test_dates_are_seen_and_both_readings_kept() -> None:
    assert detect_date(["2/6/16", "3/6/16"]).other == "%m/%d/%y"  # type: ignore[union-attr]
    assert detect_date(["2/6/16", "23/6/16"]).other is None  # type: ignore[union-attr]
    assert detect_date(["29.04.2016 18:38:08"]).format == "%d.%m.%Y %H:%M:%S"  # type: ignore[union-attr]
    assert detect_date(["январь 2016", "Март 2016"]).format == "%B %Y"  # type: ignore[union-attr]
    assert detect_date(["12", "hello"]) is None


def test_the_decimal_mark_is_seen() -> None:
    assert detect_decimal(["1 234,56", "7,5", "10"]) == (",", 2)
    assert detect_decimal(["1,234.56", "1,000"]) == (".", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "acme"
    (home / "raw").mkdir(parents=True)
    cards = ["№ карты;ФИО;Телефон;Дата рождения;Пол;Район"]
    cards += [
        f"{n};Жуков Пётр {n};8 916 100-00-{n:02d};{n + 1:02d}.02.1970;{'М' if n % 2 else 'Ж'};Центр" for n in range(28)
    ]
    (home / "raw" / "Карты.csv").write_bytes("\n".join(cards).encode("cp1251"))
    with xlsxwriter.Workbook(str(home / "raw" / "visits.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Отчёт по визитам"])
        sheet.write_row(2, 0, ["Визит", "Карта", "Врач", "Дата приёма", "Статус", "Сумма"])
        for n in range(60):
            sheet.write_row(
                3 + n,
                0,
                [
                    f"V{n}",
                    str(n % 28),
                    "Белов",
                    f"{1 + n % 28:02d}.02.2016",
                    "Пришёл" if n % 3 else "Отменён",
                    f"{n} 100,50",
                ],
            )
    (home / "raw" / "us.csv").write_text(
        "Campaign,Day,Cost\n" + "".join(f"a,0{n}/0{n + 1}/2016,{n}.5\n" for n in range(1, 9))
    )
    return home


def config() -> ClientConfig:
    return ClientConfig.model_validate({**CONFIG, "client": "acme"})


def test_a_proposal_is_written_and_what_is_open_is_asked(folder: Path) -> None:
    report = validate_client(folder, config())
    assert report.proposed == folder / "mapping.yml"
    assert [(line.file, line.rows, line.encoding, line.tables) for line in report.files] == [
        ("us.csv", 8, "utf-8", ("ad_spend",)),
        ("visits.xlsx", 60, "xlsx", ("appointments", "charges")),
        ("Карты.csv", 28, "cp1251", ("patients",)),
    ]
    asked = {decision.column for decision in report.decisions}
    assert asked == {"ad_spend.channel", "ad_spend.from_day", "ad_spend.to_day"}
    text = (folder / "mapping.yml").read_text("utf-8").splitlines()
    for decision in report.decisions:
        assert f"# {DECIDE}: " in text[decision.line - 1]
    assert any("day first or month first" in decision.question for decision in report.decisions)
    assert report.failed
    printed = "\n".join(report.lines())
    assert "mapping proposed for" in printed and "3 need you:" in printed
    assert "personal data found (birth date, name, phone) in Карты.csv" in printed
    assert "Жуков" not in printed


def test_after_the_answers_the_client_is_loaded_and_checked(folder: Path) -> None:
    validate_client(folder, config())
    path = folder / "mapping.yml"
    content = yaml.safe_load(path.read_text("utf-8"))
    ads = next(source for source in content["sources"] if source["files"] == ["us.csv"])["fills"][0]["columns"]
    ads["channel"] = {"const": "own ads"}
    ads["from_day"]["format"] = ads["to_day"]["format"] = "%m/%d/%Y"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    report = validate_client(folder, config())
    assert report.problems == () and report.proposed is None
    assert report.rows["appointments"] == 60 and report.rows["patients"] == 28
    assert any(line.startswith("checks   ") for line in report.lines())
    assert not list((folder / ".work").iterdir())
    assert report.as_dict()["failed"] == report.failed


def test_files_that_cannot_be_read_are_told_beside_the_others(folder: Path) -> None:
    (folder / "raw" / "empty.csv").write_bytes(b"")
    (folder / "raw" / "photo.png").write_bytes(b"\x89PNG....")
    report = validate_client(folder, config())
    assert [problem.split(":")[0] for problem in report.problems] == ["empty.csv", "photo.png"]
    assert len(report.files) == 3


def test_an_id_that_comes_again_is_one_row_per_id(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    lines = [f"{n % 7},I{n},2016-02-{1 + n % 28:02d},{n}.50" for n in range(40)]
    (tmp_path / "raw" / "inv.csv").write_text("\n".join(["CustomerID,InvoiceNo,InvoiceDate,amount", *lines]))
    validate_client(tmp_path, config())
    fills = yaml.safe_load((tmp_path / "mapping.yml").read_text("utf-8"))["sources"][0]["fills"]
    assert [(fill["table"], fill.get("one_per")) for fill in fills] == [
        ("patients", "patient_id"), ("appointments", None), ("charges", None),
    ]  # fmt: skip


def test_headings_among_the_rows_are_seen(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    rows = ["Врач;№ визита;№ карты;Дата приёма;Статус", "Жуков;;;;"]
    rows += [f";V{n};{n % 5};{1 + n:02d}.02.2016;Пришёл" for n in range(20)] + ["Итого;20;;;"]
    (tmp_path / "raw" / "v.csv").write_text("\n".join(rows), "utf-8")
    validate_client(tmp_path, config())
    source = yaml.safe_load((tmp_path / "mapping.yml").read_text("utf-8"))["sources"][0]
    assert source["format"]["groups"]["data_has"] == "№ визита"
    assert source["format"]["totals"] == {"marks": ["Итого"]}
    assert source["fills"][-1]["columns"]["doctor_id"] == "heading / Врач"


@pytest.mark.parametrize(
    ("header", "tables"),
    [
        ("Дата;№ карты;Врач;Услуга;Количество;Сумма", ("patients", "appointments", "charges")),
        ("Дата плана;№ карты;Врач;Услуга;Количество;Сумма", ("plans",)),
        ("Plan date;Patient ID;Provider;Procedure;Quantity;Fee", ("plans",)),
        ("Datum plana;Broj kartona;Liječnik;Usluga;Planirano;Iznos", ("plans",)),
    ],
)
def test_a_list_of_sales_is_no_list_of_plans(tmp_path: Path, header: str, tables: tuple[str, ...]) -> None:
    (tmp_path / "acme" / "raw").mkdir(parents=True)
    rows = [f"{1 + n % 28:02d}.03.2016;{100 + n};Белов;A01;1;1500,00" for n in range(40)]
    (tmp_path / "acme" / "raw" / "a.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    report = validate_client(tmp_path / "acme", config())
    assert [line.tables for line in report.files] == [tables]
    assert "plans.service_id" not in {decision.column for decision in report.decisions}


def test_no_export_at_all(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    report = validate_client(tmp_path, config())
    assert report.failed and "no export is here" in report.lines()[-1]


def test_the_template_is_replaced_by_the_proposal(folder: Path) -> None:
    template = HOUSE / "templates" / "new_client" / "mapping.yml"
    (folder / "mapping.yml").write_text(template.read_text("utf-8"), "utf-8")
    assert validate_client(folder, config()).proposed is not None


def test_a_broken_mapping_is_told_not_raised(clinic: SmallClinic) -> None:
    clinic.write()
    (clinic.home / "mapping.yml").write_text("version: 1\nsources: [{nme: x}]\n", "utf-8")
    report = validate_client(clinic.home, clinic.config)
    assert "unknown setting “nme”" in report.problems[0]
    assert report.checks == ()


def test_hints_of_a_proposal_are_a_valid_mapping_but_for_the_decisions(folder: Path) -> None:
    (folder / "raw" / "us.csv").unlink()
    report = validate_client(folder, config())
    assert report.decisions == ()
    assert {target.table for source in load_mapping(folder / "mapping.yml").sources for target in source.fills} == {
        "patients", "appointments", "charges",
    }  # fmt: skip

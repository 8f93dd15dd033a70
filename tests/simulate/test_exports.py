"""The raw exports: dirty as said, and holding neither more nor less than the clean tables."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import python_calamine
import yaml

from audit.simulate.exports import write_clinic, write_exports

FILES = {
    "mis_visits_2014-2016.xls",
    "patients.csv",
    "calltouch_calls.csv",
    "mango_stats.csv",
    "direct.tsv",
    "direct_ui.csv",
    "google_ads.csv",
    "ga4.csv",
    "marketing_budget.xlsx",
    "1c_pl.xlsx",
    "reviews.csv",
    "csat.xlsx",
    "events.yaml",
    "prices.csv",
    "schedule.xlsx",
    "competitors.csv",
    "population.csv",
    "reactivation_2016-10.csv",
    "treatment_plans.csv",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A small clinic, its folder of raw files and its truth."""
    home = tmp_path_factory.mktemp("client")
    clinic = write_exports(home / "raw", truth=home / "truth.json", size=0.1)
    return clinic, home / "raw", home / "truth.json"


@pytest.fixture(scope="module")
def report(written) -> pd.DataFrame:
    """All rows of the practice system's report below its header, all years."""
    _, raw, _ = written
    with (raw / "mis_visits_2014-2016.xls").open("rb") as file:
        book = python_calamine.CalamineWorkbook.from_filelike(file)
        sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert book.sheet_names == ["2014", "2015", "2016"]
    for sheet in sheets:
        assert sheet[4][1] == "Приём"
        assert sheet[5][1:4] == ["№ приёма", "№ карты", "Дата записи"]
    return pd.concat([pd.DataFrame(sheet[6:], columns=range(20)) for sheet in sheets], ignore_index=True)


def money(texts: pd.Series) -> pd.Series:
    return texts.str.replace("\u00a0", "").str.replace(",", ".").astype(float)


def test_every_file_is_there_and_the_truth_is_elsewhere(written):
    _, raw, truth = written
    assert {path.name for path in raw.iterdir()} == FILES
    assert json.loads(truth.read_text(encoding="utf-8"))["seed"] == 20151201


def test_same_clinic_same_bytes(written, tmp_path):
    clinic, raw, _ = written
    write_clinic(clinic, tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (raw / name).read_bytes(), name


def test_report_holds_the_charges(written, report):
    clinic, _, _ = written
    total = report[report[0] == "Итого"]
    lines = report[(report[0] == "") & (report[18] != "")]
    assert len(total) == 3
    assert money(total[18]).sum() == pytest.approx(money(lines[18]).sum())
    assert money(lines[18]).sum() == pytest.approx(clinic.tables["charges"].paid.sum() + 5)
    assert len(lines) == len(clinic.tables["charges"]) + 5


def test_report_totals_add_up_the_rows_above(report):
    of_doctor, running = [], 0.0
    for label, paid in zip(report[0], report[18], strict=True):
        if label.startswith("Итого: ") and "Филиал" not in label:
            of_doctor.append((float(paid.replace("\u00a0", "").replace(",", ".")), running))
        running = 0.0 if label else running + (float(paid.replace("\u00a0", "").replace(",", ".")) if paid else 0.0)
    assert len(of_doctor) >= 60
    assert all(stated == pytest.approx(summed) for stated, summed in of_doctor)


def test_report_holds_the_appointments(written, report):
    clinic, _, _ = written
    a = clinic.tables["appointments"]
    rows = report[(report[1] != "") & ~report[1].str.startswith("T")].drop_duplicates(1)
    assert set(rows[1]) == set(a.appointment_id)
    statuses = rows[9].value_counts()
    assert statuses["Оказано"] == (a.status == "completed").sum()
    assert statuses["Не явился"] == (a.status == "no_show").sum()
    doctors = report[(report[0] != "") & ~report[0].str.startswith(("Итого", "Филиал"))][0].drop_duplicates()
    assert len(doctors) == 11


def test_cards(written):
    clinic, raw, _ = written
    cards = pd.read_csv(raw / "patients.csv", sep=";", encoding="cp1251", dtype=str)
    people = len(clinic.tables["patients"])
    tests = cards["ФИО"].str.contains("Тест|Проверка")
    assert tests.sum() == 4
    assert (len(cards) - 4) / people - 1 == pytest.approx(0.012, abs=0.006)
    unknown = cards["Дата рождения"] == "01.01.2000"
    assert unknown.mean() == pytest.approx(0.03, abs=0.01)
    assert cards.loc[unknown, "Пол"].eq("М").all()
    spelling = cards["Телефон"].str.replace(r"\d", "9", regex=True)
    assert spelling.nunique() == 5
    assert cards["№ карты"].is_unique


def test_second_cards_are_the_same_person_and_are_used(written, report):
    _, raw, _ = written
    cards = pd.read_csv(raw / "patients.csv", sep=";", encoding="cp1251", dtype=str)
    digits = cards["Телефон"].str.replace(r"\D", "", regex=True).str[-10:]
    twice = cards[pd.DataFrame({"phone": digits, "born": cards["Дата рождения"]}).duplicated(keep=False)]
    assert len(twice) >= 20
    assert report[2].isin(twice[twice["ФИО"].str.isupper()]["№ карты"]).any()


def test_tracker_and_exchange_saw_the_same_calls(written):
    clinic, raw, _ = written
    tracker = pd.read_csv(raw / "calltouch_calls.csv", dtype=str, encoding="utf-8-sig", keep_default_na=False)
    exchange = pd.read_csv(raw / "mango_stats.csv", sep=";", header=None, dtype=str, keep_default_na=False)
    calls = clinic.tables["enquiries"]
    assert len(exchange) == len(calls)
    untracked = len(exchange[exchange[4] == ""]) - len(tracker)
    assert untracked / len(calls) == pytest.approx(0.01, abs=0.005)
    assert set(tracker.successful) == {"True", "true", "1", "False", "false", "0"}
    assert tracker.clientId.eq("null").all()
    assert set(tracker.attribution) == {"last_click", "last_non_direct"}
    started = (
        pd.to_datetime(exchange[1].astype(int), unit="s", utc=True).dt.tz_convert("Europe/Moscow").dt.tz_localize(None)
    )
    gap = (started - calls.started_at).dt.total_seconds()
    assert gap.between(0, 3).all()
    assert (exchange[3] == "0").equals(~calls.is_answered)


def test_direct_files_do_not_overlap(written):
    clinic, raw, _ = written
    page = pd.read_csv(raw / "direct_ui.csv", sep=";", encoding="cp1251", skiprows=4, dtype=str)
    api = pd.read_csv(raw / "direct.tsv", sep="\t", skiprows=1, dtype=str)
    google = pd.read_csv(raw / "google_ads.csv", sep="\t", encoding="utf-16", skiprows=2, dtype=str)
    assert page.iloc[-1, 0] == "Итого"
    assert api.iloc[-1, 0] == f"Total rows: {len(api) - 1}"
    assert google.iloc[-1, 0] == "Total: Account"
    assert (api == "--").any().any()
    page_cost = page["Расход (руб.)"].str.replace(",", ".").astype(float)
    google_cost = google["Cost"].str.replace(",", "").astype(float)
    spent = page_cost[:-1].sum() + api["Cost"].astype(float).sum() + google_cost[:-2].sum()
    own = clinic.tables["ad_spend"].query("channel == 'own context ads'").spend.sum()
    assert spent == pytest.approx(own)
    assert page_cost.iloc[-1] == pytest.approx(page_cost[:-1].sum())


def test_accounts_have_brackets_and_totals(written):
    _, raw, _ = written
    rows = python_calamine.CalamineWorkbook.from_path(str(raw / "1c_pl.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[3][:4] == ["Статья", "Группа", "Вид", "Январь 2014"]
    assert len(rows[3]) == 39
    assert sum(row[0].startswith("Итого") for row in rows) == 4
    assert rows[6][0].startswith("Итого: Выручка")
    assert rows[7][3].startswith("(")


def test_events_and_stacked_tables(written):
    clinic, raw, _ = written
    events = yaml.safe_load((raw / "events.yaml").read_text(encoding="utf-8"))["events"]
    assert len(events) == len(clinic.tables["events"])
    text = (raw / "ga4.csv").read_text(encoding="utf-8")
    assert text.startswith("# ---")
    assert text.count("# All Users") == 2


def test_survey_misses_weeks_and_shifts_overlap(written):
    clinic, raw, _ = written
    survey = clinic.tables["feedback"].query("source == 'survey'")
    book = python_calamine.CalamineWorkbook.from_path(str(raw / "csat.xlsx"))
    answers = sum(book.get_sheet_by_name(name).height - 1 for name in book.sheet_names)
    assert 0.90 * len(survey) < answers < len(survey)
    schedule = python_calamine.CalamineWorkbook.from_path(str(raw / "schedule.xlsx"))
    shifts = schedule.get_sheet_by_name("Смены").to_python()
    assert len(shifts) - 1 > len(clinic.tables["shifts"])
    assert Path(raw / "schedule.xlsx").stat().st_size > 0

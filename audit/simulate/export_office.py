"""Exports of the card index and of the office.

``patients.csv``: cp1251, ``;``, header. № карты → patient_id · ФИО (never stored) · Дата рождения DD.MM.YYYY →
age_years, 01.01.2000 when unknown · Пол М/Ж → sex, М when unknown · Телефон in five spellings → phone_key ·
Район → district · Адрес (never stored) · Источник → stated_source · Согласие Да/Нет → may_contact · Дата
регистрации DD.MM.YYYY → registered_on. 1.2 % of people have a second card; four cards are tests.

``1c_pl.xlsx``: sheet “ОПУ”, 3 title rows, header in row 4: Статья, Группа, Вид, then 36 months “Январь 2014” →
expenses.month. Статья → item · Группа → group · Вид → nature · cells “1 234 567,89”, costs in brackets → amount
(positive). Rows beginning “Итого” are subtotals, “Прибыль” the result.

``reviews.csv``: UTF-8, comma. Дата YYYY-MM-DD → feedback.given_on · Врач full name → doctor_id · Филиал → branch ·
Звёзды → score · Площадка; source is “site”.

``csat.xlsx``: one sheet per year, header in row 1. Дата (Excel date) → given_on · Врач → doctor_id · Филиал →
branch · № карты → patient_id · Оценка → score; source is “survey”. Some weeks are missing.

``events.yaml``: list ``events`` of name → event, kind, from → from_day, to → to_day, branch, note.

``prices.csv``: UTF-8, ``;``. Код → service_id of prices and services · Услуга → name · Вид → kind ·
Специальность → specialty · Первичный да → is_first_visit · Минуты → minutes · Себестоимость → direct_cost · Филиал →
branch, empty: all · Действует с, Действует по DD.MM.YYYY → valid_from, valid_to · Цена, руб. → price, empty for what
is not sold.

``schedule.xlsx``: sheets “Смены” (Сотрудник, Роль, Филиал, Кабинет, Начало, Конец as DD.MM.YYYY HH:MM → shifts; some
overlap), “Кабинеты” (Кабинет, Филиал, Тип, Мест, Открыт с, мин; Открыт до, мин; Дни недели 123456; Слот, мин →
rooms), “Сотрудники” (ФИО, Роль, Специальность, Филиал, Работает с, Ведёт первичный приём → doctors).

``competitors.csv``: UTF-8, comma: Клиника, Код услуги, Дата YYYY-MM-DD, Цена. ``population.csv``: UTF-8, comma: Район,
Возраст от, Возраст до, Пол, Жителей.

``reactivation_2016-10.csv``: UTF-8, ``;``: № карты, Группа (обзвон / контроль): who was called and who was held out.

``treatment_plans.csv``: cp1251, ``;``, a title row, header in row 2, last row “Итого”. № строки → line_id · № плана → plan_id · № карты →
patient_id, the person's newest card, one a test · Врач full name → doctor_id · Дата плана DD.MM.YYYY → planned_on · Код
услуги → service_id · Назначено → planned · Сумма “12 000,00” → amount · Отменён DD.MM.YYYY → cancelled_on.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter
import yaml
from numpy.random import Generator

from audit.simulate import words
from audit.simulate.clinic import Clinic
from audit.simulate.identities import CardIndex
from audit.simulate.sheet_stream import text_row, text_rows, write_workbook

OVERLAPPING = 0.004
"""Share of doctors' shifts entered a second time, an hour later in another room."""
MISSING_WEEKS = ("2014-07-14", "2014-07-21", "2015-01-05", "2015-08-03", "2016-05-02", "2016-07-25")
NATURE = {"fixed": "Постоянные", "variable": "Переменные", "revenue": "Выручка"}
GROUP = {
    "pay": "ФОТ",
    "rent": "Аренда",
    "supplies": "Материалы",
    "marketing": "Маркетинг",
    "equipment": "Оборудование",
    "tax": "Налоги",
    "other": "Прочее",
    "revenue": "Выручка",
}


def open_workbook(path: Path) -> xlsxwriter.Workbook:
    """A workbook written row by row, with a fixed creation time so that equal content gives equal bytes."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    book.set_properties({"created": datetime(2017, 1, 9, 9, 0)})
    return book


def write_patients(folder: Path, index: CardIndex) -> None:
    """The card index."""
    c = index.cards
    table = pd.DataFrame(
        {
            "№ карты": c.card,
            "ФИО": c.name,
            "Дата рождения": words.day_text(c.born),
            "Пол": words.theirs(c.sex, words.SEX),
            "Телефон": c.phone,
            "Район": words.theirs(c.district, words.DISTRICT),
            "Адрес": c.address,
            "Источник": words.theirs(c.stated_source, words.SOURCE),
            "Согласие": np.where(c.may_contact.astype(bool), "Да", "Нет"),
            "Дата регистрации": words.day_text(c.registered_on),
        }
    )
    table.to_csv(folder / "patients.csv", index=False, sep=";", encoding="cp1251", lineterminator="\r\n")


def write_accounts(folder: Path, clinic: Clinic) -> None:
    """The profit-and-loss account with months across."""
    e = clinic.tables["expenses"]
    lines = e.drop_duplicates("item")[["item", "group", "nature"]]
    wide = e.pivot(index="item", columns="month", values="amount")
    months = [f"{words.MONTHS[m.month - 1].capitalize()} {m.year}" for m in wide.columns]
    book = open_workbook(folder / "1c_pl.xlsx")
    sheet = book.add_worksheet("ОПУ")
    for at, text in enumerate(("Клиника ЛОР-2", "Отчёт о прибылях и убытках", "Январь 2014 - Декабрь 2016, руб.")):
        sheet.write_string(at, 0, text)
    _texts(sheet, 3, ["Статья", "Группа", "Вид", *months])
    at, result = 4, np.zeros(wide.shape[1])
    for nature in ("revenue", "variable", "fixed"):
        sign = 1 if nature == "revenue" else -1
        picked = lines[lines.nature == nature]
        for line in picked.itertuples():
            _texts(
                sheet,
                at,
                [
                    words.ITEM[line.item],
                    GROUP[line.group],
                    NATURE[nature],
                    *_bracketed(sign * wide.loc[line.item].to_numpy(float)),
                ],
            )
            at += 1
        total = sign * wide.loc[picked["item"]].to_numpy(float).sum(axis=0)
        _texts(sheet, at, [f"Итого: {NATURE[nature]}", "", "", *_bracketed(total)])
        at, result = at + 1, result + total
    _texts(sheet, at, ["Итого прибыль", "", "", *_bracketed(result)])
    book.close()


def _bracketed(values: np.ndarray) -> list[str]:
    return [
        f"({text})" if value < 0 else text for value, text in zip(values, words.money_text(np.abs(values)), strict=True)
    ]


def _texts(sheet: xlsxwriter.worksheet.Worksheet, at: int, cells: list[str]) -> None:
    for column, cell in enumerate(cells):
        if cell:
            sheet.write_string(at, column, cell)


def write_feedback(folder: Path, clinic: Clinic, index: CardIndex) -> None:
    """Stars of public sites and the clinic's own survey, some weeks of which are missing."""
    f = clinic.tables["feedback"]
    site = f[f.source == "site"]
    where = np.array(["ПроДокторов", "НаПоправку", "Яндекс.Карты"], dtype=object)[np.arange(len(site)) % 3]
    pd.DataFrame(
        {
            "Дата": words.day_text(site.given_on, "%Y-%m-%d"),
            "Врач": words.theirs(site.doctor_id, words.DOCTOR),
            "Филиал": words.theirs(site.branch, words.BRANCH),
            "Звёзды": site.score.astype(int),
            "Площадка": where,
        }
    ).to_csv(folder / "reviews.csv", index=False, encoding="utf-8", lineterminator="\n")
    survey = f[f.source == "survey"]
    monday = survey.given_on - pd.to_timedelta(survey.given_on.dt.day_of_week, unit="D")
    survey = survey[~monday.isin(pd.to_datetime(MISSING_WEEKS))]
    book = open_workbook(folder / "csat.xlsx")
    day_format = book.add_format({"num_format": "dd.mm.yyyy"})
    for year, rows in survey.groupby(survey.given_on.dt.year):
        sheet = book.add_worksheet(str(year))
        _texts(sheet, 0, ["Дата", "Врач", "Филиал", "№ карты", "Оценка"])
        card = index.first_card.reindex(rows.patient_id).to_numpy(object)
        for at, (row, number) in enumerate(zip(rows.itertuples(), card, strict=True), start=1):
            sheet.write_datetime(at, 0, row.given_on.to_pydatetime(), day_format)
            sheet.write_string(at, 1, words.DOCTOR[row.doctor_id])
            sheet.write_string(at, 2, words.BRANCH[row.branch])
            sheet.write_string(at, 3, number)
            sheet.write_number(at, 4, row.score)
    book.close()


def write_events(folder: Path, clinic: Clinic) -> None:
    """What the clinic did, kept by hand."""
    rows = [
        {
            "name": row.event,
            "kind": words.EVENT_KIND[row.kind],
            "from": row.from_day.date().isoformat(),
            "to": None if pd.isna(row.to_day) else row.to_day.date().isoformat(),
            "branch": words.BRANCH.get(row.branch),
            "note": row.note,
        }
        for row in clinic.tables["events"].itertuples()
    ]
    text = yaml.safe_dump({"events": rows}, allow_unicode=True, sort_keys=False, width=120)
    (folder / "events.yaml").write_text(text, encoding="utf-8")


def write_prices(folder: Path, clinic: Clinic) -> None:
    """The price list with its services."""
    s, p = clinic.tables["services"], clinic.tables["prices"]
    both = s.merge(p, on="service_id", how="left")
    pd.DataFrame(
        {
            "Код": both.service_id,
            "Услуга": words.theirs(both.service_id, words.SERVICE),
            "Вид": words.theirs(both.kind, words.SERVICE_KIND),
            "Специальность": "ЛОР",
            "Первичный": np.where(both.is_first_visit, "да", ""),
            "Минуты": both.minutes.astype(int),
            "Себестоимость": both.direct_cost,
            "Филиал": words.theirs(both.branch, words.BRANCH),
            "Действует с": words.day_text(both.valid_from),
            "Действует по": words.day_text(both.valid_to),
            "Цена, руб.": both.price.map(lambda v: "" if pd.isna(v) else f"{v:.2f}".replace(".", ",")),
        }
    ).to_csv(folder / "prices.csv", index=False, sep=";", encoding="utf-8", lineterminator="\n")


def write_schedule(folder: Path, clinic: Clinic, rng: Generator) -> None:
    """Shifts, rooms and staff."""
    t = clinic.tables
    shifts = _with_overlaps(t["shifts"], rng)
    staff = {**words.DOCTOR, **words.ADMINISTRATOR}
    r, d = t["rooms"], t["doctors"]
    sheets = {
        "Смены": {
            "Сотрудник": words.theirs(shifts.staff_id, staff),
            "Роль": words.theirs(shifts.role, words.ROLE),
            "Филиал": words.theirs(shifts.branch, words.BRANCH),
            "Кабинет": words.theirs(shifts.room_id, words.ROOM),
            "Начало": words.moment_text(shifts.starts_at),
            "Конец": words.moment_text(shifts.ends_at),
        },
        "Кабинеты": {
            "Кабинет": words.theirs(r.room_id, words.ROOM),
            "Филиал": words.theirs(r.branch, words.BRANCH),
            "Тип": words.theirs(r.kind, words.ROOM_KIND),
            "Мест": _whole(r.places),
            "Открыт с, мин": _whole(r.opens_minute),
            "Открыт до, мин": _whole(r.closes_minute),
            "Дни недели": r.weekdays.to_numpy(object),
            "Слот, мин": _whole(r.slot_minutes),
        },
        "Сотрудники": {
            "ФИО": words.theirs(d.doctor_id, words.DOCTOR),
            "Роль": np.full(len(d), "Врач", dtype=object),
            "Специальность": np.full(len(d), "ЛОР", dtype=object),
            "Филиал": words.theirs(d.branch, words.BRANCH),
            "Работает с": words.day_text(d.started_on),
            "Ведёт первичный приём": np.full(len(d), "да", dtype=object),
        },
    }
    write_workbook(
        folder / "schedule.xlsx",
        [
            (name, [text_row(1, list(columns)), *text_rows(2, list(columns.values()))], ())
            for name, columns in sheets.items()
        ],
    )


def _whole(values: pd.Series) -> np.ndarray:
    return values.astype(int).astype(str).to_numpy(object)


def _with_overlaps(shifts: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    doctors = shifts[(shifts.role == "doctor") & (shifts.room_id != "OR")]
    again = doctors[rng.random(len(doctors)) < OVERLAPPING]
    hour = pd.Timedelta(hours=1)
    again = again.assign(
        starts_at=again.starts_at + hour,
        ends_at=again.ends_at + hour,
        room_id=np.where(again.branch == "Branch 1", "R14", "R23"),
    )
    return pd.concat([shifts, again], ignore_index=True).sort_values(["starts_at", "role", "staff_id"], kind="stable")


def write_surroundings(folder: Path, clinic: Clinic, index: CardIndex) -> None:
    """Competitors, residents, and the list of the reactivation."""
    c, p = clinic.tables["competitors"], clinic.tables["population"]
    pd.DataFrame(
        {
            "Клиника": c.competitor,
            "Код услуги": c.service_id,
            "Дата": words.day_text(c.seen_on, "%Y-%m-%d"),
            "Цена": c.price,
        }
    ).to_csv(folder / "competitors.csv", index=False, encoding="utf-8", lineterminator="\n")
    pd.DataFrame(
        {
            "Район": words.theirs(p.district, words.DISTRICT),
            "Возраст от": p.age_from,
            "Возраст до": p.age_to,
            "Пол": words.theirs(p.sex, words.SEX),
            "Жителей": p.people.astype(int),
        }
    ).to_csv(folder / "population.csv", index=False, encoding="utf-8", lineterminator="\n")
    m = clinic.hidden["campaign"]
    pd.DataFrame(
        {
            "№ карты": index.first_card.reindex(m.patient_id).to_numpy(object),
            "Группа": np.where(m.group == "called", "обзвон", "контроль"),
        }
    ).to_csv(folder / "reactivation_2016-10.csv", index=False, sep=";", encoding="utf-8", lineterminator="\n")


def write_plans(folder: Path, clinic: Clinic, index: CardIndex) -> None:
    """The treatment plans below a title, above their total, one of them of a test card."""
    plans = clinic.tables["plans"]
    newest = index.second_card.reindex(plans.patient_id).fillna(index.first_card.reindex(plans.patient_id))
    table = pd.DataFrame(
        {
            "№ строки": plans.line_id,
            "№ плана": plans.plan_id,
            "№ карты": newest.to_numpy(object),
            "Врач": words.theirs(plans.doctor_id, words.DOCTOR),
            "Дата плана": words.day_text(plans.planned_on),
            "Код услуги": plans.service_id,
            "Назначено": _whole(plans.planned),
            "Сумма": words.money_text(plans.amount.to_numpy(float)),
            "Отменён": words.day_text(plans.cancelled_on),
        }
    )
    test_card = index.cards[index.cards.patient_id.isna()].card.iloc[0]
    test = ["TP00000-1", "TP00000", test_card, words.DOCTOR["D01"], "12.03.2014", "P06", "1", "1,00", ""]
    total = ["Итого", *[""] * 6, words.money_text(np.array([plans.amount.sum() + 1]))[0], ""]
    title = ["Планы лечения за период 01.01.2014 - 31.12.2016", *[""] * 8]
    rows = [title, list(table.columns), *table.to_numpy(object).tolist(), test, total]
    (folder / "treatment_plans.csv").write_bytes("".join(";".join(row) + "\r\n" for row in rows).encode("cp1251"))

"""``mis_visits_2014-2016.xls``: the practice system's report “Статистика посещений” (an xlsx called .xls).

One sheet per year: 4 title rows, a two-level header in rows 5–6 with merged cells, group rows branch →
doctor in column A, “Итого” rows after each doctor, each branch and at the end. Below a doctor one row
per bill line; an appointment without a bill has one row without amounts. All cells are text.

| header (row 5 / row 6) | format | canonical column |
|---|---|---|
| Филиал / Врач | group rows: branch, then doctor's full name; empty in data rows | branch, doctor_id |
| Приём / № приёма | V000001 | appointments.appointment_id, charges.appointment_id; empty for a deposit |
| Приём / № карты | digits | patient_id (a person may have two cards) |
| Приём / Дата записи | DD.MM.YYYY HH:MM | appointments.booked_at |
| Приём / Начало | DD.MM.YYYY HH:MM | appointments.starts_at; its day is charges.charged_on |
| Приём / Длит., мин | whole number, empty for a stay | appointments.minutes |
| Приём / Койко-дни | whole number, only for a stay | appointments.nights |
| Приём / Кабинет | room | appointments.room_id |
| Приём / Вид | Амбулаторный, Операция, Стационар; empty for a deposit | appointments.kind |
| Приём / Статус | Оказано, Не явился, Отменён | appointments.status |
| Приём / Первичный | да or empty | appointments.is_first_recorded |
| Приём / Диагноз | ICD-10, empty if the visit did not take place | appointments.diagnosis |
| Приём / Напоминание | да or empty | appointments.reminder_sent |
| Услуга / Код | A01 … | service_id |
| Услуга / Наименование | name | (services.name) |
| Суммы, руб. / Операция | Продажа, Возврат, Аванс; empty without a bill line | charges.kind |
| Суммы, руб. / По прайсу | 2 500,00 with no-break space, decimal comma | charges.list_amount |
| Суммы, руб. / Скидка | the same | list_amount − paid |
| Суммы, руб. / Оплачено | the same, a refund negative | charges.paid |
| Суммы, руб. / Плательщик | Наличные/карта, ДМС, Корпоративный договор | payer |

Test patients have visits of 1 rouble. Sums in the “Итого” rows are of По прайсу, Скидка and Оплачено.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from audit.simulate import words
from audit.simulate.clinic import Clinic
from audit.simulate.identities import CardIndex
from audit.simulate.sheet_stream import text_row, text_rows, write_workbook

FILE = "mis_visits_2014-2016.xls"
HEADER = (
    ("Филиал / Врач", ""),
    ("Приём", "№ приёма"),
    ("Приём", "№ карты"),
    ("Приём", "Дата записи"),
    ("Приём", "Начало"),
    ("Приём", "Длит., мин"),
    ("Приём", "Койко-дни"),
    ("Приём", "Кабинет"),
    ("Приём", "Вид"),
    ("Приём", "Статус"),
    ("Приём", "Первичный"),
    ("Приём", "Диагноз"),
    ("Приём", "Напоминание"),
    ("Услуга", "Код"),
    ("Услуга", "Наименование"),
    ("Суммы, руб.", "Операция"),
    ("Суммы, руб.", "По прайсу"),
    ("Суммы, руб.", "Скидка"),
    ("Суммы, руб.", "Оплачено"),
    ("Суммы, руб.", "Плательщик"),
)
MERGED = ("A5:A6", "B5:M5", "N5:O5", "P5:T5", "A1:T1")
FIRST_ROW = 7
TEST_VISITS = (
    ("2014-03-12 10:00", 0),
    ("2015-06-02 12:30", 1),
    ("2016-01-19 09:30", 2),
    ("2016-01-19 15:30", 2),
    ("2016-09-20 18:00", 3),
)


def write_visits(folder: Path, clinic: Clinic, index: CardIndex, card: pd.Series) -> Path:
    """Write the report; ``card`` is the card each appointment_id was booked on."""
    lines = _lines(clinic, index, card)
    sheets = []
    for year, rows in lines.groupby(lines.starts_at.dt.year):
        sheets.append((str(year), _sheet(int(year), rows), MERGED))
    path = folder / FILE
    write_workbook(path, sheets)
    return path


def _lines(clinic: Clinic, index: CardIndex, card: pd.Series) -> pd.DataFrame:
    """One row per bill line or appointment without one, ordered branch → doctor → time."""
    a, c = clinic.tables["appointments"], clinic.tables["charges"]
    bill = c[["appointment_id", "service_id", "kind", "list_amount", "paid"]].rename(
        columns={"service_id": "line_service", "kind": "line_kind"}
    )
    linked = a.merge(bill[bill.appointment_id.notna()], on="appointment_id", how="left")
    loose = c[c.appointment_id.isna()]
    deposits = pd.DataFrame(
        {
            "patient_id": loose.patient_id,
            "doctor_id": loose.doctor_id,
            "branch": loose.branch,
            "payer": loose.payer,
            "starts_at": loose.charged_on + pd.Timedelta(hours=12),
            "line_kind": loose.kind,
            "list_amount": loose.list_amount,
            "paid": loose.paid,
        }
    )
    linked["card"] = card.reindex(linked.appointment_id).to_numpy(object)
    deposits["card"] = index.first_card.reindex(deposits.patient_id).to_numpy(object)
    whole = pd.concat([linked, deposits, _test_visits(index)], ignore_index=True)
    return whole.sort_values(
        ["branch", "doctor_id", "starts_at", "appointment_id", "line_service"], kind="stable", ignore_index=True
    )


def _test_visits(index: CardIndex) -> pd.DataFrame:
    cards = index.cards[index.cards.patient_id.isna()].card.to_numpy(object)
    start = pd.to_datetime([start for start, _ in TEST_VISITS])
    return pd.DataFrame(
        {
            "appointment_id": [f"T{n:05d}" for n in range(1, len(TEST_VISITS) + 1)],
            "card": cards[[n for _, n in TEST_VISITS]],
            "branch": "Branch 1",
            "doctor_id": "D01",
            "room_id": "R11",
            "service_id": "A01",
            "kind": "outpatient",
            "booked_at": start,
            "starts_at": start,
            "minutes": 30.0,
            "status": "completed",
            "payer": "cash",
            "line_service": "A01",
            "line_kind": "sale",
            "list_amount": 1.0,
            "paid": 1.0,
        }
    )


def _cells(rows: pd.DataFrame) -> list[np.ndarray]:
    """The twenty columns as text."""
    whole = rows.minutes.map(lambda m: "" if np.isnan(m) else str(int(m))).to_numpy(object)
    nights = rows.nights.map(lambda m: "" if np.isnan(m) else str(int(m))).to_numpy(object)
    service = rows.line_service.where(rows.line_service.notna(), rows.service_id)
    billed = rows.line_kind.notna().to_numpy()
    amounts = [
        np.where(billed, words.money_text(values), "")
        for values in (rows.list_amount.fillna(0), (rows.list_amount - rows.paid).fillna(0), rows.paid.fillna(0))
    ]
    return [
        np.full(len(rows), "", dtype=object),
        rows.appointment_id.fillna("").to_numpy(object),
        rows.card.to_numpy(object),
        words.moment_text(rows.booked_at),
        words.moment_text(rows.starts_at),
        whole,
        nights,
        words.theirs(rows.room_id, words.ROOM),
        words.theirs(rows.kind, words.VISIT_KIND),
        words.theirs(rows.status, words.STATUS),
        _yes(rows.is_first_recorded),
        rows.diagnosis.fillna("").to_numpy(object),
        _yes(rows.reminder_sent),
        service.fillna("").to_numpy(object),
        words.theirs(service, words.SERVICE),
        words.theirs(rows.line_kind, words.LINE_KIND),
        *amounts,
        words.theirs(rows.payer, words.PAYER),
    ]


def _yes(flag: pd.Series) -> np.ndarray:
    return np.where(flag.fillna(False).astype(bool), "да", "").astype(object)


def _sheet(year: int, rows: pd.DataFrame) -> list[str]:
    """All rows of one year's sheet."""
    cells = _cells(rows)
    sums = np.c_[rows.list_amount.fillna(0), (rows.list_amount - rows.paid).fillna(0), rows.paid.fillna(0)]
    written = [
        text_row(n, [text])
        for n, text in enumerate(
            (
                "Клиника ЛОР-2",
                "Отчёт «Статистика посещений»",
                f"Период: 01.01.{year} - 31.12.{year}",
                "Параметры: группировка Филиал, Врач; валюта руб.",
            ),
            start=1,
        )
    ]
    upper = [above if n == 0 or above != HEADER[n - 1][0] else "" for n, (above, _) in enumerate(HEADER)]
    written += [text_row(5, upper), text_row(6, [below for _, below in HEADER])]
    at = FIRST_ROW
    for branch, in_branch in rows.groupby("branch", sort=True).indices.items():
        written.append(text_row(at, [words.BRANCH[branch]]))
        at += 1
        for doctor, in_doctor in rows.iloc[in_branch].groupby("doctor_id", sort=True).indices.items():
            picked = in_branch[in_doctor]
            written.append(text_row(at, [words.DOCTOR[doctor]]))
            written += text_rows(at + 1, [column[picked] for column in cells])
            at += 1 + len(picked)
            written.append(_total(at, f"Итого: {words.DOCTOR[doctor]}", sums[picked].sum(axis=0)))
            at += 1
        written.append(_total(at, f"Итого: {words.BRANCH[branch]}", sums[in_branch].sum(axis=0)))
        at += 1
    written.append(_total(at, "Итого", sums.sum(axis=0)))
    return written


def _total(number: int, label: str, sums: np.ndarray) -> str:
    return text_row(number, [label, *[""] * 15, *words.money_text(sums)])

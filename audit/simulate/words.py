"""Our words and the words the clinic's systems write for them.

The raw exports are Russian, as such systems are; the canonical tables are not. Intake translates with
the same pairs, written out in the client's mapping.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

BRANCH = {"Branch 1": "Филиал 1 (Третье кольцо)", "Branch 2": "Филиал 2 (Центр)"}
ROOM = {
    "R11": "Каб. 11",
    "R12": "Каб. 12",
    "R13": "Каб. 13",
    "R14": "Каб. 14",
    "R21": "Каб. 21",
    "R22": "Каб. 22",
    "R23": "Каб. 23",
    "OR": "Операционная",
    "WARD": "Стационар",
}
ROOM_KIND = {
    "consulting": "Приёмный кабинет",
    "operating": "Операционная",
    "diagnostics": "Диагностика",
    "ward": "Палата",
}
VISIT_KIND = {"outpatient": "Амбулаторный", "operation": "Операция", "ward": "Стационар"}
STATUS = {"completed": "Оказано", "no_show": "Не явился", "cancelled": "Отменён", "booked": "Запись"}
PAYER = {"cash": "Наличные/карта", "insurer": "ДМС", "corporate": "Корпоративный договор"}
LINE_KIND = {"sale": "Продажа", "refund": "Возврат", "deposit": "Аванс"}
SEX = {"female": "Ж", "male": "М"}
DISTRICT = {
    "Central": "ЦАО",
    "North": "САО",
    "North-East": "СВАО",
    "East": "ВАО",
    "South-East": "ЮВАО",
    "South": "ЮАО",
    "South-West": "ЮЗАО",
    "West": "ЗАО",
    "Moscow region": "Московская область",
}
SOURCE = {
    "internet": "Интернет",
    "portal": "Портал отзывов",
    "friends": "Знакомые",
    "been before": "Знал раньше",
    "outdoor": "Реклама на улице",
    "doctor": "Направил врач",
}
CHANNEL = {
    "organic search": "Поиск (SEO)",
    "agency context": "Контекст (агентство)",
    "own context ads": "Контекст (свой)",
    "aggregators / portals": "Агрегаторы",
    "word of mouth": "Рекомендации",
    "direct / brand": "Прямые/бренд",
    "static numbers / outdoor": "Статические номера/наружная",
}
TRAFFIC = {
    "organic search": "Organic Search",
    "own context ads": "Paid Search",
    "agency context": "Paid Search (agency)",
    "aggregators / portals": "Referral",
    "direct / brand": "Direct",
}
REGION = {"Moscow": "Moscow", "Moscow region": "Moscow Oblast", "other": "(other)"}
INTENT = {
    "primary": "Первичный",
    "repeat": "Повторный",
    "results": "Результаты анализов",
    "supplier": "Поставщик",
    "spam": "Спам",
    "other": "Ошибся номером",
}
OUTCOME = {"booked": "Записан", "thinking": "Думает", "lost": "Потерян"}
LOSS = {
    "price": "Цена",
    "no_slot": "Нет времени",
    "location": "Далеко",
    "service_missing": "Нет услуги",
    "rude": "Грубость/некомпетентность",
    "no_answer": "Не дождался",
    "other": "Другое",
}
SERVICE = {
    "A01": "Первичный приём ЛОР-врача",
    "A02": "Повторный приём ЛОР-врача",
    "A03": "Приём до/после операции",
    "P01": "Процедура курса лечения",
    "D01": "Эндоскопия носа и глотки",
    "D02": "Аудиометрия",
    "D03": "Тимпанометрия",
    "D04": "Риноманометрия",
    "D05": "УЗИ пазух",
    "D06": "Мазок и посев",
    "P02": "Промывание пазух (кукушка)",
    "P03": "Промывание миндалин",
    "P04": "Туалет уха",
    "P05": "Лазеротерапия",
    "P06": "Физиотерапия, сеанс",
    "P07": "Носовая блокада",
    "O01": "Аденотомия",
    "O02": "Септопластика",
    "O03": "Операция на пазухах",
    "O04": "Тонзиллэктомия",
    "O05": "Операция на ухе",
    "W01": "Пребывание в стационаре",
}
SERVICE_KIND = {
    "consultation": "Приём",
    "diagnostics": "Диагностика",
    "procedure": "Процедура",
    "operation": "Операция",
    "ward": "Стационар",
}
ITEM = {
    "Outpatient revenue": "Выручка амбулатории",
    "Surgery revenue": "Выручка операций",
    "Rent": "Аренда",
    "Administrators and managers": "ФОТ администрация",
    "Nurses, base pay": "ФОТ медсёстры",
    "Equipment leasing": "Лизинг оборудования",
    "Utilities and security": "Коммунальные, охрана",
    "Software and telephony": "ПО и связь",
    "Doctors' pay from revenue": "ФОТ врачи (сдельный)",
    "Medicines and consumables": "Медикаменты и расходники",
    "Card fees": "Эквайринг",
    "Tax on revenue": "Налог УСН",
    "Advertising": "Реклама",
}
EVENT_KIND = {
    "price": "цена",
    "marketing": "реклама",
    "desk": "администраторы",
    "doctors": "врачи",
    "service": "услуги",
    "reactivation": "реактивация",
    "closed": "закрыто",
    "other": "прочее",
}
ROLE = {"doctor": "Врач", "administrator": "Администратор"}
DOCTOR = {
    "D01": "Абрамов Илья Сергеевич",
    "D02": "Белова Анна Петровна",
    "D03": "Воронин Олег Павлович",
    "D04": "Гусева Мария Игоревна",
    "D05": "Дорохов Павел Андреевич",
    "D06": "Ершов Кирилл Олегович",
    "D07": "Жукова Елена Викторовна",
    "D08": "Зимин Роман Юрьевич",
    "D09": "Ильина Ольга Борисовна",
    "D10": "Краснов Денис Львович",
    "D11": "Лапина Софья Марковна",
}
ADMINISTRATOR = {"A": "Андреева Мария", "B": "Борисова Ольга", "C": "Власова Ирина", "D": "Громова Анна"}
MONTHS = (
    "январь",
    "февраль",
    "март",
    "апрель",
    "май",
    "июнь",
    "июль",
    "август",
    "сентябрь",
    "октябрь",
    "ноябрь",
    "декабрь",
)


def theirs(values: pd.Series | np.ndarray, words: dict[str, str]) -> np.ndarray:
    """The clinic's word for each of ours; empty text where there is none."""
    return pd.Series(values).map(words).fillna("").to_numpy(object)


def day_text(values: pd.Series, form: str = "%d.%m.%Y") -> np.ndarray:
    """Days as text, DD.MM.YYYY unless said otherwise; empty where there is no day."""
    distinct, at = np.unique(values.to_numpy().astype("datetime64[D]"), return_inverse=True)
    return pd.Series(pd.DatetimeIndex(distinct).strftime(form)).fillna("").to_numpy(object)[at]


def moment_text(values: pd.Series, form: str = "%d.%m.%Y", *, seconds: bool = False) -> np.ndarray:
    """Day and time, HH:MM or HH:MM:SS; empty where there is none."""
    whole = values.to_numpy().astype("datetime64[s]")
    second = np.where(np.isnat(whole), 0, (whole - whole.astype("datetime64[D]")).astype(np.int64))
    text = np.array([f" {n // 60:02d}:{n % 60:02d}" for n in range(1440)], dtype=object)[second // 60]
    if seconds:
        text = text + np.array([f":{n:02d}" for n in range(60)], dtype=object)[second % 60]
    return np.where(np.isnat(whole), "", day_text(values, form) + text)


def money_text(values: np.ndarray, space: str = "\u00a0") -> np.ndarray:
    """Roubles as such systems print them: grouped by a no-break space, decimal comma, two digits."""
    distinct, at = np.unique(np.round(np.asarray(values, float), 2), return_inverse=True)
    texts = np.array([f"{value:,.2f}".replace(",", space).replace(".", ",") for value in distinct], dtype=object)
    return texts[at]

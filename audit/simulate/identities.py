"""Names, cards and telephones as the raw exports show them, with the flaws of a real card index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.clinic import Clinic

MALE = ("Александр", "Дмитрий", "Максим", "Сергей", "Андрей", "Алексей", "Иван", "Михаил", "Никита", "Егор")
FEMALE = ("Анна", "Мария", "Елена", "Ольга", "Наталья", "Татьяна", "Ирина", "Екатерина", "Светлана", "Дарья")
FATHER = ("Александр", "Сергей", "Владимир", "Андрей", "Николай", "Виктор", "Олег", "Иван", "Павел", "Юрий")
STEMS = (
    "Иван",
    "Петр",
    "Сидор",
    "Кузнец",
    "Смирн",
    "Попов",
    "Волк",
    "Морож",
    "Соловь",
    "Орл",
    "Лебед",
    "Козл",
    "Новик",
    "Павл",
    "Семен",
    "Голуб",
    "Виноград",
    "Богдан",
    "Фёдор",
    "Михайл",
    "Беляк",
    "Тарас",
    "Комар",
    "Жук",
)
STREETS = (
    "Лесная",
    "Полевая",
    "Садовая",
    "Школьная",
    "Речная",
    "Новая",
    "Тверская-Ямская",
    "Профсоюзная",
    "Гиляровского",
)
DUPLICATES = 0.012
DEFAULT_BIRTH, DEFAULT_SHARE = np.datetime64("2000-01-01", "s"), 0.03
"""What an integration writes when it does not know; with it goes sex “male”."""
TEST_PATIENTS = ("Тест Тест Тестович", "Тестов Пациент Тестович", "Проверка Системы", "Тест Администратор")
ON_DUPLICATE = 0.45
"""Of the later visits of a person with two cards, those booked on the second one."""


@dataclass(frozen=True)
class CardIndex:
    """The card index as exported.

    ``cards`` one row per card (card, patient_id — empty for tests —, name, born, sex, phone, district, address,
    source, consent, registered_on, is_duplicate); ``first_card`` of each patient_id; ``second_card``
    of those with two.
    """

    cards: pd.DataFrame
    first_card: pd.Series
    second_card: pd.Series


def card_index(clinic: Clinic, rng: Generator) -> CardIndex:
    """Cards of all patients with duplicates, default birth dates and test patients planted."""
    patients = clinic.tables["patients"].merge(clinic.hidden["identities"], on="patient_id")
    shared = patients.phone_key.duplicated(keep=False).to_numpy()
    draw = rng.random(len(patients))
    duplicated = (draw < DUPLICATES) & ~shared
    unknown = (draw > 1 - DEFAULT_SHARE) & ~shared
    patients["name"] = _names(patients, rng)
    patients["born"] = np.where(unknown, DEFAULT_BIRTH, patients.born.to_numpy())
    patients["sex"] = np.where(unknown, "male", patients.sex)
    patients["address"] = _addresses(len(patients), rng)
    patients["is_duplicate"] = False
    second = patients[duplicated].assign(is_duplicate=True, stated_source=None)
    later = second.registered_on + pd.to_timedelta(rng.integers(1, 200, len(second)), unit="D")
    second["registered_on"] = later.clip(upper=pd.Timestamp("2016-12-30"))
    second["name"] = second.name.str.upper()
    cards = pd.concat([patients, second, _tests(rng)], ignore_index=True)
    cards = cards.sort_values(["registered_on", "patient_id", "is_duplicate"], kind="stable", ignore_index=True)
    cards["card"] = np.char.add("", (100_001 + np.arange(len(cards))).astype(str)).astype(object)
    cards["phone"] = _as_typed(cards.phone_key.to_numpy(object), rng)
    real = cards[cards.patient_id.notna()]
    return CardIndex(
        cards=cards,
        first_card=real[~real.is_duplicate].set_index("patient_id").card,
        second_card=real[real.is_duplicate].set_index("patient_id").card,
    )


def card_of_appointment(clinic: Clinic, index: CardIndex, rng: Generator) -> pd.Series:
    """Card each appointment was booked on, by appointment_id: some later ones on the second card."""
    a = clinic.tables["appointments"]
    card = index.first_card.reindex(a.patient_id).to_numpy(object)
    second = index.second_card.reindex(a.patient_id).to_numpy(object)
    later = a.duplicated("patient_id").to_numpy()
    use = later & pd.notna(second) & (rng.random(len(a)) < ON_DUPLICATE)
    return pd.Series(np.where(use, second, card), index=a.appointment_id)


def _names(patients: pd.DataFrame, rng: Generator) -> np.ndarray:
    female = (patients.sex == "female").to_numpy()
    n = len(patients)
    stem = np.array(STEMS, dtype=object)[rng.integers(0, len(STEMS), n)]
    given = np.where(
        female,
        np.array(FEMALE, dtype=object)[rng.integers(0, len(FEMALE), n)],
        np.array(MALE, dtype=object)[rng.integers(0, len(MALE), n)],
    )
    father = np.array([_patronymic(name) for name in FATHER], dtype=object)[rng.integers(0, len(FATHER), n)]
    family = stem + np.where(female, "ова", "ов")
    return family + " " + given + " " + father + np.where(female, "на", "ич")


def _patronymic(father: str) -> str:
    """Stem of the patronymic, to which “на” or “ич” is added."""
    return father[:-1] + "ев" if father.endswith("й") else father + "ов"


def _addresses(count: int, rng: Generator) -> np.ndarray:
    street = np.array(STREETS, dtype=object)[rng.integers(0, len(STREETS), count)]
    house, flat = rng.integers(1, 120, count).astype(str), rng.integers(1, 300, count).astype(str)
    return "ул. " + street + ", д. " + house.astype(object) + ", кв. " + flat.astype(object)


def _tests(rng: Generator) -> pd.DataFrame:
    days = pd.to_datetime(["2014-03-12", "2015-06-02", "2016-01-19", "2016-09-20"])
    return pd.DataFrame(
        {
            "patient_id": None,
            "name": TEST_PATIENTS,
            "born": pd.to_datetime(["1980-01-01"] * 4),
            "sex": "male",
            "phone_key": [f"+7999000000{n}" for n in rng.permutation(4)],
            "district": None,
            "address": "-",
            "stated_source": None,
            "may_contact": True,
            "registered_on": days,
            "is_duplicate": False,
        }
    )


def _as_typed(phone: np.ndarray, rng: Generator) -> np.ndarray:
    """The same number in five ways people type it."""
    digits = pd.Series(phone).str[2:]
    a, b, c, d = (digits.str[i:j] for i, j in ((0, 3), (3, 6), (6, 8), (8, 10)))
    forms = [
        "+7 (" + a + ") " + b + "-" + c + "-" + d,
        "8" + digits,
        "8 " + a + " " + b + " " + c + " " + d,
        digits,
        "7-" + a + "-" + b + "-" + c + d,
    ]
    form = rng.permutation(np.arange(len(phone)) % 5)
    return np.stack([text.to_numpy(object) for text in forms])[form, np.arange(len(phone))]

"""The card index: who has a card, under which telephone, and what only the raw exports show of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import FIRST_MONTH, ORIGIN, Days
from audit.simulate.office import DISTRICTS, ids
from audit.simulate.sampling import pick

SOURCES = {
    "organic search": "internet",
    "agency context": "internet",
    "own context ads": "internet",
    "aggregators / portals": "portal",
    "word of mouth": "friends",
    "direct / brand": "been before",
    "static numbers / outdoor": "outdoor",
}
SILENT = 0.25
"""Share of cards without a stated source."""
FAMILY = 0.35
"""Of new patients who did not call, the share registered under the telephone of a relative already known."""


def fresh_phones(count: int, rng: Generator) -> np.ndarray:
    """Distinct mobile numbers in E.164."""
    number = np.unique(rng.integers(0, 10**9, int(count * 1.02) + 50))
    return np.array([f"+79{n:09d}" for n in rng.permutation(number)[:count]], dtype=object)


def people_with_cards(care_people: pd.DataFrame, first_day: np.ndarray, broken: pd.DataFrame) -> pd.DataFrame:
    """Everyone with an appointment in the records, in the order their cards were opened.

    ``first_day`` is the day of the first visit in the records (−1: none). ``broken`` holds callers who
    booked and never came: donor (row of care_people whose age, sex … they share), day. Adds
    registered_day and source_row (row of care_people, or −1 − row of ``broken``).
    """
    rows = np.flatnonzero(first_day >= 0)
    came = care_people.iloc[rows].assign(
        source_row=rows,
        registered_day=np.where(care_people.month.iloc[rows] < 12, care_people.want_day.iloc[rows], first_day[rows]),
    )
    absent = care_people.iloc[broken.donor].assign(
        source_row=-1 - np.arange(len(broken)), registered_day=broken.day.to_numpy(), by_call=True
    )
    return pd.concat([came, absent], ignore_index=True).sort_values(
        ["registered_day", "source_row"], kind="stable", ignore_index=True
    )


def family_phones(people: pd.DataFrame, phone: np.ndarray, rng: Generator) -> np.ndarray:
    """Telephones with some who did not call under the number of a caller of an earlier month, a relative."""
    phone = phone.copy()
    month, by_call = people.month.to_numpy(), people.by_call.to_numpy()
    rows = np.flatnonzero(~by_call & (month > FIRST_MONTH))
    rows = rows[rng.random(len(rows)) < FAMILY]
    callers = np.flatnonzero(by_call & (month >= FIRST_MONTH))
    earlier = np.searchsorted(month[callers], month[rows])
    relative = callers[np.floor(earlier * rng.random(len(rows))).astype(int)]
    _, once = np.unique(relative, return_index=True)
    phone[rows[once]] = phone[relative[once]]
    return phone


def patients_table(cards: pd.DataFrame, phone: np.ndarray, channel: np.ndarray, rng: Generator) -> pd.DataFrame:
    """Canonical table patients; ``channel`` is the channel of each card's first call, or None."""
    stated = pd.Series(channel, dtype=object).map(SOURCES)
    other = np.array(["friends", "internet", "doctor", "outdoor"], dtype=object)[
        pick(np.array([0.5, 0.25, 0.15, 0.10]), rng.random(len(cards)))
    ]
    stated = stated.where(stated.notna() & (rng.random(len(cards)) < 0.85), other)
    stated = stated.where(rng.random(len(cards)) >= SILENT, None)
    share = np.array([share for _, _, share in DISTRICTS])
    district = np.array([name for name, _, _ in DISTRICTS], dtype=object)[pick(share, rng.random(len(cards)))]
    return pd.DataFrame(
        {
            "patient_id": ids("P", len(cards), 6),
            "registered_on": (ORIGIN + cards.registered_day.to_numpy()).astype("datetime64[s]"),
            "age_years": cards.age_years.to_numpy(),
            "sex": cards.sex.to_numpy(),
            "district": district,
            "stated_source": stated.to_numpy(),
            "phone_key": phone,
            "may_contact": cards.may_contact.to_numpy(),
        }
    )


def birth_dates(cards: pd.DataFrame, first_day: np.ndarray, calendar: Days, rng: Generator) -> np.ndarray:
    """Birth dates that give each person's age on the day of the first appointment in the records."""
    first = pd.DatetimeIndex(calendar.date[first_day])
    year = first.year.to_numpy() - cards.age_years.to_numpy()
    month, day = first.month.to_numpy(), np.minimum(first.day.to_numpy(), 28)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    anniversary = months.astype("datetime64[D]") + (day - 1)
    return anniversary - rng.integers(0, 360, len(cards))

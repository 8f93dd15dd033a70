"""All completed outpatient visits and operations of the clinic, placed in its rooms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate import arrivals, booking, classes, repeats, returns, surgery
from audit.simulate.days import FIRST_MONTH, MONTHS, Days, next_open
from audit.simulate.months import thin
from audit.simulate.path import Path
from audit.simulate.roster import Roster, roster
from audit.simulate.sampling import even_uniform, pick
from audit.simulate.truth import Truth

MAY_CONTACT = 0.85


@dataclass(frozen=True)
class Care:
    """People and what was done for them.

    ``people`` one row per person; ``visits`` one row per completed outpatient visit (person, ordinal 0
    for the first, day, slot, month, doctor, branch 0/1, room 0…6, class_number); ``stays`` one row per operation
    (person, day, nights, order, doctor); ``members`` the reactivation campaign; ``kept_share`` of wished
    repeats by month.
    """

    people: pd.DataFrame
    visits: pd.DataFrame
    stays: pd.DataFrame
    members: pd.DataFrame
    roster: Roster
    kept_share: np.ndarray


def care(truth: Truth, path: Path, calendar: Days, rngs: dict[str, Generator]) -> Care:
    """People, their visits and operations, by the process of ``truth``."""
    people = arrivals.describe(arrivals.arrivals(truth, path, calendar, rngs["arrivals"]), path, rngs["people"])
    people["may_contact"] = rngs["people"].random(len(people)) < MAY_CONTACT
    stays = _operate(truth, path, people, calendar, rngs["surgery"])
    people = _classify(truth, path, people, stays, rngs["classes"])
    if truth.process == "G1":
        wished, members = repeats.pure_repeats(truth, people, rngs["repeats"]), _nobody()
    else:
        wished, members = _episodic(truth, path, people, calendar, rngs)
    wished = _inside(wished, people, calendar, rngs["repeats"], pure=truth.process == "G1")
    kept, share = (wished, np.ones(MONTHS)) if truth.process == "G1" else thin(truth, path, wished, rngs["repeats"])
    kept = _repeat_doctors(truth, kept, people, rngs["repeats"])
    visits = pd.concat([_firsts(people, rngs["booking"]), kept], ignore_index=True)
    plan = _roster(truth, visits, stays, calendar, rngs["roster"])
    if truth.process == "G1":
        placed = booking.place_freely(visits, calendar, rngs["booking"])
    else:
        placed = booking.place_visits(visits, plan.slots(), calendar, rngs["booking"])
    placed = placed[placed.month >= FIRST_MONTH].reset_index(drop=True)
    people["by_call"] = arrivals.able_to_call(people, placed[placed.ordinal == 0], calendar, rngs["booking"])
    stays = surgery.in_window(stays.assign(doctor=_surgeons(stays, plan)))
    return Care(people=people, visits=placed, stays=stays, members=members, roster=plan, kept_share=share)


def _operate(truth: Truth, path: Path, people: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    if truth.process == "G1":
        people["operation_month"] = -1
        return pd.DataFrame({c: np.zeros(0, int) for c in ("month", "day", "nights", "order", "person")})
    mix = classes.doctor_classes(truth, False)
    people["operation_month"] = classes.operated(truth, path, people, mix, rng)
    planned = np.bincount(people.operation_month[people.operation_month >= 0], minlength=MONTHS)
    return surgery.book_operations(people, surgery.operation_days(planned, calendar, rng))


def _classify(truth: Truth, path: Path, people: pd.DataFrame, stays: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    operation_day = np.full(len(people), -1)
    operation_day[stays.person.to_numpy()] = stays.day.to_numpy()
    is_operated = operation_day >= 0
    number = classes.assign_classes(truth, path, people, is_operated, rng)
    return people.assign(operation_day=operation_day, class_number=number)


def _episodic(
    truth: Truth, path: Path, people: pd.DataFrame, calendar: Days, rngs: dict[str, Generator]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = rngs["repeats"]
    wished = repeats.episodes(truth, people, path.class_shift[people.month], rng)
    last = people.want_day.to_numpy().astype(float)
    np.maximum.at(last, wished.person.to_numpy(), wished.day.to_numpy())
    wished = pd.concat([wished, repeats.unasked_returns(people, last, rng)], ignore_index=True)
    if path.lever is not None and path.lever.invited:
        more = returns.invited(truth, path.lever, people, wished, calendar, rngs["returns"])
        wished = pd.concat([wished, more], ignore_index=True)
    members = returns.campaign(truth, people, wished, calendar, rngs["returns"])
    start = calendar.number(truth.reactivation.from_day)
    silent = wished.person.isin(members.person) & (wished.day >= start - 7)
    promised = returns.promised_returns(members, start, rngs["returns"])
    return pd.concat([wished[~silent], promised], ignore_index=True), members


def _nobody() -> pd.DataFrame:
    return pd.DataFrame({c: np.zeros(0, int) for c in ("person", "group", "response")})


def _inside(wished: pd.DataFrame, people: pd.DataFrame, calendar: Days, rng: Generator, *, pure: bool) -> pd.DataFrame:
    """Visits before the end of the records, moved to open days unless the process is pure."""
    day = np.floor(wished.day.to_numpy()).astype(int)
    if not pure:
        day = next_open(calendar, day)
    inside = day < len(calendar.date)
    wished = wished[inside].assign(want=day[inside] + rng.random(inside.sum()), month=calendar.month[day[inside]])
    return wished.assign(priority=np.where(wished.ordinal == 90, 2, 0)).drop(columns="day").reset_index(drop=True)


def _repeat_doctors(truth: Truth, kept: pd.DataFrame, people: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Doctor and branch of each repeat: the first doctor's, or one who covers, never at the first repeat."""
    person, month = kept.person.to_numpy(), kept.month.to_numpy()
    cover = np.r_[[doctor.cover for doctor in truth.doctors], 1.0]
    weight = np.where((np.arange(11) < 10) | (month[:, None] >= arrivals.newcomer_month(truth)), cover, 0.0)
    other = pick(weight, even_uniform(month, rng))
    chance = truth.seen_by_another_doctor * (kept.ordinal > 1)
    doctor = np.where(rng.random(len(kept)) < chance, other, people.doctor.to_numpy()[person])
    return kept.assign(doctor=doctor, branch=people.branch.to_numpy()[person])


def _firsts(people: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person": np.arange(len(people)),
            "ordinal": 0,
            "want": people.want_day + rng.random(len(people)),
            "month": people.month,
            "priority": 1,
            "doctor": people.doctor,
            "branch": people.branch,
        }
    )


def _roster(truth: Truth, visits: pd.DataFrame, stays: pd.DataFrame, calendar: Days, rng: Generator) -> Roster:
    demand = np.zeros((MONTHS, 11, 2))
    np.add.at(demand, (visits.month.to_numpy(), visits.doctor.to_numpy(), visits.branch.to_numpy()), 1)
    theatre = np.zeros((len(calendar.date), 2), bool)
    theatre[stays.day.to_numpy(), half_of(stays.order.to_numpy())] = True
    operates = np.r_[[doctor.operates for doctor in truth.doctors], 0.0]
    return roster(demand / min(truth.size, 1.0), theatre, operates, calendar, rng)


def half_of(order: np.ndarray) -> np.ndarray:
    """Half day of the n-th operation of a day."""
    return (order >= surgery.PER_HALF_DAY).astype(int)


def _surgeons(stays: pd.DataFrame, plan: Roster) -> np.ndarray:
    shifts = plan.shifts[plan.shifts.place == 2]
    doctor = pd.Series(shifts.doctor.to_numpy(), index=pd.MultiIndex.from_frame(shifts[["day", "half"]]))
    key = pd.MultiIndex.from_arrays([stays.day, half_of(stays.order.to_numpy())])
    return doctor.reindex(key).to_numpy().astype(int)

"""The synthetic clinic LOR-2: clean canonical tables and the truth behind them.

Two growing years of an ENT clinic with two branches; everything from one seed. What a naive audit would
wrongly find is planted and said in the parts: desk, visits, classes, marketing, returns, truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate import (
    appointments,
    calls,
    enquiries,
    marketing,
    money,
    office,
    price_list,
    registry,
    treatment_plans,
)
from audit.simulate.continued import continued_path
from audit.simulate.days import AFTER_MONTH, Days, days, moment
from audit.simulate.levers import MOVED_FROM, Lever, continued
from audit.simulate.path import Path, monthly_path
from audit.simulate.populations import gamma_gamma_spend
from audit.simulate.roster import desk_roster
from audit.simulate.sampling import streams
from audit.simulate.truth import Process, Truth
from audit.simulate.visits import Care, care

INSURED = 0.145
"""Share of people whose insurer pays."""


@dataclass(frozen=True)
class Clinic:
    """A simulated clinic.

    ``tables`` are the clean canonical tables by name. ``hidden`` holds what only the maker knows:
    identities (names, birth dates by patient_id), people (class, first doctor, channel by patient_id),
    campaign (reactivation members), second_marks (double-marked calls), calls (true intents).
    """

    truth: Truth
    tables: dict[str, pd.DataFrame]
    hidden: dict[str, pd.DataFrame]


def simulate_clinic(
    seed: int = 20151201, size: float = 1.0, process: Process = "G2", lever: Lever | None = None
) -> Clinic:
    """The clinic at a seed; ``size`` 0.05 is the tiny one, ``process`` "G1" has pure BG/NBD repeats.

    Under G1 there are no operations, no capacity and no closed days for repeats: it is a statistical
    population in a clinic's clothes. With a ``lever`` (see levers) the months after December 2015 are not the year
    as told but follow from December's parameters and what the lever moves.
    """
    truth, rngs, calendar = Truth(seed=seed, size=size, process=process), streams(seed), days()
    if lever is None:
        path = monthly_path(truth, rngs["path"])
    elif process == "G1":
        raise ValueError("levers move the episodic process G2; G1 has no desk, doctors or capacity to move")
    else:
        told, truth = truth, continued(truth, lever)
        path = continued_path(told, truth, lever, rngs["path"])
    done = care(truth, path, calendar, rngs)
    done.people["payer"] = _payers(truth, done, rngs["people"])
    duty, ads = desk_roster(calendar), marketing.own_ads(truth, path, calendar, rngs["marketing"])
    found, phone, fresh = enquiries.new_callers(truth, path, done, ads, duty, calendar, rngs["desk"])
    bookings = enquiries.broken_bookings(found, done.people, calendar, rngs["broken"])
    whole = enquiries.all_calls(truth, path, done, found, phone, fresh, duty, calendar, rngs)
    cards = _cards(truth, done, found, bookings, phone)
    tables, hidden = _tables(truth, path, done, found, bookings, cards, calendar, rngs)
    tables["enquiries"] = enquiries.enquiries_table(truth, whole, rngs["tags"])
    if lever is not None:
        tables["events"] = office.events_without_changes(tables["events"], MOVED_FROM)
    tables["ad_spend"] = marketing.ad_spend_table(truth, path, ads, calendar, rngs["marketing"])
    tables["site_traffic"] = marketing.site_traffic_table(truth, path, rngs["marketing"])
    tables["shifts"] = office.shifts_table(done.roster, duty, calendar)
    tables["expenses"] = office.expenses_table(truth, path, tables["charges"], tables["ad_spend"])
    hidden["second_marks"] = calls.second_marks(truth, whole, rngs["tags"])
    second = hidden["second_marks"].set_index("enquiry_id").second
    tables["enquiries"]["second_outcome"] = tables["enquiries"].enquiry_id.map(second)
    hidden["calls"] = whole[["enquiry_id", "true_intent", "is_heard"]]
    return Clinic(truth=truth, tables={name: _plain(frame) for name, frame in tables.items()}, hidden=hidden)


@dataclass(frozen=True)
class Cards:
    """The card index: ``frame`` one row per card in order, the keys of people and of broken bookings."""

    frame: pd.DataFrame
    phone: np.ndarray
    channel: np.ndarray
    of_person: np.ndarray
    of_booking: np.ndarray


def _payers(truth: Truth, done: Care, rng: Generator) -> np.ndarray:
    """Who pays for each person; clients of the corporate contracts are new patients who did not call."""
    people = done.people
    payer = np.where(rng.random(len(people)) < INSURED, "insurer", "cash").astype(object)
    clients = round(truth.corporate_contracts * truth.corporate_clients * truth.size)
    for month, count in ((AFTER_MONTH - 1, clients // 2), (AFTER_MONTH, clients - clients // 2)):
        rows = np.flatnonzero((people.month == month) & ~people.by_call & (people.age_years >= 18))
        payer[rng.permutation(rows)[:count]] = "corporate"
    return payer


def _cards(truth: Truth, done: Care, found: pd.DataFrame, bookings: pd.DataFrame, phone: np.ndarray) -> Cards:
    first_day = np.full(len(done.people), 10**6)
    np.minimum.at(first_day, done.visits.person.to_numpy(), done.visits.day.to_numpy())
    np.minimum.at(first_day, done.stays.person.to_numpy(), done.stays.day.to_numpy())
    first_day = np.where(first_day < 10**6, first_day, -1)
    frame = registry.people_with_cards(done.people, first_day, bookings)
    source = frame.source_row.to_numpy()
    came = source >= 0
    number = np.empty(len(frame), dtype=object)
    number[came], number[~came] = phone[source[came]], bookings.caller.to_numpy(object)[-1 - source[~came]]
    names = np.array([channel.name for channel in truth.channels] + [None], dtype=object)
    by_caller = found.drop_duplicates("caller").set_index("caller").channel
    channel = names[by_caller.reindex(number).fillna(-1).to_numpy(int)]
    of_person, of_booking = np.full(len(done.people), -1), np.full(len(bookings), -1)
    of_person[source[came]] = np.flatnonzero(came)
    of_booking[-1 - source[~came]] = np.flatnonzero(~came)
    return Cards(
        frame=frame.assign(first_day=np.where(came, first_day[np.maximum(source, 0)], frame.registered_day)),
        phone=number,
        channel=channel,
        of_person=of_person,
        of_booking=of_booking,
    )


def _tables(
    truth: Truth,
    path: Path,
    done: Care,
    found: pd.DataFrame,
    bookings: pd.DataFrame,
    cards: Cards,
    calendar: Days,
    rngs: dict[str, Generator],
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    patients = registry.patients_table(cards.frame, cards.phone, cards.channel, rngs["identities"])
    patient_id = patients.patient_id.to_numpy(object)
    called = np.full(len(done.people), np.datetime64("NaT", "s"))
    came = found[found.came]
    called[came.person] = moment(came.day.to_numpy(), came.minute.to_numpy())
    visits = appointments.completed_visits(done, called, rngs["booking"])
    visits["visit"] = np.arange(len(visits))
    rows = pd.concat(
        [visits, appointments.operations(done), appointments.broken(done, bookings, calendar, rngs["broken"])],
        ignore_index=True,
    )
    rows["visit"] = rows.visit.fillna(-1).astype(int)
    person = rows.person.to_numpy()
    card = (
        np.where(person >= 0, cards.of_person[np.maximum(person, 0)], cards.of_booking[np.minimum(person, -1) * -1 - 1])
        if len(bookings)
        else cards.of_person[person]
    )
    rows = appointments.appointments_table(rows, patient_id[card], rngs["broken"])
    lines = _lines(truth, path, visits, done, calendar, rngs["money"])
    by_person = pd.DataFrame({"patient_id": patient_id, "source_row": cards.frame.source_row})
    tables = {
        "patients": patients,
        "doctors": office.doctors_table(truth, done.roster),
        "services": price_list.services_table(),
        "prices": price_list.prices_table(truth),
        "appointments": appointments.canonical(rows),
        "charges": appointments.charges_table(rows, lines, rngs["money"]),
        "rooms": office.rooms_table(),
        "feedback": office.feedback_table(truth, path, visits, patient_id[cards.of_person], calendar, rngs["feedback"]),
        "events": office.events_table(truth),
        "competitors": office.competitors_table(),
        "population": office.population_table(),
    }
    hidden = _hidden(truth, done, by_person, cards, calendar, rngs["identities"])
    tables["campaign_members"] = office.campaign_table(truth, hidden["campaign"])
    tables["plans"] = treatment_plans.plans_table(truth, tables, hidden["people"])
    return tables, hidden


def _lines(truth: Truth, path: Path, visits: pd.DataFrame, done: Care, calendar: Days, rng: Generator) -> pd.DataFrame:
    person = visits.person.to_numpy()
    if truth.process == "G1":
        g = truth.gamma_gamma
        return money.pure_bills(truth, visits, gamma_gamma_spend(person, g.p, g.q, g.v, rng))
    people = done.people
    told = visits.assign(
        first_doctor=people.doctor.to_numpy()[person],
        class_number=people.class_number.to_numpy()[person],
        diagnosis_group=people.diagnosis_group.to_numpy()[person],
    )
    return money.bills(truth, path, told, calendar, rng)


def _hidden(
    truth: Truth, done: Care, by_person: pd.DataFrame, cards: Cards, calendar: Days, rng: Generator
) -> dict[str, pd.DataFrame]:
    came = by_person.source_row >= 0
    people = done.people.iloc[by_person.source_row[came]].reset_index(drop=True)
    people.insert(0, "patient_id", by_person.patient_id[came].to_numpy())
    people["class_name"] = np.array([c.name for c in truth.classes], dtype=object)[people.class_number]
    born = registry.birth_dates(cards.frame, cards.frame.first_day.to_numpy(), calendar, rng)
    identities = pd.DataFrame({"patient_id": by_person.patient_id, "born": born.astype("datetime64[s]")})
    members = done.members
    campaign = pd.DataFrame(
        {
            "patient_id": by_person.patient_id.to_numpy(object)[cards.of_person[members.person]],
            "group": np.array(["called", "held out"], dtype=object)[members.group],
            "response": members.response,
        }
    )
    return {"people": people, "identities": identities, "campaign": campaign}


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Codes and labels as plain objects with None where there is nothing, so that engines read them alike."""
    frame = frame.reset_index(drop=True)
    text = [column for column in frame.columns if frame[column].dtype == object or str(frame[column].dtype) == "str"]
    for column in text:
        values = frame[column].astype(object)
        frame[column] = values.where(values.notna(), None)
    return frame

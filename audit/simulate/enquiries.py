"""Put the desk's calls together: the canonical table enquiries, and who booked without coming.

The desk leaves three things behind: opportunities (answered new callers), bookings of callers who
never came, and the calls themselves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate import calls, desk
from audit.simulate.days import OPENS_MINUTE, Days, moment
from audit.simulate.marketing import OwnAds
from audit.simulate.office import ADMINISTRATORS, BRANCHES, ids
from audit.simulate.path import Path
from audit.simulate.registry import family_phones, fresh_phones
from audit.simulate.returns import call_days
from audit.simulate.sampling import even_uniform, pick
from audit.simulate.truth import Truth
from audit.simulate.visits import Care

CAMPAIGN = "reactivation 2016-10"
OWN_CAMPAIGNS = np.array(["search ENT", "network", "brand", "ENT Moscow"], dtype=object)


def new_callers(
    truth: Truth, path: Path, care: Care, ads: OwnAds, duty: np.ndarray, calendar: Days, rng: Generator
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Answered opportunities with administrator, channel and telephone; every person's telephone; numbers left."""
    firsts = care.visits[care.visits.ordinal == 0]
    found = desk.opportunities(truth, path, care.people, firsts, calendar, rng)
    found["administrator"] = desk.administrators(truth, path, found, duty, rng)
    found["channel"] = desk.channels(truth, path, found, ads.calls, rng)
    numbers = fresh_phones(4 * len(care.people) + len(found) + 1000, rng)
    phone, numbers = numbers[: len(care.people)], numbers[len(care.people) :]
    phone = family_phones(care.people, phone, rng)
    found["caller"] = np.where(found.came, phone[found.person], numbers[: len(found)])
    return found, phone, numbers[len(found) :]


def broken_bookings(found: pd.DataFrame, people: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Bookings of new callers who never came; each shares age, sex and so on with some patient of the month."""
    booked = found[found.booked & ~found.came].reset_index(drop=True)
    day, slot = desk.planned_slot(booked, calendar, rng)
    start = np.searchsorted(people.month.to_numpy(), booked.month)
    size = np.bincount(people.month, minlength=48)[booked.month]
    donor = start + np.floor(rng.random(len(booked)) * size).astype(int)
    return pd.DataFrame(
        {
            "caller": booked.caller,
            "day": day,
            "slot": slot,
            "booked_day": booked.day,
            "booked_minute": booked.minute + 3,
            "branch": booked.branch,
            "donor": donor,
        }
    )


def all_calls(
    truth: Truth,
    path: Path,
    care: Care,
    found: pd.DataFrame,
    phone: np.ndarray,
    fresh: np.ndarray,
    duty: np.ndarray,
    calendar: Days,
    rngs: dict[str, Generator],
) -> pd.DataFrame:
    """Every call, in order of time, with hidden columns true_intent, is_heard and channel number."""
    rng = rngs["desk"]
    first_day = np.full(len(care.people), 10**6)
    np.minimum.at(first_day, care.visits.person.to_numpy(), care.visits.day.to_numpy())
    last_day = np.where(found.came, first_day[found.person], found.day + 7)
    primary = calls.new_callers(found.assign(last_day=np.minimum(last_day, len(calendar.date) - 1)), calendar, rng)
    known = calls.known_callers(path, care.visits, phone, first_day, calendar, rng)
    total = len(fresh) // 2
    strange = calls.strangers(path, calendar, fresh[:total], rng)
    answered = pd.concat([primary, known, strange], ignore_index=True)
    answered = _answered_by(answered, duty, rng)
    whole = pd.concat([answered, calls.missed(truth, path, answered, calendar, fresh[total:], rng)], ignore_index=True)
    whole["outgoing"] = False
    whole = pd.concat([whole, _campaign_calls(truth, care, phone, first_day, duty, calendar, rng)], ignore_index=True)
    whole["month"] = calendar.month[whole.day]
    whole["channel"] = _channels(truth, path, whole, calendar, rng)
    whole = whole.sort_values(["day", "minute", "caller"], kind="stable", ignore_index=True)
    whole.insert(0, "enquiry_id", ids("C", len(whole), 6))
    return calls.tag(truth, whole, rngs["tags"])


def _answered_by(answered: pd.DataFrame, duty: np.ndarray, rng: Generator) -> pd.DataFrame:
    pair = duty[answered.day.to_numpy(), (answered.minute >= 900).astype(int)]
    anyone = pair[np.arange(len(pair)), rng.integers(0, 2, len(pair))]
    keep = answered.administrator.notna() & ~answered.second.fillna(False).astype(bool)
    return answered.assign(administrator=answered.administrator.where(keep, anyone))


def _campaign_calls(
    truth: Truth, care: Care, phone: np.ndarray, first_day: np.ndarray, duty: np.ndarray, calendar: Days, rng: Generator
) -> pd.DataFrame:
    members = care.members[care.members.group == 0]
    start = calendar.number(truth.reactivation.from_day)
    back = care.visits[care.visits.ordinal == 90].drop_duplicates("person").set_index("person").reindex(members.person)
    return_day, return_minute = back.day.fillna(-1).to_numpy(), OPENS_MINUTE + 30 * back.slot.fillna(24).to_numpy()
    day = call_days(members, return_day.astype(int), start, rng)
    latest = np.where(day == return_day, return_minute - 5, 1100.0)
    minute = OPENS_MINUTE + np.maximum(latest - OPENS_MINUTE, 1) * rng.random(len(members))
    pair = duty[day, (minute >= 900).astype(int)] if len(members) else np.zeros((0, 2), int)
    return pd.DataFrame(
        {
            "day": day,
            "minute": minute,
            "branch": care.people.branch.to_numpy()[members.person],
            "answered": True,
            "administrator": pair[:, 0],
            "caller": phone[members.person],
            "intent": "repeat",
            "outgoing": True,
        }
    )


def _channels(truth: Truth, path: Path, whole: pd.DataFrame, calendar: Days, rng: Generator) -> np.ndarray:
    """Channel number of each call: that of the opportunity, of the month for lost callers, else the usual numbers."""
    names = [channel.name for channel in truth.channels]
    lines = np.array([names.index(name) for name in ("direct / brand", "organic search", "static numbers / outdoor")])
    usual = lines[pick(np.array([0.6, 0.25, 0.15]), rng.random(len(whole)))]
    before = np.array([c.calls_before for c in truth.channels], float)
    after = np.array([c.calls_after for c in truth.channels], float)
    before[names.index("agency context")] = 0
    shift = path.channel_shift[whole.month][:, None]
    mix = before / before.sum() * (1 - shift) + after / after.sum() * shift
    of_month = pick(mix, even_uniform(whole.month.to_numpy(), rng))
    lost = whole["lost"].fillna(False).astype(bool)
    channel = whole.channel.where(whole.channel.notna(), np.where(lost, of_month, usual)).to_numpy(float)
    known = whole.intent.isin(["repeat", "results"]).to_numpy() & ~whole.outgoing.to_numpy(bool)
    untracked = known & (rng.random(len(whole)) < calls.UNTRACKED * len(whole) / max(known.sum(), 1))
    return np.where(untracked | whole.outgoing.to_numpy(bool), np.nan, channel)


def enquiries_table(truth: Truth, whole: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Canonical table enquiries."""
    names = np.array([channel.name for channel in truth.channels] + [None], dtype=object)
    channel = names[whole.channel.fillna(-1).astype(int)]
    own = channel == "own context ads"
    campaign = OWN_CAMPAIGNS[pick(np.array([0.5, 0.1, 0.15, 0.25]), rng.random(len(whole)))]
    campaign[~own] = None
    campaign[whole.outgoing.to_numpy(bool)] = CAMPAIGN
    answered = whole.answered.to_numpy(bool)
    wait = np.where(answered, 4 + rng.exponential(12, len(whole)), 15 + rng.exponential(25, len(whole)))
    talk = np.where(answered, 25 + rng.gamma(2.0, 55, len(whole)), 0.0)
    administrator = np.r_[ADMINISTRATORS, [None]][whole.administrator.fillna(-1).astype(int)]
    return pd.DataFrame(
        {
            "enquiry_id": whole.enquiry_id,
            "started_at": moment(whole.day.to_numpy(), whole.minute.to_numpy()),
            "kind": "call",
            "direction": np.where(whole.outgoing, "out", "in"),
            "caller_key": whole.caller,
            "channel": channel,
            "campaign": campaign,
            "branch": BRANCHES[whole.branch],
            "administrator_id": np.where(answered, administrator, None),
            "is_answered": answered,
            "wait_seconds": np.round(wait),
            "talk_seconds": np.round(talk),
            "intent": whole.intent,
            "outcome": whole.outcome,
            "loss_reason": whole.loss_reason,
            "quality_score": whole.quality_score,
        }
    )

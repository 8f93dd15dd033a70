"""Treatment plans: what doctors planned for patients whose procedures are simulated already.

A plan is written for a *series*: the procedures of one service a patient had, none more than ``DENSE_DAYS`` after the one
before. Nothing is done because of a plan, so visits, money and their truths stay as they are; what was planned is
chosen to fit what was done:

    complete        planned = the length of the series
    broken off      the patient had exactly ``breaks_after`` procedures and never another; 5 to 10 were planned
    stopped         the series ended for good at another step; 1 to 4 more were planned
    never begun     planned at the first visit of a patient who had none
    running         the series reaches the last week of the records; 1 to 5 more are planned
    called off      before anything was done; or after the first day, for a plan of what the patient then had

How many of each are drawn is in ``truth.plans``. A naive audit divides complete plans by all, wrongly calls the running
and the called off ones dropped, and sees in a course of five that was planned as five a patient who left after five.
A random stream of its own keeps everything else of the clinic as it is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator, default_rng

from audit.simulate.days import WINDOW_END
from audit.simulate.price_list import COURSE, price_of
from audit.simulate.sampling import rank_within
from audit.simulate.truth import Truth

STREAM = 77
PHYSIO, LASER = "P06", "P05"
CLASSES = ("course", "chronic", "surgical")
DENSE_DAYS = 21
SLOWEST_DAYS = 150
"""A complete plan is done well within half a year."""
STILL_DAYS = 7
"""A series with a procedure in the last days of the records may go on after them."""
WITH_LASER = 0.3
COLUMNS = ("line_id", "plan_id", "patient_id", "doctor_id", "planned_on", "service_id", "planned", "amount", "cancelled_on")


def plans_table(truth: Truth, tables: dict[str, pd.DataFrame], people: pd.DataFrame) -> pd.DataFrame:
    """Canonical table plans; ``people`` has patient_id and class_name."""
    rng, (came, done) = default_rng([truth.seed, STREAM]), _care(tables)
    series = _series(done, came, people)
    chosen = pd.concat([_begun(truth, series, rng), _unbegun(truth, series, came, done, people, rng)], ignore_index=True)
    chosen = pd.concat(_replaced(truth, chosen, rng), ignore_index=True)
    chosen = chosen.sort_values(["planned_on", "patient_id", "service_id"], kind="stable", ignore_index=True)
    chosen["plan"] = np.arange(len(chosen))
    lines = pd.concat([chosen, _laser(chosen, done, rng)], ignore_index=True).sort_values(
        ["plan", "service_id"], kind="stable", ignore_index=True
    )
    place = rank_within(lines.plan.to_numpy(), np.arange(len(lines)))
    lines["plan_id"] = [f"TP{plan + 1:05d}" for plan in lines.plan]
    lines["line_id"] = [f"{plan}-{n + 1}" for plan, n in zip(lines.plan_id, place, strict=True)]
    lines["planned"] = lines.planned.astype(float)
    lines["amount"] = lines.planned * price_of(lines.service_id.to_numpy(object))
    return lines[list(COLUMNS)]


def _care(tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Visits (patient_id, doctor_id, day) and procedures (patient_id, service_id, day), in order."""
    a, c = tables["appointments"], tables["charges"]
    came = a[a.status == "completed"]
    came = pd.DataFrame({"patient_id": came.patient_id, "doctor_id": came.doctor_id, "day": came.starts_at.dt.normalize()})
    sold = c[(c.kind == "sale") & c.service_id.isin([COURSE, PHYSIO, LASER])]
    done = pd.DataFrame({"patient_id": sold.patient_id, "service_id": sold.service_id, "day": pd.to_datetime(sold.charged_on)})
    return (
        came.sort_values(["patient_id", "day", "doctor_id"], kind="stable", ignore_index=True),
        done.sort_values(["patient_id", "service_id", "day"], kind="stable", ignore_index=True),
    )


def _series(done: pd.DataFrame, came: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The first series of each patient and service that a plan can be written for.

    Columns patient_id, service_id, count (of all the patient ever had), length, at_start (of it on the first day), start,
    last, and planned_on and doctor_id of the visit it is planned at: the one before it, or its first.
    """
    wanted = done[done.patient_id.isin(people.patient_id[people.class_name.isin(CLASSES)]) & (done.service_id != LASER)]
    by = wanted.groupby(["patient_id", "service_id"])
    far = by.day.diff().dt.days.gt(DENSE_DAYS)
    first = wanted[far.groupby([wanted.patient_id, wanted.service_id]).cumsum() == 0]
    series = first.groupby(["patient_id", "service_id"]).day.agg(length="size", start="min", last="max")
    series["count"] = by.size()
    on_start = first[first.day == first.groupby(["patient_id", "service_id"]).day.transform("min")]
    series["at_start"] = on_start.groupby(["patient_id", "service_id"]).size()
    series = series.reset_index().sort_values(["start", "patient_id", "service_id"], kind="stable", ignore_index=True)
    at = pd.merge_asof(
        series, came.rename(columns={"day": "planned_on"}).sort_values(["planned_on", "patient_id"], kind="stable"),
        left_on="start", right_on="planned_on", by="patient_id", allow_exact_matches=False,
        tolerance=pd.Timedelta(days=DENSE_DAYS),
    )
    same = pd.merge_asof(
        series, came.sort_values(["day", "patient_id"], kind="stable"), left_on="start", right_on="day", by="patient_id"
    )
    series["planned_on"] = at.planned_on.fillna(series.start)
    series["doctor_id"] = at.doctor_id.where(at.planned_on.notna(), same.doctor_id)
    return series


def _begun(truth: Truth, series: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Plans of series, as many of each fate as the truth says of those broken off."""
    p, end = truth.plans, pd.Timestamp(WINDOW_END)
    over = series["last"] < end - pd.Timedelta(days=STILL_DAYS)
    whole = series["count"] == series.length
    broken = over & whole & (series.length == p.breaks_after)
    on_time = (series["last"] - series.planned_on).dt.days <= SLOWEST_DAYS
    other = over & on_time & (series.length >= 2) & (series.length != p.breaks_after)
    runs = ~over
    count = int(broken.sum())
    complete, stopped = (round(count * share / p.broken_off) for share in (p.complete, p.stopped))
    mixed = rng.permutation(len(series))
    ends_for_good = mixed[(other & whole).to_numpy()[mixed]][:stopped]
    rest = mixed[other.to_numpy()[mixed] & ~np.isin(mixed, ends_for_good)][:complete]
    running = mixed[runs.to_numpy()[mixed]]
    running = running[: round(len(running) * complete / max(other.sum(), 1))]
    broken_rows = np.flatnonzero(broken)
    more = {
        "complete": np.zeros(len(rest), int),
        "broken": rng.integers(5, 11, len(broken_rows)) - p.breaks_after,
        "stopped": rng.integers(1, 5, len(ends_for_good)),
        "running": rng.integers(1, 6, len(running)),
    }
    rows = np.r_[rest, broken_rows, ends_for_good, running]
    found = series.iloc[rows].reset_index(drop=True)
    found["planned"] = found.length + np.concatenate(list(more.values()))
    found["is_complete"] = np.repeat(list(more), [len(part) for part in more.values()]) == "complete"
    return found.assign(cancelled_on=pd.NaT)


def _unbegun(
    truth: Truth, series: pd.DataFrame, came: pd.DataFrame, done: pd.DataFrame, people: pd.DataFrame, rng: Generator
) -> pd.DataFrame:
    """Physiotherapy planned at the first visit of patients who never had any; some of it withdrawn within days."""
    p, end = truth.plans, pd.Timestamp(WINDOW_END)
    broken = (series["last"] < end - pd.Timedelta(days=STILL_DAYS)) & (series["count"] == series.length)
    base = (broken & (series.length == p.breaks_after)).sum() / p.broken_off
    never, called_off = round(base * p.never_begun), round(base * p.called_off)
    light = people.patient_id[people.class_name.isin(["one-off", "short"])]
    had = done.patient_id[done.service_id == PHYSIO]
    first = came[came.patient_id.isin(light) & ~came.patient_id.isin(had)].drop_duplicates("patient_id")
    first = first[first.day < end - pd.Timedelta(days=STILL_DAYS)].reset_index(drop=True)
    picked = first.iloc[rng.permutation(len(first))[: never + called_off]].reset_index(drop=True)
    withdrawn = np.arange(len(picked)) >= never
    after = pd.to_timedelta(rng.integers(1, 15, len(picked)), unit="D")
    return pd.DataFrame(
        {
            "patient_id": picked.patient_id,
            "service_id": PHYSIO,
            "planned_on": picked.day,
            "doctor_id": picked.doctor_id,
            "planned": rng.integers(5, 11, len(picked)),
            "is_complete": False,
            "cancelled_on": (picked.day + after).where(pd.Series(withdrawn)),
        }
    )


def _replaced(truth: Truth, chosen: pd.DataFrame, rng: Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Some complete plans were longer at first: called off the day after the first procedure, when the right one was made."""
    again = (chosen.is_complete & (chosen.planned > 3) & (rng.random(len(chosen)) < truth.plans.replaced)).to_numpy(bool)
    next_day = chosen.start + pd.Timedelta(days=1)
    old = chosen[again].assign(is_complete=False, planned=chosen.planned + rng.integers(1, 5, len(chosen)), cancelled_on=next_day)
    new = chosen.assign(
        planned=np.where(again, chosen.planned - chosen.at_start, chosen.planned),
        planned_on=chosen.planned_on.where(~again, next_day),
    )
    return new, old


def _laser(chosen: pd.DataFrame, done: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """A second line of some complete courses: the laser sessions the patient had during them."""
    courses = chosen[chosen.is_complete & (chosen.service_id == COURSE) & (rng.random(len(chosen)) < WITH_LASER)]
    laser = done[done.service_id == LASER][["patient_id", "day"]].merge(courses, on="patient_id")
    within = laser[(laser.day >= laser.planned_on) & (laser.day <= laser["last"])]
    lines = within.groupby("plan").agg(planned=("day", "size")).reset_index()
    return lines.merge(courses.drop(columns=["planned", "service_id"]), on="plan").assign(service_id=LASER)

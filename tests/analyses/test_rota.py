"""Rota: a clinic whose evenings are full and mornings empty, planted quiet hours, records without times or rota."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from audit import catalogue
from audit.analyses.capacity import CapacityParams
from audit.analyses.capacity import analyse as capacity_of
from audit.analyses.rota import RotaParams, RotaResult, analyse
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Unanswered
from audit.tables.connection import Tables, tables_from_frames
from tests.pages import NONSENSE, spoken

END = date(2017, 1, 1)
QUARTER = Period(start=date(2016, 10, 3), end=END, now=Days(start=date(2016, 10, 3), end=date(2016, 12, 26)))


def computed(tables: Mapping, period: Period = QUARTER, **params) -> RotaResult:
    names = ("appointments", "rooms", "shifts", "events", "charges", "services")
    first = capacity_of(**{name: tables.get(name) for name in names}, period=period, params=CapacityParams())
    return analyse(tables["shifts"], tables["rooms"], first, period=period, params=RotaParams(**params))


def said(result: RotaResult) -> str:
    texts = " | ".join(spoken("rota", result, QUARTER).texts)
    assert not any(nonsense in texts for nonsense in NONSENSE)
    return texts


def two_halves(morning: int, evening: int, rooms: int = 3, doctors: tuple[int, int] = (2, 2), paid: float | None = None) -> Tables:
    """Twelve weeks of seven days: ``doctors`` from 9 to 15 h and from 15 to 21 h, visits of an hour per half day, Sunday evening none."""
    visits, shifts = [], []
    for i in range(12 * 7):
        day = datetime(2016, 10, 3) + timedelta(days=i)
        for half, (count, at_once) in enumerate(((morning, doctors[0]), (evening, doctors[1]))):
            shifts += [{"shift_id": f"s{i}_{half}_{d}", "staff_id": f"D{d}", "role": "doctor", "room_id": f"R{d}",
                        "starts_at": day + timedelta(hours=9 + 6 * half), "ends_at": day + timedelta(hours=15 + 6 * half)} for d in range(at_once)]
            asked = 0 if half and day.weekday() == 6 else count
            visits += [{"appointment_id": f"a{i}_{half}_{k}", "patient_id": "p", "doctor_id": f"D{k // 6}", "room_id": f"R{k // 6}", "kind": "outpatient",
                        "starts_at": day + timedelta(hours=9 + 6 * half + k % 6), "minutes": 60.0, "status": "completed"} for k in range(asked)]
    frames = {
        "appointments": pd.DataFrame(visits), "shifts": pd.DataFrame(shifts), "patients": pd.DataFrame({"patient_id": ["p"]}),
        "rooms": pd.DataFrame([{"room_id": f"R{r}", "kind": "consulting", "places": 1, "opens_minute": 540, "closes_minute": 1260,
                                "weekdays": "1234567", "slot_minutes": 60.0} for r in range(rooms)]),
    }  # fmt: skip
    if paid is not None:
        frames["charges"] = pd.DataFrame([{"charge_id": v["appointment_id"], "patient_id": "p", "charged_on": v["starts_at"].date(),
                                           "kind": "sale", "paid": paid} for v in visits])
    return tables_from_frames(frames, end=END)


def test_hours_move_from_empty_mornings_to_full_evenings_and_never_exceed_rooms():
    result = computed(two_halves(morning=3, evening=12, paid=80.0))
    assert result.proposal == "moves"
    cells = result.cells
    assert (cells.proposed <= cells.rooms + 1e-9).all()
    assert cells.proposed.sum() == pytest.approx(cells.staffed.sum())
    assert (cells.change[cells.load >= 0.85] >= -1e-9).all()
    assert (cells.load[cells.change < -1e-9] == 0).all(), "the emptiest hours give first"
    assert result.moves.change.iloc[0] > 0 > result.moves.change.iloc[-1]
    # six evenings of six hours with two doctors full: 72 hours a week, of which at most a fifth is turned away
    assert result.full_hours.value == pytest.approx(72)
    assert result.more_hours.high == pytest.approx(0.2 * 72) and result.more_hours.low == 0
    assert result.gain.high > result.gain.value > 0 and result.gain.low == 0
    assert "try it on two weekdays first" in said(result)


def test_the_proposal_raises_what_a_simulated_week_serves():
    result = computed(two_halves(morning=3, evening=12))
    cells, rng, served = result.cells, np.random.default_rng(5), []
    wanted = np.where(cells.load >= 0.85, 1.2, 1.0) * cells.used
    for staffed in (cells.staffed, cells.proposed):
        rng = np.random.default_rng(5)
        asked = rng.poisson(np.broadcast_to(wanted, (400, len(cells))))
        served.append(np.minimum(asked, staffed.to_numpy()).sum(axis=1).mean())
    assert served[1] > served[0]


def test_the_planted_quiet_hours_come_first():
    result = computed(two_halves(morning=6, evening=12))
    assert (result.quiet_weekday, result.quiet_load.value) == (6, 0.0)
    assert result.quiet_from >= 15


def test_full_doctors_beside_free_rooms_need_hours():
    result = computed(two_halves(morning=12, evening=12, rooms=4), most_change=0.1)
    assert result.proposal in ("open", "moves") and result.addable_hours.value > 0
    assert "add" in {finding.key for finding in result.findings}
    said(result)


def test_nothing_full_leaves_the_rota():
    result = computed(two_halves(morning=4, evening=5))
    assert result.proposal == "fits" and result.moves is None and result.moved_hours is None
    assert "no hour of the week is full" in said(result)


def test_the_full_synthetic_clinic_has_nothing_to_move(demo_tables, demo_period):
    result = computed(demo_tables, demo_period)
    assert result.proposal == "full" and result.quiet_load is None
    assert "Which hours are regularly quiet cannot be said" in said(result)


def test_visits_without_times_cannot_be_answered():
    tables = two_halves(3, 12)
    frame = tables["appointments"].to_pandas()
    dated = tables_from_frames({"appointments": frame.assign(starts_at=frame.starts_at.dt.normalize()), "shifts": tables["shifts"].to_pandas(),
                                "rooms": tables["rooms"].to_pandas()}, end=END)  # fmt: skip
    with pytest.raises(NotAnswerable, match="no_times"):
        computed(dated)


@pytest.mark.parametrize("missing", ["shifts", "rooms"])
def test_no_shifts_or_rooms_is_said_in_words(missing):
    what = catalogue.analysis("rota")
    tables = {name: table for name, table in two_halves(3, 12).items() if name != missing}
    result = catalogue.compute(what, tables, {}, period=QUARTER, params=what.params())
    assert isinstance(result, Unanswered)
    assert "to answer it, export both" in " ".join(spoken("rota", result, QUARTER).texts)


def test_no_shift_in_the_present():
    with pytest.raises(NotAnswerable, match="no_rota"):
        tables = two_halves(3, 12)
        old = tables["shifts"].to_pandas()
        old[["starts_at", "ends_at"]] -= pd.Timedelta(days=365)
        frames = {name: tables[name].to_pandas() for name in ("appointments", "rooms")}
        computed(tables_from_frames({**frames, "shifts": old}, end=END))

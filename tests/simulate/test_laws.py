"""Laws every simulated clinic obeys: links, capacity, order of events."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from audit.simulate import simulate_clinic
from audit.tables import CANONICAL
from audit.tables.connection import tables_from_frames

CASES = {"full": {}, "tiny": {"size": 0.05}, "other seed": {"seed": 7, "size": 0.2}}


@pytest.fixture(scope="module", params=CASES)
def clinic(request, demo_clinic):
    return demo_clinic if request.param == "full" else simulate_clinic(**CASES[request.param])


def test_has_every_canonical_table_with_no_foreign_column(clinic):
    assert set(clinic.tables) == set(CANONICAL)
    for name, frame in clinic.tables.items():
        assert set(frame.columns) <= set(CANONICAL[name].names), name
        assert len(frame), name


def test_engine_accepts_every_table(clinic):
    tables = tables_from_frames(clinic.tables, end=date(2017, 1, 1))
    for name, spec in CANONICAL.items():
        spec.check().validate(tables[name])


def test_keys_are_unique_and_links_lead_somewhere(clinic):
    keys = {name: set(frame[CANONICAL[name].key[0]]) for name, frame in clinic.tables.items() if CANONICAL[name].key}
    for name, frame in clinic.tables.items():
        for column in CANONICAL[name].columns:
            if column.name not in frame.columns:
                continue
            values = frame[column.name]
            assert not (column.unique and values.duplicated().any()), (name, column.name)
            assert not (column.required and values.isna().any()), (name, column.name)
            if column.references:
                assert set(values.dropna()) <= keys[column.references], (name, column.name)


def test_everything_lies_in_the_window(clinic):
    for name, column in (("appointments", "starts_at"), ("charges", "charged_on"), ("enquiries", "started_at")):
        moments = clinic.tables[name][column]
        assert moments.min() >= pd.Timestamp("2014-01-01"), name
        assert moments.max() < pd.Timestamp("2017-01-01"), name


def test_half_hours_of_rooms_doctors_and_patients_are_used_once(clinic):
    a = clinic.tables["appointments"]
    came = a[(a.status != "cancelled") & (a.kind == "outpatient")]
    done = came[came.status == "completed"]
    assert not came.duplicated(["room_id", "starts_at"]).any()
    assert not done.duplicated(["doctor_id", "starts_at"]).any()
    assert not done.duplicated(["patient_id", "starts_at"]).any()
    assert done.starts_at.dt.minute.isin([0, 30]).all()


def test_visits_lie_inside_their_doctors_shifts(clinic):
    a, s = clinic.tables["appointments"], clinic.tables["shifts"]
    done = a[(a.status == "completed") & (a.kind != "ward")]
    half = done.starts_at.dt.normalize() + pd.to_timedelta((done.starts_at.dt.hour >= 15) * 6 + 9, unit="h")
    key = pd.MultiIndex.from_arrays([done.doctor_id, done.room_id, half])
    assert key.isin(pd.MultiIndex.from_frame(s[["staff_id", "room_id", "starts_at"]])).all()


def test_nobody_has_two_shifts_at_once_and_no_room_two_doctors(clinic):
    s = clinic.tables["shifts"]
    assert not s.duplicated(["staff_id", "starts_at"]).any()
    assert not s[s.role == "doctor"].duplicated(["room_id", "starts_at"]).any()


def test_closed_days_are_closed(clinic):
    a, events = clinic.tables["appointments"], clinic.tables["events"]
    done = a[(a.status == "completed") & (a.kind != "ward")].starts_at.dt.normalize()
    assert done.dt.day_of_week.max() == 5
    for event in events[events.kind == "closed"].itertuples():
        assert not done.between(event.from_day, event.to_day).any()


def test_six_beds(clinic):
    a = clinic.tables["appointments"]
    ward = a[a.kind == "ward"]
    night = ward.starts_at.dt.normalize()
    nights = pd.concat([night, night[ward.nights == 2] + pd.Timedelta(days=1)])
    assert nights.value_counts().max() <= 6
    assert ward.nights.isin([1, 2]).all()


def test_booked_before_it_begins(clinic):
    a = clinic.tables["appointments"]
    assert (a.booked_at <= a.starts_at).all()


def test_money_belongs_to_completed_appointments(clinic):
    a, c = clinic.tables["appointments"], clinic.tables["charges"]
    lines = c[c.kind != "deposit"].merge(a, on="appointment_id", suffixes=("", "_of_visit"))
    assert len(lines) == (c.kind != "deposit").sum()
    assert (lines.status == "completed").all()
    assert (lines.patient_id == lines.patient_id_of_visit).all()
    assert (lines.charged_on == lines.starts_at.dt.normalize()).all()
    assert (lines[lines.kind == "refund"].paid < 0).all()
    assert (lines.paid.abs() <= lines.list_amount.abs()).all()
    done = a[(a.status == "completed") & (a.kind != "ward")]
    assert set(done.appointment_id) == set(lines.appointment_id)


def test_every_called_patient_is_found_by_telephone(clinic):
    calls, patients = clinic.tables["enquiries"], clinic.tables["patients"]
    outgoing = calls[calls.direction == "out"]
    assert outgoing.caller_key.isin(patients.phone_key).all()
    assert patients.phone_key.str.fullmatch(r"\+79\d{9}").all()
    assert calls.caller_key.str.fullmatch(r"\+79\d{9}").all()


def test_administrators_answer_only_on_duty(clinic):
    calls, s = clinic.tables["enquiries"], clinic.tables["shifts"]
    answered = calls[calls.is_answered]
    half = answered.started_at.dt.normalize() + pd.to_timedelta((answered.started_at.dt.hour >= 15) * 6 + 9, unit="h")
    key = pd.MultiIndex.from_arrays([answered.administrator_id, half])
    assert key.isin(pd.MultiIndex.from_frame(s[["staff_id", "starts_at"]])).all()
    assert calls[~calls.is_answered].administrator_id.isna().all()


def test_families_share_a_telephone(demo_clinic):
    patients = demo_clinic.tables["patients"]
    assert 0.01 < patients.phone_key.duplicated().mean() < 0.04

"""Segments: the planted chances of surgery, families against the simulator's, hand-made clinics, missing records."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from audit.analyses.segments import SegmentsParams, SegmentsResult, analyse, value_by_segment
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.models.households import households
from audit.results import exact, protect
from audit.tables.connection import Tables, tables_from_frames

END = date(2017, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END, now=Days(start=date(2016, 12, 1), end=END))
TABLES = ("first_visits", "patient_days", "patients", "charges")


def computed(tables: Tables, period: Period = PERIOD, *, capacity=None, profile=None, **params) -> SegmentsResult:
    given = {name: tables.get(name) for name in TABLES}
    return analyse(**given, capacity=capacity, profile=profile, period=period, params=SegmentsParams(**params))


def clinic(people: list[dict], visits: list[dict], charges: list[dict] | None = None) -> Tables:
    """``people``: age, phone; ``visits``: who (number), day (date), kind, code; ``charges``: who, day, paid, payer."""
    frames = {
        "patients": pd.DataFrame({
            "patient_id": [f"p{i:04d}" for i in range(len(people))], "registered_on": min(v["day"] for v in visits), "sex": "female",
            "age_years": pd.array([p.get("age") for p in people], dtype="Int64"), "phone_key": [p.get("phone") for p in people],
        }),
        "appointments": pd.DataFrame([
            {"appointment_id": f"a{i}", "patient_id": f"p{v['who']:04d}", "kind": v.get("kind", "outpatient"), "status": "completed",
             "starts_at": datetime.combine(v["day"], datetime.min.time()) + timedelta(hours=10), "diagnosis": v.get("code"),
             "payer": v.get("payer")} for i, v in enumerate(visits)
        ]),
    }  # fmt: skip
    if charges:
        frames["charges"] = pd.DataFrame([
            {"charge_id": f"c{i}", "patient_id": f"p{c['who']:04d}", "charged_on": c["day"], "kind": "sale", "paid": c["paid"],
             "payer": c.get("payer", "cash")} for i, c in enumerate(charges)
        ])  # fmt: skip
    return tables_from_frames(frames, end=END)


START = date(2015, 1, 1)


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> SegmentsResult:
    return computed(demo_tables, demo_period)


def test_planted_chances_of_surgery_are_inside_their_intervals(demo, demo_truth):
    rows = demo.segments.set_index(["age", "diagnosis"])
    for key, planted in ((("child", "J35"), demo_truth.surgery_given_child_adenoids), (("adult", "J34"), demo_truth.surgery_given_adult_septum)):
        assert rows.surgery_low[key] <= planted <= rows.surgery_high[key], key
    assert (demo.surgery_age, demo.surgery_diagnosis) == ("adult", "J34")


def test_segments_hold_everybody_once(demo):
    assert demo.segments.patients.sum() == demo.new_patients
    assert demo.segments.share.sum() == pytest.approx(1)
    both = (demo.segments.value_low <= demo.segments.value) & (demo.segments.value <= demo.segments.value_high)
    assert both.all() and ((demo.segments.surgery_low <= demo.segments.surgery) & (demo.segments.surgery <= demo.segments.surgery_high)).all()


def test_those_watched_too_short_are_censored_not_counted_as_unoperated():
    # 40 watched for two years, half operated on day 30; 400 who came last week and cannot have been operated yet
    old = [{"who": i, "day": START, "code": "J35"} for i in range(40)]
    old += [{"who": i, "day": START + timedelta(days=30), "kind": "operation"} for i in range(20)]
    recent = [{"who": 40 + i, "day": date(2016, 12, 25), "code": "J35"} for i in range(400)]
    result = computed(clinic([{"age": 5}] * 440, old + recent))
    assert result.children_surgery.value == pytest.approx(0.5)
    # an operation after the horizon is none within it
    assert computed(clinic([{"age": 5}] * 440, old + recent), surgery_days=30).children_surgery.value == pytest.approx(0.5)
    late = [v | {"day": v["day"] + timedelta(days=300)} if v.get("kind") == "operation" else v for v in old]
    assert computed(clinic([{"age": 5}] * 440, late + recent)).children_surgery.value == 0


def test_value_and_pull_through_are_counted_within_the_horizon():
    people = [{"age": 5}] * 40 + [{"age": 40}] * 40
    visits = [{"who": i, "day": START, "code": "J35"} for i in range(80)]
    charges = [{"who": i, "day": START, "paid": 100.0 if i < 40 else 300.0} for i in range(80)]
    charges += [{"who": 0, "day": START + timedelta(days=400), "paid": 99999.0}]
    result = computed(clinic(people, visits, charges))
    assert result.horizon_days == 365
    assert (result.children_value.value, result.adults_value.value) == (100, 300)
    assert result.children_pull is None, "no surgery was paid for"


def test_small_segments_join_the_others_of_their_age():
    codes = ["J35"] * 40 + ["J32"] * 31 + ["Q99"] * 3 + [None] * 35
    result = computed(clinic([{"age": 30}] * 109, [{"who": i, "day": START, "code": code} for i, code in enumerate(codes)]))
    assert dict(zip(result.segments.diagnosis, result.segments.patients, strict=True)) == {"J35": 40, "none": 35, "J32": 31, "other": 3}


def test_days_an_insurer_has_not_paid_for_are_not_averaged_in():
    visits = [{"who": i, "day": date(2016, 12, 5)} for i in range(6)]
    day = date(2016, 12, 5)
    charges = [{"who": i, "day": day, "paid": paid, "payer": payer}
               for i, (payer, paid) in enumerate([("insurer", 0), ("insurer", 0), ("insurer", 900), ("insurer", 1100), ("cash", 0), ("cash", 500)])]  # fmt: skip
    receipts = computed(clinic([{}] * 6, visits, charges)).receipts.set_index("payer")
    assert (receipts.receipt["insurer"], receipts.without_income["insurer"], receipts.bills["insurer"]) == (1000, 2, 4)
    # a free visit of a private patient is a discount, and is averaged in
    assert (receipts.receipt["cash"], receipts.without_income["cash"]) == (250, 0)


def test_treatment_is_of_those_watched_long_enough():
    visits = [{"who": i, "day": START} for i in range(60)] + [{"who": i, "day": START + timedelta(days=9)} for i in range(30)]
    visits += [{"who": i, "day": START + timedelta(days=20), "kind": "operation"} for i in range(10)]
    visits += [{"who": 60 + i, "day": date(2016, 12, 20)} for i in range(50)]
    row = computed(clinic([{"age": 5}] * 110, visits)).treatment.iloc[0]
    assert (row.band, row.n) == ("0–6", 60)
    assert (row.once, row.conservative, row.surgical) == pytest.approx((30 / 60, 20 / 60, 10 / 60))


# ------------------------------------------------------------------ households
def family_clinic(**more) -> Tables:
    """30 homes of a mother who came first and a child, 40 single adults, seven under an office's telephone."""
    people = [{"age": 35, "phone": f"home{i}"} for i in range(30)] + [{"age": 6, "phone": f"home{i}"} for i in range(30)]
    people += [{"age": 40, "phone": f"own{i}"} for i in range(40)] + [{"age": 40, "phone": "office"}] * 7
    visits = [{"who": i, "day": START + timedelta(days=int(30 <= i < 60))} for i in range(107)]
    charges = [v | {"paid": 200.0 if v["who"] < 60 else 100.0} for v in visits]
    return clinic(people, visits, charges, **more)


def test_homes_their_shares_and_their_money():
    result = computed(family_clinic())
    rows = result.households.set_index("size")
    assert rows.homes.to_dict() == {"1": 47, "2": 30} and result.families == 30
    assert result.family_patients.value == pytest.approx(60 / 107)
    assert result.family_patients.low < 60 / 107 < result.family_patients.high
    assert rows.revenue_share["2"] == pytest.approx(12000 / 16700) and rows.revenue["2"] == 400 and rows.revenue["1"] == 100
    assert (result.family_value.value, result.single_value.value) == (200, 100)
    assert result.family_extra.value == 100 and result.family_extra.grade == "C"
    assert result.children_brought.value == 1 and result.shared_by_many == 7


def test_a_child_who_came_before_the_parent_was_not_brought():
    people = [{"age": 35, "phone": f"h{i}"} for i in range(20)] + [{"age": 6, "phone": f"h{i}"} for i in range(20)]
    visits = [{"who": i, "day": START + timedelta(days=0 if i >= 20 else 50)} for i in range(40)]
    assert computed(clinic(people, visits)).children_brought.value == 0


def test_precision_and_recall_of_the_families_planted(demo_clinic):
    """False families planted beside the true ones: an office's telephone, and cards of one person that intake left apart."""
    patients = demo_clinic.tables["patients"]
    planted = patients.phone_key.map(patients.phone_key.value_counts()) == 2
    rng = np.random.default_rng(2)
    twice = patients[~planted].sample(frac=0.001, random_state=2).assign(patient_id=lambda f: "D" + f.patient_id)
    office = patients[~planted].sample(200, random_state=5).index
    cards = pd.concat([patients.assign(phone_key=patients.phone_key.where(~patients.index.isin(office), "office")), twice])
    cards = cards.iloc[rng.permutation(len(cards))]
    home = pd.Series(households([cards.phone_key.to_numpy()], largest=6), index=cards.patient_id)
    found = home[home.map(home.value_counts()) >= 2].index
    true = set(patients.patient_id[planted])
    assert len(true & set(found)) / len(found) >= 0.9
    assert len(true & set(found)) / len(true) >= 0.98


# ------------------------------------------------------------------ who stays away
def rare(high: float = 0.8) -> SimpleNamespace:
    frame = pd.DataFrame({
        "part": "age", "sex": "female", "group": ["35–54"], "patients": [40], "expected": [80.0], "represented": [0.5],
        "represented_low": [0.4], "represented_high": [high], "n": [40],
    })  # fmt: skip
    return SimpleNamespace(represented=frame, child_age=18)


def free(hours: float | None) -> SimpleNamespace:
    return SimpleNamespace(fillable_hours=None if hours is None else exact(hours, "hours", 20))


def test_a_group_can_be_won_only_with_residents_value_and_free_hours():
    paid = family_clinic()
    unpaid = clinic([{"age": 40}] * 50, [{"who": i, "day": START} for i in range(50)])
    for tables, capacity, claim, key in (
        (paid, free(10), "claim", "underused"), (paid, free(0), "no_hours", "descriptive_only"), (paid, None, "no_hours", "descriptive_only"),
        (paid, free(None), "no_hours", "descriptive_only"), (unpaid, free(10), "no_value", "descriptive_only"),
    ):  # fmt: skip
        result = computed(tables, capacity=capacity, profile=rare())
        assert result.underused.claim.tolist() == [claim]
        assert [f.kind for f in result.findings if f.key == key] == ["opportunity" if key == "underused" else "caveat"]
    within_chance = computed(paid, capacity=free(10), profile=rare(high=1.2))
    assert within_chance.underused is None and not {"underused", "descriptive_only"} & {f.key for f in within_chance.findings}
    assert "no_residents" in {f.key for f in computed(paid).findings}


# ------------------------------------------------------------------ records that lack something
def gaps(result: SegmentsResult) -> set[str]:
    return {finding.key for finding in result.findings if finding.kind == "not_answered"}


def test_each_thing_missing_is_named():
    bare = computed(clinic([{}] * 40, [{"who": i, "day": START} for i in range(40)]))
    assert {"no_age", "no_diagnosis", "no_money", "no_operations", "no_phones"} <= gaps(bare)
    assert bare.segments[["age", "diagnosis"]].values.tolist() == [["unknown", "none"]]
    short = computed(clinic([{"age": 3}] * 40, [{"who": i, "day": date(2016, 12, 30)} for i in range(40)],
                            [{"who": i, "day": date(2016, 12, 30), "paid": 10.0} for i in range(40)]))  # fmt: skip
    assert "too_short" in gaps(short) and short.horizon_days is None and short.children_value is None


def test_without_ages_and_diagnoses_the_value_of_all_stands():
    """The deposit paid before the first visit counts to it, as on the page of patient value."""
    visits = [{"who": i, "day": START} for i in range(40)]
    charges = [{"who": i, "day": START, "paid": 100.0} for i in range(40)]
    charges.append({"who": 0, "day": START - timedelta(days=3), "paid": 40.0})
    result = computed(clinic([{}] * 40, visits, charges))
    assert result.all_value.value == pytest.approx(101.0) and result.segments.value.tolist() == [pytest.approx(101.0)]
    assert result.says["title"].key == "all" and value_by_segment(result, None) is None, "one kind is no comparison"


def test_one_patient():
    one = [{"who": 0, "day": START}], [{"who": 0, "day": START, "paid": 10.0}]
    result = protect(computed(clinic([{"age": 5, "phone": "a"}], *one)))
    assert result.new_patients == 1 and result.segments.patients.isna().all()


def test_nobody_cannot_be_answered():
    tables = tables_from_frames(
        {"patients": pd.DataFrame({"patient_id": ["p"]}), "appointments": pd.DataFrame(columns=["appointment_id", "patient_id", "kind", "starts_at", "status"])},
        end=END,
    )  # fmt: skip
    with pytest.raises(NotAnswerable, match="nobody"):
        computed(tables)


def test_zero_money_is_no_money():
    visits = [{"who": i, "day": START} for i in range(40)]
    result = computed(clinic([{"age": 5}] * 40, visits, [{"who": i, "day": START, "paid": 0.0} for i in range(40)]))
    assert "no_money" in gaps(result) and result.segments.value.isna().all() and result.receipts is None


def test_everybody_operated_at_once():
    visits = [{"who": i, "day": START} for i in range(40)] + [{"who": i, "day": START, "kind": "operation"} for i in range(40)]
    result = computed(clinic([{"age": 5}] * 40, visits))
    assert result.children_surgery.value == 1 and result.children_surgery.low <= 1

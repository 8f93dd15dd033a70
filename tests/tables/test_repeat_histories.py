"""Histories counted by the engine: a drawn log, cells that are never rounded, and the order of rows."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

from audit.tables import repeat_histories as engine
from audit.tables.connection import connect
from audit.tables.new_patients import EPOCH


def transactions(days: pd.DataFrame, gap_days: int = 0, end: int = 400, shuffle: int = 0) -> ibis.Table:
    """``days`` has patient, first, age, visits and paid."""
    connection = connect()
    frame = pd.DataFrame({
        "patient_id": days["patient"], "day": [EPOCH + timedelta(days=int(at)) for at in days["first"] + days["age"]],
        "tenure_day": days["age"], "visits": days["visits"], "revenue": days["paid"] + 5.0, "surgery_revenue": 5.0,
    })
    new = days.groupby("patient", as_index=False)["first"].first().rename(columns={"patient": "patient_id"})
    new["owner"] = np.arange(len(new))
    if shuffle:
        frame, new = frame.sample(frac=1, random_state=shuffle), new.sample(frac=1, random_state=shuffle)
    tables = [connection.create_table(name, ibis.memtable(part)) for name, part in (("days", frame), ("new", new))]
    return engine.transactions(*tables, end=EPOCH + timedelta(days=end), gap_days=gap_days)


@pytest.fixture
def log() -> pd.DataFrame:
    """a: visits on days 0, 3, 50 and money alone on day 51; b: an operation first (no visit), a visit on day 10; c: once."""
    rows = [("a", 0, 0, 1, 10.0), ("a", 0, 3, 2, 20.0), ("a", 0, 50, 1, 30.0), ("a", 0, 51, 0, -4.0), ("b", 100, -2, 0, 7.0),
            ("b", 100, 0, 0, 0.0), ("b", 100, 10, 1, 8.0), ("c", 200, 0, 1, 1.0)]
    return pd.DataFrame(rows, columns=["patient", "first", "age", "visits", "paid"])


def test_one_row_per_patient_to_the_day(log):
    found = engine.histories(transactions(log), at=150, end=400).order_by("owner").to_pandas().set_index("owner")
    assert found["frequency"].to_dict() == {0: 2, 1: 1}  # c came later
    assert found["recency_days"].to_dict() == {0: 50, 1: 10} and found["age_days"].to_dict() == {0: 150, 1: 50}
    assert found["silent_days"].to_dict() == {0: 100, 1: 40} and found["visits"].to_dict() == {0: 2, 1: 1}
    assert found["paid"].to_dict() == {0: 46, 1: 8}, "what is paid or given back later belongs to the visit before"


def test_what_is_known_on_a_day_knows_nothing_of_later(log):
    early = engine.histories(transactions(log), at=40, end=400).to_pandas().set_index("owner")
    assert early["frequency"].to_dict() == {0: 1} and early["later"].to_dict() == {0: 1} and early["paid"].to_dict() == {0: 20}
    short = engine.histories(transactions(log), at=40, end=45).to_pandas()
    assert short["later"].tolist() == [0]


def test_who_is_called_is_watched_until_the_call(log):
    contacts = ibis.memtable(pd.DataFrame({"owner": [0, 0, 1], "contact": [30, 45, 20]}))
    found = engine.histories(transactions(log), contacts, at=10, end=120).to_pandas().set_index("owner")
    assert found["stop"].to_dict() == {0: 30} and found["later"].to_dict() == {0: 0}
    assert found["stop_frequency"].to_dict() == {0: 1} and found["stop_recency_days"].to_dict() == {0: 3}
    late = engine.histories(transactions(log), contacts, at=40, end=120).to_pandas().set_index("owner")
    assert late["stop"].to_dict() == {0: 45} and late["later"].to_dict() == {0: 0}, "the call before the split is past"
    free = engine.histories(transactions(log), contacts, at=50, end=120).to_pandas().set_index("owner")
    assert free["stop"].to_dict() == {0: 120} and free["later"].to_dict() == {0: 1}
    rows = engine.histories(transactions(log), contacts, at=40, end=120)
    assert engine.starts_by_day(transactions(log), rows, known_before=40).to_pandas()["day"].tolist() == [3]


def test_episodes_join_neighbouring_visits(log):
    found = engine.histories(transactions(log, gap_days=21), at=150, end=400).order_by("owner").to_pandas().set_index("owner")
    assert found["frequency"].to_dict() == {0: 1, 1: 0} and found["recency_days"].to_dict() == {0: 50, 1: 0}
    assert found["paid"].to_dict() == {0: 26, 1: 0} and found["visits"].to_dict() == {0: 1, 1: 0}


def test_a_long_chain_is_one_episode():
    chain = pd.DataFrame({"patient": "a", "first": 0, "age": np.arange(0, 200, 20), "visits": 1, "paid": 1.0})
    found = engine.histories(transactions(chain, gap_days=21), at=300, end=400).to_pandas().iloc[0]
    assert found["frequency"] == 0 and found["silent_days"] == 120


def test_cells_keep_means_of_days():
    """Two of one cell: mean t_x of 8 and 13 days is 1.5 weeks, not week 1; the third has another week of T."""
    rows = [("a", 0, 0), ("a", 0, 8), ("b", 1, 0), ("b", 1, 13), ("c", 20, 0), ("c", 20, 9)]
    log = pd.DataFrame(rows, columns=["patient", "first", "age"]).assign(visits=1, paid=0.0)
    cells = engine.cells(engine.histories(transactions(log), at=90, end=90)).to_pandas()
    assert cells.to_dict("list") == {
        "frequency": [1, 1], "recency": pytest.approx([9 / 7, 1.5]), "age": pytest.approx([10, 89.5 / 7]), "weight": [1, 2]}


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(0)
    owner = np.sort(rng.integers(0, 60, 400))
    log = pd.DataFrame({"patient": [f"p{i:02}" for i in owner], "first": owner * 3, "age": rng.integers(0, 200, 400), "visits": 1, "paid": 0.1})
    log = pd.concat([log, log.groupby("patient", as_index=False).first().assign(age=0)]).drop_duplicates(["patient", "age"])
    one, other = (transactions(log, 21, shuffle=k) for k in (1, 2))
    for read in (lambda t: engine.histories(t, at=250, end=400).order_by("owner"), lambda t: engine.cells(engine.histories(t, at=250, end=400)),
                 lambda t: engine.starts_by_day(t, known_before=250), lambda t: engine.clumping(t, at=250),
                 lambda t: engine.moments(t, end=400, within_days=90, most_visits=8, most_months=23)[0]):
        pd.testing.assert_frame_equal(read(one).to_pandas(), read(other).to_pandas(), check_exact=True)


def test_gaps_and_crowded_months():
    """Gaps 3 and 47 days and 10; in a's whole months 0 … 4 two visits, of which both lie in different ones."""
    rows = [("a", 0, 0), ("a", 0, 3), ("a", 0, 50), ("b", 100, 0), ("b", 100, 10)]
    log = pd.DataFrame(rows, columns=["patient", "first", "age"]).assign(visits=1, paid=0.0)
    found = engine.clumping(transactions(log), at=161).to_pandas().iloc[0]
    assert found["median_gap"] == 10 and found["early_gap"] == 6.5
    assert (found["months"], found["visits"], found["squares"]) == (5 + 2, 3, 3)


def test_moments_of_silence():
    """a came again after 40 days: silent at months 0 and 1, back by month 2; b never; c is watched for one month too few."""
    rows = [("a", 0, 0), ("a", 0, 40), ("b", 10, 0), ("c", 320, 0)]
    log = pd.DataFrame(rows, columns=["patient", "first", "age"]).assign(visits=1, paid=0.0)
    seen, reach = (t.to_pandas() for t in engine.moments(transactions(log), end=400, within_days=90, most_visits=8, most_months=23))
    assert seen.to_dict("list") == {"visits": [1, 1, 2], "until": [2, 99, 99], "watched": [10, 10, 9], "count": [1, 1, 1]}
    assert reach.to_dict("list") == {"visits": [0, 0, 1, 1, 2], "reach": [9, 10, 1, 10, 9], "count": [1] * 5}


def test_whoever_was_called_is_watched_until_then():
    """b, last seen on day 10 and called on day 250, comes on day 255: no case whose 90 days reach past the call counts it."""
    rows = [("a", 0, 0), ("b", 10, 0), ("b", 10, 245)]
    log = pd.DataFrame(rows, columns=["patient", "first", "age"]).assign(visits=1, paid=0.0)
    told = transactions(log)
    owners = told.filter(told["first"] == 10).select("owner").distinct().to_pandas()["owner"]
    contacts = ibis.memtable(pd.DataFrame({"owner": [int(owners.iloc[0])], "contact": [250]}))
    seen = engine.moments(told, contacts, end=400, within_days=90, most_visits=8, most_months=23)[0].to_pandas()
    called = seen[(seen["visits"] == 1) & (seen["until"] < 99)].iloc[0]
    assert called["watched"] == (250 - 10 - 90) // 30 and called["until"] > called["watched"] + 3


def test_days_before_the_first_visit_and_after_the_end_are_left_out(log):
    kept = transactions(log, end=103).to_pandas()
    assert kept["age"].min() == 0 and (kept["first"] + kept["age"]).max() < 103
    assert date(1970, 1, 1) == EPOCH

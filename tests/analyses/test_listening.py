"""Listening: planted marks and agreement, money by hand, the sample, and tags as clinics write them."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from audit.analyses import funnel, listening
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Estimate
from audit.tables.connection import Tables, tables_from_frames
from tests.pages import NONSENSE, spoken

END = date(2017, 1, 1)
PERIOD = Period(start=date(2016, 1, 1), end=END, now=Days(start=date(2016, 12, 1), end=END))
VALUE = SimpleNamespace(value_365=Estimate(1_000.0, 1_000.0, 1_000.0, "currency", 500))
REASONS = {"price": 40, "rude": 30, "no_slot": 20, "no_answer": 10}


def run(tables: Tables, period: Period = PERIOD, clv=VALUE, **params):
    """The page after the funnel of the same clinic."""
    before = funnel.analyse(
        tables["appointments"], tables["patients"], tables["first_visits"], None, tables["opportunities"], tables["enquiries"], None, None, None,
        clv, period=period, params=funnel.FunnelParams(),
    ) if tables["opportunities"].is_answered.any().execute() else None
    return listening.analyse(tables["enquiries"], tables["opportunities"], before, period=period, params=listening.ListeningParams(**params))


def says(result) -> str:
    texts = spoken("listening", result, PERIOD).texts
    assert not any(nonsense in text for text in texts for nonsense in NONSENSE), texts
    return "\n".join(texts)


def keys(result) -> set[str]:
    return {finding.key for finding in result.findings}


def december(reasons: dict[str | None, int], **columns: object) -> dict[str, pd.DataFrame]:
    """100 callers who booked, 80 of them came, and those lost for ``reasons``, all in December with A or B."""
    reason = [None] * 100 + [name for name, n in reasons.items() for _ in range(n)]
    n = len(reason)
    at = pd.Timestamp("2016-12-05 10:00") + pd.to_timedelta(np.arange(n) % 20, "D") + pd.to_timedelta(np.arange(n) % 300, "m")
    enquiries = pd.DataFrame({
        "enquiry_id": [f"c{i:04d}" for i in range(n)], "started_at": at, "kind": "call", "direction": "in",
        "caller_key": [f"t{i}" for i in range(n)], "is_answered": True, "administrator_id": np.where(np.arange(n) % 2, "A", "B"),
        "outcome": ["booked"] * 100 + ["lost" if name else None for name in reason[100:]], "loss_reason": reason,
    }).assign(**columns)
    came = np.arange(80)
    patients = pd.DataFrame({"patient_id": [f"p{i}" for i in came], "registered_on": at[came].date, "phone_key": [f"t{i}" for i in came]})
    appointments = pd.DataFrame({
        "appointment_id": [f"v{i}" for i in came], "patient_id": patients.patient_id, "kind": "outpatient", "status": "completed",
        "starts_at": at[came] + pd.Timedelta(days=1),
    })
    return {"enquiries": enquiries, "patients": patients, "appointments": appointments}


def loaded(frames: dict[str, pd.DataFrame]) -> Tables:
    return tables_from_frames(frames, end=END)


@pytest.fixture(scope="module")
def taught(demo_tables, demo_period):
    return run(demo_tables, demo_period)


def test_teaching_clinic(taught, demo_truth):
    assert taught.kappa.low < demo_truth.second_marker_kappa < taught.kappa.high
    assert "marks_reliable" in keys(taught)
    shares = taught.reasons.set_index("reason")
    planted = {"price": 0.31, "no_slot": 0.12, "location": 0.13, "service_missing": 0.11, "rude": 0.19, "no_answer": 0.04, "other": 0.10}
    held = [shares.share_low[name] < share < shares.share_high[name] for name, share in planted.items()]
    assert sum(held) >= 6, "the simulator drew 35% for the price where 31% were planted"
    assert taught.score_gap.low > 0, "the simulator's better administrators have better scores"
    assert taught.sample.groupby(["administrator", "group"]).call.nunique().tolist() == [10] * 8


def test_money_by_hand():
    result = run(loaded(december(REASONS)))
    reasons = result.reasons.set_index("reason")
    assert list(reasons.index) == list(REASONS)
    assert reasons.money["price"] == pytest.approx(40 * 0.8 * 1000)
    assert reasons.per_month["rude"] == pytest.approx(30)
    assert result.desk_share.value == pytest.approx(0.4)
    assert result.lost_money.value == pytest.approx(100 * 0.8 * 1000)
    assert result.top_reason == "price"
    assert "40% in the desk’s own hands" in says(result)


def test_few_reasons_are_told_and_do_not_stand_for_all():
    result = run(loaded(december({"price": 35, None: 65})))
    assert result.reason_share.value == pytest.approx(0.35)
    assert "few_reasons" in keys(result)
    says(result)


def test_tags_in_free_words_are_counted_as_one_mark():
    result = run(loaded(december({"price": 30, "перезвонит завтра": 20, "мужу не нравится": 15})))
    assert result.reasons.set_index("reason").n["free_text"] == 35
    assert result.free_text_share.n == 100 + 65 + 65
    text = says(result)
    assert "free words" in text and "перезвонит" not in text


def test_reasons_in_free_words_are_not_ranked():
    result = run(loaded(december({f"said {i}": 1 for i in range(60)})))
    assert result.top_reason is None and result.desk_share is None
    assert result.says["title"].key == "free_words" and "free_words" in keys(result) and "not_marked" not in keys(result)
    says(result)


def test_two_listeners_who_guess_are_not_believed():
    rng = np.random.default_rng(1)
    second = np.where(rng.random(200) < 0.5, "booked", "lost")
    result = run(loaded(december(REASONS, second_outcome=second)))
    assert result.kappa.high < 0.6
    assert result.says["title"].key == "unreliable" and "marks_unreliable" in keys(result)
    says(result)


def test_agreement_by_hand():
    """Cohen's own form: 100 and 100 marks, 20 of them the other way round: κ = (0.8 − 0.5) / 0.5."""
    second = np.array(["booked"] * 80 + ["lost"] * 20 + ["lost"] * 80 + ["booked"] * 20)
    result = run(loaded(december(REASONS, second_outcome=second)))
    assert result.kappa.value == pytest.approx(0.6)
    assert result.same_share.value == pytest.approx(0.8)


def test_no_marks_at_all_gives_calls_to_hear():
    result = run(loaded(december(REASONS, outcome=None, loss_reason=None)))
    assert result.reasons is None and result.says["title"].key == "not_marked"
    assert {"not_marked", "not_twice", "sample"} <= keys(result)
    assert result.sample_size == 40, "ten who booked and ten who did not, of two administrators"
    assert "calls are drawn to be heard first" in says(result)


def test_sample_is_the_same_whatever_the_order_and_changes_with_the_seed():
    frames = december(REASONS)
    shuffled = frames | {"enquiries": frames["enquiries"].sample(frac=1.0, random_state=5)}
    first, again = run(loaded(frames)).sample, run(loaded(shuffled)).sample
    pd.testing.assert_frame_equal(first, again)
    assert not run(loaded(frames), seed=9).sample.equals(first)


def test_keys_of_calls_stay_with_the_run():
    assert listening.ListeningResult.names_people("sample")


def test_nobody_answered():
    frames = december(REASONS)
    frames["enquiries"]["is_answered"] = False
    with pytest.raises(NotAnswerable):
        run(loaded(frames))


def test_without_value_reasons_are_told_in_people():
    result = run(loaded(december(REASONS)), clv=None)
    assert result.reasons.money.isna().all() and "no_value" in keys(result)
    assert result.says["figures.reasons_bars.title"].key == "people"
    says(result)

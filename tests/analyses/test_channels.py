"""Channels: the story's costs to the rouble, a drawn clinic counted by hand, and honesty at five calls."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.analyses import channels
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Estimate, protect
from audit.tables.connection import Tables, tables_from_frames
from audit.wording.text import Words
from tests.pages import NONSENSE, spoken

from .channel_clinic import END, PERIOD, clinic


def run(tables: Tables, period: Period = PERIOD, clv=None, capacity=None, **params) -> channels.ChannelsResult:
    given = {name: tables.get(name) for name in ("patient_days", "ad_spend", "site_traffic")}
    return channels.analyse(tables["opportunities"], tables["first_visits"], **given, clv=clv, capacity=capacity, period=period,
                            params=channels.ChannelsParams(**params))


# ---------------------------------------------------------------------- the teaching clinic
@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> channels.ChannelsResult:
    return run(demo_tables, demo_period)


def test_calls_and_spend_of_every_channel(demo, demo_truth):
    now, before = (frame.set_index("channel") for frame in (demo.channels, demo.before))
    for channel in demo_truth.channels:
        assert before.answered[channel.name] == pytest.approx(channel.calls_before, abs=2)
        assert before.spend[channel.name] == pytest.approx(channel.spend_before, abs=2)
        if channel.calls_after:
            # a caller who rings again after a month is a new opportunity: up to 2 % more than the story's calls
            assert now.answered[channel.name] == pytest.approx(channel.calls_after, rel=0.03, abs=1)
            assert now.spend[channel.name] == pytest.approx(channel.spend_after, abs=2)
    assert now.spend["total"] == pytest.approx(demo_truth.after.marketing, abs=2)


def test_the_next_patient_of_context_ads(demo, demo_truth):
    assert demo.saturated == "own context ads"
    row = demo.channels.set_index("channel").loc["own context ads"]
    weekly = row.spend / 31 * 7
    truth = row.cost_per_first_patient * (demo_truth.saturation.half + weekly) / demo_truth.saturation.half
    assert demo.next_patient.low < truth < demo.next_patient.high
    assert demo.next_patient.low > demo.average_patient.value
    flat = demo.channels[demo.channels.channel.isin(["organic search", "aggregators / portals"])]
    assert flat.next_patient.isna().all(), "spend known by the month has an average only"


def test_costs_of_a_patient_hold_the_story(demo):
    before, now = (frame.set_index("channel").loc["organic search"] for frame in (demo.before, demo.channels))
    assert before.cost_per_call == pytest.approx(1000, abs=5)
    assert before.cost_per_first_patient_low < 2381 < before.cost_per_first_patient_high
    assert now.cost_per_first_patient_low < 772 < now.cost_per_first_patient_high
    assert demo.blended_cost_per_first_patient.value < demo.cost_per_first_patient.value
    assert demo.cost_per_first_patient.high < demo.cost_per_first_patient_before.low
    assert demo.says["title"].key == "cheaper" and demo.value_days == 365


def test_products_of_the_ladder_agree(demo):
    assert demo.laddered == "own context ads"
    steps = demo.steps.set_index("step")
    assert steps["count"].iloc[0] * steps.rate.iloc[1:].prod() == pytest.approx(steps["count"]["came"])
    spend = demo.ladder.set_index("channel").spend["own context ads"]
    assert (steps.cost * steps["count"]).tolist() == pytest.approx([spend] * len(steps))
    assert steps.cost["came"] == pytest.approx(steps.cost["impressions"] / steps.rate.iloc[1:].prod())
    row, whole = demo.ladder.set_index("channel").loc["organic search"], demo.channels.set_index("channel").loc["organic search"]
    assert row.value == pytest.approx(whole.value * whole.first_patients) and row.visitors == 80_000


def test_what_comes_back(demo):
    rows = demo.channels.set_index("channel")
    assert (rows.romi.dropna() + 1).tolist() == pytest.approx(rows.multiple.dropna().tolist())
    assert demo.romi.value == pytest.approx(demo.multiple.value - 1)
    # a first visit pays more than the patient cost: paid back on the first day
    assert demo.payback_days.value == 0


def test_small_channels_are_hidden_in_the_table(demo):
    hidden = protect(demo).before.set_index("channel")
    assert np.isnan(hidden.first_patients["agency context"]) and np.isnan(hidden.cost_per_first_patient["agency context"])


# ---------------------------------------------------------------------- a clinic counted by hand
@pytest.fixture(scope="module")
def counted() -> channels.ChannelsResult:
    return run(tables_from_frames(clinic(), end=END), fewest_values=10)


def test_counts(counted):
    rows = counted.channels.set_index("channel")
    assert list(rows.index) == ["ads", "friends", "no_source"], "paid first, unknown last; one paid channel needs no sum"
    assert rows[["spend", "enquiries", "answered", "first_patients"]].loc["ads"].tolist() == [6000, 40, 40, 30]
    assert (rows.cost_per_call["ads"], rows.cost_per_first_patient["ads"]) == (150, 200)
    assert rows.value["ads"] == 300 and rows.multiple["ads"] == pytest.approx(1.5)
    assert (rows.advice["friends"], rows.advice["no_source"]) == ("free", "unclear_source")
    assert counted.without_source.value == pytest.approx(10 / 70) and counted.paid_patients_share.value == pytest.approx(30 / 45)
    assert counted.cost_per_first_patient.value == 200 and counted.blended_cost_per_first_patient.value == pytest.approx(6000 / 45)
    assert counted.romi.value == pytest.approx(0.5) and counted.payback_days.value == 0
    steps = counted.steps.set_index("step")
    assert steps["count"].tolist() == [900, 40, 40, 30, 30] and steps.cost.tolist() == pytest.approx([6000 / 900, 150, 150, 200, 200])


def test_spend_is_spread_over_the_days_it_covers(counted):
    # half of the row of mid-September to mid-October 2015 lies in October
    assert counted.before.set_index("channel").spend["ads"] == pytest.approx(1200)
    assert counted.cost_per_call_before.value == pytest.approx(1200 / 40)


def test_a_patient_with_two_contacts_counts_once():
    frames = clinic()
    again = pd.DataFrame({"enquiry_id": ["again"], "started_at": [pd.Timestamp(2016, 8, 25)], "channel": ["friends"],
                          "caller_key": ["2016-ads-0"], "kind": "call", "direction": "in", "is_answered": True})
    frames["enquiries"] = pd.concat([frames["enquiries"], again], ignore_index=True)
    rows = run(tables_from_frames(frames, end=END)).channels.set_index("channel")
    assert rows.first_patients.to_dict() == {"ads": 30, "friends": 10, "no_source": 5}


def test_a_channel_that_costs_more_than_it_brings_is_named():
    spend = pd.DataFrame({"channel": ["ads"], "from_day": [date(2016, 10, 1)], "to_day": [date(2016, 10, 31)], "spend": [60_000.0]})
    result = run(tables_from_frames(clinic(ad_spend=spend), end=END))
    assert result.says["title"].key == "losing" and result.channels.set_index("channel").advice["ads"] == "act_cut"
    assert "loses" in {finding.key for finding in result.findings}


@pytest.mark.parametrize(
    ("missing", "gap"), [("ad_spend", "no_spend"), ("charges", "no_money")])
def test_what_is_missing_is_said(missing, gap):
    result = run(tables_from_frames(clinic(**{missing: None}), end=END))
    assert gap in {finding.key for finding in result.findings if finding.kind == "not_answered"}
    words = Words("channels", period=PERIOD)
    assert words.sentence("title", result) and words.sentence("lede", result)


def test_callers_that_cannot_be_joined():
    frames = clinic()
    frames["patients"] = frames["patients"].drop(columns="phone_key")
    result = run(tables_from_frames(frames, end=END))
    assert result.cost_per_call.value == 150 and result.cost_per_first_patient is None
    assert result.says["title"].key == "calls_only" and "no_join" in {finding.key for finding in result.findings}


def test_without_sources_or_callers_there_is_no_answer():
    frames = clinic()
    frames["enquiries"] = frames["enquiries"].drop(columns="channel")
    with pytest.raises(NotAnswerable, match="no_channels"):
        run(tables_from_frames(frames | {"ad_spend": frames["ad_spend"].iloc[:0]}, end=END))
    quiet = Period(start=date(2015, 1, 1), end=END, now=Days(start=date(2016, 12, 1), end=END))
    with pytest.raises(NotAnswerable, match="no_callers"):
        run(tables_from_frames(clinic(), end=END), quiet)


def test_many_callers_without_a_source_forbid_a_ranking():
    frames = clinic()
    frames["enquiries"].loc[frames["enquiries"].channel == "friends", "channel"] = None
    result = run(tables_from_frames(frames, end=END))
    assert result.grade == "C" and result.says["title"].key == "unknown"


def test_full_rooms_stop_more_spend(demo_tables, demo_period):
    class Load:
        ceiling = Estimate(0.85, 0.85, 0.85, "share", 0)

        def __init__(self, value):
            self.room_load = Estimate(value, value, value, "share", 26)

    advice = {
        load: run(demo_tables, demo_period, capacity=Load(load)).channels.set_index("channel").advice["own context ads"]
        for load in (0.40, 0.98)
    }
    assert advice == {0.40: "good_more", 0.98: "good_keep"}


# ---------------------------------------------------------------------- how channels were recorded
def keys(result: channels.ChannelsResult) -> set[str]:
    return {finding.key for finding in result.findings}


def say(result: channels.ChannelsResult) -> tuple[str, ...]:
    texts = spoken("channels", result, PERIOD).texts
    assert not any(nonsense in text for text in texts for nonsense in NONSENSE)
    return tuple(text.replace("\xa0", " ") for text in texts)


def by_rules(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tracker went from the last click to another rule on the first of June 2016."""
    calls = frames["enquiries"]
    return frames | {"enquiries": calls.assign(attribution=np.where(calls.started_at < "2016-06-01", "last click", "last non-direct click"))}


def test_a_comparison_across_rules_is_one_of_sums(counted):
    result = run(tables_from_frames(by_rules(clinic()), end=END))
    assert (result.rule, result.rule_before, result.rule_changed_on) == ("last non-direct click", "last click", date(2016, 10, 1))
    assert result.cost_per_first_patient.grade == "A" and result.cost_per_first_patient_before.grade == "C" and result.blended_cost_per_call_before.grade == "A"
    # 1,200 spent in October 2015 on 45 who came, 6,000 a year later
    assert result.blended_cost_per_first_patient_before.value == pytest.approx(1200 / 45)
    assert result.says["title"].key == "dearer_all" and "other_rule" in keys(result)
    assert any("last click before 1 October 2016" in text for text in say(result))
    assert counted.rule_changed_on is None and counted.cost_per_first_patient_before.grade == "A" and "other_rule" not in keys(counted)


def test_a_declared_change_of_the_rule_counts_too():
    result = run(tables_from_frames(clinic(), end=END), rule_changed_on=(date(2016, 6, 1),))
    assert result.rule_changed_on == date(2016, 6, 1) and result.rule is None and "other_rule" in keys(result)
    assert any("another rule before 1 June 2016" in text for text in say(result))


def test_without_numbers_nothing_is_ranked_and_intervals_hold_what_is_not_known(counted):
    frames = clinic()
    calls = frames["enquiries"]
    lost = (calls.channel == "ads") & (calls.started_at >= "2016") & calls.enquiry_id.str.extract(r"(\d+)$")[0].astype(int).ge(20)
    frames["enquiries"] = pd.concat([calls.assign(caller_key=calls.caller_key.mask(lost)), calls[calls.started_at < "2016"].assign(
        enquiry_id="again" + calls.enquiry_id)], ignore_index=True)
    result = run(tables_from_frames(frames, end=END))
    whole, bounded = (r.channels.set_index("channel").loc["ads"] for r in (counted, result))
    assert (bounded.answered, bounded.unnumbered, bounded.first_patients) == (40, 20, 20)
    assert bounded.cost_per_call == whole.cost_per_call and bounded.cost_per_call_high > whole.cost_per_call_high
    assert bounded.cost_per_first_patient_low < 200 < bounded.cost_per_first_patient_high, "thirty came, twenty could be joined"
    assert bounded.cost_per_first_patient_low < 6000 / 40 and result.without_number.value == pytest.approx(20 / 70)
    assert result.says["title"].key == result.says["notes.decide"].key == "numberless" and result.grade == "C"
    assert bounded.advice == "unclear_record" and "numberless" in keys(result)
    say(result)


def test_no_source_decides_for_recording_not_for_moving():
    frames = clinic()
    frames["enquiries"] = frames["enquiries"].replace({"channel": {"friends": None}})
    result = run(tables_from_frames(frames, end=END))
    assert result.says["title"].key == result.says["notes.decide"].key == "unknown"
    assert set(result.channels.advice) <= {"unclear_record", "unclear_source", ""}
    say(result)


def test_spend_of_nothing_is_not_spend_never_given():
    frames = clinic()
    frames["ad_spend"] = frames["ad_spend"].assign(spend=0.0)
    result = run(tables_from_frames(frames, end=END), most_without_source=0.5)
    assert {"zero_spend"} == {key for key in keys(result) if key.endswith("_spend")} and result.says["notes.decide"].key == "zero"
    assert not any("there is no spend" in text for text in say(result))


def test_one_paid_channel_has_nowhere_to_move_money():
    result = run(tables_from_frames(clinic(), end=END), most_without_source=0.5)
    assert result.says["notes.decide"].key == "one" and any("pause ads" in text for text in say(result))


def test_the_cost_of_a_few_patients_would_tell_their_number():
    frames = clinic()
    frames["appointments"] = frames["appointments"][~frames["appointments"].patient_id.str.contains(r"2016-ads-(?:[5-9]|\d\d)$")]
    result = run(tables_from_frames(frames, end=END), most_without_source=0.5)
    assert result.cost_per_first_patient is None and "few_patients" in keys(result)
    assert "came" not in set(result.steps.step), "five came: the cost of the step is money over five"
    say(result)


def test_more_visitors_than_clicks_are_told():
    frames = clinic()
    frames["ad_spend"] = frames["ad_spend"].assign(clicks=[300.0, 700.0])
    assert run(tables_from_frames(frames, end=END)).over_clicks == "ads"
    frames["ad_spend"] = frames["ad_spend"].assign(clicks=[300.0, 900.0])
    assert run(tables_from_frames(frames, end=END)).over_clicks is None

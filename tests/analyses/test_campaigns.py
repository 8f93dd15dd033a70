"""Campaigns: the story's product of factors, the agency's numbers, and words where nothing can be compared."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from audit.analyses import campaigns
from audit.analyses.campaigns import Claim
from audit.config import Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables, tables_from_frames
from audit.wording.text import Words
from tests.pages import NONSENSE, spoken

from .channel_clinic import END, PERIOD, clinic
from .test_channels import by_rules
from .test_channels import run as run_channels

AGENCY = Claim(channel="agency context", calls=5, first_patients=2, cost_per_call=15_000, cost_per_first_patient=30_000)


def run(tables: Tables, period: Period = PERIOD, channels=None, **params) -> campaigns.CampaignsResult:
    given = {name: tables.get(name) for name in ("ad_spend", "site_traffic")}
    return campaigns.analyse(tables["opportunities"], **given, channels=channels, period=period, params=campaigns.CampaignsParams(**params))


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> campaigns.CampaignsResult:
    return run(demo_tables, demo_period, home_region="Moscow", claims=(AGENCY,))


def test_search_as_a_product(demo):
    assert demo.followed == "organic search"
    assert demo.visitors_times.value == pytest.approx(49_600 / 24_000)
    assert demo.conversion_times.value == pytest.approx(1.428, abs=0.02)
    assert demo.calls_times.value == pytest.approx(2.95, abs=0.03)
    assert demo.cost_per_call_fell.value == pytest.approx(2.29, abs=0.02)
    assert demo.cost_per_patient_fell.value > 3 and demo.cost_per_patient_fell.low < 3.08 < demo.cost_per_patient_fell.high
    times = demo.factors.set_index("factor").times
    assert times["visitors"] * times["conversion"] == pytest.approx(times["calls"])
    assert times["spend"] / times["calls"] == pytest.approx(times["cost_per_call"])
    assert times["cost_per_call"] / times["patients_per_call"] == pytest.approx(times["cost_per_first_patient"])


def test_the_agency_is_shown_whole_and_by_month(demo, demo_period):
    assert demo.trial == "agency context"
    assert demo.trial_cost_per_call.value == pytest.approx(15_000)
    # five patients for 150,000 and two for the last 75,000: their cost beside the money would tell it
    assert demo.trial_cost_per_patient is None and demo.trial_last_cost_per_patient is None
    assert demo.trials.cost_per_first_patient.isna().all()
    assert demo.trial_money.value == pytest.approx(450_000) and demo.trial_months.value == pytest.approx(6)
    # ten callers: the interval of the count is 5.4 … 17.0 at 90 %
    assert (150_000 / demo.trial_cost_per_call.high, 150_000 / demo.trial_cost_per_call.low) == pytest.approx((5.425, 16.962), abs=1e-3)
    said = " ".join(str(Words("campaigns", currency="RUB", period=demo_period).finding(demo, f)) for f in demo.findings)
    assert "₽75k" in said and "₽60k" in said, "5 × 15,000 and 2 × 30,000 are not the same money"


def test_visitors_by_region_and_device(demo):
    assert (demo.home_share.value, demo.home_share_before.value) == pytest.approx((0.62, 0.30), abs=0.001)
    assert (demo.mobile_share.value, demo.mobile_share_before.value) == pytest.approx((0.66, 0.61), abs=0.001)
    assert demo.regions.share.sum() == pytest.approx(1) and demo.devices.share_before.sum() == pytest.approx(1)


def test_every_word_of_the_page(demo, demo_period):
    page = spoken("campaigns", demo, demo_period)
    assert page.figures == ("places", "devices") and not any(nonsense in text for text in page.texts for nonsense in NONSENSE)


def test_only_visitors_who_can_come_are_counted():
    counted = run(tables_from_frames(clinic(), end=END), home_region="here")
    assert counted.visitors_times.value == 2 and counted.conversion_times.value == pytest.approx(0.5)
    everywhere = run(tables_from_frames(clinic(), end=END))
    assert everywhere.visitors_times.value == pytest.approx(900 / 1300)


def test_numbers_that_fit_together_are_said_to():
    fits = Claim(channel="agency", calls=10, first_patients=5, cost_per_call=15_000, cost_per_first_patient=30_000)
    result = run(tables_from_frames(clinic(), end=END), claims=(fits,))
    assert result.claims_false == 0 and "claims_hold" in {finding.key for finding in result.findings}


@pytest.mark.parametrize("missing", ["site_traffic", "ad_spend"])
def test_what_is_missing_is_said(missing):
    frames = clinic(**{missing: None})
    result = run(tables_from_frames(frames, end=END), claims=(AGENCY,))
    assert not any(nonsense in text for text in spoken("campaigns", result, PERIOD).texts for nonsense in NONSENSE)
    assert (result.calls_times is None) == (missing == "site_traffic")


def test_nothing_to_compare():
    with pytest.raises(NotAnswerable, match="nothing_to_compare"):
        run(tables_from_frames(clinic(site_traffic=None, ad_spend=None), end=END))


def test_a_comparison_across_rules_is_said_to_be_one():
    frames = by_rules(clinic())
    result = run(tables_from_frames(frames, end=END), channels=run_channels(tables_from_frames(frames, end=END)))
    assert result.says["title"].key == "crossed" and "other_rule" in {finding.key for finding in result.findings}
    # 70 callers in either October, whoever is credited
    assert result.all_calls_times.value == 1 and result.all_calls_times.low < 1 < result.all_calls_times.high
    page = spoken("campaigns", result, PERIOD)
    assert not any(nonsense in text for text in page.texts for nonsense in NONSENSE)
    assert any("by another rule before 1 October 2016" in text.replace("\xa0", " ") for text in page.texts)


def test_patients_too_few_to_show_leave_no_cost_behind():
    frames = clinic()
    few = frames["appointments"].patient_id.str.contains(r"2015-ads-(?:[4-9]|\d\d)$")
    frames["appointments"] = frames["appointments"][~few]
    result = run(tables_from_frames(frames, end=END))
    assert "cost_per_call" in set(result.factors.factor) and result.cost_per_patient_fell is None
    assert not {"patients_per_call", "cost_per_first_patient"} & set(result.factors.factor)


def test_a_channel_nobody_can_wait_for_is_no_trial():
    frames = clinic()
    calls = frames["enquiries"]
    few = pd.concat([calls, calls.iloc[:4].assign(channel="radio", enquiry_id=[f"r{i}" for i in range(4)], caller_key=[f"r{i}" for i in range(4)])])
    radio = pd.DataFrame({"channel": ["radio"], "from_day": [date(2015, 1, 1)], "to_day": [date(2016, 12, 31)], "spend": [24_000.0]})
    tables = tables_from_frames(frames | {"enquiries": few, "ad_spend": pd.concat([frames["ad_spend"], radio])}, end=END)
    result = run(tables)
    # four callers in two years: thirty would take fifteen
    assert result.trial is None and result.slow == "radio" and len(result.trials) == 1
    assert result.says["notes.decide"].key == "slow" and "slow" in {finding.key for finding in result.findings}
    assert not any(nonsense in text for text in spoken("campaigns", result, PERIOD).texts for nonsense in NONSENSE)


def test_a_cost_that_grew_is_not_said_to_have_fallen():
    result = run(tables_from_frames(clinic(), end=END))
    said = " ".join(spoken("campaigns", result, PERIOD).texts)
    # 1,200 for forty calls, then 6,000
    assert result.cost_per_call_times.value == pytest.approx(5) and result.cost_per_call_fell.value == pytest.approx(0.2)
    assert "a call costs ×5 what it did before, a first patient ×5 as much" in said and "×0" not in said.replace("×0.69", "")


def test_where_nobody_is_answered_no_channel_is_called_a_trial():
    frames = clinic()
    frames["enquiries"] = frames["enquiries"].assign(is_answered=False)
    found = run(tables_from_frames(frames, end=PERIOD.end), PERIOD)
    assert found.trials is None and found.trial is None and found.slow is None

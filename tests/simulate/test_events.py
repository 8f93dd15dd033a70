"""The path of 2016 and what each change did."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


def test_revenue_follows_the_index(counted, demo_truth):
    revenue = counted.days.groupby("month").revenue.sum()
    path = revenue["2015-12":] / revenue["2015-12"]
    assert path.to_numpy() == pytest.approx(np.array(demo_truth.revenue_index), rel=0.01)
    assert (np.diff(path) > 0).sum() == 10


def test_before_the_change_the_clinic_is_level(counted):
    revenue = counted.days.groupby("month").revenue.sum()[:"2015-11"] / 9.912e6
    assert revenue.between(0.78, 1.02).all()
    assert revenue.std() < 0.06


def _weeks(moments: pd.Series, start: str, end: str, branch: pd.Series) -> pd.DataFrame:
    inside = (moments >= start) & (moments < end)
    week = (moments[inside] - pd.Timestamp(start)).dt.days // 7
    return pd.crosstab(week, branch[inside])


def test_price_test_by_differences_in_differences(counted, demo_truth):
    """Both branches share season and growth; only the calls of branch 2 rise in the six weeks."""
    start, end = "2015-09-28", "2016-09-26"
    table = _weeks(counted.opened.opened_at, start, end, counted.opened.branch)
    first_week = (pd.Timestamp(demo_truth.price_test.from_day) - pd.Timestamp(start)).days // 7
    tested = (table.index >= first_week) & (table.index < first_week + 6)
    sums = {state: table[tested == state].sum() for state in (True, False)}
    effect = np.log(
        sums[True]["Branch 2"] / sums[True]["Branch 1"] / (sums[False]["Branch 2"] / sums[False]["Branch 1"])
    )
    error = np.sqrt(sum(1 / count for state in sums.values() for count in state))
    assert abs(effect - np.log(1.3)) < 2.5 * error
    assert abs(effect) > 2.5 * error
    noise = np.log(table["Branch 2"] / table["Branch 1"])[~tested].var()
    poisson = (1 / table["Branch 1"] + 1 / table["Branch 2"])[~tested].mean()
    assert 0.4 < noise / poisson < 2.2


def test_list_price_and_price_paid(counted):
    a, c = counted.tables["appointments"], counted.tables["charges"]
    lines = c[(c.service_id == "A01") & (c.kind == "sale")].merge(
        a[["appointment_id", "starts_at"]], on="appointment_id"
    )
    tested = (lines.branch == "Branch 2") & lines.starts_at.between("2016-03-14", "2016-04-25")
    assert lines[tested].list_amount.eq(2000).all()
    assert lines[~tested].list_amount.eq(2500).all()


def test_agency(counted, demo_truth):
    calls = (
        counted.answered[counted.answered.channel == "agency context"].groupby("month").is_attended.agg(["size", "sum"])
    )
    assert calls["size"].to_dict() == dict(zip(demo_truth.agency.months, demo_truth.agency.calls, strict=True))
    assert calls["sum"].to_dict() == dict(zip(demo_truth.agency.months, demo_truth.agency.primaries, strict=True))
    spend = counted.tables["ad_spend"].query("channel == 'agency context'").spend.sum()
    assert (spend / 10, spend / 5) == (15_000, 30_000)


def test_own_ads_saturate_within_a_regime(counted, demo_truth):
    own = counted.tables["ad_spend"].query("channel == 'own context ads'")
    calls = counted.answered[counted.answered.channel == "own context ads"]
    start = pd.Timestamp("2014-01-06")
    spend = own[own.from_day >= start].groupby((own.from_day - start).dt.days // 7).spend.sum()
    made = calls[calls.opened_at >= start].groupby((calls.opened_at - start).dt.days // 7).size()
    weeks = pd.DataFrame({"x": spend, "calls": made}).fillna(0).loc[:115]
    assert (weeks.x == 0).sum() == len(demo_truth.saturation.off_weeks)
    expected = demo_truth.saturation.level_before * weeks.x / (weeks.x + demo_truth.saturation.half)
    whole = weeks[weeks.x > 0]
    assert whole.calls.sum() == pytest.approx(expected.sum(), rel=0.06)
    assert np.corrcoef(expected[whole.index], whole.calls)[0, 1] > 0.5
    per_rouble = whole.calls / whole.x
    assert per_rouble[whole.x > whole.x.median()].mean() < per_rouble[whole.x <= whole.x.median()].mean()


def test_reactivation(counted, demo_truth):
    members = counted.hidden["campaign"]
    out = counted.tables["enquiries"].query("direction == 'out'").drop_duplicates("caller_key").set_index("caller_key")
    phone = counted.tables["patients"].set_index("patient_id").phone_key
    members = members.assign(
        called=members.patient_id.map(phone).map(out.started_at).fillna(pd.Timestamp("2016-10-03 09:00"))
    )
    visits = counted.came[counted.came.kind == "outpatient"].merge(members, on="patient_id")
    visits = visits[visits.starts_at > visits.called].sort_values("starts_at").drop_duplicates("patient_id")
    after = (visits.starts_at - visits.called).dt.days
    plan, groups = demo_truth.reactivation, members.group.value_counts()
    assert groups.to_dict() == {"called": plan.called, "held out": plan.held_out}
    for group, first, later in (
        ("called", plan.called_first, plan.called_later),
        ("held out", plan.held_first, plan.held_later),
    ):
        mine = after[visits.group == group]
        assert (mine < 7).sum() / groups[group] == pytest.approx(first, abs=0.006)
        assert ((mine >= 7) & (mine <= 120)).sum() / groups[group] == pytest.approx(later, abs=0.006)
    last = counted.came[counted.came.starts_at < plan.from_day].groupby("patient_id").starts_at.max()
    lapsed = (pd.Timestamp(plan.from_day) - members.patient_id.map(last)).dt.days
    assert lapsed.min() >= plan.lapsed_days - 7


def test_missed_calls_peak_on_monday_mornings_and_evenings(counted):
    calls = counted.tables["enquiries"].query("direction == 'in' and started_at < '2016-01-01'")
    hour, monday = calls.started_at.dt.hour, calls.started_at.dt.day_of_week == 0
    missed = 1 - calls.is_answered
    quiet = missed[~(monday & (hour < 11)) & ~hour.between(18, 19)].mean()
    assert missed[monday & (hour < 11)].mean() > 1.7 * quiet
    assert missed[hour.between(18, 19)].mean() > 1.6 * quiet


def test_calls_listened_to(counted, demo_truth):
    calls = counted.tables["enquiries"].merge(counted.hidden["calls"], on="enquiry_id")
    heard = calls[calls.is_heard]
    assert len(heard) == 2000
    assert heard.started_at.between("2015-12-01", "2016-02-01").all()
    assert heard.intent.notna().all()
    assert (heard.intent == heard.true_intent).all()
    lost = heard[heard.outcome == "lost"]
    assert lost.loss_reason.notna().all()
    assert heard[heard.outcome != "lost"].loss_reason.isna().all()
    marks = counted.hidden["second_marks"]
    agree = (marks["first"] == marks["second"]).mean()
    chance = (marks["first"].value_counts(normalize=True) * marks["second"].value_counts(normalize=True)).sum()
    assert len(marks) == 150
    assert (agree - chance) / (1 - chance) == pytest.approx(demo_truth.second_marker_kappa, abs=0.1)


def test_full_hours(counted):
    visits = counted.came[(counted.came.kind == "outpatient") & (counted.came.month < "2016-01")]
    by_hour = visits.starts_at.dt.hour.value_counts()
    assert by_hour[[18, 19]].min() > 1.25 * by_hour[[10, 11, 12, 13, 14]].mean()
    monday = visits[visits.starts_at.dt.day_of_week == 0].starts_at.dt.hour.value_counts(normalize=True)
    others = visits[visits.starts_at.dt.day_of_week != 0].starts_at.dt.hour.value_counts(normalize=True)
    assert monday[[9, 10]].sum() > 1.1 * others[[9, 10]].sum()

"""Growth of costs: by hand, and parts that always sum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.models.cost_growth import cost_growth
from audit.models.drivers import account

MONEY = st.floats(-1e6, 1e6, allow_nan=False)


def test_by_hand():
    grown = cost_growth(
        now={"variable": {"pay": 60.0}, "fixed": {"rent": 30.0}}, before={"variable": {"pay": 20.0}, "fixed": {"rent": 20.0, "other": 5.0}},
        revenue_now=200, revenue_before=100,
    ).set_index(["nature", "group"])
    # the rate went from 0.2 to 0.3: of ln 3 ln 2 is volume
    assert grown.loc[("variable", "pay"), "moved"] == pytest.approx(40 * 0.6931471805599453 / 1.0986122886681098)
    assert grown.loc[("fixed", "rent"), "dearer"] == 10 and grown.loc[("fixed", "other"), "change"] == -5


@given(st.dictionaries(st.sampled_from("abc"), MONEY), st.dictionaries(st.sampled_from("abc"), MONEY), st.floats(1, 1e6), st.floats(1, 1e6))
def test_parts_sum_to_the_change(now, before, revenue_now, revenue_before):
    grown = cost_growth(now={"variable": now, "fixed": now}, before={"variable": before}, revenue_now=revenue_now, revenue_before=revenue_before)
    assert (grown["moved"] + grown["dearer"]).to_numpy() == pytest.approx(grown["change"].to_numpy(), abs=1e-6)
    assert grown["change"].sum() == pytest.approx(2 * sum(now.values()) - sum(before.values()), abs=1e-5)


@given(st.floats(0.05, 1), st.floats(0, 0.99), st.floats(1, 5))
def test_profit_grows_at_least_as_many_times_as_revenue(margin, fixed_part, times):
    """With fixed costs of zero or more and a profit before: “operating income +100 %” cannot be profit when revenue is ×2.5."""
    fixed = fixed_part * margin
    before = account(revenue=1.0, variable=1 - margin, fixed=fixed).profit
    now = account(revenue=times, variable=times * (1 - margin), fixed=fixed).profit
    assert now / before >= times * (1 - 1e-9)

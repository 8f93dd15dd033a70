"""What a caller costs: the published interval of five, products that hold, returns by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models import acquisition


def test_five_calls_say_almost_nothing():
    cost = acquisition.cost_per_event(spend=75_000, events=5, level=0.95)
    # exact Poisson interval of 5: 1.62 … 11.67 (Garwood 1936)
    assert (75_000 / cost.high, 75_000 / cost.low) == pytest.approx((1.6235, 11.6683), abs=1e-4)
    assert cost.value == 15_000


@pytest.mark.parametrize(("spend", "events"), [(0, 5), (100, 0), (0, 0)])
def test_without_spend_or_events_there_is_no_cost(spend, events):
    assert acquisition.cost_per_event(spend=spend, events=events, level=0.90) is None
    assert acquisition.marginal_cost(
        spend=spend, events=events, share=0.5, share_low=0.4, share_high=0.6, level=0.90, seed=1) is None


def test_nobody_for_the_money_still_bounds_the_cost():
    # zero events: the upper bound of the count at 90 % two-sided is −ln 0.05 = 2.996
    assert acquisition.least_cost(spend=30_000, level=0.90) == pytest.approx(30_000 / -np.log(0.05))


def test_cost_covers_the_truth():
    rng = np.random.default_rng(3)
    inside = []
    for events in rng.poisson(6.0, 400):
        cost = acquisition.cost_per_event(spend=6000, events=int(events), level=0.90)
        inside.append(cost is not None and cost.low <= 1000 <= cost.high)
    assert np.mean(inside) >= 0.88


def test_the_product_of_factors_holds_and_matches_the_story():
    now = acquisition.Totals(visitors=49_600, answered=885, came=501, spend=387_000, months=1)
    before = acquisition.Totals(visitors=24_000, answered=300, came=126, spend=300_000, months=1)
    parts = acquisition.product(now=now, before=before, level=0.90, seed=1)
    times = {name: part.times.value for name, part in parts.items()}
    assert times["visitors"] == pytest.approx(2.067, abs=1e-3)
    assert times["conversion"] == pytest.approx(1.427, abs=1e-3)
    assert times["calls"] == pytest.approx(times["visitors"] * times["conversion"])
    assert 1 / times["cost_per_call"] == pytest.approx(2.287, abs=1e-3)
    assert 1 / times["cost_per_first_patient"] == pytest.approx(3.08, abs=0.01)
    assert times["cost_per_first_patient"] == pytest.approx(times["cost_per_call"] / times["patients_per_call"])
    for part in parts.values():
        assert part.times.low <= part.times.value <= part.times.high
        assert part.now / part.before == pytest.approx(part.times.value)


def test_factors_without_counts_are_left_out():
    now = acquisition.Totals(visitors=100, answered=0, came=0, spend=0, months=1)
    before = acquisition.Totals(visitors=100, answered=5, came=1, spend=10, months=1)
    assert set(acquisition.product(now=now, before=before, level=0.90, seed=1)) == {"visitors", "spend"}


def test_return_covers_the_truth():
    inside = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = acquisition.return_on_spend(
            spend=50_000, patients=int(rng.poisson(50)), values=rng.lognormal(8, 1, 200), level=0.90, seed=seed, draws=500)
        inside.append(found.multiple.low <= 50 * np.exp(8.5) / 50_000 <= found.multiple.high)
    # 90 % of 60 is 54; two Monte Carlo standard errors are 4.6
    assert sum(inside) >= 49
    assert found.romi.value == found.multiple.value - 1


def test_the_next_patient_costs_more_than_the_average():
    found = acquisition.marginal_cost(spend=1000, events=100, share=0.5, share_low=0.4, share_high=0.6, level=0.90, seed=1)
    assert found.value == 20 and found.low < 20 < found.high


def test_an_agency_whose_numbers_contradict_each_other():
    december = acquisition.Claim(calls=5, first_patients=2, cost_per_call=15_000, cost_per_first_patient=30_000)
    assert (december.spend_by_calls, december.spend_by_patients) == (75_000, 60_000)
    assert not december.agrees()
    assert acquisition.Claim(calls=10, first_patients=5, cost_per_call=15_000, cost_per_first_patient=30_000).agrees()


STEPS = np.arange(0, 60, 7.0)


def test_payback_is_the_first_day_the_mean_patient_has_brought_the_cost():
    curves = np.tile(100 + 10 * STEPS, (50, 1))
    found = acquisition.payback_day(curves=curves, steps=STEPS, spend=200_000.0, patients=1000, level=0.9, seed=1)
    # a patient cost 200: 100 on the first day and 10 a day, seen every week
    assert (found.value, found.low, found.high) == (14, 14, 14)


def test_payback_beyond_the_horizon_is_not_a_day():
    found = acquisition.payback_day(curves=np.full((50, STEPS.size), 100.0), steps=STEPS, spend=1000.0, patients=5, level=0.9, seed=1)
    assert np.isinf(found.value) and np.isinf(found.high)
    assert acquisition.payback_day(curves=np.zeros((1, 2)), steps=STEPS[:2], spend=1.0, patients=1, level=0.9, seed=1) is None


def test_payback_of_few_patients_is_wide():
    rng = np.random.default_rng(1)
    curves = rng.gamma(1, 50, (300, 1)) + rng.gamma(1, 4, (300, 1)) * STEPS
    few, many = (
        acquisition.payback_day(curves=curves, steps=STEPS, spend=150.0 * n, patients=n, level=0.9, seed=1) for n in (6, 600))
    assert few.low < many.low <= many.value <= many.high < few.high


def test_what_is_not_known_widens_one_side_only():
    plain = acquisition.cost_per_event(spend=6000, events=40, level=0.90)
    fewer, more = (acquisition.cost_per_event(spend=6000, events=40, level=0.90, **{side: count}) for side, count in (("least", 30), ("most", 60)))
    assert (fewer.value, fewer.low) == (plain.value, plain.low) and fewer.high == acquisition.cost_per_event(spend=6000, events=30, level=0.90).high
    assert (more.value, more.high) == (plain.value, plain.high) and more.low == acquisition.cost_per_event(spend=6000, events=60, level=0.90).low


def test_patients_who_could_not_be_joined_raise_what_may_come_back():
    values = np.linspace(50, 150, 40)
    known, joined = (acquisition.return_on_spend(spend=2000, patients=20, values=values, level=0.90, seed=1, most=most) for most in (20, 40))
    assert joined.multiple.high == pytest.approx(2 * known.multiple.high) and joined.multiple.low == known.multiple.low

"""Queues against published tables and examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.models.queueing import erlang_b, erlang_c, mean_wait, turned_away


@pytest.mark.parametrize(
    ("servers", "load", "blocked"),
    [(10, 5.0, 0.018385), (5, 3.0, 0.110054), (20, 12.0, 0.009797), (100, 84.06, 0.01), (2, 1.0, 0.2), (0, 3.0, 1.0)],
)
def test_erlang_b_tables(servers, load, blocked):
    assert erlang_b(servers, load) == pytest.approx(blocked, abs=1e-5)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.0101), (2, 0.1526), (5, 1.3608), (10, 4.4612), (20, 12.031), (50, 37.901)])
def test_erlang_b_one_per_cent_table(servers, load):
    assert erlang_b(servers, load) == pytest.approx(0.01, abs=2e-5)


def test_call_centre_of_55_agents():
    # Mitan: 360 calls in 30 minutes of 240 s: C = 0.239, mean wait 8.2 s
    assert erlang_c(55, 48.0) == pytest.approx(0.239, abs=5e-4)
    assert 240 * mean_wait(55, 48.0) == pytest.approx(8.2, abs=0.05)


@pytest.mark.parametrize(("servers", "queue"), [(1, 1.33333), (2, 0.0833333)])
def test_county_hospital(servers, queue):
    # Hillier & Lieberman: 2 arrivals and 3 services an hour; queue = arrivals per service time × wait in service times
    load = 2 / 3
    assert load * mean_wait(servers, load) == pytest.approx(queue, abs=1e-5)


def test_three_tellers_of_bronson():
    load = 300 / 182.5
    assert load * mean_wait(3, load) == pytest.approx(0.352, abs=1e-3)


def test_constant_service_halves_the_wait():
    # Pollaczek–Khinchine for one server: W = ρ / (1 − ρ) × (1 + CV²) / 2
    assert mean_wait(1, 0.8, service_cv2=0.0) == pytest.approx(0.8 / 0.2 / 2)
    assert erlang_c(2, 2.0) == 1.0 and math.isinf(mean_wait(2, 2.0))


def test_simulated_ward_turns_away_what_the_load_implies():
    rng = np.random.default_rng(4)
    free_at, refused, busy = np.zeros(6), 0, 0.0
    arrivals = np.cumsum(rng.exponential(1 / 5.0, 60_000))
    for at, stay in zip(arrivals, rng.gamma(2, 0.5, arrivals.size), strict=True):
        bed = int(free_at.argmin())
        if free_at[bed] > at:
            refused += 1
        else:
            free_at[bed], busy = at + stay, busy + stay
    assert turned_away(6, busy / arrivals[-1]) == pytest.approx(refused / arrivals.size, abs=0.012)


def test_nobody_is_turned_away_from_an_empty_ward():
    assert turned_away(6, 0.0) == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="between none and all"):
        turned_away(6, 6.0)

"""Mix of services: a unit that bills what its cases call for lies on 1, whatever its cases are."""

from __future__ import annotations

import numpy as np

from audit.models.service_mix import service_mix

RATE = np.array([0.2, 0.8])
"""Additional lines per visit of a simple and of a hard case."""


def _cells(share_hard: np.ndarray, more: np.ndarray, visits: int, rng: np.random.Generator):
    lines, squares, n, unit, block = [], [], [], [], []
    for u, hard in enumerate(share_hard):
        for kind, weight in enumerate((1 - hard, hard)):
            count = round(visits * weight)
            drawn = rng.poisson(RATE[kind] * more[u], count)
            for row, value in zip((lines, squares, n, unit, block), (drawn.sum(), (drawn**2).sum(), count, u, kind), strict=True):
                row.append(value)
    return lines, squares, n, {"unit": unit, "strata": {"block": np.array(block)}}


def _mix(share_hard, more, visits=800, fewest=100, seed=1):
    lines, squares, n, rest = _cells(np.asarray(share_hard), np.asarray(more), visits, np.random.default_rng(seed))
    return service_mix(lines, squares, n, units=len(more), judged=lambda seen: seen >= fewest, **rest)


def test_hard_cases_explain_more_services():
    mix = _mix(np.linspace(0.1, 0.9, 9), np.ones(9))
    ratios = mix.ratios(0.90)
    assert ratios["services_visit"].iloc[-1] > 2 * ratios["services_visit"].iloc[0]
    assert (abs(ratios["services"] - 1) < 0.15).all()
    assert (ratios["services_reading"] == "inside").all()


def test_who_bills_half_as_much_again_lies_above():
    more = np.ones(9)
    more[3] = 1.5
    ratios = _mix(np.linspace(0.1, 0.9, 9), more).ratios(0.90)
    assert ratios["services_reading"].tolist().count("above") == 1
    assert ratios["services_reading"].iloc[3] == "above" and ratios["services_low"].iloc[3] > 1


def test_poisson_lines_are_not_overdispersed():
    assert 1 <= _mix(np.full(6, 0.5), np.ones(6)).dispersion < 1.1


def test_units_without_visits_enough_are_not_judged():
    mix = _mix([0.2, 0.5, 0.5], [1, 1, 1], visits=90)
    assert mix is None
    lines, squares, n, rest = _cells(np.array([0.2, 0.5, 0.5]), np.ones(3), 300, np.random.default_rng(1))
    two = service_mix(lines, squares, n, units=3, judged=lambda seen: np.array([True, True, False]), **rest)
    assert two.ratios(0.90)["services_reading"].tolist()[2] == "unknown" and two.beyond[2] == 0


def test_nothing_billed_beyond_the_visit_cannot_be_compared():
    assert service_mix([0, 0], [0, 0], [50, 60], unit=[0, 1], units=2, strata={}, judged=lambda seen: seen > 10) is None

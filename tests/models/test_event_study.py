"""Event study: the planted reaction is found in the weeks after a change and in none before."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from audit.models.event_study import BLOCKS, event_study
from tests.models.test_demand import panel

WEEKS = 110


def changed(seed, react):
    """Four branches, a price change each; ``react`` (weeks since the change) is the elasticity then."""
    rng = np.random.default_rng(seed)
    log_price, effect = np.zeros((4, WEEKS)), np.zeros((4, WEEKS))
    for unit, week, size in ((0, 30, 0.2), (1, 50, -0.2), (2, 70, 0.25), (3, 45, -0.15)):
        log_price[unit, week:] += size
        effect[unit] += size * react(np.arange(WEEKS) - week)
    return rng.poisson(150 * np.exp(effect + rng.normal(0, 0.05, WEEKS))).astype(float), log_price


def test_a_lasting_reaction_begins_with_the_change():
    inside = []
    for seed in range(12):
        study = event_study(**dict(zip(("counts", "log_price"), changed(seed, lambda age: -1.0 * (age >= 0)), strict=True)))
        low, high = study.interval(0.90)
        inside.append((low <= np.where(study.last < 0, 0.0, -1.0)) & (np.where(study.last < 0, 0.0, -1.0) <= high))
    # 60 intervals at 90 %: 54 expected, binomial standard error 2.3
    assert np.sum(inside) >= 47


def test_demand_that_moves_first_is_seen_before_the_change():
    counts, log_price = changed(3, lambda age: -1.5 * (age >= -6))
    assert event_study(counts=counts, log_price=log_price).leads_p < 0.001
    counts, log_price = changed(3, lambda age: -1.5 * (age >= 0))
    assert event_study(counts=counts, log_price=log_price).leads_p > 0.01


def test_a_reaction_that_fades_is_told_from_one_that_lasts():
    counts, log_price = changed(8, lambda age: -2.0 * ((age >= 0) & (age < 3)))
    study = event_study(counts=counts, log_price=log_price)
    assert study.value[2] < -1.2 and abs(study.value[-1]) < 0.6


def test_blocks_equal_a_glm_with_all_dummies():
    counts, log_price = panel(2, staggered=True, units=3, weeks=80)
    study = event_study(counts=counts, log_price=log_price)
    unit, week = np.indices(counts.shape)
    time = np.linspace(-1, 1, 80)[week]
    columns = [*(unit == u for u in range(3)), *(week == w for w in range(1, 80)), *((unit == u) * time for u in (1, 2))]
    steps = np.diff(log_price, axis=1, prepend=log_price[:, :1])
    for first, last in BLOCKS:
        path = np.zeros(counts.shape)
        for u, w in zip(*np.nonzero(steps), strict=True):
            age = np.arange(80) - w
            path[u] += steps[u, w] * ((age >= first) & ((age <= last) | (last == BLOCKS[-1][1])))
        columns.append(path)
    design = np.column_stack([np.asarray(column, float).ravel() for column in columns])
    glm = sm.GLM(counts.ravel(), design, family=sm.families.Poisson()).fit()
    assert study.value == pytest.approx(glm.params[-len(BLOCKS):], abs=1e-5)


def test_no_change_no_study():
    assert event_study(counts=np.full((2, 30), 20.0), log_price=np.zeros((2, 30))) is None

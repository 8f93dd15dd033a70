"""Kaplan–Meier against the textbook remission times."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.survival import groups_that_differ, incidence

WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
"""21 patients on 6-MP (Freireich et al. 1963, as in Gehan 1965 and every textbook since)."""

PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
"""Their 21 partners on placebo, all of whom relapsed; the published log-rank statistic is 16.79."""


def test_remission_times_on_6_mp():
    result = incidence(
        duration=WEEKS, event=RELAPSED, follow_up=np.full(21, 40), horizons=[6, 7, 10, 13, 16, 22, 23], level=0.95
    )
    surviving = [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert 1 - result.value == pytest.approx(surviving, abs=5e-5)
    assert (result.low < result.value).all() and (result.value < result.high).all()


def test_is_the_plain_share_without_censoring():
    gap = np.array([1, 5, 9, 40, 50])
    result = incidence(duration=np.minimum(gap, 30), event=gap <= 30, follow_up=np.full(5, 30), horizons=[9, 30])
    assert result.value == pytest.approx([0.6, 0.6]) and list(result.watched) == [5, 5]


def test_horizon_nobody_was_watched_for():
    result = incidence(duration=[3, 4], event=[1, 0], follow_up=[5, 4], horizons=[4, 30])
    assert np.isfinite(result.value[0]) and np.isnan(result.value[1])
    assert np.isnan(incidence(duration=[], event=[], follow_up=[], horizons=[30]).value[0])


def test_6_mp_differs_from_placebo():
    time, event = np.r_[WEEKS, PLACEBO], np.r_[RELAPSED, np.ones(21)]
    group = np.repeat([0, 1], 21)
    assert groups_that_differ(duration=time, event=event, group=group, groups=2, level=0.999).all()


def test_equal_groups_are_rarely_told_apart():
    rng = np.random.default_rng(8)
    called = 0
    for _ in range(60):
        time = rng.exponential(100, 400)
        called += groups_that_differ(
            duration=np.minimum(time, 90), event=time <= 90, group=rng.integers(0, 8, 400), groups=8
        ).any()
    assert called <= 12  # 10 % of 60 and chance


def test_groups_without_events_or_rest():
    assert not groups_that_differ(duration=[1, 2], event=[0, 0], group=[0, 1], groups=3).any()
    assert not groups_that_differ(duration=[1, 2], event=[1, 1], group=[0, 0], groups=1).any()
    assert len(groups_that_differ(duration=[], event=[], group=[], groups=0)) == 0

"""On and off: recovers what a radio added that no call tracker saw, and refuses a single stretch."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.on_off import contrast


def series(seed: int, times: float = 1.2, weeks: int = 104) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    is_on = np.repeat(rng.random(weeks // 4) < 0.4, 4)
    level = 150 * np.exp(0.1 * np.sin(np.arange(weeks) / 52.18 * 2 * np.pi) + 0.2 * np.arange(weeks) / weeks)
    return rng.poisson(level * np.where(is_on, times, 1.0) * rng.gamma(300, 1 / 300, weeks)).astype(float), is_on


def test_recovers_the_effect_at_the_promised_rate():
    held, middle = 0, []
    for seed in range(60):
        callers, is_on = series(seed)
        found = contrast(callers=callers, is_on=is_on, level=0.9)
        held += found.times_low <= 1.2 <= found.times_high
        middle.append(found.times)
    assert held >= 47 and np.nanmean(middle) == pytest.approx(1.2, abs=0.01)


def test_extra_callers_are_those_above_the_same_weeks_without():
    callers, is_on = series(3)
    found = contrast(callers=callers, is_on=is_on, level=0.9)
    assert found.gate == "fitted" and found.extra_low < found.extra < found.extra_high
    assert found.extra == pytest.approx(callers[is_on].mean() * (1 - 1 / found.times), rel=0.01)


def test_one_stretch_is_not_told_from_the_time_it_was_in():
    callers, _ = series(1)
    assert contrast(callers=callers, is_on=np.arange(104) >= 52, level=0.9).gate == "one_stretch"


@pytest.mark.parametrize("is_on", [np.zeros(104, bool), np.ones(104, bool)])
def test_always_or_never_has_no_contrast(is_on):
    found = contrast(callers=series(1)[0], is_on=is_on, level=0.9)
    assert found.gate == "too_few_weeks" and np.isnan(found.times)

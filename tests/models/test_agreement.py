"""Cohen's κ on the table of the paper that introduced it."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.agreement import agreement

COHEN = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
"""200 cases of two judges (Cohen 1960, Educ. Psychol. Meas. 20:37, table 1): p_o .70, p_e .41, κ .492."""


def test_cohens_own_example():
    found = agreement(COHEN)
    assert found.kappa == pytest.approx(0.492, abs=5e-4) and found.same == pytest.approx(0.70)
    assert found.low < found.kappa < found.high and found.n == 200


def test_intervals_hold_their_level():
    rng = np.random.default_rng(4)
    truth = np.array(COHEN) / 200
    drawn = rng.multinomial(200, truth.ravel(), size=400).reshape(-1, 3, 3)
    inside = [found.low <= 0.4915 <= found.high for found in map(agreement, drawn)]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.04)


def test_classes_nobody_used_change_nothing():
    wider = np.zeros((5, 5))
    wider[:3, :3] = COHEN
    assert agreement(wider).kappa == pytest.approx(agreement(COHEN).kappa)


@pytest.mark.parametrize("table", [np.zeros((2, 2)), [[7, 0], [0, 0]]])
def test_nothing_to_agree_on(table):
    assert np.isnan(agreement(table).kappa)


def test_one_class_against_two_agrees_no_better_than_chance():
    found = agreement([[30, 30], [0, 0]])
    assert found.kappa == 0 and found.same == 0.5

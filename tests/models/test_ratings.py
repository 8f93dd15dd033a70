"""Ratings: the pooled variance is that of one-way analysis of variance, and silence bounds the mean."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from audit.models.ratings import nothing_rated, ratings

SCORES = {"D01": [5, 5, 4, 5, 5, 4], "D02": [3, 4, 3, 2, 4, 3], "D03": [4, 5, 4, 4, 3, 5]}


def _sums(scores: dict[str, list[int]], late: int = 2) -> pd.DataFrame:
    rows = {
        name: {
            "n": len(x), "mean": np.mean(x), "square": np.mean(np.square(x)), "since": date(2016, 1, 4),
            "late": len(x[-late:]), "late_mean": np.mean(x[-late:]),
        }
        for name, x in scores.items() if x
    }
    return pd.DataFrame(rows).T.reindex(list(scores)).infer_objects()


def test_the_clinic_s_interval_comes_from_the_variance_within_doctors():
    found = ratings(_sums(SCORES), visits=100, fewest=3, level=0.90, seed=1)
    values = np.concatenate(list(SCORES.values())).astype(float)
    groups = [np.array(x, float) for x in SCORES.values()]
    within = sum(((x - x.mean()) ** 2).sum() for x in groups) / (len(values) - len(groups))
    assert found.clinic.value == pytest.approx(values.mean())
    assert found.clinic.high - found.clinic.value == pytest.approx(stats.norm.isf(0.05) * np.sqrt(within / len(values)))
    assert found.clinic.n == 18


def test_those_who_kept_silent_bound_the_mean():
    found = ratings(_sums(SCORES), visits=36, fewest=3, level=0.90, seed=1)
    mean = np.concatenate(list(SCORES.values())).mean()
    assert found.answered.value == pytest.approx(0.5)
    assert (found.floor.value, found.ceiling.value) == (pytest.approx((mean + 1) / 2), pytest.approx((mean + 5) / 2))


def test_a_doctor_s_latest_rating_needs_answers_enough():
    found = ratings(_sums(SCORES), visits=36, fewest=3, level=0.90, seed=1)
    assert found.lately("D02", 2).value == pytest.approx(3.5)
    assert found.lately("D02", 3) is None


@pytest.mark.parametrize("scores", [{"D01": [5, 4, 5, 4, 5, 4], "D02": []}, {"D01": [5], "D02": [4]}])
def test_one_doctor_or_a_handful_of_answers_is_no_rating(scores):
    found = ratings(_sums(scores), visits=36, fewest=3, level=0.90, seed=1)
    assert found.clinic is None and found.shrunken is None
    assert found.answers.tolist() == nothing_rated(2).answers.tolist()

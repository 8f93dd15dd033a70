"""Odds ratio: how the odds of an outcome go with one more point of a score."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import statsmodels.api as sm
from numpy.typing import ArrayLike


def odds_per_point(*, score: ArrayLike, n: ArrayLike, came: ArrayLike, level: float) -> tuple[float, float, float] | None:
    """Odds ratio of one more point, (value, low, high), by logistic regression: logit P(came) = a + b · score (Cox 1958).

    ``score`` (K,), ``n`` (K,) people with it, ``came`` (K,) of them with the outcome. Wald interval of b. None when the
    outcome is told by the score alone or not at all known of it: everybody or nobody came, one score, or a score
    that parts those who came from those who did not.
    """
    x, size, k = (np.asarray(part, float) for part in (score, n, came))
    yes, no = x[k > 0], x[size - k > 0]
    if not len(yes) or not len(no) or not (yes.min() < no.max() and no.min() < yes.max()):
        return None
    outcome, people = np.repeat([1.0, 0.0], len(x)), np.r_[k, size - k]
    seen = people > 0
    design = sm.add_constant(np.tile(x - np.average(x, weights=size), 2))[seen]
    fit = sm.GLM(outcome[seen], design, family=sm.families.Binomial(), freq_weights=people[seen]).fit()
    b, half = float(fit.params[1]), NormalDist().inv_cdf((1 + level) / 2) * float(fit.bse[1])
    return float(np.exp(b)), float(np.exp(b - half)), float(np.exp(b + half))

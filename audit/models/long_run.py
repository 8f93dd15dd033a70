"""Long-run variance: how far the sum of a series strays when neighbours are alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def long_run_sum(scores: ArrayLike) -> float:
    """Newey & West (1987) variance of the sum of ``scores`` (T,), in order of time and of mean zero.

    Bartlett's weights over round(0.75 · T^(1/3)) lags (Stock & Watson 2019, eq. 16.17).
    """
    x = np.asarray(scores, float)
    lags = min(round(0.75 * x.size ** (1 / 3)), x.size - 1)
    covariances = sum((1 - k / (lags + 1)) * float(x[k:] @ x[:-k]) for k in range(1, lags + 1))
    return max(float(x @ x) + 2 * covariances, 0.0)

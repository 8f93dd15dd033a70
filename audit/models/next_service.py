"""Next service: which service follows which more often than chance, and whether the diagnosis explains it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from audit.models.lift import lift

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Following:
    """Pairs (P,): ``rate`` of those with the first service whom the second follows, ``lift`` over all with bounds.

    ``expected`` rate under independence, ``extra`` followers beyond it; ``p`` of Fisher's exact test, two-sided; ``differs`` false
    discoveries held at 1 − level over the pairs.
    """

    rate: Floats
    expected: Floats
    lift: Floats
    low: Floats
    high: Floats
    extra: Floats
    p: Floats
    differs: NDArray[np.bool_]


def following(both: ArrayLike, first: ArrayLike, second: ArrayLike, patients: ArrayLike, *, level: float = 0.90) -> Following:
    """Lift P(b | a) / P(b) of pairs: ``both`` (P,) of ``patients`` (P,) had a at the first visit and b afterwards within the days
    watched, ``first`` (P,) had a, ``second`` (P,) were followed by b.

    All patients are watched for the same days after their own first visit, so that nobody must come for longer to be
    counted. Bounds by the delta method of ``lift``; tests by Fisher (1935) with Benjamini & Hochberg (1995).
    """
    ab, a, b, n = (np.asarray(x, float) for x in np.broadcast_arrays(both, first, second, patients))
    if not len(ab):
        empty = np.array([])
        return Following(empty, empty, empty, empty, empty, empty, empty, empty.astype(bool))
    tables = np.stack([np.stack([ab, a - ab]), np.stack([b - ab, n - a - b + ab])]).transpose(2, 0, 1)
    found = [lift(counts, level) for counts in tables]
    p = np.array([stats.fisher_exact(counts).pvalue for counts in tables])
    value, low, high = (np.array([getattr(one, name)[0, 0] for one in found]) for name in ("lift", "low", "high"))
    return Following(ab / a, b / n, value, low, high, ab - a * b / n, p, stats.false_discovery_control(p, method="bh") <= 1 - level)


@dataclass(frozen=True)
class Within:
    """Pairs (P,) compared within strata: observed over expected ``lift`` with bounds, the two-sided ``p``, and
    ``differs``, false discoveries held at 1 − level over the pairs."""

    lift: Floats
    low: Floats
    high: Floats
    p: Floats
    differs: NDArray[np.bool_]


def within_strata(
    pair: ArrayLike, both: ArrayLike, first: ArrayLike, second: ArrayLike, patients: ArrayLike, *, pairs: int, level: float = 0.90
) -> Within:
    """The same, patients compared with those of their own stratum only (a block of diagnoses).

    Rows (n,) are pair × stratum: ``pair`` codes 0 … ``pairs`` − 1, the counts as in ``following``. O = Σ both, E = Σ first · second /
    patients, V the hypergeometric variance summed: z = (O − E) / √V (Mantel & Haenszel 1959, without correction). Bounds
    exp(ln(O/E) ± z √(V / (O E))): the variance under independence scaled to what was observed.
    """
    code = np.asarray(pair, int)
    k, a, b, n = (np.asarray(x, float) for x in (both, first, second, patients))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(n > 1, a * (n - a) * b * (n - b) / (n**2 * np.maximum(n - 1, 1)), 0.0)
        o, e, v = (np.bincount(code, weights=x, minlength=pairs) for x in (k, a * b / n, variance))
        value = o / e
        half = stats.norm.isf((1 - level) / 2) * np.sqrt(v / (o * e))
        p = np.where(v > 0, 2 * stats.norm.sf(np.abs(o - e) / np.sqrt(v)), 1.0)
    return Within(value, value * np.exp(-half), value * np.exp(half), p, stats.false_discovery_control(p, method="bh") <= 1 - level)

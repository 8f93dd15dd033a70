"""Uplift: what contacting people brought beyond what they would have done anyway, against a random hold-out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from audit.models.bootstrap import block_bootstrap, percentiles
from audit.models.proportions import newcombe

Three = tuple[float, float, float]


@dataclass(frozen=True)
class Uplift:
    """By intention to treat, (value, low, high): ``share`` more of those contacted came, ``money`` more each brought.

    ``gross`` is the share of those contacted who came, ``unasked`` that of the hold-out.
    """

    gross: float
    unasked: float
    share: Three
    money: Three


def uplift(
    *, treated: npt.ArrayLike, came: npt.ArrayLike, money: npt.ArrayLike, home: npt.ArrayLike, level: float = 0.90,
    seed: int = 0,
) -> Uplift | None:
    """Everybody counts in the group drawn for them, reached or not; None without members in both groups.

    ``treated`` (N,) flags, ``came`` (N,) flags and ``money`` (N,) within the window counted; ``home`` (N,) codes of who
    lives together. Interval of the shares by Newcombe (1998, method 10) on as many members as would say as much if homes
    did not come together (Kish 1965: n / design effect), of the money by a bootstrap of homes within each group.
    """
    group, seen, paid = np.asarray(treated, bool), np.asarray(came, float), np.asarray(money, float)
    n1, n0 = int(group.sum()), int((~group).sum())
    if not n1 or not n0:
        return None
    k1, k0 = seen[group].sum(), seen[~group].sum()
    homes = np.asarray(home, np.int64)
    alone = [1 / design_effect(seen[mine], homes[mine]) for mine in (group, ~group)]
    low, high = newcombe(k1 * alone[0], n1 * alone[0], k0 * alone[1], n0 * alone[1], level)
    value = k1 / n1 - k0 / n0
    draws = [
        block_bootstrap(np.sort(_of_homes(paid[mine] - paid[mine].mean(), homes[mine])), seed=seed + place, draws=2000)[:, 0] / mine.sum()
        for place, mine in enumerate((group, ~group))
    ]
    more = float(paid[group].mean() - paid[~group].mean())
    units = min(len(np.unique(homes[mine])) for mine in (group, ~group))
    least, most = percentiles(more + draws[0] - draws[1], level, units=max(units, 2))
    return Uplift(
        float(k1 / n1), float(k0 / n0), (float(value), min(float(low), float(value)), max(float(high), float(value))),
        (more, min(least, more), max(most, more)),
    )


def design_effect(outcome: npt.ArrayLike, home: npt.ArrayLike) -> float:
    """How much more the mean of ``outcome`` (N,) varies because members of a ``home`` (N,) go together; at least 1."""
    y = np.asarray(outcome, float)
    off = y - y.mean()
    alone = float((off**2).sum())
    return max(float((_of_homes(off, home) ** 2).sum()) / alone, 1.0) if alone > 0 else 1.0


def _of_homes(values: npt.NDArray[np.float64], home: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Sums (H,) of the homes."""
    _, code = np.unique(np.asarray(home, np.int64), return_inverse=True)
    return np.asarray(np.bincount(code, weights=values), float)


@dataclass(frozen=True)
class Balance:
    """``difference`` is the largest standardised difference of the two groups before the campaign, ``is_chance`` whether a lot explains it."""

    difference: float
    is_chance: bool


def balance(*, treated: npt.ArrayLike, before: npt.ArrayLike) -> Balance:
    """How alike the groups were before anybody was contacted: a hold-out by lot differs by luck only.

    ``before`` (N, F) are facts known beforehand (silence, visits, money), compared by their ranks, for money is skewed;
    rows with a missing fact are left out. ``is_chance`` is a test of every difference at 1 %, divided by F (Bonferroni).
    """
    group, facts = np.asarray(treated, bool), np.asarray(before, float)
    known = np.isfinite(facts).all(axis=1)
    group, facts = group[known], facts[known]
    n1, n0 = int(group.sum()), int((~group).sum())
    if min(n1, n0) < 2:
        return Balance(0.0, True)
    ranks = stats.rankdata(facts, axis=0)
    spread = ranks.std(axis=0, ddof=1)
    apart = np.abs(ranks[group].mean(axis=0) - ranks[~group].mean(axis=0))
    difference = float(np.max(np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 0)))
    limit = float(stats.norm.isf(0.005 / facts.shape[1]) * np.sqrt(1 / n1 + 1 / n0))
    return Balance(difference, difference <= limit)


def members_per_group(base: float, lift: float) -> int:
    """Members each group needs to find ``lift`` above a share ``base`` with power 0.8 at level 0.95 (Lehr 1992: 16 p(1−p)/d²)."""
    middle = min(max(base + lift / 2, 0.0), 1.0)
    return int(np.ceil(16 * middle * (1 - middle) / lift**2))

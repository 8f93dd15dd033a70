"""Throughput: the most that several kinds of cases are worth within shared resources, and what one more unit is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from audit.models import bootstrap

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Throughput:
    """The best plan per period.

    ``cases`` (J,) by kind, ``worth`` of them together, ``used`` (R,) of each resource, ``price`` (R,) of one more unit
    of a resource (the dual: 0 where something is left over). ``binding`` is the resource whose whole capacity at
    that price is worth most, −1 when nothing limits.
    """

    cases: Floats
    worth: float
    used: Floats
    price: Floats
    binding: int


def throughput(
    need: ArrayLike, capacity: ArrayLike, worth: ArrayLike, mix: ArrayLike, *, leeway: float = 0.0
) -> Throughput | None:
    """max w·v subject to A v ≤ C and the mix of cases, by linear programming (HiGHS); None when nothing limits.

    ``need`` (R, J) units of each resource a case takes, ``capacity`` (R,) units per period (infinite for one that does
    not limit), ``worth`` (J,) of a case, not negative, ``mix`` (J,) shares of the kinds (sum 1). Each kind stays within
    (1 ± ``leeway``) times its share of all cases; 0 keeps the mix as it is, where the dual of the binding resource is
    (mean worth) / (mean need). The price holds until another resource binds.
    """
    a, c, w, s = (np.asarray(part, dtype=np.float64) for part in (need, capacity, worth, mix))
    limits = np.isfinite(c)
    if not (limits & (a @ s > 0)).any() or not w @ s > 0:
        return None
    scale = float(w.max())
    size = np.where(limits & (c > 0), c, 1.0)
    # variables: cases by kind, then their total; each kind within its band of the total
    bands = np.vstack([np.c_[np.eye(s.size), -(1 + leeway) * s], np.c_[-np.eye(s.size), (1 - leeway) * s]])
    rows = np.vstack([np.c_[a[limits] / size[limits, None], np.zeros(limits.sum())], bands])
    sides = np.r_[c[limits] / size[limits], np.zeros(len(bands))]
    total = np.r_[np.ones(s.size), -1.0][None, :]
    found = optimize.linprog(np.r_[-w / scale, 0.0], A_ub=rows, b_ub=sides, A_eq=total, b_eq=[0.0], bounds=(0, None), method="highs")
    assert found.success, "doing nothing is always possible"
    price = np.zeros(c.size)
    price[limits] = -found.ineqlin.marginals[: limits.sum()] * scale / size[limits]
    cases = found.x[:-1]
    share = np.where(limits, price * np.where(limits, c, 0.0), 0.0)
    return Throughput(cases, float(w @ cases), a @ cases, np.maximum(price, 0.0), int(share.argmax()) if share.max() > 0 else -1)


@dataclass(frozen=True)
class Binding:
    """Which resource is used up first, from a sample of cases; rows of three are value, low, high.

    ``allows`` (R, 3) cases per period each resource has room for, ``most`` (3,) the least of them, ``resource`` its
    number and ``chance`` the share of resamples in which it is the same. ``price`` (3,) is what one more unit of it
    brings, ``units_until`` how many more units do so, until the next resource binds (infinite when there is none).
    """

    allows: Floats
    most: Floats
    resource: int
    chance: float
    price: Floats
    units_until: float


def binding(
    need: ArrayLike, worth: ArrayLike, capacity: ArrayLike, *, level: float, seed: int
) -> Binding | None:
    """Throughput of the mix as it is, with the uncertainty of a sample of cases; None when nothing limits.

    ``need`` (n, R) units each case took and ``worth`` (n,) of it, NaN when money is not known (the price is NaN then);
    ``capacity`` (R,) units per period, infinite for a resource without one. Cases are resampled; capacity is known.
    """
    a, c = np.asarray(need, dtype=np.float64), np.asarray(capacity, dtype=np.float64)
    sample = np.column_stack([a, np.asarray(worth, dtype=np.float64)])
    n = len(sample)
    means = np.vstack([sample.mean(axis=0), *([bootstrap.block_bootstrap(sample, seed=seed) / n] if n > 1 else [])])
    with np.errstate(divide="ignore", invalid="ignore"):
        allows = np.where(np.isfinite(c) & (means[:, :-1] > 0), c / means[:, :-1], np.inf)
    if not np.isfinite(allows[0]).any():
        return None
    first = int(allows[0].argmin())
    later = np.sort(allows[0])[1] if c.size > 1 else np.inf

    def three(values: Floats) -> list[float]:
        low, high = bootstrap.percentiles(values[1:], level, units=n) if n > 1 else (np.nan, np.nan)
        return [float(values[0]), float(min(low, values[0])), float(max(high, values[0]))]

    return Binding(
        np.array([three(part) for part in allows.T]), np.array(three(allows.min(axis=1))), first,
        float((allows[1:].argmin(axis=1) == first).mean()) if n > 1 else 1.0,
        np.array(three(means[:, -1] / means[:, first])), float((later - allows[0, first]) * means[0, first]),
    )

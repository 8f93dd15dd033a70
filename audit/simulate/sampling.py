"""Random streams and the few ways of drawing that keep totals exact.

A teaching clinic must show the stated totals at every seed, so most draws here fix how many are
drawn and leave to chance only who it is.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng

PARTS = (
    "path",
    "arrivals",
    "people",
    "classes",
    "surgery",
    "repeats",
    "returns",
    "roster",
    "booking",
    "broken",
    "money",
    "desk",
    "tags",
    "marketing",
    "office",
    "feedback",
    "identities",
    "exports",
    "flaws",
)
"""Names of the independent parts; a new part goes to the end, or every later stream changes."""


def streams(seed: int) -> dict[str, Generator]:
    """One independent generator for each part of the simulation."""
    return {part: default_rng(child) for part, child in zip(PARTS, SeedSequence(seed).spawn(len(PARTS)), strict=True)}


def rank_within(group: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Position (0, 1, …) of each element within its group when the group is sorted by ``order``."""
    at = np.lexsort((order, group))
    sorted_group = group[at]
    starts = np.flatnonzero(np.r_[True, sorted_group[1:] != sorted_group[:-1]]) if len(group) else np.zeros(0, int)
    lengths = np.diff(np.r_[starts, len(group)])
    rank = np.empty(len(group), dtype=np.int64)
    rank[at] = np.arange(len(group)) - np.repeat(starts, lengths)
    return rank


def even_uniform(group: np.ndarray, rng: Generator) -> np.ndarray:
    """Uniform(0, 1) numbers spread evenly within each group.

    One number falls in each of n equal strata of a group of n, so shares drawn from them miss the
    intended share by at most one person per boundary.
    """
    rank = rank_within(group, rng.random(len(group)))
    size = np.bincount(group, minlength=1)[group] if len(group) else np.zeros(0)
    return (rank + rng.random(len(group))) / size


def pick(probabilities: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Category of each uniform number; ``probabilities`` has one row per number or one row for all."""
    edges = np.cumsum(np.atleast_2d(probabilities), axis=1)
    edges = edges / edges[:, -1:]
    return np.minimum((uniform[:, None] >= edges).sum(axis=1), edges.shape[1] - 1)


def take_per_group(group: np.ndarray, need: np.ndarray, weight: np.ndarray, rng: Generator) -> np.ndarray:
    """Mask choosing ``need[g]`` members of each group without replacement, likelier for larger weight."""
    keys = rng.exponential(size=len(group)) / np.maximum(weight, 1e-12)
    return rank_within(group, keys) < need[group]


def round_to_total(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers proportional to ``shares`` that add up to ``total`` (largest remainders)."""
    exact = np.asarray(shares, float) / np.sum(shares) * total
    whole = np.floor(exact).astype(int)
    whole[np.argsort(-(exact - whole), kind="stable")[: total - whole.sum()]] += 1
    return whole


def spread(count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Owner index and running number (0, 1, …) of each unit when owner i has ``count[i]`` units."""
    owner = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, number

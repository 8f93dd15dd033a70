"""Conformance: how the ways people took differ from the ideal one, and what goes with each difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.models.chain import DRAWS, value_draws
from audit.models.proportions import newcombe

Kind = Literal["skipped", "repeated", "extra"]
Path = tuple[str, ...]
Mask = NDArray[np.bool_]

NEEDS = {"cancelled": "booking", "no_show": "booking", "reminder": "booking"}
"""Steps that can happen only to those who took another step before."""


@dataclass(frozen=True)
class Deviation:
    """One difference from the ideal path: of ``people`` who could have differed so, ``n`` did, ``arrived`` of them.

    ``others_arrived`` arrived of the ``people`` − ``n`` who could have and did not. ``difference`` (value, low, high) is
    the share that arrived with the deviation minus that without; ``cost`` (3,) the value of arrivals that it stands for,
    positive where fewer arrive, NaN unless the whole interval of the difference lies below zero. An association.
    """

    kind: Kind
    event: str
    n: int
    people: int
    arrived: int
    others_arrived: int
    difference: tuple[float, float, float]
    cost: tuple[float, float, float]


def deviations(
    paths: Sequence[Path], people: ArrayLike, arrived: ArrayLike, *, ideal: Path, arrival: str,
    value: tuple[float, float, float] | None, level: float, seed: int, fewest: int,
) -> list[Deviation]:
    """Every way to differ before the ``arrival``, by the paths of ``people`` (P,), ``arrived`` (P,) of whom arrived.

    A step of the ideal is skipped among those who took the step before it; a step is repeated, or extra, among those to
    whom it could happen. Fewer than ``fewest`` on either side are left out. Interval of the difference: Newcombe
    (1998), method 10; of the cost: draws of both shares (Jeffreys) and of ``value`` (value, low, high) per arrival.
    """
    n, k = np.asarray(people, float), np.asarray(arrived, float)
    found = []
    for kind, event, could, did in _kinds(paths, ideal[: ideal.index(arrival)] if arrival in ideal else ideal, arrival):
        with_, without = could & did, could & ~did
        n1, n0, k1, k0 = n[with_].sum(), n[without].sum(), k[with_].sum(), k[without].sum()
        if min(n1, n0) < fewest:
            continue
        low, high = newcombe(k1, n1, k0, n0, level)
        difference = (float(k1 / n1 - k0 / n0), float(low), float(high))
        cost = (np.nan,) * 3 if value is None or high >= 0 else _cost((k1, n1), (k0, n0), value, level, seed)
        found.append(Deviation(kind, event, int(n1), int(n1 + n0), int(k1), int(k0), difference, cost))
    return found


def _kinds(paths: Sequence[Path], ideal: Path, arrival: str) -> Iterator[tuple[Kind, str, Mask, Mask]]:
    """Every kind of deviation: its event, which paths could have it, which have it."""
    everybody = np.ones(len(paths), dtype=bool)
    before = {event: _has(paths, ideal[i - 1]) if i else everybody for i, event in enumerate(ideal)}
    for event in ideal:
        yield "skipped", event, before[event], ~_has(paths, event)
    for event in ideal:
        yield "repeated", event, _has(paths, event), np.array([path.count(event) > 1 for path in paths])
    for event in sorted({event for path in paths for event in path} - set(ideal) - {arrival}):
        could = _has(paths, NEEDS[event]) if event in NEEDS else everybody
        yield "extra", event, could, np.array([event in _until(path, arrival) for path in paths])


def _has(paths: Sequence[Path], event: str) -> Mask:
    return np.array([event in path for path in paths], dtype=bool)


def _until(path: Path, arrival: str) -> Path:
    return path[: path.index(arrival)] if arrival in path else path


def _cost(
    with_: tuple[float, float], without: tuple[float, float], value: tuple[float, float, float], level: float, seed: int
) -> tuple[float, float, float]:
    rng = np.random.default_rng(seed)
    p1, p0 = (rng.beta(k + 0.5, n - k + 0.5, size=DRAWS) for k, n in (with_, without))
    n = with_[1]
    point = float(n * (without[0] / without[1] - with_[0] / n) * value[0])
    drawn = n * (p0 - p1) * value_draws(*value, level=level, rng=rng)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return point, min(float(low), point), max(float(high), point)

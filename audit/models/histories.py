"""Histories of patients as models of repeat visits see them: how often, how recently, since when.

Time is in WEEKS everywhere. A transaction is whatever the caller counts, a visit-day or an episode of care.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Histories:
    """Groups of patients with the same (or nearly the same) history.

    ``frequency`` repeat transactions x, ``recency`` weeks from the first to the last transaction t_x (0 when
    x = 0), ``age`` weeks from the first transaction to the cut-off T, ``weight`` patients; (C,) each.
    """

    frequency: Floats
    recency: Floats
    age: Floats
    weight: Floats

    @classmethod
    def of(
        cls, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, weight: npt.ArrayLike | None = None
    ) -> Histories:
        """Histories from anything array-like; every weight is 1 if not given."""
        x, tx, t = (np.atleast_1d(np.asarray(part, float)) for part in (frequency, recency, age))
        return cls(x, tx, t, np.ones(len(x)) if weight is None else np.atleast_1d(np.asarray(weight, float)))

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def patients(self) -> int:
        """Number of patients."""
        return int(self.weight.sum())

    @property
    def repeaters(self) -> int:
        """Patients with at least one repeat transaction."""
        return int(self.weight[self.frequency > 0].sum())

    def distinct(self) -> tuple[Histories, Ints]:
        """Each history once, with the sum of its weights, and the place (C,) of every row among them."""
        rows = np.column_stack([self.frequency, self.recency, self.age])
        found, place = np.unique(rows, axis=0, return_inverse=True)
        weight: Floats = np.bincount(place.ravel(), weights=self.weight, minlength=len(found)).astype(float)
        return Histories(found[:, 0], found[:, 1], found[:, 2], weight), place.ravel().astype(np.int64)


@dataclass(frozen=True)
class Paths:
    """Simulated repeat transactions: ``owner`` (E,) index of the patient or history, ``time`` (E,) in weeks."""

    owner: Ints
    time: Floats


def poisson_times(rate: Floats, weeks: Floats, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Times (E,) of Poisson streams of ``rate`` (N,) over ``weeks`` (N,) each, and their streams (E,), in order."""
    came = rng.poisson(rate * weeks)
    place = np.repeat(np.arange(len(rate)), came)
    time = rng.random(len(place)) * weeks[place]
    order = np.lexsort((time, place))
    return place[order], time[order]

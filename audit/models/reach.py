"""Reach: how far a lever can be moved by what was already seen, and what several moved levers multiply to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from audit.models.scenario import Levers


@dataclass(frozen=True)
class Reach:
    """A lever today, in its weaker quarter and as far as it reaches; ``basis`` says by what: own months, or better units."""

    today: float
    low: float
    reach: float
    basis: str = "own_months"

    @property
    def times(self) -> float:
        """The reach as a multiple of today, at least 1."""
        return self.reach / self.today if self.today > 0 else 1.0

    @property
    def times_low(self) -> float:
        """The weaker quarter as a multiple of today, at most 1."""
        return self.low / self.today if self.today > 0 else 1.0

    def at_least(self, times: float, *, most: float, basis: str) -> Reach:
        """The same lever when better units show ``times`` today's level, if that is further; never beyond ``most``."""
        further = min(self.today * times, max(most, self.today))
        return replace(self, reach=further, basis=basis) if further > self.reach else self


def reachable(monthly: npt.ArrayLike, *, present: int, months: int, most: float = np.inf) -> Reach:
    """Today (mean of the last ``present`` months) against the quartiles of the last ``months`` of ``monthly`` (M,).

    The reach is the upper quartile, or today where today is better; a share is held to ``most``.
    """
    x = np.asarray(monthly, float)
    today = float(np.nan_to_num(x[-present:].mean()))
    known = x[-months:][np.isfinite(x[-months:])]
    low, high = np.quantile(known, [0.25, 0.75]) if known.size else (today, today)
    return Reach(today, min(float(low), today), max(min(float(high), most), today))


def product(times: Mapping[str, float]) -> Levers:
    """The levers of the driver model when each of ``times`` is moved: repeats and receipt as they are, all others multiply new patients."""
    new = float(np.prod([value for name, value in times.items() if name not in ("repeats", "receipt")]))
    return Levers(new=new, repeats=times.get("repeats", 1.0), receipt=times.get("receipt", 1.0))

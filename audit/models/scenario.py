"""Scenarios of the driver model: months ahead in joint draws, within what rooms and beds can take.

Month by month the new patients of a scenario and the repeats of all earlier ones ask for visits; each hour of the week serves
at most its open time, a share of what finds no time moves to hours that are free, and who finds none does not come back
either. Random are the months: blocks of the clinic's own deviations from its course, all drivers of a month together
(Künsch 1989), so that what goes together stays together, and one error of the model per path.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize

from audit.models.driver_model import Stream

Floats = npt.NDArray[np.float64]
HORIZON = 12
DRAWS = 1000
BLOCK = 3
"""Months drawn in one piece: a good or bad season stays one."""
COURSE = 5
"""Months of the centred mean that is the course; the rest of a month is its deviation."""
MOST = 20.0
"""Multiple of today's new patients beyond which a goal counts as out of reach whatever is spent."""


@dataclass(frozen=True)
class Hours:
    """Hours of the week (B,): used today, open; ``ceiling`` of open time that can be filled, ``moves`` the share of patients without
    a time who take another."""

    used: Floats = field(default_factory=lambda: np.ones(1))
    open: Floats = field(default_factory=lambda: np.full(1, np.inf))
    ceiling: float = 1.0
    moves: float = 0.5

    def served(self, demand: npt.ArrayLike) -> Floats:
        """Multiple of today's visits that is served when ``demand`` (…) times today's visits are asked for."""
        times = np.asarray(demand, float)
        room = np.maximum(self.open * self.ceiling, self.used)
        asked = times[..., None] * self.used
        fits = np.minimum(asked, room)
        waits, free = (asked - fits).sum(axis=-1), (room - fits).sum(axis=-1)
        return np.asarray((fits.sum(axis=-1) + np.minimum(self.moves * waits, free)) / self.used.sum())

    @property
    def first_full(self) -> float:
        """Multiple of today's visits at which the first hour of the week is full."""
        busy = self.used > 0
        return float(np.maximum(self.open[busy] * self.ceiling / self.used[busy], 1.0).min(initial=np.inf))

    @property
    def all_full(self) -> float:
        """Multiple of today's visits the open hours hold in all."""
        return float(max((self.open.sum() * self.ceiling) / self.used.sum(), 1.0))


@dataclass(frozen=True)
class Clinic:
    """Today: new patients of the ``past`` (M,) months, monthly levels ``new`` and ``visits_now``, streams, money per head (currency).

    ``repeats`` and ``operated`` are today's repeats and operations over what the streams expect; ``deviations`` (M, 5) are logs
    of new patients, repeats, money per first day and per repeat, operations against their course; ``model_error`` the standard
    deviation of the model's own error over a year.
    """

    past: Floats
    new: float
    visits_now: float
    visits: Stream
    operations: Stream
    first_receipt: float
    repeat_receipt: float
    operation_receipt: float
    repeats: float
    operated: float
    deviations: Floats
    model_error: float
    hours: Hours = field(default_factory=Hours)
    most_operations: float = np.inf


@dataclass(frozen=True)
class Levers:
    """Multiples of today: new patients, repeats per patient, money per visit."""

    new: float = 1.0
    repeats: float = 1.0
    receipt: float = 1.0


@dataclass(frozen=True)
class Path:
    """Months ahead (draws, HORIZON): new patients, visits, operations, revenue (currency), all as served."""

    first: Floats
    visits: Floats
    operations: Floats
    revenue: Floats


def deviations(series: npt.ArrayLike) -> Floats:
    """Logs of monthly ``series`` (M, K) against their centred mean of COURSE months; a series with a month of nothing is left out (0).

    The mean holds the month itself, so what is left is widened by √(COURSE / (COURSE − 1)).
    """
    x = np.asarray(series, float)
    usable = (np.isfinite(x) & (x > 0)).all(axis=0)
    logs = np.log(np.where(usable, x, 1.0))
    half = COURSE // 2
    if len(x) < COURSE:
        return np.zeros_like(logs)
    course = np.apply_along_axis(np.convolve, 0, logs, np.full(COURSE, 1 / COURSE), mode="valid")
    return np.asarray((logs[half:-half] - course) * np.sqrt(COURSE / (COURSE - 1)))


def shocks(clinic: Clinic, *, seed: int, draws: int = DRAWS) -> tuple[Floats, Floats]:
    """Deviations (draws, HORIZON, 5) of the months ahead in circular blocks, and the model's own error (draws,)."""
    rng = np.random.default_rng(seed)
    pool = clinic.deviations
    blocks = -(-HORIZON // BLOCK)
    starts = rng.integers(0, len(pool), size=(draws, blocks, 1))
    rows = ((starts + np.arange(BLOCK)) % len(pool)).reshape(draws, -1)[:, :HORIZON]
    return pool[rows], rng.normal(0, clinic.model_error, draws)


def ahead(clinic: Clinic, levers: Levers, drawn: tuple[Floats, Floats] | None = None) -> Path:
    """The months ahead under ``levers`` from the first month on; without ``drawn`` the one expected path."""
    moves, error = drawn if drawn is not None else (np.zeros((1, HORIZON, clinic.deviations.shape[1])), np.zeros(1))
    times = np.exp(moves)
    asked = clinic.new * levers.new * times[:, :, 0]
    repeats = clinic.repeats * levers.repeats * times[:, :, 1]
    rho, sigma = (part.reaching(HORIZON) for part in (clinic.visits, clinic.operations))
    known, known_done = (part.carried(clinic.past, HORIZON) for part in (clinic.visits, clinic.operations))
    first, visits, done, revenue = (np.zeros_like(asked) for _ in range(4))
    for month in range(HORIZON):
        earlier = first[:, :month] @ rho[1 : month + 1][::-1] if month else 0.0
        again = (known[month] + earlier + asked[:, month] * rho[0]) * repeats[:, month]
        demand = asked[:, month] + again
        fits = clinic.hours.served(demand / clinic.visits_now) * clinic.visits_now / demand
        first[:, month], visits[:, month] = asked[:, month] * fits, demand * fits
        earlier = first[:, : month + 1] @ sigma[: month + 1][::-1]
        done[:, month] = np.minimum((known_done[month] + earlier) * clinic.operated * times[:, month, 4], clinic.most_operations)
        outpatient = first[:, month] * clinic.first_receipt * times[:, month, 2] + again * fits * clinic.repeat_receipt * times[:, month, 3]
        revenue[:, month] = outpatient * levers.receipt + done[:, month] * clinic.operation_receipt
    return Path(first, visits, done, revenue * np.exp(error)[:, None])


def needed(clinic: Clinic, levers: Levers, goal: float) -> float | None:
    """Multiple of today's new patients at which the last month's expected revenue is ``goal`` (currency), None when caps forbid it."""

    def short(times: float) -> float:
        return float(ahead(clinic, replace(levers, new=times)).revenue[0, -1]) - goal

    if short(MOST) < 0:
        return None
    low = 1e-3
    return float(optimize.brentq(short, low, MOST, xtol=1e-9)) if short(low) < 0 else low


def against_stream(events: npt.ArrayLike, new: npt.ArrayLike, fitted: Stream) -> Floats:
    """Events of each month over what the stream expects (M,); NaN where it expects none.

    ``events`` (M, M + 1) by month and age as in ``driver_model.stream``; the old are taken as they were.
    """
    seen, arrivals = np.asarray(events, float), np.asarray(new, float)
    expected = np.convolve(arrivals, fitted.curve)[: arrivals.size] + seen[:, -1]
    return np.divide(seen.sum(axis=1), expected, out=np.full(arrivals.size, np.nan), where=expected > 0)

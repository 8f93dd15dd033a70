"""What a caller and a first patient cost, honest at five calls; what they bring back for the money.

Spend is known to the rouble; what is random is how many came. A cost therefore inherits the exact
Poisson interval of its count (Garwood 1936), turned upside down. Joint draws of the count and of the
mean value give return on spend (Robert & Casella 2004, ch. 2: Monte Carlo of a ratio).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from audit.models.bootstrap import block_bootstrap
from audit.models.proportions import poisson_rate

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bounded:
    """A number and its interval; ``high`` may be infinite."""

    value: float
    low: float
    high: float


def cost_per_event(*, spend: float, events: int, level: float, least: float | None = None, most: float | None = None) -> Bounded | None:
    """``spend`` over ``events`` (callers, first patients) in the currency of ``spend``.

    ``least`` and ``most`` bound the events where the record cannot tell them all apart or join them all; the interval
    then holds what is not known (Manski 1989) beside what is random. None without spend or without events: then only a
    lower bound is known, ``least_cost``. It does not check that the events were caused by the spend: they are recorded
    under its name.
    """
    if spend <= 0 or events <= 0:
        return None
    fewest, _high = poisson_rate(events if least is None else least, 1.0, level)
    _low, highest = poisson_rate(events if most is None else most, 1.0, level)
    return Bounded(spend / events, spend / float(highest), spend / float(fewest))


def least_cost(*, spend: float, level: float) -> float:
    """The lower bound of the cost of an event that has not happened once for ``spend``."""
    return spend / float(poisson_rate(0, 1.0, level)[1])


def ratio_of_rates(*, top: int, top_base: float, bottom: int, bottom_base: float, level: float, seed: int,
                   draws: int = 4000) -> Bounded | None:
    """``(top / top_base) / (bottom / bottom_base)`` of two independent Poisson counts, bases known.

    The interval is from draws of both rates (Gamma with the Jeffreys half event). None if a count is 0.
    """
    if min(top, bottom) <= 0 or min(top_base, bottom_base) <= 0:
        return None
    rng = np.random.default_rng(seed)
    sample = rng.gamma(top + 0.5, size=draws) / rng.gamma(bottom + 0.5, size=draws) * (bottom_base / top_base)
    low, high = np.quantile(sample, [(1 - level) / 2, (1 + level) / 2])
    return Bounded(top / top_base / (bottom / bottom_base), float(low), float(high))


@dataclass(frozen=True)
class Return:
    """What the spend of a period brings back.

    ``multiple`` is value of a first patient over the cost of one, ``romi`` the same less one (money back
    per unit spent beyond the unit itself); ``p_pays`` the probability that the multiple exceeds one.
    """

    multiple: Bounded
    romi: Bounded
    p_pays: float


def return_on_spend(
    *, spend: float, patients: int, values: Array, level: float, seed: int, draws: int = 2000, most: float | None = None,
) -> Return | None:
    """Joint draws: the number of patients is Poisson, the mean value a bootstrap of ``values``.

    ``most`` is how many patients there may be with those the record could not join; it raises the upper bounds.
    ``values`` has shape (patients with a full horizon,), one value per patient in the currency of
    ``spend``. None without spend, patients, or at least two values.
    """
    if spend <= 0 or patients <= 0 or len(values) < 2:
        return None
    rng = np.random.default_rng(seed)
    counts = rng.gamma(patients + 0.5, size=draws)
    means = block_bootstrap(values, seed=seed + 1, draws=draws)[:, 0] / len(values)
    multiples = means * counts / spend
    low, high = np.quantile(multiples, [(1 - level) / 2, (1 + level) / 2])
    point = float(np.mean(values)) * patients / spend
    high *= max((most or patients) / patients, 1.0)
    return Return(
        multiple=Bounded(point, min(float(low), point), max(float(high), point)),
        romi=Bounded(point - 1, min(float(low), point) - 1, max(float(high), point) - 1),
        p_pays=float(np.mean(multiples > 1)),
    )


@dataclass(frozen=True)
class Claim:
    """What somebody says a campaign did; spend follows from it in two ways that must agree."""

    calls: int
    first_patients: int
    cost_per_call: float
    cost_per_first_patient: float

    @property
    def spend_by_calls(self) -> float:
        """Calls times cost per call."""
        return self.calls * self.cost_per_call

    @property
    def spend_by_patients(self) -> float:
        """First patients times cost per first patient."""
        return self.first_patients * self.cost_per_first_patient

    def agrees(self, tolerance: float = 0.02) -> bool:
        """Both ways give the same money, up to rounding of the stated costs."""
        return abs(self.spend_by_calls - self.spend_by_patients) <= tolerance * max(self.spend_by_calls, self.spend_by_patients)


def marginal_cost(
    *, spend: float, events: int, share: float, share_low: float, share_high: float, level: float, seed: int, draws: int = 4000,
) -> Bounded | None:
    """Cost of the next event: average cost over ``share``, what the marginal unit of money brings of the average one.

    ``share`` and its bounds (at ``level``) come from a saturation curve and lie in 0 … 1. Joint draws of the
    Poisson count and of the share, the latter normal within 0.02 … 1. None without spend or events.
    """
    if spend <= 0 or events <= 0 or not 0 < share <= 1:
        return None
    rng = np.random.default_rng(seed)
    spread = (share_high - share_low) / 2 / float(stats.norm.ppf(0.5 + level / 2))
    sample = spend / rng.gamma(events + 0.5, size=draws) / np.clip(rng.normal(share, spread, draws), 0.02, 1.0)
    low, high = np.quantile(sample, [(1 - level) / 2, (1 + level) / 2])
    return Bounded(spend / events / share, float(low), float(high))


@dataclass(frozen=True)
class Totals:
    """One channel over one period: visitors and ``spend`` known, callers and first patients counted; ``months`` long."""

    visitors: float
    answered: int
    came: int
    spend: float
    months: float


@dataclass(frozen=True)
class Factor:
    """One factor of the change: its level before and now (a month, or a ratio), and how many times it grew."""

    before: float
    now: float
    times: Bounded


def product(*, now: Totals, before: Totals, level: float, seed: int) -> dict[str, Factor]:
    """The change of a channel as products that hold exactly:

    visitors × conversion = calls; spend / calls = cost per call; that / patients per call = cost per patient.
    Known factors have no interval; counted ones that of a ratio of Poisson rates. Factors whose counts are
    zero in a period are left out. Conversion of calls to patients is shown without an interval: callers and
    the patients among them are not independent counts.
    """
    def level_of(top: float, bottom: float) -> float:
        return top / bottom if bottom > 0 else float("nan")

    def rates(count: str, base: str) -> Bounded | None:
        return ratio_of_rates(
            top=getattr(now, count), top_base=getattr(now, base), bottom=getattr(before, count),
            bottom_base=getattr(before, base), level=level, seed=seed,
        )

    def turned(bounds: Bounded | None) -> Bounded | None:
        return Bounded(1 / bounds.value, 1 / bounds.high, 1 / bounds.low) if bounds else None

    def plain(values: tuple[float, float]) -> Bounded:
        return Bounded(*(3 * (level_of(values[1], values[0]),)))

    def pair(top: str, bottom: str) -> tuple[float, float]:
        return level_of(getattr(before, top), getattr(before, bottom)), level_of(getattr(now, top), getattr(now, bottom))

    visits, money, through = pair("visitors", "months"), pair("spend", "months"), pair("came", "answered")
    found = {
        "visitors": (visits, plain(visits)),
        "conversion": (pair("answered", "visitors"), rates("answered", "visitors")),
        "calls": (pair("answered", "months"), rates("answered", "months")),
        "spend": (money, plain(money)),
        "cost_per_call": (pair("spend", "answered"), turned(rates("answered", "spend"))),
        "patients_per_call": (through, plain(through)),
        "cost_per_first_patient": (pair("spend", "came"), turned(rates("came", "spend"))),
    }
    return {
        name: Factor(*levels, times) for name, (levels, times) in found.items()
        if times is not None and np.isfinite([*levels, times.value]).all()
    }


def payback_day(
    *, curves: Array, steps: Array, spend: float, patients: int, level: float, seed: int, draws: int = 1000,
) -> Bounded | None:
    """Days after the first visit at which a patient has brought what one cost; infinite if not within ``steps``.

    ``curves`` (patients, steps) is each patient's cumulated money at ``steps`` days. Joint draws of the count of
    patients (Gamma) and of the mean curve (bootstrap of patients). None without spend, patients or two curves.
    """
    if spend <= 0 or patients <= 0 or len(curves) < 2:
        return None
    rng = np.random.default_rng(seed)
    cost = spend / rng.gamma(patients + 0.5, size=draws)
    means = block_bootstrap(curves, seed=seed + 1, draws=draws) / len(curves)
    sample = np.sort(_first_step(means, cost, steps))
    point = float(_first_step(curves.mean(axis=0)[None], np.array([spend / patients]), steps)[0])
    low, high = (float(sample[round(q * (draws - 1))]) for q in ((1 - level) / 2, (1 + level) / 2))
    return Bounded(point, min(low, point), max(high, point))


def _first_step(means: Array, cost: Array, steps: Array) -> Array:
    reached = means >= cost[:, None]
    return np.where(reached.any(axis=1), steps[reached.argmax(axis=1)], np.inf)

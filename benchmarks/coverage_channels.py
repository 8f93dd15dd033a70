"""Cases of coverage: a random clinic whose channels' true effects are known, and what the audit tells of them.

Callers of a week come of a slow seasonal level and of three channels: two bought unevenly, with adstock and
saturation, one evenly. The tracker gives some of a channel's callers to “direct” and some of the others to the
channel, so what is recorded is not what is added. Costs recorded are compared with what is recorded in the long
run, costs added with what the channel truly adds.

"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from audit.models import acquisition, media_mix, on_off, saturation
from audit.models.misallocation import misallocation
from audit.results import Estimate
from audit.tables.columns import Unit

LEVEL = 0.90
WEEKS = 156
PRESENT = 13
UNEVEN = ("search", "radio")


def cases(seed: int) -> list[tuple[str, Estimate, float]]:
    """Name, estimate and truth of every number of one random clinic."""
    rng = np.random.default_rng([seed, 17])
    return [*_recorded(rng), *_payback(rng), *_curve(rng), *_added(rng), *_on_off(rng), *_misallocated(rng), *_unnumbered(rng)]


def _told(name: str, value: float, low: float, high: float, truth: float, unit: Unit = "currency") -> list[tuple[str, Estimate, float]]:
    if not np.isfinite([value, low, high]).all():
        return []
    return [(f"channels.{name}", Estimate(value, min(low, value), max(high, value), unit, 1, LEVEL), truth)]


def _for_money(name: str, cost: float, low: float, high: float, truth: float) -> list[tuple[str, Estimate, float]]:
    """A cost turned upside down: the mean of a ratio with a random denominator is far above the ratio of means."""
    return _told(name, 1000 / cost, 1000 / high, 1000 / low, 1000 / truth, "number")


def _recorded(rng: np.random.Generator) -> list[tuple[str, Estimate, float]]:
    """A channel of a few or of many callers: what money brings, and what comes back."""
    spend, calls, through = rng.uniform(2e4, 2e5), float(np.exp(rng.uniform(np.log(5), np.log(400)))), rng.uniform(0.3, 0.7)
    value = spend / (calls * through) * rng.uniform(0.4, 3.0)
    answered, came = rng.poisson(calls), rng.poisson(calls * through)
    found: list[tuple[str, Estimate, float]] = []
    for name, events, rate in (("callers", answered, calls), ("first patients", came, calls * through)):
        cost = acquisition.cost_per_event(spend=spend, events=events, level=LEVEL)
        if cost:
            found += _for_money(f"{name} for 1,000", cost.value, cost.low, cost.high, spend / rate)
    back = acquisition.return_on_spend(spend=spend, patients=came, values=rng.gamma(0.5, value / 0.5, 300), level=LEVEL, seed=1)
    if back and calls >= 30:
        found += _told("return on spend", back.multiple.value, back.multiple.low, back.multiple.high, value * calls * through / spend, "ratio")
    return found


def _payback(rng: np.random.Generator) -> list[tuple[str, Estimate, float]]:
    """The day of payback of a channel that does pay within the horizon; where that is not sure no day is told."""
    cost, patients, steps = rng.uniform(500, 5000), rng.uniform(40, 400), np.arange(54) * 7.0
    first, later = cost * rng.uniform(0.3, 0.8), cost * rng.uniform(0.8, 3.0)
    shape = 1 - np.exp(-steps / rng.uniform(40, 120))
    curves = rng.gamma(4, first / 4, 400)[:, None] + rng.gamma(0.5, later / 0.5, 400)[:, None] * shape
    day = acquisition.payback_day(
        curves=curves, steps=steps, spend=cost * patients, patients=int(rng.poisson(patients)), level=LEVEL, seed=1)
    reached = first + later * shape >= cost
    return _told("payback day", day.value, day.low, day.high, float(steps[reached.argmax()]), "days") if day and reached.any() else []


def _curve(rng: np.random.Generator) -> list[tuple[str, Estimate, float]]:
    """The recorded curve of one channel: cost of its next first patient."""
    level = rng.uniform(3e4, 9e4)
    x = level * np.exp(rng.uniform(0.3, 0.6) * rng.standard_normal(WEEKS))
    half = level * np.exp(rng.uniform(-0.7, 0.9))
    mean = rng.uniform(30, 120) * x / (x + half) * np.exp(0.1 * np.sin(np.arange(WEEKS) / 52.18 * 2 * np.pi))
    fit = saturation.fit(spend=x, calls=rng.poisson(mean), level=LEVEL)
    if fit.gate != "fitted":
        return []
    rate = 200.0
    came = rng.poisson(rate)
    cost = acquisition.marginal_cost(spend=1e5, events=came, share=fit.share, share_low=fit.share_low, share_high=fit.share_high, level=LEVEL, seed=1)
    if cost is None:
        return []
    return _for_money("next patients, recorded curve, for 1,000", cost.value, cost.low, cost.high, 1e5 / rate / (half / (fit.spend + half)))


def _added(rng: np.random.Generator) -> list[tuple[str, Estimate, float]]:
    """The incremental model, and the recorded cost held against the truth it is sometimes taken for."""
    time = np.arange(WEEKS)
    mean = rng.uniform(60, 250) * np.exp(rng.uniform(-0.1, 0.4) * time / WEEKS + 0.12 * np.sin(2 * np.pi * time / 52.18 + rng.uniform(0, 6)))
    spend, truths, recorded = {}, {}, {}
    for name in UNEVEN:
        x = rng.uniform(2e4, 8e4) * np.exp(rng.uniform(0.4, 0.7) * rng.standard_normal(WEEKS)) * (rng.random(WEEKS) > 0.1)
        last = x[-PRESENT:]
        present = float(last[last > 0].mean())
        gain, share, carry = mean.mean() * rng.uniform(0.1, 0.35), rng.uniform(0.3, 0.85), rng.uniform(0.05, 0.55)
        half, stock = present * share / (1 - share), media_mix.adstock(x, np.array(carry))
        mean = mean + gain * stock * (present + half) / (present * (stock + half))
        spend[name], truths[name] = x, (present / gain, present / (gain * share))
        # right on average over clinics, and wrong by a factor of up to three in one
        recorded[name] = gain * np.exp(rng.normal(-0.18, 0.6))
    spend["evenly"] = np.full(WEEKS, 5e4)
    callers = rng.poisson(mean * rng.gamma(300, 1 / 300, WEEKS)).astype(float)
    mix = media_mix.fit(callers=callers, spend=spend, recorded=recorded, seed=1, level=LEVEL, present_weeks=PRESENT)
    assert mix.gates["evenly"] == "flat_spend"
    found: list[tuple[str, Estimate, float]] = []
    for column, name in enumerate(mix.fitted):
        for told, draws, truth in (("added callers for 1,000", mix.spend[column] / mix.gain[:, column], truths[name][0]),
                                   ("next callers for 1,000", mix.marginal_cost[:, column], truths[name][1])):
            low, middle, high = np.quantile(draws, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
            found += _for_money(told, middle, low, high, truth)
    return found


def _on_off(rng: np.random.Generator) -> list[tuple[str, Estimate, float]]:
    """A medium nobody records, on in some weeks."""
    is_on, times = np.repeat(rng.random(26) < 0.4, 4), rng.uniform(1.0, 1.4)
    mean = rng.uniform(60, 250) * np.exp(0.1 * np.sin(np.arange(104) / 52.18 * 2 * np.pi))
    callers = rng.poisson(mean * np.where(is_on, times, 1.0) * rng.gamma(300, 1 / 300, 104)).astype(float)
    found = on_off.contrast(callers=callers, is_on=is_on, level=LEVEL)
    return _told("medium on against off, times", found.times, found.times_low, found.times_high, times, "ratio")


def _unnumbered(rng: np.random.Generator) -> list[tuple[str, Estimate, float]]:
    """Some callers leave no number: they call as often as the others, each call counts as a caller, and no visit is joined."""
    spend, people, through, silent, again = rng.uniform(2e4, 2e5), rng.uniform(60, 400), rng.uniform(0.3, 0.7), rng.uniform(0.05, 0.4), rng.uniform(0.1, 0.6)
    with_number, without = (rng.poisson(people * part) for part in (1 - silent, silent))
    calls = without + rng.poisson(again * without)
    each = 1 + rng.poisson(again * with_number) / max(with_number, 1)
    came = rng.binomial(with_number, through)
    answered, share = with_number + calls, calls / max(with_number + calls, 1)
    found: list[tuple[str, Estimate, float]] = []
    for name, events, bounds, rate in (
        ("callers, some without a number", answered, {"least": answered - calls * (1 - 1 / each)}, people),
        ("first patients, some without a number", came, {"most": came / (1 - share)}, people * through),
    ):
        cost = acquisition.cost_per_event(spend=spend, events=events, level=LEVEL, **bounds)
        if cost:
            found += _for_money(f"{name}, for 1,000", cost.value, cost.low, cost.high, spend / rate)
    return found


def _misallocated(rng: np.random.Generator) -> list[tuple[str, Estimate, float]]:
    """Money and free hours of four specialties by week."""
    money, free = rng.gamma(2, 1, 4), rng.gamma(2, 1, 4)
    found = misallocation(rng.gamma(4, money, (52, 4)), rng.gamma(4, free, (52, 4)), level=LEVEL, seed=1)
    truth = float(np.abs(money / money.sum() - free / free.sum()).sum() / 2)
    return _told("misallocation", found.index, found.low, found.high, truth, "share") if found else []

"""Pure BG/NBD buyers and Gamma-Gamma spend, for tests that recover what was put in.

BG/NBD: while alive, customer i buys as a Poisson process of rate λᵢ ~ Gamma(r, rate alpha); after each
repeat purchase he leaves for ever with probability pᵢ ~ Beta(a, b).
Gamma-Gamma: receipts zᵢⱼ ~ Gamma(p, rate νᵢ), νᵢ ~ Gamma(q, rate v), independent of λᵢ and pᵢ; the
population mean is p·v/(q−1). Time is in whatever unit alpha is in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator, default_rng

BATCH = 64
"""Gaps drawn at once for every customer still buying."""


@dataclass(frozen=True)
class Population:
    """Simulated buyers, one element per customer: frequency (repeats), recency and T in weeks.

    ``log`` has one row per transaction, the first one (time 0) included: customer, time (weeks since
    the customer's first transaction).
    """

    frequency: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    log: pd.DataFrame


def bg_nbd_population(n: int, r: float, alpha: float, a: float, b: float, weeks: float, seed: int) -> Population:
    """``n`` BG/NBD customers whose first purchases spread evenly over the first half of ``weeks``.

    A customer is observed from his first purchase to the end, T = weeks − entry, so T lies between
    half of ``weeks`` and ``weeks``.
    """
    rng = default_rng(seed)
    T = weeks - rng.random(n) * weeks / 2
    repeats = bg_nbd_log(r, alpha, a, b, T, rng)
    frequency = np.bincount(repeats.customer, minlength=n)
    recency = np.zeros(n)
    np.maximum.at(recency, repeats.customer.to_numpy(), repeats.time.to_numpy())
    firsts = pd.DataFrame({"customer": np.arange(n), "time": 0.0})
    log = pd.concat([firsts, repeats]).sort_values(["customer", "time"], kind="stable", ignore_index=True)
    return Population(frequency=frequency, recency=recency, T=T, log=log)


def bg_nbd_log(r: float, alpha: float, a: float, b: float, horizon: np.ndarray, rng: Generator) -> pd.DataFrame:
    """Repeat purchases (customer, time since the first one) up to each customer's ``horizon``."""
    rate = rng.gamma(r, 1 / alpha, len(horizon))
    leave = rng.beta(a, b, len(horizon))
    lifetime = rng.geometric(np.clip(leave, 1e-12, 1.0))
    customers, times = [], []
    active, reached, done = np.arange(len(horizon)), np.zeros(len(horizon)), np.zeros(len(horizon), int)
    while len(active):
        gaps = rng.exponential(size=(len(active), BATCH)) / np.maximum(rate[active], 1e-300)[:, None]
        time = reached[active][:, None] + np.cumsum(gaps, axis=1)
        number = done[active][:, None] + np.arange(1, BATCH + 1)
        happens = (time <= horizon[active][:, None]) & (number <= lifetime[active][:, None])
        at, column = np.nonzero(happens)
        customers.append(active[at])
        times.append(time[at, column])
        reached[active], done[active] = time[:, -1], done[active] + BATCH
        active = active[happens[:, -1]]
    log = pd.DataFrame({"customer": np.concatenate(customers), "time": np.concatenate(times)})
    return log.sort_values(["customer", "time"], kind="stable", ignore_index=True)


def gamma_gamma_spend(customer: np.ndarray, p: float, q: float, v: float, seed: int | Generator) -> np.ndarray:
    """Receipt of each transaction; ``customer`` holds the customer number of each (0 … n−1)."""
    rng = default_rng(seed)
    n = int(customer.max()) + 1 if len(customer) else 0
    nu = rng.gamma(q, 1 / v, n)
    return rng.gamma(p, 1.0, len(customer)) / nu[customer]

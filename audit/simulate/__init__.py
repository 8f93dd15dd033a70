"""The synthetic ENT clinic whose truth is known: clean tables, dirty exports, and the parameters behind them."""

from __future__ import annotations

from audit.simulate.clinic import Clinic, simulate_clinic
from audit.simulate.populations import bg_nbd_population, gamma_gamma_spend
from audit.simulate.truth import Truth

__all__ = ["Clinic", "Truth", "bg_nbd_population", "gamma_gamma_spend", "simulate_clinic"]

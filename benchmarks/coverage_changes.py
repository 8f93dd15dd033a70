"""What changes brought, told by the models and by the analysis, against known truth: cases for the coverage table.

Effects are told as ratios to what would have been, so that a bias of a few per cent of it means what it says. Where
nothing happened the truth is 1: a miss is a false alarm.
"""

from __future__ import annotations

import numpy as np
from changing_clinic import PERIOD, ChangingClinic, alike, changing_clinic, growth

from audit import catalogue
from audit.models.difference_in_differences import difference_in_differences
from audit.models.interrupted_series import interrupted_series
from audit.results import Estimate

Case = tuple[str, Estimate, float]


def cases(seed: int) -> list[Case]:
    """Every case of one seed."""
    return [*of_models(seed), *of_analysis(seed)]


def of_models(seed: int) -> list[Case]:
    """Effects in panels and series of random size, and placebo dates on which nothing happened."""
    rng = np.random.default_rng([seed, 73])
    found: list[Case] = []
    for units, treated, name in ((2, 1, "two units"), (6, 2, "six units"), (14, 4, "fourteen units")):
        for family in ("poisson", "binomial"):
            effect, weeks, after = float(rng.uniform(-0.2, 0.5)), 104, int(rng.integers(6, 14))
            post, chosen = np.arange(weeks) >= weeks - after, np.arange(units) < treated
            linear = (
                rng.normal(0, 0.3, units)[:, None] + growth(rng, weeks) + alike(rng, (weeks,), 0.08) + alike(rng, (units, weeks), 0.06)
                + effect * chosen[:, None] * post
            )
            tries = rng.poisson(60, size=(units, weeks)).astype(float)
            counts = rng.poisson(np.exp(3.2 + linear)) if family == "poisson" else rng.binomial(tries.astype(int), 1 / (1 + np.exp(-linear)))
            fit = difference_in_differences(outcome=counts, treated=chosen, post=post, size=None if family == "poisson" else tries, family=family)
            if fit is not None:
                found.append((f"difference in differences, {family}, {name}", _ratio(fit.ratio, weeks), float(np.exp(effect))))
    for effect, name in ((float(rng.uniform(-0.2, 0.5)), "interrupted series"), (0.0, "interrupted series where nothing happened")):
        weeks, after = 130, 12
        post = np.arange(weeks) >= weeks - after
        series = rng.poisson(np.exp(4.2 + growth(rng, weeks) + alike(rng, (weeks,), 0.07) + effect * post))
        told = interrupted_series(outcome=series, post=post)
        if told is not None:
            found.append((name, _ratio(told.ratio, weeks), float(np.exp(effect))))
    return found


def of_analysis(seed: int) -> list[Case]:
    """The changes of one random clinic as the analysis tells them."""
    clinic = changing_clinic(seed)
    told = effects(clinic)
    truths = {"Price test": clinic.price_ratio, "New site": clinic.site_ratio, "Training": clinic.training_ratio}
    return [(f"changes: {name}", told[name], truth) for name, truth in truths.items() if name in told]


def effects(clinic: ChangingClinic) -> dict[str, Estimate]:
    """The ratios the analysis tells, by name of the change."""
    what, tables = catalogue.analysis("changes"), clinic.tables(clinic.events())
    filled = {name: table for name, table in tables.items() if table.limit(1).count().execute()}
    result = catalogue.compute(what, filled, {}, period=PERIOD, params=what.params())
    return {
        row.change: _ratio((1 + row.effect, 1 + row.effect_low, 1 + row.effect_high), row.n)
        for row in result.tables()["effects"].itertuples()
    }


def _ratio(bounds: tuple[float, float, float], n: int) -> Estimate:
    return Estimate(*bounds, "ratio", n)

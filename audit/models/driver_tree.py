"""The driver tree: revenue as a product of counts, and what each did to its change.

ambulatory = answered calls · conversion ÷ share of calls · visits per new patient · money per visit,
surgery apart. All ratios are of one period's counts, so that they multiply to what was earned; in a
growing clinic a cohort makes more visits than the period's ratio says.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from audit.models.factors import lmdi

Pair = tuple[float, float]
Floats = npt.NDArray[np.float64]


def factors(before: Mapping[str, float], now: Mapping[str, float]) -> pd.DataFrame:
    """Columns factor, ratio, contribution; the contributions sum to the change of ambulatory plus surgery.

    Both mappings hold, per month, NaN where unknown: answered_calls, first_by_call, first_patients,
    visits (counts), ambulatory, surgery (currency). Without calls the product begins at first patients,
    without visits it is not split.
    """
    pair = {name: (before.get(name, np.nan), now[name]) for name in now}
    ambulatory, surgery = pair["ambulatory"], pair["surgery"]
    rows: list[tuple[str, float, float]] = []
    links = chain(pair)
    if links:
        x0, x1 = (np.array([values[side] for values in links.values()]) for side in (0, 1))
        rows = [(name, x1[i] / x0[i], part) for i, (name, part) in enumerate(zip(links, lmdi(x0, x1), strict=True))]
    elif np.isfinite(ambulatory).all():
        rows = [("ambulatory", _over(ambulatory), ambulatory[1] - ambulatory[0])]
    if np.isfinite(surgery).all() and any(surgery):
        rows.append(("surgery", _over(surgery), surgery[1] - surgery[0]))
    return pd.DataFrame(rows, columns=["factor", "ratio", "contribution"])


def drivers(before: Mapping[str, float], now: Mapping[str, float]) -> pd.DataFrame:
    """Columns driver, before, now, ratio: the tree as a list, what is unknown now left out.

    Beyond the names of ``factors`` the mappings hold operations, revenue, fixed and profit.
    """
    derived = {
        "conversion": ("first_by_call", "answered_calls"), "call_share": ("first_by_call", "first_patients"),
        "visits_per_first": ("visits", "first_patients"), "receipt": ("ambulatory", "visits"),
        "operation_receipt": ("surgery", "operations"),
    }
    order = (
        "answered_calls", "conversion", "call_share", "first_patients", "visits_per_first", "visits", "receipt", "ambulatory",
        "operations", "operation_receipt", "surgery", "revenue", "fixed", "profit",
    )

    def value(side: Mapping[str, float], name: str) -> float:
        if name in derived:
            top, bottom = derived[name]
            return _over((side.get(bottom, np.nan), side.get(top, np.nan)))
        return side.get(name, np.nan)

    frame = pd.DataFrame(
        [(name, value(before, name), value(now, name)) for name in order], columns=["driver", "before", "now"]
    ).dropna(subset="now").reset_index(drop=True)
    comparable = (frame["before"] > 0) & (frame["now"] > 0)
    return frame.assign(ratio=(frame["now"] / frame["before"].where(comparable)))


def chain(pair: Mapping[str, npt.ArrayLike]) -> dict[str, Floats]:
    """Factors whose product is outpatient revenue, each as its input: before and now on the first axis; empty when it cannot be split."""
    first, visits, answered, by_call, ambulatory = (
        np.asarray(pair[name], float) for name in ("first_patients", "visits", "answered_calls", "first_by_call", "ambulatory")
    )
    if not (np.array([first, visits, ambulatory]) > 0).all():
        return {}
    if (np.array([answered, by_call]) > 0).all():
        start = {"answered_calls": answered, "conversion": by_call / answered, "call_share": first / by_call}
    else:
        start = {"first_patients": first}
    return start | {"visits_per_first": visits / first, "receipt": ambulatory / visits}


def _over(pair: Pair) -> float:
    return pair[1] / pair[0] if pair[0] else np.nan

"""Money by one dimension in two periods, and what its change is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.models.price_volume import price_volume

COSTED = 0.9
"""Share of a line's revenue whose direct cost must be known for a contribution."""

UNKNOWN = "unknown"
"""The line of what carries no name."""


def breakdown(sold: pd.DataFrame, dimension: str, *, now: float, before: float | None) -> pd.DataFrame | None:
    """Revenue per month by the lines of ``dimension``, largest first; None where no line has a name.

    ``sold`` has the columns ``dimension``, part (now, before), revenue, costed (revenue whose direct cost is
    known), direct_cost and n; ``now`` and ``before`` are the lengths of the parts in months. Columns returned:
    dimension, line, revenue, before, change (share more than before, NaN from nothing), share of all lines,
    contribution (revenue after direct cost, NaN unless nearly all of it has one), n (lines sold now).
    """
    sums = sold.groupby([dimension, "part"])[["revenue", "costed", "direct_cost", "n"]].sum(min_count=1).unstack("part")
    if not set(sums.index) - {UNKNOWN}:
        return None
    empty = pd.Series(np.nan, index=sums.index)
    revenue = sums.get(("revenue", "now"), empty).fillna(0.0) / now
    was = sums.get(("revenue", "before"), empty).fillna(0.0) / before if before else empty
    costed, cost = (sums.get((name, "now"), empty).fillna(0.0) / now for name in ("costed", "direct_cost"))
    known = (revenue > 0) & (costed >= COSTED * revenue)
    frame = pd.DataFrame({
        "dimension": dimension, "line": sums.index.astype(str), "revenue": revenue, "before": was,
        "change": revenue / was.where(was > 0) - 1, "share": revenue / revenue.sum() if revenue.sum() > 0 else np.nan,
        "contribution": (revenue * (1 - cost / costed.where(costed > 0))).where(known),
        "n": sums.get(("n", "now"), empty).fillna(0).astype(int),
    })
    return frame.sort_values(["revenue", "line"], ascending=[False, True], ignore_index=True)


def change_by_part(sold: pd.DataFrame, *, now: float, before: float | None) -> pd.DataFrame:
    """Change of monthly revenue by volume, mix and price of what was sold; columns effect, amount, summing exactly.

    ``sold`` has the columns service, part, revenue and units; empty without two parts to compare.
    """
    rows: list[tuple[str, float]] = []
    sums = sold.groupby(["service", "part"])[["revenue", "units"]].sum().unstack("part", fill_value=0.0)
    if before and {("units", "now"), ("units", "before")} <= set(sums.columns):
        parts = price_volume(
            units_before=sums["units", "before"] / before, units_after=sums["units", "now"] / now,
            money_before=sums["revenue", "before"] / before, money_after=sums["revenue", "now"] / now,
        )
        if parts is not None:
            rows = [("volume", parts.volume), ("mix", parts.mix), ("price", parts.price)]
            rows += [("other", parts.other)] if parts.other else []
    return pd.DataFrame(rows, columns=["effect", "amount"]).astype({"effect": object, "amount": float})

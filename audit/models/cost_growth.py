"""Cost growth: what more is spent because more is sold, because a sale costs more, and because the house costs more."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from audit.models.factors import lmdi

COLUMNS = ["group", "nature", "before", "now", "change", "moved", "dearer"]


def cost_growth(
    *, now: Mapping[str, Mapping[str, float]], before: Mapping[str, Mapping[str, float]], revenue_now: float, revenue_before: float
) -> pd.DataFrame:
    """One row per nature and group of costs, ``COLUMNS``; ``moved`` and ``dearer`` sum to ``change`` in every row.

    ``now`` and ``before``: nature (variable, fixed) → group → costs of a month; revenue of a month, both positive. A
    variable cost is revenue × its rate, split by LMDI (Ang 2004): ``moved`` came with revenue, ``dearer`` is the rate. All
    change of a fixed cost is ``dearer``. Negative costs (corrections) are not split: all is ``dearer``.
    """
    rows = []
    for nature in ("variable", "fixed"):
        old, new = before.get(nature, {}), now.get(nature, {})
        for group in sorted({*old, *new}, key=lambda name: (-new.get(name, 0.0), name)):
            was, has = old.get(group, 0.0), new.get(group, 0.0)
            moved = 0.0
            if nature == "variable" and was >= 0 and has >= 0:
                moved = float(lmdi([revenue_before, was / revenue_before], [revenue_now, has / revenue_now])[0])
            rows.append((group, nature, was, has, has - was, moved, has - was - moved))
    return pd.DataFrame(rows, columns=COLUMNS)

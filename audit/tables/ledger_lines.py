"""Ledger lines: the account by month, group and nature (computed from expenses, never stored)."""

from __future__ import annotations

from datetime import date

import pandas as pd
from ibis import _
from ibis.expr.types import Table


def ledger_lines(expenses: Table | None, *, start: date, end: date) -> pd.DataFrame:
    """Columns month (timestamp), group (other if empty), nature, amount (float); months from that of ``start`` to ``end``.

    No rows without ``expenses``.
    """
    if expenses is None:
        return pd.DataFrame({"month": pd.to_datetime([]), "group": [], "nature": [], "amount": []})
    dated = expenses.filter(_.month >= start.replace(day=1), _.month < end)
    dated = dated.mutate(month=_.month.truncate("M"), group=_.group.fill_null("other"))
    summed = dated.group_by("month", "group", "nature").aggregate(amount=_.amount.sum().cast("float64"))
    frame = summed.order_by(["month", "group", "nature"]).to_pandas()
    return frame.assign(month=pd.to_datetime(frame["month"]))

"""A ledger by month: costs of any range of days, and the profit and loss account they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from audit.models.drivers import Account, account
from audit.models.months import parts_of_months
from audit.results import Estimate, exact


@dataclass(frozen=True)
class Ledger:
    """Lines of an account by month.

    ``lines`` has the columns month (timestamp, first day), group, nature (fixed, variable, revenue) and
    amount (currency, costs positive). A range of days is charged with the share of each month inside it.
    """

    lines: pd.DataFrame

    @property
    def costs_by_month(self) -> pd.Series:
        """All costs by month."""
        return self.lines[self.lines["nature"] != "revenue"].groupby("month")["amount"].sum()

    @property
    def revenue_by_month(self) -> pd.Series:
        """The ledger's own revenue by month."""
        return self.lines[self.lines["nature"] == "revenue"].groupby("month")["amount"].sum()

    def per_month(self, start: date, end: date, by: str, nature: str | None = None) -> dict[str, float] | None:
        """Mean costs of a month of ``start`` … ``end`` (exclusive) by ``by``; None if a month has no costs."""
        shares = {pd.Timestamp(month): share for month, share in parts_of_months(start, end)}
        booked = self.lines[(self.lines["nature"] != "revenue") & self.lines["month"].isin(list(shares))]
        if booked["month"].nunique() < len(shares):
            return None
        if nature is not None:
            booked = booked[booked["nature"] == nature]
        amounts = (booked["amount"] * booked["month"].map(shares)).groupby(booked[by]).sum() / sum(shares.values())
        return {str(name): float(amount) for name, amount in amounts.items()}

    def account(self, revenue: float, start: date, end: date) -> Account | None:
        """Profit and loss of a month of ``start`` … ``end`` with ``revenue`` a month; None without costs or revenue."""
        spent = self.per_month(start, end, "nature")
        if spent is None or not revenue > 0:
            return None
        return account(revenue=revenue, variable=spent.get("variable", 0.0), fixed=spent.get("fixed", 0.0))

    def revenue_per_month(self, start: date, end: date) -> float | None:
        """Mean revenue the ledger has for a month of ``start`` … ``end`` (exclusive); None if a month has none."""
        shares = {pd.Timestamp(month): share for month, share in parts_of_months(start, end)}
        booked = self.revenue_by_month
        if not set(shares) <= set(booked.index):
            return None
        return float(sum(booked[month] * share for month, share in shares.items()) / sum(shares.values()))

    def gaps(self, months: Iterable[date], billed: ArrayLike) -> pd.Series:
        """By what share of the ledger's revenue ``billed`` (months,) differs from it, for every month in which it has any.

        A month of more refunds than sales is a month too: what is billed beyond it is positive.
        """
        booked = self.revenue_by_month
        bills = pd.Series(np.asarray(billed, dtype=float), index=pd.DatetimeIndex(list(months)))
        both = booked.index.intersection(bills.index)
        return ((bills[both] - booked[both]) / booked[both].abs())[booked[both] != 0]

    def gap(self, months: Iterable[date], billed: ArrayLike) -> Estimate | None:
        """By what share ``billed`` (months,) differs from the ledger's revenue, over the months the ledger has."""
        booked = self.revenue_by_month
        bills = pd.Series(np.asarray(billed, dtype=float), index=pd.DatetimeIndex(list(months)))
        both = booked.index.intersection(bills.index)
        if not booked[both].sum() > 0:
            return None
        return exact(bills[both].sum() / booked[both].sum() - 1, "share", len(both))

"""Currencies: amounts of different money have no sum."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from audit.errors import NotAnswerable


def one_currency(charges: Table) -> None:
    """Refuses bills in several currencies, naming each with a branch; lines that carry none are taken for the same one.

    Rates of exchange are not applied: those of the day of a visit, of its payment and of the books differ.
    """
    named = charges.filter(_.currency.notnull()).group_by("currency").aggregate(branch=_.branch.min(), n=_.count())
    found = named.order_by(_.n.desc(), "currency").to_pandas()
    if len(found) > 1:
        told = [money if not isinstance(branch, str) else f"{branch}: {money}" for money, branch in zip(found["currency"], found["branch"], strict=True)]
        raise NotAnswerable("currencies", "not_identified", {"currencies": ", ".join(told)})

"""Prices: one row is one price of one service in one branch, over the days it was on the list."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

PRICES = TableSpec(
    name="prices",
    row="one price of one service in one branch, over the days it was on the list",
    traps=(
        "valid_to is the last day of the price (inclusive); empty means it still holds.",
        "A price list is what was asked, a charge is what was paid; discounts make the difference.",
    ),
    columns=(
        Column("service_id", "string", "label", "the service", required=True, references="services"),
        Column("branch", "string", "label", "branch, empty if the price holds in all"),
        Column("valid_from", "date", "date", "first day of this price", required=True),
        Column("valid_to", "date", "date", "last day of this price"),
        Column("price", "decimal(18, 2)", "currency", "list price of one service", required=True, least=0),
    ),
)

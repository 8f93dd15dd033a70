"""Expenses: one row is one line of the profit-and-loss account in one month."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

EXPENSES = TableSpec(
    name="expenses",
    row="one line of the profit-and-loss account in one month",
    traps=(
        "Costs are positive numbers here; brackets and minus signs of the export are resolved at intake.",
        "The ledger's revenue lines (nature “revenue”) are kept only to reconcile with the charges.",
    ),
    columns=(
        Column("month", "date", "date", "first day of the month", required=True),
        Column("item", "string", "label", "line of the account as the clinic calls it", required=True),
        Column(
            "group",
            "string",
            "label",
            "what sort of cost it is",
            allowed=("pay", "rent", "supplies", "marketing", "equipment", "tax", "other", "revenue"),
        ),
        Column(
            "nature",
            "string",
            "label",
            "moves with revenue, or does not",
            required=True,
            allowed=("fixed", "variable", "revenue"),
        ),
        Column("amount", "decimal(18, 2)", "currency", "amount of the month", required=True),
    ),
)

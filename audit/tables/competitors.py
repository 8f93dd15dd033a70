"""Competitors: one row is one competitor's price of one service seen on one day."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

COMPETITORS = TableSpec(
    name="competitors",
    row="one competitor's price of one service seen on one day",
    traps=("Compare like with like: the competitor's first visit may include diagnostics.",),
    columns=(
        Column("competitor", "string", "label", "the competitor", required=True),
        Column("service_id", "string", "label", "our service it compares with", required=True, references="services"),
        Column("seen_on", "date", "date", "day the price was seen", required=True),
        Column("price", "decimal(18, 2)", "currency", "price asked", required=True, least=0),
    ),
)

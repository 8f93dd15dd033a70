"""Checks: one row is one check of the data and its outcome (written by intake)."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

CHECKS = TableSpec(
    name="checks",
    row="one check of the data and its outcome",
    columns=(
        Column("check", "string", "label", "key of the check; its words are in the data-quality texts", required=True),
        Column("table", "string", "label", "table checked", required=True),
        Column("status", "string", "label", "outcome", required=True, allowed=("pass", "warn", "fail")),
        Column("rows", "int64", "count", "rows concerned", least=0),
        Column("share", "float64", "share", "their share of the table", least=0, most=1),
        Column("money", "decimal(18, 2)", "currency", "money at risk, if it can be named"),
        Column("detail", "string", "label", "what was found, without any value that names a person"),
    ),
)

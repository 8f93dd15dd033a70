"""Exports: one row is what one raw file gave to one table when it was loaded (written by intake)."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

EXPORTS = TableSpec(
    name="exports",
    row="what one raw file gave to one table when it was loaded",
    traps=(
        "Rows read = used + set aside + left out: the sum is checked for every file.",
        "A hole of a month in a source is an export failure until proven otherwise.",
    ),
    columns=(
        Column("file", "string", "label", "name of the raw file", required=True),
        Column("table", "string", "label", "table it fills", required=True),
        Column("encoding", "string", "label", "text encoding, or the workbook format", required=True),
        Column("rows_read", "int64", "count", "records in the file meant for the table", required=True, least=0),
        Column(
            "rows_used", "int64", "count", "records that became rows, or filled the gaps of one", required=True, least=0
        ),
        Column(
            "rows_set_aside",
            "int64",
            "count",
            "records kept in set_aside.csv because they could not be read",
            required=True,
            least=0,
        ),
        Column(
            "rows_left_out",
            "int64",
            "count",
            "records not meant for the audit: duplicates, tests, after the period",
            required=True,
            least=0,
        ),
        Column("first_day", "date", "date", "earliest day in the file"),
        Column("last_day", "date", "date", "latest day in the file"),
        Column("complete_share", "float64", "share", "filled cells among the columns the table needs", least=0, most=1),
        Column("sha256", "string", "id", "hash of the file", required=True),
    ),
)

"""Site traffic: one row is visits to the site by source, region and device over some days."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

SITE_TRAFFIC = TableSpec(
    name="site_traffic",
    row="visits to the site by source, region and device over some days",
    traps=("Unique visitors do not add up over days: a month's figure is the month's own.",),
    columns=(
        Column("from_day", "date", "date", "first day covered", required=True),
        Column("to_day", "date", "date", "last day covered", required=True),
        Column("channel", "string", "label", "source of the traffic, in the words of enquiries", required=True),
        Column("region", "string", "label", "region of the visitor"),
        Column("device", "string", "label", "device", allowed=("desktop", "mobile", "tablet")),
        Column("visitors", "float64", "count", "unique visitors", least=0),
        Column("sessions", "float64", "count", "sessions", least=0),
    ),
)

"""The clinic's tables as they stood on an earlier day: what came later left out, what was booked then still booked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
from ibis.expr.types import Table

from audit.tables import CANONICAL
from audit.tables.connection import Tables, tables_from_frames

DAY_OF = {
    "appointments": "starts_at",
    "charges": "charged_on",
    "enquiries": "started_at",
    "ad_spend": "from_day",
    "site_traffic": "from_day",
    "expenses": "month",
    "feedback": "given_on",
    "shifts": "starts_at",
    "prices": "valid_from",
    "events": "from_day",
    "competitors": "seen_on",
    "campaign_members": "contacted_on",
    "plans": "planned_on",
    "patients": "registered_on",
}
"""The column with the day a row of a table belongs to; tables without one say what is, not what was."""


def as_of(tables: Mapping[str, Table], end: date) -> Tables:
    """The canonical tables with what had happened before ``end``, and the derived ones made from them.

    An appointment made before ``end`` for a later day is booked again; cards stay, since a card without a visit counts
    nowhere. What was corrected since is read as corrected. It cannot tell how rooms, doctors or services were then.
    """
    kept = {name: _before(name, tables[name], end) for name in tables if name in CANONICAL}
    return tables_from_frames({name: table.to_pandas() for name, table in kept.items()}, end=end)


def _before(name: str, table: Table, end: date) -> Table:
    if name not in DAY_OF or name == "patients":
        return table
    is_past = _day(table, name) < ibis.date(end)
    if name != "appointments":
        return table.filter(is_past)
    known = table.filter(is_past | (table.booked_at.date() < ibis.date(end)))
    return known.mutate(status=ibis.ifelse(_day(known, name) < ibis.date(end), known.status, "booked"))


def first_days(tables: Mapping[str, Table], names: tuple[str, ...]) -> dict[str, date]:
    """The day on which each of the tables ``names`` begins, where it holds rows."""
    found = {name: _day(tables[name], name).min().execute() for name in names if name in tables}
    return {name: day.date() if hasattr(day, "date") else day for name, day in found.items() if day is not None and day == day}


def _day(table: Table, name: str) -> ibis.expr.types.DateColumn:
    return table[DAY_OF[name]].cast("date")

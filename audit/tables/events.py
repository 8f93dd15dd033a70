"""Events: one row is one thing the clinic did or that happened to it, with its dates."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

EVENTS = TableSpec(
    name="events",
    row="one thing the clinic did or that happened to it, with its dates",
    traps=(
        "Two events within six weeks cannot be told apart afterwards.",
        "Days the clinic was closed are events of kind “closed”: they are not capacity.",
    ),
    columns=(
        Column("event", "string", "label", "short name of the event", required=True),
        Column(
            "kind",
            "string",
            "label",
            "what sort of event it is",
            required=True,
            allowed=("price", "marketing", "desk", "doctors", "service", "reactivation", "closed", "other"),
        ),
        Column("from_day", "date", "date", "first day", required=True),
        Column("to_day", "date", "date", "last day; empty if it lasts"),
        Column("branch", "string", "label", "branch, empty if all"),
        Column("note", "string", "label", "what was done"),
    ),
)

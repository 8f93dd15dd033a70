"""Events: one row is one thing the clinic did or that happened to it, with its dates."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

EVENTS = TableSpec(
    name="events",
    row="one thing the clinic did or that happened to it, with its dates",
    traps=(
        "Two events within six weeks cannot be told apart afterwards.",
        "Days the clinic was closed are events of kind “closed”: they are not capacity.",
        "Who did not get a change is what it is measured against: without a branch, doctor, administrator or channel it counts as the whole clinic's.",
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
        Column("doctor_id", "string", "label", "doctors it concerned, separated by commas; empty if all"),
        Column("administrator_id", "string", "label", "administrators it concerned, separated by commas; empty if all"),
        Column("channel", "string", "label", "channels it concerned, separated by commas; empty if all"),
        Column(
            "assigned", "string", "label", "how those it concerned (or its weeks) were chosen; empty if not known",
            allowed=("by_lot", "worst", "other"),
        ),
        Column("note", "string", "label", "what was done"),
    ),
)

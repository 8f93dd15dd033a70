"""Rooms: one row is one room, operating room or ward and when it is open."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

ROOMS = TableSpec(
    name="rooms",
    row="one room, operating room or ward and when it is open",
    traps=(
        "A room is capacity only in the hours it is open; hours without a doctor on the roster still count as open.",
        "A ward counts beds: places × nights.",
    ),
    columns=(
        Column("room_id", "string", "label", "name or number of the room", required=True, unique=True),
        Column("branch", "string", "label", "branch"),
        Column(
            "kind",
            "string",
            "label",
            "what it is used for",
            required=True,
            allowed=("consulting", "operating", "diagnostics", "ward"),
        ),
        Column("places", "int64", "count", "patients at a time; beds of a ward", required=True, least=0),
        Column("opens_minute", "int64", "minutes", "opening time, minutes after midnight", least=0, most=1440),
        Column("closes_minute", "int64", "minutes", "closing time, minutes after midnight", least=0, most=1440),
        Column("weekdays", "string", "label", "days it is open, 1 = Monday, for example 123456"),
        Column("slot_minutes", "float64", "minutes", "length of one bookable slot", least=1, most=1440),
    ),
)

"""Shifts: one row is one shift of one doctor or administrator."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

SHIFTS = TableSpec(
    name="shifts",
    row="one shift of one doctor or administrator",
    traps=(
        "Shifts that overlap are one person in two places: they are merged for capacity and counted on the data-quality page.",
        "Without shifts the capacity of doctors cannot be computed, only bounded.",
    ),
    columns=(
        Column("shift_id", "string", "id", "key of the shift", required=True, unique=True),
        Column("staff_id", "string", "label", "doctor_id or administrator_id", required=True),
        Column(
            "role",
            "string",
            "label",
            "doctor or administrator",
            required=True,
            allowed=("doctor", "administrator", "nurse"),
        ),
        Column("branch", "string", "label", "branch"),
        Column("room_id", "string", "label", "room", references="rooms"),
        Column("starts_at", "timestamp(6)", "moment", "start", required=True),
        Column("ends_at", "timestamp(6)", "moment", "end", required=True),
    ),
)

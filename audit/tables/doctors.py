"""Doctors: one row is one doctor who treats patients."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

DOCTORS = TableSpec(
    name="doctors",
    row="one doctor who treats patients",
    traps=(
        "Without a staff export the doctors are those named in the appointments, and when they joined is their first appointment.",
        "Nurses, diagnostics rooms and “several performers” are not doctors of a first visit: is_specialist says who is.",
    ),
    columns=(
        Column(
            "doctor_id",
            "string",
            "label",
            "code of the doctor (D01 …), given in the order of the clinic's own names",
            required=True,
            unique=True,
        ),
        Column("specialty", "string", "label", "medical specialty"),
        Column("branch", "string", "label", "branch where the doctor mainly works"),
        Column("started_on", "date", "date", "first day at the clinic"),
        Column("left_on", "date", "date", "last day at the clinic, empty if still there"),
        Column(
            "is_specialist", "boolean", "flag", "sees patients for a first visit (not a nurse or a diagnostics room)"
        ),
    ),
)

"""Feedback: one row is one rating or review."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

FEEDBACK = TableSpec(
    name="feedback",
    row="one rating or review",
    traps=(
        "People who answer differ from those who do not; stars on public sites select themselves and are never averaged with the clinic's own survey.",
    ),
    columns=(
        Column("feedback_id", "string", "id", "key", required=True, unique=True),
        Column("given_on", "date", "date", "day it was given", required=True),
        Column("source", "string", "label", "where it was given", required=True, allowed=("survey", "site", "call")),
        Column("doctor_id", "string", "label", "doctor it is about", references="doctors"),
        Column("branch", "string", "label", "branch it is about"),
        Column("patient_id", "string", "id", "the person, if known", references="patients", identifying=True),
        Column("score", "float64", "number", "1 (worst) to 5 (best)", required=True, least=1, most=5),
    ),
)

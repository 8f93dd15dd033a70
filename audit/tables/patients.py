"""Patients: one row is one person in the clinic's card index, duplicates merged."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

PATIENTS = TableSpec(
    name="patients",
    row="one person in the clinic's card index, duplicates merged",
    traps=(
        "The same person is often registered twice: cards with the same telephone and birth date are one person; a family that shares a telephone is not.",
        "Some systems write 2000-01-01 and “male” when they do not know: intake turns such defaults into “unknown” when they pile up.",
        "A child's card may carry the parent's telephone and account.",
    ),
    columns=(
        Column(
            "patient_id",
            "string",
            "id",
            "keyed code of the person (HMAC-SHA-256 under the client's secret)",
            required=True,
            unique=True,
            identifying=True,
        ),
        Column("registered_on", "date", "date", "day the card was opened"),
        Column(
            "age_years",
            "int64",
            "years",
            "age in completed years at the first appointment; the birth date itself is never stored",
            least=0,
            most=120,
        ),
        Column("sex", "string", "label", "sex on the card", allowed=("female", "male")),
        Column("district", "string", "label", "district or town of residence"),
        Column("stated_source", "string", "label", "how the patient says they heard of the clinic"),
        Column("phone_key", "string", "id", "keyed telephone number, the link to enquiries", identifying=True),
        Column("may_contact", "boolean", "flag", "the patient allows calls and messages"),
    ),
)

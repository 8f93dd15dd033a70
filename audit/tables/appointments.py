"""Appointments: one row is one appointment that was booked, whether or not the patient came."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

APPOINTMENTS = TableSpec(
    name="appointments",
    row="one appointment that was booked, whether or not the patient came",
    traps=(
        "A visit is an appointment with status “completed”; booked, cancelled and missed appointments are not load and bring no money.",
        "The clinic's own “first visit” mark is often per doctor or per specialty: first_visits decides by the whole history instead.",
        "Planned minutes are often copied into the actual ones.",
    ),
    columns=(
        Column("appointment_id", "string", "id", "the practice system's key", required=True, unique=True),
        Column("patient_id", "string", "id", "the person", required=True, references="patients", identifying=True),
        Column("doctor_id", "string", "label", "the doctor", references="doctors"),
        Column("branch", "string", "label", "branch"),
        Column("room_id", "string", "label", "room, operating room or ward", references="rooms"),
        Column("specialty", "string", "label", "specialty of the visit"),
        Column("service_id", "string", "label", "main service of the visit", references="services"),
        Column(
            "kind",
            "string",
            "label",
            "outpatient visit, operation or stay on the ward",
            required=True,
            allowed=("outpatient", "operation", "ward"),
        ),
        Column("booked_at", "timestamp(6)", "moment", "when the appointment was made"),
        Column("starts_at", "timestamp(6)", "moment", "when the appointment begins", required=True),
        Column(
            "minutes",
            "float64",
            "minutes",
            "how long it occupies the room; planned if the actual time is not recorded",
            least=0,
            most=1440,
        ),
        Column("nights", "float64", "days", "nights on the ward, for a stay", least=0),
        Column(
            "status",
            "string",
            "label",
            "what became of it",
            required=True,
            allowed=("completed", "no_show", "cancelled", "booked"),
        ),
        Column("cancelled_at", "timestamp(6)", "moment", "when it was cancelled"),
        Column("is_first_recorded", "boolean", "flag", "the clinic's own first-visit mark"),
        Column("diagnosis", "string", "label", "principal diagnosis, ICD-10"),
        Column("reminder_sent", "boolean", "flag", "a reminder was sent before the appointment"),
        Column("payer", "string", "label", "who pays", allowed=("cash", "insurer", "corporate", "state")),
    ),
)

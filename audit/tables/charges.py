"""Charges: one row is one line of a bill, a refund being a negative line."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

CHARGES = TableSpec(
    name="charges",
    row="one line of a bill, a refund being a negative line",
    traps=(
        "Revenue is what was paid. Refunds go back to the day of the visit they refund, not to the day of the refund.",
        "Deposits, gift cards and transfers between branches are not revenue: kind keeps them apart.",
        "Money without an appointment is kept; how much there is stands on the data-quality page.",
    ),
    columns=(
        Column("charge_id", "string", "id", "key of the line", required=True, unique=True),
        Column(
            "patient_id",
            "string",
            "id",
            "the person treated (not the payer)",
            required=True,
            references="patients",
            identifying=True,
        ),
        Column("appointment_id", "string", "id", "the appointment charged for", references="appointments"),
        Column(
            "charged_on",
            "date",
            "date",
            "day of the service; for a refund the day of the service refunded if known",
            required=True,
        ),
        Column("service_id", "string", "label", "the service", references="services"),
        Column("doctor_id", "string", "label", "the doctor who performed it", references="doctors"),
        Column("branch", "string", "label", "branch"),
        Column(
            "kind",
            "string",
            "label",
            "sale, refund, or money that is not revenue",
            required=True,
            allowed=("sale", "refund", "deposit", "transfer"),
        ),
        Column("quantity", "float64", "count", "units of service"),
        Column("list_amount", "decimal(18, 2)", "currency", "amount at list price"),
        Column(
            "paid", "decimal(18, 2)", "currency", "amount paid, net of discount; negative for a refund", required=True
        ),
        Column("currency", "string", "label", "currency of the amounts, if the export names one"),
        Column("payer", "string", "label", "who pays", allowed=("cash", "insurer", "corporate", "state")),
    ),
)

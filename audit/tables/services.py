"""Services: one row is one service on the price list."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

SERVICES = TableSpec(
    name="services",
    row="one service on the price list",
    traps=(
        "Services are renamed over the years; mapping.yml may give several names to one service.",
        "kind decides which money is surgery and which is outpatient care: check it with the clinic.",
    ),
    columns=(
        Column("service_id", "string", "label", "the clinic's code or name of the service", required=True, unique=True),
        Column("name", "string", "label", "what the service is called"),
        Column(
            "kind",
            "string",
            "label",
            "what sort of service it is",
            allowed=("consultation", "diagnostics", "procedure", "operation", "ward", "other"),
        ),
        Column("specialty", "string", "label", "specialty that offers it"),
        Column("is_first_visit", "boolean", "flag", "the list item charged for a patient's first visit"),
        Column("minutes", "float64", "minutes", "planned duration", least=0),
        Column("direct_cost", "decimal(18, 2)", "currency", "doctor's pay and supplies for one service", least=0),
    ),
)

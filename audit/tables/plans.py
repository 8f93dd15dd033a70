"""Plans: one row is one service planned for one patient, a number of times."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

PLANS = TableSpec(
    name="plans",
    row="one service of one patient's treatment plan, planned a number of times",
    traps=(
        "A plan that is still running is not abandoned: what is missing may come.",
        "Plans are changed at the chair and not in the system: a shorter course can be better medicine.",
        "A line that was withdrawn needs cancelled_on, or what replaced it is planned twice; exports that overlap need the key of the line for the same reason.",
        "A service done before the plan was made is no part of it; one done elsewhere is never seen.",
        "A course paid at once in one bill line of ten looks done that day.",
        "Systems that write the plan when the bill is made hold only what was done: every plan there is finished.",
    ),
    columns=(
        Column("line_id", "string", "id", "key of the line", required=True, unique=True),
        Column("plan_id", "string", "id", "key of the plan", required=True),
        Column("patient_id", "string", "id", "the person", required=True, references="patients", identifying=True),
        Column("doctor_id", "string", "label", "the doctor who planned", references="doctors"),
        Column("planned_on", "date", "date", "day the plan was made", required=True),
        Column("service_id", "string", "label", "the planned service", required=True, references="services"),
        Column("planned", "float64", "count", "how many times", required=True, least=1),
        Column("amount", "decimal(18, 2)", "currency", "price of all of them together", least=0),
        Column("cancelled_on", "date", "date", "day the plan was called off, empty if it was not"),
    ),
)

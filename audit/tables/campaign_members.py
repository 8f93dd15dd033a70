"""Campaign members: one row is one patient drawn for one campaign, to be contacted or to be held out."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

CAMPAIGN_MEMBERS = TableSpec(
    name="campaign_members",
    row="one patient drawn for one campaign of calls or messages, to be contacted or to be held out",
    traps=(
        "Whoever was drawn counts in the group drawn, reached or not: counting only those reached mistakes their willingness for the campaign's effect.",
        "Patients who come back unasked are no effect: without a hold-out drawn by lot nobody knows how many they are.",
        "A hold-out that was called after all is no hold-out: the list of calls shows it.",
    ),
    columns=(
        Column("campaign", "string", "label", "name of the campaign", required=True),
        Column("patient_id", "string", "id", "the person", required=True, references="patients", identifying=True),
        Column("group", "string", "label", "drawn to be contacted or to be held out", required=True, allowed=("called", "held_out")),
        Column("contacted_on", "date", "date", "first day of the campaign, the same for both groups", required=True),
        Column("is_reached", "boolean", "flag", "the person was reached"),
        Column("opted_out", "boolean", "flag", "the person asked not to be contacted again"),
    ),
)

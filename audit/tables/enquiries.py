"""Enquiries: one row is one call or lead that reached the clinic, answered or not."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

ENQUIRIES = TableSpec(
    name="enquiries",
    row="one call or lead that reached the clinic, answered or not",
    traps=(
        "One caller rings several times: an opportunity is one telephone within 30 days (table opportunities).",
        "Calls of patients already known, suppliers and spam are not new demand.",
        "The channel is what call tracking says under one attribution rule; changing that rule may rewrite history, or make old calls and new ones unlike.",
        "A call centre log and call tracking see the same call: intake matches them by telephone and time and counts it once.",
    ),
    columns=(
        Column("enquiry_id", "string", "id", "key of the call or lead", required=True, unique=True),
        Column("started_at", "timestamp(6)", "moment", "when it came in", required=True),
        Column("kind", "string", "label", "how it came", required=True, allowed=("call", "lead", "chat", "walk_in")),
        Column(
            "direction",
            "string",
            "label",
            "incoming, or an outgoing call of the clinic",
            required=True,
            allowed=("in", "out"),
        ),
        Column("caller_key", "string", "id", "keyed telephone number", identifying=True),
        Column("channel", "string", "label", "where the caller came from, as recorded"),
        Column("attribution", "string", "label", "rule by which call tracking chose the channel, where it says so"),
        Column("campaign", "string", "label", "campaign within the channel"),
        Column("branch", "string", "label", "branch called"),
        Column("administrator_id", "string", "label", "who took it (A, B …)"),
        Column("is_answered", "boolean", "flag", "somebody spoke with the caller", required=True),
        Column("wait_seconds", "float64", "number", "seconds until answered or given up", least=0),
        Column("talk_seconds", "float64", "number", "seconds of conversation", least=0),
        Column(
            "intent",
            "string",
            "label",
            "why they called, from listening or tags",
            allowed=("primary", "repeat", "results", "supplier", "spam", "other"),
        ),
        Column("outcome", "string", "label", "how it ended", allowed=("booked", "thinking", "lost")),
        Column(
            "second_outcome",
            "string",
            "label",
            "how it ended in the ears of a second listener, who did not see the first mark",
            allowed=("booked", "thinking", "lost"),
        ),
        Column(
            "loss_reason",
            "string",
            "label",
            "why it was lost",
            allowed=("price", "no_slot", "location", "service_missing", "rude", "no_answer", "other"),
        ),
        Column("quality_score", "float64", "number", "listening score, 0–10", least=0, most=10),
    ),
)

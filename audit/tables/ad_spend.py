"""Ad spend: one row is what one campaign cost and showed in one day, week or month."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

AD_SPEND = TableSpec(
    name="ad_spend",
    row="what one campaign cost and showed in one day, week or month",
    traps=(
        "Spend is without VAT or with it, with the agency's fee or not: mapping.yml says which.",
        "A row may cover a day, a week or a month: from_day and to_day say so, and it is spread evenly over them.",
        "Rows whose currency code is not the client's are set aside, never converted silently.",
    ),
    columns=(
        Column("channel", "string", "label", "channel, in the same words as in enquiries", required=True),
        Column("campaign", "string", "label", "campaign"),
        Column("from_day", "date", "date", "first day covered", required=True),
        Column("to_day", "date", "date", "last day covered", required=True),
        Column("spend", "decimal(18, 2)", "currency", "money spent", required=True, least=0),
        Column("currency", "string", "label", "code of the currency, where the advertising system writes it"),
        Column("impressions", "float64", "count", "times shown", least=0),
        Column("clicks", "float64", "count", "clicks", least=0),
    ),
)

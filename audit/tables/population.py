"""Population: one row is residents of one district in one age band and sex."""

from __future__ import annotations

from audit.tables.columns import Column, TableSpec

POPULATION = TableSpec(
    name="population",
    row="residents of one district in one age band and sex",
    traps=("A census is a few years old; bands must not overlap.",),
    columns=(
        Column("district", "string", "label", "district", required=True),
        Column("age_from", "int64", "years", "youngest age of the band", required=True, least=0),
        Column("age_to", "int64", "years", "oldest age of the band, inclusive", required=True, most=130),
        Column("sex", "string", "label", "sex", required=True, allowed=("female", "male")),
        Column("people", "float64", "count", "residents", required=True, least=0),
    ),
)

"""The one way to declare a column and a table.

A ``Column`` says what a value means, its unit and what it may be; a ``TableSpec`` says what one row
is and which traps lie in how clinics record it. Checks, data dictionary, intake and printed tables
are all made from these declarations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import ibis.expr.datatypes as dt
import pandera.ibis as pa

Unit = Literal[
    "id",  # a key; never printed
    "label",  # a name or category, printed as it is
    "flag",  # true or false
    "date",
    "moment",  # date and time of day, clinic's local time
    "count",
    "number",  # a plain number with no unit (elasticity, score)
    "ratio",  # how many times
    "share",  # 0–1, printed as a percentage
    "points",  # difference of two shares, 0–1, printed as percentage points
    "currency",  # the client's currency
    "minutes",
    "hours",
    "days",
    "weeks",
    "months",
    "years",
    "status",  # good · watch · act · unclear
]

DTYPES = {"string", "int64", "float64", "decimal(18, 2)", "boolean", "date", "timestamp(6)"}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``dtype`` is the type in the engine; money is ``decimal(18, 2)`` because sums of floats differ
    from run to run. ``required`` columns have no missing value. ``allowed`` lists the only values a
    code may take; ``least`` and ``most`` bound a number.
    """

    name: str
    dtype: str
    unit: Unit
    meaning: str
    required: bool = False
    unique: bool = False
    allowed: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    references: str | None = None
    identifying: bool = False

    def __post_init__(self) -> None:
        assert self.dtype in DTYPES, f"{self.name}: dtype {self.dtype} is not one of {DTYPES}"

    def check(self) -> pa.Column:
        """The column as a pandera check for an Ibis table."""
        checks = []
        if self.allowed:
            checks.append(pa.Check.isin(list(self.allowed)))
        if self.least is not None:
            checks.append(pa.Check.ge(self.least))
        if self.most is not None:
            checks.append(pa.Check.le(self.most))
        return pa.Column(
            dt.dtype(self.dtype),
            checks=checks,
            nullable=not self.required,
            unique=False,
            description=self.meaning,
            metadata={"unit": self.unit},
        )


@dataclass(frozen=True)
class TableSpec:
    """One of the clinic's tables.

    ``row`` completes “one row is …”; ``traps`` are sentences on how clinics really record it;
    ``needs`` are, for a derived table, the tables it is computed from.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    traps: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns declared unique."""
        return tuple(column.name for column in self.columns if column.unique)

    def ibis_schema(self) -> dict[str, str]:
        """Column name to Ibis type, in order."""
        return {column.name: column.dtype for column in self.columns}

    def check(self) -> pa.DataFrameSchema:
        """The pandera contract of the table on any Ibis backend."""
        return pa.DataFrameSchema({c.name: c.check() for c in self.columns}, name=self.name, strict=True)

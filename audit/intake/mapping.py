"""``mapping.yml`` as a type: which column of which export fills which column of which table.

Nothing is guessed when a client is loaded: encoding, delimiter, header, decimal mark, date format and
codes all stand here. Every mistake in the file is told at once, each with its place and a suggestion.
"""

from __future__ import annotations

import codecs
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from audit.tables import CANONICAL
from audit.tables.columns import Column

Header = str | int
"""A column of an export: its header text, or its position from 1."""
Scalar = str | int | float | bool
PRIVATE_COLUMNS = {
    "patients": {
        "birth_date": Column("birth_date", "date", "date", "becomes age_years, never stored"),
        "full_name": Column("full_name", "string", "label", "finds test cards and duplicates, never stored"),
    }
}
"""Columns a mapping may name that are used while loading and never stored."""

UNITS: dict[str, dict[str, float]] = {
    "minutes": {"seconds": 1 / 60, "minutes": 1, "hours": 60, "blocks_of_5": 5},
    "number": {"seconds": 1, "minutes": 60, "hours": 3600},
    "currency": {"units": 1, "cents": 0.01, "micros": 1e-6, "thousands": 1000},
    "count": {"units": 1, "thousands": 1000},
    "days": {"days": 1},
    "years": {"years": 1, "months": 1 / 12},
}
"""Units an export may use, by the unit of our column, and what one of them is worth in it."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float | bool) else value


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class HeaderWith(_Strict):
    """The header row is the ``nth`` row that has all of ``contains`` among its cells; it is ``rows`` rows high."""

    contains: tuple[str, ...] = Field(min_length=1)
    nth: int = Field(1, ge=1)
    rows: int = Field(1, ge=1, le=3)


class Level(_Strict):
    """One level of group rows: the text in column ``column`` is carried down into a new column ``name``.

    ``values`` or ``pattern`` (regular expression, whole text) say which group rows are of this level; without them all are.
    """

    name: str
    column: Header = 1
    values: tuple[str, ...] = ()
    pattern: str | None = None


class Groups(_Strict):
    """Rows that are headings of the rows below them: those where ``data_has`` is empty.

    ``levels`` go from the outermost to the innermost.
    """

    data_has: tuple[Header, ...] = Field(min_length=1)
    levels: tuple[Level, ...] = Field(min_length=1)

    @field_validator("data_has", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _as_list(value)


class Totals(_Strict):
    """Rows that add up others: dropped, and ``columns`` of them checked against the rows they add up.

    ``marks`` begin the first filled cell of such a row; ``counts`` is a mark followed by the number of rows.
    ``columns: all`` means every column laid across by ``unpivot``.
    """

    marks: tuple[str, ...] = ("Итого", "Всего", "Total", "Ukupno", "Gesamt")
    columns: tuple[Header, ...] | Literal["all"] = ()
    counts: str | None = None


class Unpivot(_Strict):
    """Months (or others) lie side by side: every column not in ``keep`` becomes a row of its own.

    The header goes into a new column ``names``, the cell into ``values``. ``skip`` are columns left out.
    """

    keep: tuple[Header, ...] = Field(min_length=1)
    names: str = "month"
    values: str = "value"
    skip: tuple[Header, ...] = ()


class Format(_Strict):
    """How a file is written. Text files need ``encoding`` and ``delimiter``; workbooks may need ``sheets``.

    ``each`` is the name of a list inside JSON records: then every item of it is a row.
    """

    encoding: str | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    quote: str | None = '"'
    sheets: tuple[str, ...] | Literal["all"] | None = None
    each: str | None = None
    header: int | tuple[int, ...] | HeaderWith | None = 1
    names: tuple[str, ...] = ()
    ends: Literal["file", "blank"] = "file"
    comment: str | None = None
    decimal: Literal[".", ","] = "."
    empty: tuple[str, ...] = ()
    groups: Groups | None = None
    totals: Totals | None = None
    unpivot: Unpivot | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            known = encoding is None or bool(codecs.lookup(encoding)._is_text_encoding)
        except LookupError:
            known = False
        if not known:
            raise ValueError("unknown encoding; use utf-8, utf-16, cp1251, cp1250, cp1252, koi8-r, iso-8859-2 …")
        return encoding

    @field_validator("sheets", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) and value != "all" else value

    @model_validator(mode="after")
    def _header_or_names(self) -> Self:
        if self.header in (None, 0) and not self.names:
            raise ValueError("a file without header needs names: [first column, second column, …]")
        if self.header not in (None, 0) and self.names:
            raise ValueError("names are for a file without header: set header: 0, or remove names")
        return self

    @property
    def has_header(self) -> bool:
        """Column names stand in the file."""
        return self.header not in (None, 0)


class BySign(_Strict):
    """A code that depends on the sign of a number: ``negative`` below zero, else ``otherwise``."""

    negative: str
    otherwise: str


class Rule(_Strict):
    """Where the values of one of our columns come from, and how their text is read.

    Exactly one of ``from``, ``first_of``, ``const``, ``file_name``. ``codes`` lists, for each of our
    words, theirs; ``words``, for each, words by which a free text is known; ``otherwise`` is taken for what
    is neither. See ``templates/new_client/mapping.yml``.
    """

    from_: tuple[Header, ...] | None = Field(None, alias="from")
    join: str = " "
    first_of: tuple[Header, ...] | None = None
    const: Scalar | None = None
    file_name: str | None = None
    extract: str | None = None
    codes: dict[str, tuple[Scalar, ...]] | None = None
    words: dict[str, tuple[Scalar, ...]] | None = None
    otherwise: str | None = None
    by_sign: BySign | None = None
    format: tuple[str, ...] = ()
    timezone: str | None = None
    day: Literal["same", "month_start", "month_end", "week_end"] = "same"
    not_before: str | None = None
    until: tuple[Header, ...] | None = None
    unit: str | None = None
    multiply: float | None = None
    strip: tuple[str, ...] = ()
    spelling: Literal["as_is", "upper", "plain"] = "as_is"
    if_bad: Literal["set_aside", "empty"] | None = None

    @field_validator("from_", "first_of", "format", "until", "strip", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _as_list(value)

    @field_validator("codes", "words", mode="before")
    @classmethod
    def _codes_listed(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            ("yes" if key else "no") if isinstance(key, bool) else str(key): _as_list(v) for key, v in value.items()
        }

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"from": value}

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [self.from_, self.first_of, self.const, self.file_name]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("give exactly one of from, first_of, const, file_name")
        return self

    @property
    def headers(self) -> tuple[Header, ...]:
        """Columns of the export this rule reads."""
        return (self.from_ or ()) + (self.first_of or ()) + (self.until or ())


class Condition(_Strict):
    """A row is meant for the table when ``column`` is one of ``is``, none of ``is_not``, filled, or has that sign."""

    column: Header
    is_: tuple[Scalar, ...] = Field((), alias="is")
    is_not: tuple[Scalar, ...] = ()
    pattern: str | None = None
    filled: bool | None = None
    sign: Literal["positive", "negative", "not_zero"] | None = None

    @field_validator("is_", "is_not", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _as_list(value)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.is_ and not self.is_not and self.pattern is None and self.filled is None and self.sign is None:
            raise ValueError("give is, is_not, pattern, filled or sign")
        return self


class SameEvent(_Strict):
    """Rows of this source are the same event as a row of an earlier source with equal ``columns`` near in time.

    They fill that row's gaps and are not counted again. ``within_seconds`` bounds the distance.
    """

    columns: tuple[str, ...] = Field(min_length=1)
    within_seconds: int = Field(ge=0, le=86_400)

    @field_validator("columns", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _as_list(value)


class Target(_Strict):
    """One table filled from a source: which rows (``where``), which columns, and what a repeated row means.

    ``one_per``: keep the first row of each value of these of our columns, the rest are repetitions;
    ``prefer``: of those rows the one whose column has the earliest of these values.
    ``test_names``: patients whose full name has one of these words are tests.
    """

    table: str
    where: tuple[Condition, ...] = ()
    columns: dict[str, Rule]
    one_per: tuple[str, ...] = ()
    prefer: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    same_event: SameEvent | None = None
    test_names: tuple[str, ...] = ()

    @field_validator("one_per", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _as_list(value)


class Source(_Strict):
    """One kind of export: its files (patterns below ``raw/``), how they are written, what they fill."""

    name: str
    files: tuple[str, ...] = Field(min_length=1)
    optional: bool = False
    format: Format = Field(default_factory=lambda: Format.model_validate({}))
    notes: dict[str, Scalar] = Field(default_factory=dict)
    fills: tuple[Target, ...] = Field(min_length=1)

    @field_validator("files", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _as_list(value)


class Mapping(_Strict):
    """All sources of a client; ``ignore`` are raw files left unread on purpose."""

    version: Literal[1] = 1
    ignore: tuple[str, ...] = ()
    sources: tuple[Source, ...] = Field(min_length=1)


def missing_columns(target: Target) -> list[Column]:
    """Columns its table must have that the target does not fill; identifiers are numbered when an export has none."""
    return [
        column for column in CANONICAL[target.table].columns
        if column.required and column.name not in target.columns
        and not (column.unit == "id" and column.unique and column.references is None and target.table != "patients")
    ]


def column_of(table: str, name: str) -> Column:
    """Our column, or one used only while loading."""
    return PRIVATE_COLUMNS.get(table, {}).get(name) or CANONICAL[table][name]

"""Values that could not be read and were left empty while their rows stay: how many, the commonest, the line to add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from audit.intake.labels import is_personal, names_of
from audit.intake.mapping import Rule, column_of
from audit.intake.sql import literal
from audit.intake.stage import Staged, identifying_headers

OFTEN = 8
"""A text on fewer rows may be about one person and is not shown."""
MOST_TEXTS, LONGEST = 10, 60
WORDS = ("code", "flag")
"""Rules of values taken from a list: what breaks them is a word that is not listed yet."""
FORMS = ("number", "whole number", "date", "span of time", "pattern")
"""Rules of values written in one form: if many break them, the form was declared wrongly."""
NOT_ALWAYS_THERE = ("age_years", "birth_date", "full_name", "phone_key", "caller_key")
"""Fields of persons that are written in any form; many of them unread are no sign of a wrong mapping."""


@dataclass(frozen=True)
class Unread:
    """Values of one column of ours that broke ``rule`` in one raw table; ``first_row`` is their first physical row.

    ``texts`` are the commonest with their rows, only of lists of words and only what may be shown. ``is_form``: so
    many unread values mean a form declared wrongly.
    """

    label: str
    table: str
    column: str
    header: str
    rule: str
    rows: int
    first_row: int
    texts: tuple[tuple[str, int], ...]
    is_form: bool

    @property
    def line(self) -> str:
        """What to add to ``mapping.yml``; empty when a list of words would not help."""
        if not self.texts:
            return ""
        ours = "yes | no" if self.rule == "flag" else " | ".join(column_of(self.table, self.column).allowed)
        theirs = ", ".join(f'"{text}"' for text, _ in self.texts)
        return f"{self.column}: {{codes: {{{ours}: [{theirs}]}}}}"


def unread(
    connection: duckdb.DuckDBPyConnection, staged: list[Staged], staff: Iterable[str], country: str
) -> list[Unread]:
    """Everything unread, raw table by raw table; rows that are set aside for another reason do not count.

    Texts with the name of one of ``staff`` or of a patient are counted, never shown.
    """
    names = {name.lower() for name in staff}
    if any(item.target.table == "patients" for item in staged):
        names |= names_of(connection)
    return [found for item in staged for found in _of_one(connection, item, names, country)]


def _of_one(connection: duckdb.DuckDBPyConnection, item: Staged, names: set[str], country: str) -> Iterator[Unread]:
    rows = (
        f"SELECT s.row, s.part, unnest(s.emptied) AS what FROM stage_{item.target.table} s WHERE s.origin = {item.source} "
        f"AND s.relation = {literal(item.raw.relation)} AND s.fate IS DISTINCT FROM 'set aside'"
    )
    counted = connection.execute(
        f"SELECT split_part(what, ':', 2), split_part(what, ':', 1), count(*), min(row) FROM ({rows}) GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    for column, rule, count, first in counted:
        how = item.target.columns[column]
        is_form = rule in FORMS and how.if_bad is None and column not in NOT_ALWAYS_THERE
        header = " + ".join(str(header) for header in how.headers)
        texts = _texts(connection, item, how, f"{rule}:{column}", rows, names, country) if rule in WORDS else ()
        yield Unread(item.raw.label, item.target.table, column, header, rule, count, first, texts, is_form)


def _texts(
    connection: duckdb.DuckDBPyConnection, item: Staged, rule: Rule, what: str, rows: str, names: set[str], country: str
) -> tuple[tuple[str, int], ...]:
    """The commonest texts as the export writes them, none that may name a person."""
    places = [int(item.raw.column(header)[1:]) for header in rule.headers]
    if not places or set(places) & set(identifying_headers(item.raw, item.target)):
        return ()
    cells = ", ".join(f"r.x{place}" for place in places)
    found = connection.execute(
        f"SELECT concat_ws(' ', {cells}) AS text, count(*) AS n FROM ({rows}) u JOIN {item.raw.relation} r "
        f"ON r.row = u.row AND r.part = u.part WHERE u.what = ? GROUP BY 1 HAVING n >= {OFTEN} ORDER BY n DESC, text LIMIT {2 * MOST_TEXTS}",
        [what],
    ).fetchall()
    shown = [
        (str(text), int(n)) for text, n in found
        if text and len(text) <= LONGEST and text.isprintable() and '"' not in text and not is_personal(text, names, country)
    ]  # fmt: skip
    return tuple(shown[:MOST_TEXTS])

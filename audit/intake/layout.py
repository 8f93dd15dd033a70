"""From a grid of text to a plain table of records: header, comments, totals, group rows, months across.

Every physical record gets one name (header, blank, comment, repeated header, total, group, record), so
that what was read can be added up again.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass

import duckdb

from audit.config import suggestion
from audit.errors import DataError, Place, Problem
from audit.intake.files import refuse
from audit.intake.grid import Grid, tidied
from audit.intake.mapping import Format, Groups, Header, HeaderWith
from audit.intake.sql import listed, literal, name
from audit.intake.totals import TotalCheck, check_totals


@dataclass(frozen=True)
class RawTable:
    """Records of one file or sheet, in the engine's relation ``relation``.

    It has ``row`` (physical row), ``part`` (which of the columns laid across, else 0), ``damage`` and
    ``x1`` … ``xN``, named by ``headers``. ``kinds`` counts the physical records by what they are.
    """

    relation: str
    file: str
    label: str
    encoding: str
    headers: tuple[str, ...]
    kinds: Counter[str]
    totals: tuple[TotalCheck, ...]

    @property
    def records(self) -> int:
        """Number of records (cells, when months lie across)."""
        return self.kinds["record"]

    def column(self, header: Header) -> str:
        """The engine's column of a header or position; DataError if it is absent or there are two."""
        number = position(self.headers, header, self.label)
        return f"x{number}"


def position(headers: tuple[str, ...], header: Header, file: str) -> int:
    """Number from 1 of the column named or numbered ``header``; DataError if absent or ambiguous."""
    if isinstance(header, int):
        if 1 <= header <= len(headers):
            return header
        raise DataError(
            str(Problem(Place(file), f"has {len(headers)} columns, column {header} is asked", "correct it"))
        )
    wanted = plain_header(header)
    found = [number for number, text in enumerate(headers, start=1) if text == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        way_out = f"name one by position: {' or '.join(map(str, found))}"
        raise DataError(str(Problem(Place(file, None, wanted), f"{len(found)} columns have this header", way_out)))
    way_out = (
        suggestion(wanted, [text for text in headers if text])
        if looks_like_header(headers)
        else "is a header declared?"
    )
    raise DataError(str(Problem(Place(file, None, wanted), "no such column in the header", way_out)))


def looks_like_header(headers: tuple[str, ...]) -> bool:
    """False when the “header” holds digits or @ like a line of data: it may name persons, so it is not repeated."""
    filled = [text for text in headers if text]
    odd = [text for text in filled if sum(c.isdigit() for c in text) > 5 or "@" in text]
    return bool(filled) and not odd


def plain_header(text: str) -> str:
    """A header with Unicode composed and white space made single."""
    return " ".join(unicodedata.normalize("NFC", text).replace("\ufeff", "").split())


def lay_out(connection: duckdb.DuckDBPyConnection, grid: Grid, how: Format, relation: str) -> RawTable:
    """The grid's records as relation ``relation``; DataError if the header is not where it is declared."""
    connection.register("grid", tidied(grid.cells))
    try:
        last, headers = _header(connection, grid, how)
        _classify(connection, grid, how, last, headers)
        counted = connection.execute("SELECT what, count(*)::BIGINT FROM classified GROUP BY what").fetchall()
        kinds = Counter(dict(counted))
        totals = _totals(connection, grid, how, headers)
        headers = _records(connection, grid, how, headers, relation)
        if how.unpivot is not None:
            kinds["record"] = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    finally:
        connection.execute("DROP VIEW IF EXISTS classified; DROP TABLE IF EXISTS kinds")
        connection.unregister("grid")
    return RawTable(relation, grid.file, grid.label, grid.encoding, headers, kinds, totals)


def _header(connection: duckdb.DuckDBPyConnection, grid: Grid, how: Format) -> tuple[int, tuple[str, ...]]:
    """Last header row and the headers, levels joined with “ / ”."""
    if grid.names_itself:
        return 0, _header_cells(connection, grid, [0])
    if not how.has_header:
        return 0, tuple(plain_header(text) for text in how.names)
    if isinstance(how.header, HeaderWith):
        rows = _found_header(connection, grid, how.header)
    else:
        rows = [how.header] if isinstance(how.header, int) else list(how.header or ())
    return rows[-1], _header_cells(connection, grid, rows)


def _found_header(connection: duckdb.DuckDBPyConnection, grid: Grid, header: HeaderWith) -> list[int]:
    cells = ", ".join(f"c{n}" for n in range(1, grid.width + 1)) or "NULL"
    query = f"SELECT row FROM grid WHERE list_has_all([{cells}], {listed(header.contains)}) ORDER BY row"
    found = connection.execute(query).fetchmany(header.nth)
    if len(found) < header.nth:
        wanted = ", ".join(header.contains)
        raise refuse(grid.label, f"no header row with {wanted}", "correct format: header: contains: in mapping.yml")
    first = int(found[-1][0])
    return list(range(first, first + header.rows))


def _header_cells(connection: duckdb.DuckDBPyConnection, grid: Grid, rows: list[int]) -> tuple[str, ...]:
    query = f"SELECT * EXCLUDE (fields, damage) FROM grid WHERE row IN ({', '.join(map(str, rows))}) ORDER BY row"
    found = {
        int(record[0]): [plain_header(cell or "") for cell in record[1:]]
        for record in connection.execute(query).fetchall()
    }
    levels = [found.get(row, [""] * grid.width) for row in rows]
    headers = joined_levels(levels)
    width = max((number for number, text in enumerate(headers, start=1) if text), default=0)
    if not width:
        raise refuse(grid.label, "there is no header", "say where it is under format: header: in mapping.yml", rows[-1])
    return headers[:width]


def joined_levels(levels: list[list[str]]) -> tuple[str, ...]:
    """Headers of several levels as one text each; a merged upper cell covers the columns to its right."""
    *uppers, lowest = levels
    for upper in reversed(uppers):
        filled, carried = [], ""
        for above, below in zip(upper, lowest, strict=True):
            if above:
                carried = above if below else ""
            filled.append(above or (carried if below else ""))
        lowest = [" / ".join(t for t in pair if t) for pair in zip(filled, lowest, strict=True)]
    return tuple(lowest)


def _classify(
    connection: duckdb.DuckDBPyConnection, grid: Grid, how: Format, last: int, headers: tuple[str, ...]
) -> None:
    cells = [f"c{n}" for n in range(1, grid.width + 1)]
    blank = f"coalesce({', '.join(cells)}, NULL) IS NULL" if cells else "true"
    comment = f"coalesce(starts_with(c1, {literal(how.comment)}), false)" if how.comment and cells else "false"
    tests = [f"WHEN row <= {last} THEN 'header'"]
    if how.ends == "blank":
        ending = f"SELECT min(row) FROM grid WHERE row > {last} AND ({blank} OR {comment})"
        tests.append(
            f"WHEN row >= coalesce(({ending}), 9223372036854775807) AND NOT {blank} AND NOT {comment} THEN 'beyond'"
        )
    tests += [f"WHEN {blank} THEN 'blank'", f"WHEN {comment} THEN 'comment'"]
    if how.has_header and len(headers) > 1 and not grid.names_itself:
        same = " AND ".join(f"c{n} IS NOT DISTINCT FROM {literal(t or None)}" for n, t in enumerate(headers, start=1))
        tests.append(f"WHEN {same} THEN 'repeated header'")
    if how.totals is not None:
        tests.append(f"WHEN {_is_total(how, cells)} THEN 'total'")
    if how.groups is not None:
        tests.append(f"WHEN {_is_group(how.groups, headers, grid.label)} THEN 'group'")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE kinds AS SELECT row, CASE {' '.join(tests)} ELSE 'record' END AS what FROM grid"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW classified AS SELECT grid.*, kinds.what FROM grid JOIN kinds ON kinds.row = grid.row"
    )


def _is_total(how: Format, cells: list[str]) -> str:
    assert how.totals is not None
    marks = [*how.totals.marks, *([how.totals.counts] if how.totals.counts else [])]
    first = f"coalesce({', '.join(cells)}, NULL)"
    pattern = r"(?i)^\s*(?:" + "|".join(_escaped(mark) for mark in marks) + r")(?:$|[^\p{L}])"
    return f"coalesce(regexp_matches({first}, {literal(pattern)}), false)"


def _escaped(text: str) -> str:
    return "".join(c if c.isalnum() or c == " " else "\\" + c for c in text)


def _is_group(groups: Groups, headers: tuple[str, ...], file: str) -> str:
    return " AND ".join(f"c{position(headers, header, file)} IS NULL" for header in groups.data_has)


def _totals(
    connection: duckdb.DuckDBPyConnection, grid: Grid, how: Format, headers: tuple[str, ...]
) -> tuple[TotalCheck, ...]:
    if how.totals is None:
        return ()
    wanted = how.totals.columns
    if wanted == "all":
        wanted = _across(how, headers) if how.unpivot is not None else ()
    columns = {str(h): f"c{position(headers, h, grid.label)}" for h in wanted}
    return check_totals(connection, columns, how.decimal, how.totals.counts)


def _across(how: Format, headers: tuple[str, ...]) -> tuple[str, ...]:
    assert how.unpivot is not None
    left = {plain_header(str(header)) for header in (*how.unpivot.keep, *how.unpivot.skip)}
    return tuple(text for text in headers if text and text not in left)


def _records(
    connection: duckdb.DuckDBPyConnection, grid: Grid, how: Format, headers: tuple[str, ...], relation: str
) -> tuple[str, ...]:
    width = len(headers)
    selected = [f"c{n} AS x{n}" if n <= grid.width else f"NULL::VARCHAR AS x{n}" for n in range(1, width + 1)]
    if how.groups is not None:
        for level in how.groups.levels:
            width += 1
            headers = (*headers, plain_header(level.name))
            selected.append(f"g{width} AS x{width}")
    source = _with_groups(how.groups, headers, grid.label) if how.groups is not None else "classified"
    damage = _damage(grid, len(headers) - (len(how.groups.levels) if how.groups else 0))
    connection.execute(
        f"CREATE TABLE {name(relation)} AS SELECT row, 0 AS part, {damage} AS damage, {', '.join(selected)} "
        f"FROM {source} WHERE what = 'record' ORDER BY row"
    )
    return _unpivoted(connection, how, headers, grid.label, relation) if how.unpivot is not None else headers


def _damage(grid: Grid, width: int) -> str:
    """A record of another width than the header is damaged, unless what is too much is empty."""
    if " " in grid.encoding or grid.encoding in ("xlsx", "xls", "xlsm", "xlsb", "ods"):
        return "damage"
    extra = [f"c{n}" for n in range(width + 1, grid.width + 1)]
    too_long = f"coalesce({', '.join(extra)}, NULL) IS NOT NULL" if extra else "false"
    return f"coalesce(damage, CASE WHEN fields < {width} OR {too_long} THEN 'fields:0' END)"


def _with_groups(groups: Groups, headers: tuple[str, ...], file: str) -> str:
    first = len(headers) - len(groups.levels) + 1
    cells = [f"c{position(headers, level.column, file)}" for level in groups.levels]
    tests = []
    for depth, (level, cell) in enumerate(zip(groups.levels, cells, strict=True)):
        test = "true"
        if level.values:
            test = f"list_contains({listed(level.values)}, {cell})"
        elif level.pattern is not None:
            test = f"regexp_full_match({cell}, {literal(level.pattern)})"
        tests.append(f"WHEN {test} THEN {depth}")
    at = "OVER (ORDER BY row ROWS UNBOUNDED PRECEDING)"
    carried, starts = [], []
    for depth, cell in enumerate(cells):
        here = f"CASE WHEN depth = {depth} THEN {cell} END"
        # a new outer heading ends the inner ones
        starts.append(
            f"max(CASE WHEN depth <= {depth} THEN row END) {at} = max(CASE WHEN depth = {depth} THEN row END) {at}"
        )
        carried.append(f"CASE WHEN {starts[-1]} THEN last_value({here} IGNORE NULLS) {at} END AS g{first + depth}")
    leveled = f"SELECT *, CASE WHEN what = 'group' THEN CASE {' '.join(tests)} END END AS depth FROM classified"
    return f"(SELECT *, {', '.join(carried)} FROM ({leveled}))"


def _unpivoted(
    connection: duckdb.DuckDBPyConnection, how: Format, headers: tuple[str, ...], file: str, relation: str
) -> tuple[str, ...]:
    assert how.unpivot is not None
    keep = [position(headers, header, file) for header in how.unpivot.keep]
    keep += [
        n
        for n in range(len(headers) - (len(how.groups.levels) if how.groups else 0) + 1, len(headers) + 1)
        if n not in keep
    ]
    skip = {position(headers, header, file) for header in how.unpivot.skip}
    across = [n for n, text in enumerate(headers, start=1) if n not in keep and n not in skip and text]
    kept = ", ".join(f"x{n} AS x{place}" for place, n in enumerate(keep, start=1))
    end = len(keep)
    parts = [
        f"SELECT row, {n} AS part, damage, {kept}, {literal(headers[n - 1])} AS x{end + 1}, x{n} AS x{end + 2} FROM {relation}"
        for n in across
    ]
    connection.execute(f"CREATE TABLE wide AS {' UNION ALL '.join(parts)} ORDER BY row, part")
    connection.execute(f"DROP TABLE {relation}; ALTER TABLE wide RENAME TO {relation}")
    return (*(headers[n - 1] for n in keep), how.unpivot.names, how.unpivot.values)

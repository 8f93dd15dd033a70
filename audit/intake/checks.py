"""All checks of a load: what was read, the contracts of the tables, and what the tables say of each other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import pandera.errors
from ibis.backends import BaseBackend

from audit.config import ClientConfig
from audit.intake.checked import CheckOutcome, judged
from audit.intake.cross_checks import CROSS_CHECKS
from audit.tables import CANONICAL, DERIVED, TABLES

if TYPE_CHECKING:
    from audit.intake.prepare import Work


def run_checks(target: BaseBackend, work: Work, config: ClientConfig) -> list[CheckOutcome]:
    """Every outcome in a fixed order: of the files, of each table's contract, across tables."""
    for table in CANONICAL:
        if table in work.tables:
            work.connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM stage_{table} WHERE fate IS NULL"
            )
    outcomes = [*_of_files(work), *_of_persons(work), *_contracts(target)]
    tables = set(work.tables)
    for needs, check in CROSS_CHECKS:
        if set(needs) <= tables:
            outcomes += check(work.connection, config)
    return outcomes


def _of_files(work: Work) -> Iterator[CheckOutcome]:
    for table in work.tables:
        rows, aside, twice, after = work.connection.execute(
            "SELECT count(*), count(*) FILTER (fate = 'set aside'), count(*) FILTER (fate = 'duplicate'), "
            f"count(*) FILTER (fate = 'after the period') FROM stage_{table} WHERE file IS NOT NULL"
        ).fetchall()[0]
        if not rows:
            continue
        yield CheckOutcome("rows_set_aside", table, judged(aside / rows, 0, 0.02), aside, aside / rows)
        yield CheckOutcome("rows_repeated", table, judged(twice / rows, 0, 0.05), twice, twice / rows)
        yield from _emptied(work, table, rows)
        if after:
            yield CheckOutcome("rows_after_period", table, "warn", after, after / rows)
    yield from _of_totals(work)
    for name in work.unused:
        yield CheckOutcome("file_not_used", "", "warn", values={"file": name})
    for (table, column), rows in work.masked.items():
        whole = work.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        share = min(1.0, rows / whole) if whole else 0.0
        yield CheckOutcome("personal_label", table, "warn", rows, share, values={"column": column})
    for key, pairs in work.pairs.items():
        table, origin = key.split()
        rows = work.connection.execute(
            f"SELECT count(*) FROM stage_{table} WHERE origin = {origin} AND fate IS DISTINCT FROM 'set aside'"
        ).fetchall()[0][0]
        if rows:
            alone = rows - pairs
            yield CheckOutcome(
                "events_matched", table, judged(alone / rows, 0.05, 0.3), alone, alone / rows, values={"matched": pairs}
            )


def _emptied(work: Work, table: str, rows: int) -> Iterator[CheckOutcome]:
    """Values that could not be read, left empty while their rows are kept, and the words most of them hold."""
    mine = [found for found in work.unread if found.table == table]
    for column, rule in sorted({(found.column, found.rule) for found in mine}):
        alike = [found for found in mine if (found.column, found.rule) == (column, rule)]
        count = sum(found.rows for found in alike)
        values = {"column": column, "rule": rule}
        lines = [found.line for found in alike if found.line]
        if lines:
            values["mapping.yml"] = " | ".join(lines)
        yield CheckOutcome(
            "values_emptied", table, judged(count / rows, 0, 0.2), count, min(count / rows, 1.0), values=values
        )


def _of_totals(work: Work) -> Iterator[CheckOutcome]:
    seen = set()
    for item in work.staged:
        if item.raw.relation in seen or not item.raw.totals:
            continue
        seen.add(item.raw.relation)
        wrong = [check for check in item.raw.totals if not check.agrees]
        money = sum((abs(check.stated - check.summed) for check in wrong), Decimal(0))
        share = len(wrong) / len(item.raw.totals)
        values = {"file": item.raw.label, "totals": len(item.raw.totals)}
        if wrong:
            values |= {"row": wrong[0].row, "column": wrong[0].column}
        yield CheckOutcome(
            "totals_agree",
            item.target.table,
            "fail" if wrong else "pass",
            len(wrong),
            share,
            money if wrong else None,
            values,
        )


def _of_persons(work: Work) -> Iterator[CheckOutcome]:
    if "patients" not in work.tables:
        return
    cards = work.connection.execute("SELECT count(*) FROM stage_patients").fetchall()[0][0] or 1
    found = work.persons
    defaults = sum(found.defaults.values())
    yield CheckOutcome(
        "cards_merged", "patients", judged(found.merged / cards, 0, 0.1), found.merged, found.merged / cards
    )
    yield CheckOutcome("test_patients", "patients", "warn" if found.tests else "pass", found.tests, found.tests / cards)
    values = {"dates": len(found.defaults)} if defaults else {}
    yield CheckOutcome(
        "default_birth_dates", "patients", judged(defaults / cards, 0, 0.2), defaults, defaults / cards, values=values
    )
    ages = found.impossible_ages
    yield CheckOutcome("impossible_ages", "patients", "warn" if ages else "pass", ages, ages / cards)


def _contracts(target: BaseBackend) -> Iterator[CheckOutcome]:
    """Each table against its declared types, bounds and allowed words."""
    have = set(target.list_tables())
    for name in (*CANONICAL, *DERIVED):
        if name not in have:
            continue
        try:
            TABLES[name].check().validate(target.table(name), lazy=True)
        except (pandera.errors.SchemaErrors, pandera.errors.SchemaError) as error:
            yield CheckOutcome("contract", name, "fail", values={"columns": ", ".join(_broken(error))})
        else:
            yield CheckOutcome("contract", name, "pass")


def _broken(error: pandera.errors.SchemaErrors | pandera.errors.SchemaError) -> list[str]:
    """Columns that break their declaration; never the values that do."""
    inner = getattr(error, "schema_errors", [error])
    return sorted({str(getattr(getattr(one, "schema", None), "name", "") or "table") for one in inner})

"""Recognises the export of a known system in a file that was looked at."""

from __future__ import annotations

import re
from typing import Any

from audit.intake.known_export import KnownExport, known_exports
from audit.intake.layout import plain_header
from audit.intake.mapping import Header, Rule, Target, Unpivot, missing_columns
from audit.intake.probe import ColumnProbe, Probe


def recognised(probe: Probe) -> tuple[str, KnownExport] | None:
    """What this file is an export of, and its name; the one with most marks if several fit."""
    fitting = {
        name: len(known.marks.headers) + len(known.marks.values)
        for name, known in known_exports().items() if fits(known, probe) and fills_from(known, probe)
    }
    if not fitting:
        return None
    name = max(sorted(fitting), key=lambda name: fitting[name])
    return name, known_exports()[name]


def fits(known: KnownExport, probe: Probe) -> bool:
    """The file has the marks of the known."""
    marks = known.marks
    if probe.each != marks.each:
        return False
    if marks.columns is not None and (probe.header or len(probe.columns) != marks.columns):
        return False
    return all(_column(probe, header) for header in marks.headers) and all(
        _all_fit(_column(probe, header), pattern) for header, pattern in marks.values.items()
    )


def fills_from(known: KnownExport, probe: Probe) -> list[dict[str, Any]]:
    """What the file can fill: columns it does not have are left out, and tables that cannot do without one of them.

    Nothing if a date is written otherwise than the known export says: the file is of another edition.
    """
    names: list[Header] = list(known.format.get("names") or (column.header for column in probe.columns))
    across = Unpivot.model_validate(known.format["unpivot"]) if "unpivot" in known.format else None
    made = {across.names, across.values} if across else set()
    found = (_from_file(target, {*names, *made} - {""}) for target in known.fills)
    targets = [target for target in found if target is not None]
    dates = (rule for target in targets for rule in map(Rule.model_validate, target["columns"].values()) if rule.format)
    seen = dict(zip(names, probe.columns, strict=False))
    return targets if all(_reads(rule, seen) for rule in dates) else []


def _column(probe: Probe, header: Header) -> ColumnProbe | None:
    if isinstance(header, int):
        return next((column for column in probe.columns if column.position == header), None)
    return next((column for column in probe.columns if column.header == plain_header(header)), None)


def _all_fit(column: ColumnProbe | None, pattern: str) -> bool:
    return column is not None and bool(column.examples) and all(re.fullmatch(pattern, value) for value in column.examples)


def _reads(rule: Rule, columns: dict[Header, ColumnProbe]) -> bool:
    """The dates of a rule of one column look as declared; of several columns, or of months laid across, nothing is known."""
    if len(rule.headers) != 1 or rule.headers[0] not in columns:
        return True
    column = columns[rule.headers[0]]
    if column.kind == "empty" or column.date is None:
        return column.kind == "empty"
    return bool({column.date.format, column.date.other} & set(rule.format))


def _from_file(target: dict[str, Any], names: set[Header]) -> dict[str, Any] | None:
    """The target with the columns the file has; None when it lacks one that is required or that rows are chosen by."""
    if not all(condition["column"] in names for condition in target.get("where", [])):
        return None
    columns = {}
    for ours, rule in target["columns"].items():
        read = Rule.model_validate(rule)
        there = [header for header in read.first_of or () if header in names]
        if there:
            columns[ours] = {**rule, "first_of": there}
        elif not read.first_of and all(header in names for header in read.headers):
            columns[ours] = rule
    found = {**target, "columns": columns}
    return None if missing_columns(Target.model_validate(found)) else found

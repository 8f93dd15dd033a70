"""Reading ``mapping.yml``: every mistake at once, in the words of the file, each with a suggestion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from audit.config import read_yaml, suggestion
from audit.errors import ConfigError, Problem, told
from audit.intake.formats import date_problem
from audit.intake.mapping import (
    PRIVATE_COLUMNS,
    UNITS,
    Condition,
    Format,
    Groups,
    HeaderWith,
    Level,
    Mapping,
    Rule,
    SameEvent,
    Source,
    Target,
    Totals,
    Unpivot,
    column_of,
    missing_columns,
)
from audit.tables import CANONICAL
from audit.tables.columns import Column


def load_mapping(path: Path) -> Mapping:
    """Read ``mapping.yml``; ConfigError tells every mistake at once."""
    if is_empty(path):
        raise ConfigError(f"{path}: says nothing yet → clinic-audit validate {path.parent.name}")
    content = read_yaml(path)
    try:
        mapping = Mapping.model_validate(content)
    except ValidationError as error:
        raise ConfigError(told([_told(item, content, path) for item in error.errors()])) from None
    problems = list(_contradictions(mapping, path))
    if problems:
        raise ConfigError(told(problems))
    return mapping


def is_empty(path: Path) -> bool:
    """There is no mapping yet: no file, or only comments."""
    if not path.is_file():
        return True
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return all(not line.strip() or line.lstrip().startswith("#") for line in lines)


def _told(item: Any, content: dict[str, Any], path: Path) -> Problem:
    where, name = _place(item["loc"], content), str(item["loc"][-1])
    if item["type"] == "extra_forbidden":
        return Problem(f"{path.name}: {where}", f"unknown setting “{name}”", suggestion(name, sorted(_settings())))
    if item["type"] == "missing":
        return Problem(f"{path.name}: {where}", f"“{name}” is missing", "add it")
    return Problem(
        f"{path.name}: {where}", item["msg"].removeprefix("Value error, "), "see templates/new_client/mapping.yml"
    )


def _place(loc: tuple[Any, ...], content: dict[str, Any]) -> str:
    """The place in the words of the file: sources and tables by name, pydantic's own steps left out."""
    words: list[str] = []
    node: Any = content
    for part in loc:
        if isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
            named = node.get("name") or node.get("table") if isinstance(node, dict) else None
            words.append(str(named or part + 1))
        elif isinstance(node, dict) and part in node:
            node = node[part]
            words.append(str(part))
    return " › ".join(word for word in words if word not in ("sources", "fills")) or "the file"


def _settings() -> set[str]:
    models = (Mapping, Source, Target, Format, Rule, Condition, Groups, Level, Totals, Unpivot, HeaderWith, SameEvent)
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def _contradictions(mapping: Mapping, path: Path) -> Iterator[Problem]:
    names = [source.name for source in mapping.sources]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(f"{path.name}: {name}", "two sources have this name", "give each its own name")
    for source in mapping.sources:
        for target in source.fills:
            place = f"{path.name}: {source.name} › {target.table}"
            if target.table not in CANONICAL:
                yield Problem(place, f"no table “{target.table}”", suggestion(target.table, CANONICAL))
                continue
            yield from _of_target(target, place)


def _of_target(target: Target, place: str) -> Iterator[Problem]:
    spec = CANONICAL[target.table]
    private = PRIVATE_COLUMNS.get(target.table, {})
    for name, rule in target.columns.items():
        if name not in spec.names and name not in private:
            yield Problem(f"{place} › {name}", "no such column", suggestion(name, [*spec.names, *private]))
        else:
            yield from _of_rule(column_of(target.table, name), rule, f"{place} › {name}", target)
    for column in missing_columns(target):
        allowed = f" (one of {', '.join(column.allowed)})" if column.allowed else ""
        yield Problem(f"{place} › {column.name}", "required, not mapped", f"give from: or const:{allowed}")
    for name in (*target.one_per, *target.prefer, *(target.same_event.columns if target.same_event else ())):
        if name not in target.columns:
            yield Problem(f"{place} › {name}", "used here but not mapped", "map it under columns")


def _of_rule(column: Column, rule: Rule, place: str, target: Target) -> Iterator[Problem]:
    if column.allowed:
        given = set(rule.codes or ()) | set(rule.words or ()) | {rule.otherwise} - {None}
        given |= {rule.by_sign.negative, rule.by_sign.otherwise} if rule.by_sign else set()
        given |= {str(rule.const)} if rule.const is not None and rule.codes is None else set()
        for word in sorted(str(word) for word in given if word not in column.allowed):
            yield Problem(place, f"“{word}” is not one of our words", f"one of {', '.join(column.allowed)}")
    for word in sorted(w for group in (rule.words or {}).values() for w in map(str, group) if not w.removesuffix("*").strip()):
        yield Problem(place, f"“{word}” would be found in every text", "give at least one letter before *")
    if column.dtype == "boolean" and rule.codes is not None and not set(rule.codes) <= {"yes", "no"}:
        yield Problem(place, "codes of a flag are yes and no", "codes: {yes: […], no: […]}")
    if column.dtype in ("date", "timestamp(6)") and rule.const is None and not rule.format:
        yield Problem(place, "the date format is missing", 'format: iso, excel, unix, or like "%d.%m.%Y %H:%M"')
    for text in rule.format:
        found = date_problem(text)
        if found:
            yield Problem(place, found, 'format: iso, excel, unix, or like "%d.%m.%Y %H:%M"')
    if {"%d/%m/%Y", "%m/%d/%Y"} <= set(rule.format):
        yield Problem(place, "both day/month and month/day are declared", "keep the one the clinic uses")
    units = UNITS.get(column.unit, {})
    if rule.unit is not None and rule.unit not in units:
        yield Problem(place, f"unit “{rule.unit}” does not fit", suggestion(rule.unit, units) if units else "remove it")
    if rule.not_before is not None and rule.not_before not in target.columns:
        yield Problem(place, f"not_before: “{rule.not_before}” is not mapped", "name a date column of this table")

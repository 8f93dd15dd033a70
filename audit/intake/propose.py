"""From probes to a proposed ``mapping.yml``: every guess written down with its confidence, to be read by a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from audit.intake.detect import plain_name
from audit.intake.known_export import KnownExport
from audit.intake.mapping import Rule, column_of
from audit.intake.probe import ColumnProbe, Probe
from audit.intake.recognise import fills_from, recognised
from audit.intake.stage import columns_of
from audit.intake.synonyms import CODES, HEADERS
from audit.intake.values import plain_word
from audit.tables import CANONICAL
from audit.tables.columns import Column

DECIDE = "DECIDE"
"""Stands where a person must choose; a mapping that holds it is refused."""
LEAST_SCORE = 1.8
"""A table is proposed when at least two of its columns are found by their exact names."""
CORE = {"patients": ("patient_id",), "appointments": ("starts_at",), "charges": ("paid",), "enquiries": ("started_at", "caller_key"),
        "ad_spend": ("spend",), "site_traffic": ("sessions",), "expenses": ("amount",), "prices": ("price",), "shifts": ("staff_id", "starts_at"),
        "feedback": ("score",), "events": ("from_day",), "competitors": ("competitor", "price"), "rooms": ("room_id",),
        "population": ("people",), "campaign_members": ("group", "contacted_on"), "plans": ("planned_on", "planned"), "services": ("service_id",), "doctors": ("doctor_id",)}  # fmt: skip
"""Without these a file is not of that table."""


@dataclass(frozen=True)
class Guess:
    """One of our columns and where it may come from: confidence 0–1, what is written, what a person must decide."""

    table: str
    column: str
    confidence: float
    text: str
    decision: str | None = None
    is_repeated: bool = False


@dataclass(frozen=True)
class ProposedTarget:
    """One table a source fills: settings beside its columns (where, one_per …), and where its columns come from."""

    table: str
    guesses: tuple[Guess, ...]
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ProposedSource:
    """Files of one layout and the tables they fill; ``known`` if they are exports of a known system, by its ``known_name``."""

    probes: tuple[Probe, ...]
    targets: tuple[ProposedTarget, ...]
    known: KnownExport | None = None
    known_name: str = ""

    @property
    def name(self) -> str:
        """Name of the source: the first file without its ending, and the part of it."""
        first = self.probes[0]
        stem = first.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        return f"{stem} {first.part}" if first.part and len(self.probes) == 1 else stem

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables it fills."""
        return tuple(dict.fromkeys(target.table for target in self.targets))

    @property
    def guesses(self) -> tuple[Guess, ...]:
        """All guesses, in the order they are written."""
        return tuple(guess for target in self.targets for guess in target.guesses)


def propose(probes: list[Probe]) -> list[ProposedSource]:
    """Group files of one layout and find the tables they fill; files of no table are left to ``ignore``."""
    groups: dict[tuple[object, ...], list[Probe]] = {}
    for probe in probes:
        groups.setdefault((*probe.layout, probe.file if probe.part else "", probe.each), []).append(probe)
    sources = [_source(tuple(group)) for group in groups.values()]
    has_cards = any("patients" in source.tables for source in sources)
    return [source if has_cards else _with_patients(source) for source in sources if source.tables]


def _source(probes: tuple[Probe, ...]) -> ProposedSource:
    found = recognised(probes[0])
    if found is None:
        # items of a list inside records repeat what the records say: only a known export says what they are
        return ProposedSource(probes, () if probes[0].each else tuple(_fills(probes[0])))
    name, known = found
    return ProposedSource(probes, tuple(_known_target(target, probes[0]) for target in fills_from(known, probes[0])), known, name)


def _known_target(target: dict[str, Any], probe: Probe) -> ProposedTarget:
    """A table as the known export fills it; values of a closed column that it does not list are left to a person."""
    settings = {key: value for key, value in target.items() if key not in ("table", "columns")}
    guesses = (_known_guess(target["table"], ours, rule, probe) for ours, rule in target["columns"].items())
    return ProposedTarget(target["table"], tuple(guesses), settings)


def _known_guess(table: str, ours: str, rule: Any, probe: Probe) -> Guess:
    read, column = Rule.model_validate(rule), column_of(table, ours)
    theirs = next((column for column in probe.columns if [column.header] == list(read.headers)), None)
    if theirs is None or not column.allowed or read.codes is None or read.otherwise:
        return Guess(table, ours, 1.0, _inline(rule))
    known = {plain_word(str(word)) for words in read.codes.values() for word in words}
    unknown = [value for value in theirs.values if plain_word(value) not in known]
    if not unknown:
        return Guess(table, ours, 1.0, _inline(rule))
    asked = {**rule, "codes": {**rule["codes"], DECIDE: unknown}}
    return Guess(table, ours, 1.0, _inline(asked), f"which of {', '.join(column.allowed)} are these values?")


def _fills(probe: Probe) -> Iterator[ProposedTarget]:
    matches = {table: _matches(table, probe) for table in CANONICAL if table in HEADERS}
    scores = {
        table: sum(score for score, _ in found.values())
        for table, found in matches.items()
        if all(name in found for name in CORE[table])
    }
    if not scores or max(scores.values()) < LEAST_SCORE:
        return
    # equal scores: the table whose own words are a larger part of it
    main = max(scores, key=lambda table: (round(scores[table], 1), scores[table] / len(CANONICAL[table].columns)))
    wanted = [main]
    if main in ("appointments", "charges") and {"appointments", "charges"} <= set(scores):
        wanted = ["appointments", "charges"]
    if main == "prices" and "services" in scores:
        wanted = ["services", "prices"]
    for table in wanted:
        yield _target(table, matches[table])


def _matches(table: str, probe: Probe) -> dict[str, tuple[float, ColumnProbe]]:
    """The best column of the file for each of ours, each used once, the surest first."""
    found = [
        (_score(column, theirs), column.name, theirs)
        for column in columns_of(table)
        for theirs in probe.columns
        if theirs.kind != "empty" or column.name in HEADERS[table]
    ]
    best: dict[str, tuple[float, ColumnProbe]] = {}
    used: set[int] = set()
    for score, name, theirs in sorted(found, key=lambda item: (-item[0], item[2].position)):
        if score >= 0.5 and name not in best and theirs.position not in used:
            best[name] = (score, theirs)
            used.add(theirs.position)
    return best


def _score(column: Column, theirs: ColumnProbe) -> float:
    """How surely a column of the file is ours: by its name, held against what it holds."""
    table = next((t for t in HEADERS if column in columns_of(t)), "")
    words = HEADERS.get(table, {}).get(column.name, ())
    name, last = plain_name(theirs.header), plain_name(theirs.header.rsplit(" / ", 1)[-1])
    if not name:
        return 0.0
    if last in words or name in words:
        score = 0.97 - 0.01 * min(words.index(last if last in words else name), 10)
    elif any(len(word) > 3 and (f" {word} " in f" {name} ") for word in words):
        score = 0.7
    else:
        return 0.0
    return score if _fits(column, theirs) else score * 0.4


def _fits(column: Column, theirs: ColumnProbe) -> bool:
    if theirs.kind == "empty":
        return True
    if column.dtype in ("date", "timestamp(6)"):
        return theirs.kind == "date"
    if column.dtype in ("float64", "int64", "decimal(18, 2)"):
        return theirs.kind == "number" or (theirs.kind == "date" and column.unit == "minutes")
    if column.dtype == "boolean":
        return 0 < theirs.distinct <= 8
    if column.name in ("phone_key", "caller_key"):
        return theirs.kind in ("phone", "number", "text")
    if column.allowed:
        return 0 < theirs.distinct <= 30
    return theirs.kind != "date"


def _target(table: str, found: dict[str, tuple[float, ColumnProbe]]) -> ProposedTarget:
    guesses = tuple(_guesses(table, found))
    keys = [guess.column for guess in guesses if guess.is_repeated and guess.column in CANONICAL[table].key]
    return ProposedTarget(table, guesses, {"one_per": keys[0]} if keys else {})


def _guesses(table: str, found: dict[str, tuple[float, ColumnProbe]]) -> Iterator[Guess]:
    for column in columns_of(table):
        if column.name in found:
            score, theirs = found[column.name]
            yield _guess(table, column, score, theirs)
        elif column.name == "to_day" and "from_day" in found:
            yield _guess(table, column, found["from_day"][0], found["from_day"][1])
        elif column.required and not (column.unique and column.unit == "id" and table != "patients"):
            yield _missing(table, column, found)


def _guess(table: str, column: Column, score: float, theirs: ColumnProbe) -> Guess:
    rule: dict[str, object] = {"from": theirs.header if theirs.header else theirs.position}
    decision = None
    if column.dtype in ("date", "timestamp(6)"):
        rule["format"], decision = _date_format(theirs)
    if column.allowed:
        rule["codes"], decision = _codes(table, column, theirs)
    if theirs.strip:
        rule["strip"] = [theirs.strip]
    if score < 0.5:
        decision = decision or f"“{theirs.header}” by its name, but it holds {theirs.kind}s"
    text = _inline(rule["from"] if len(rule) == 1 else rule)
    return Guess(table, column.name, score, text, decision, theirs.is_repeated)


def _date_format(theirs: ColumnProbe) -> tuple[str, str | None]:
    if theirs.date is None:
        return DECIDE, 'no date format fits: give it, like "%d.%m.%Y %H:%M"'
    if theirs.date.other:
        readings = " or ".join(_reading(form) for form in (theirs.date.format, theirs.date.other))
        example = theirs.examples[0] if theirs.examples else ""
        return DECIDE, f'{example}: {readings}? format: "{theirs.date.format}" or "{theirs.date.other}"'
    return theirs.date.format, None


def _reading(form: str) -> str:
    return "day first" if form.index("%d") < form.index("%m") else "month first"


def _codes(table: str, column: Column, theirs: ColumnProbe) -> tuple[dict[str, list[str]], str | None]:
    """Our words for their values, as far as they are known; the rest is a decision."""
    known = CODES.get(f"{table}.{column.name}") or CODES.get(column.name, {})
    words = {plain_word(word): ours for ours, group in known.items() for word in group}
    words |= {value: value for value in column.allowed}
    codes: dict[str, list[str]] = {}
    unknown = []
    for value in theirs.values:
        ours = words.get(plain_word(value))
        if ours is None:
            unknown.append(value)
        else:
            codes.setdefault(ours, []).append(value)
    if not unknown:
        return codes, None
    if column.name == "status" and set(theirs.values) == {"0", "1"}:
        return {"completed": ["1"], "no_show": ["0"]}, "1 read as came, 0 as did not: compare with payments"
    codes[DECIDE] = unknown
    return codes, f"which of {', '.join(column.allowed)} are these values?"


def _missing(table: str, column: Column, found: dict[str, tuple[float, ColumnProbe]]) -> Guess:
    if column.allowed:
        usual = {
            "kind": {"appointments": "outpatient", "charges": "sale", "enquiries": "call"}.get(table),
            "direction": "in",
            "source": "survey",
        }
        word = usual.get(column.name)
        allowed = " | ".join(column.allowed)
        if table == "charges" and column.name == "kind" and "paid" in found:
            rule = {"from": found["paid"][1].header, "by_sign": {"negative": "refund", "otherwise": "sale"}}
            return Guess(table, column.name, 0.6, _inline(rule))
        return Guess(
            table,
            column.name,
            0.5 if word else 0.0,
            _inline({"const": word or DECIDE}),
            None if word else f"one of {allowed}",
        )
    return Guess(table, column.name, 0.0, DECIDE, f"not found: {column.meaning}")


def _with_patients(source: ProposedSource) -> ProposedSource:
    """Without a card index the patients are those the appointments name."""
    if "appointments" not in source.tables:
        return source
    patients = _target("patients", _matches("patients", source.probes[0]))
    return replace(source, targets=(patients, *source.targets))


def _inline(value: object) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def as_yaml(sources: list[ProposedSource], ignored: list[str]) -> str:
    """The proposal as text: allowed words and confidence beside each line, ``DECIDE`` where a person must choose."""
    lines = [
        "# Proposed by “clinic-audit validate”: read it, correct it, validate again.",
        "# The number is how sure the proposal is. Lines marked DECIDE need you; nothing is loaded before.",
        "# Every setting is explained in templates/new_client/mapping.yml.",
        "version: 1",
    ]
    if ignored:
        lines += ["ignore:", *(f"  - {_inline(name)}" for name in ignored)]
    lines.append("sources:")
    for source in sources:
        lines += _source_lines(source)
    return "\n".join(lines) + "\n"


def _source_lines(source: ProposedSource) -> Iterator[str]:
    first = source.probes[0]
    yield f"  - name: {_inline(source.name)}"
    yield f"    files: {_inline(list(dict.fromkeys(probe.file for probe in source.probes)))}"
    doubt = "" if first.certainty >= 0.8 else f"  # the encoding is {first.certainty:.0%} sure: look at the words"
    if first.group_key is not None:
        doubt += "  # headings among the rows: several levels? give each a name and values or a pattern"
    yield f"    format: {_inline(_format(source))}{doubt}"
    if source.known is not None and source.known.notes:
        yield f"    notes: {_inline(source.known.notes)}"
    yield f"    fills:{_origin(source)}"
    for target in source.targets:
        yield f"      - table: {target.table}"
        yield from (f"        {key}: {_inline(value)}" for key, value in target.settings.items())
        yield "        columns:"
        yield from (f"          {guess.column}: {guess.text}{_told(guess, source.known)}" for guess in target.guesses)


def _origin(source: ProposedSource) -> str:
    if source.known is None:
        return ""
    doubt = "; its column names are assumed: compare the first rows" if source.known.known_by == "assumed" else ""
    return f"  # {source.known_name}: {source.known.title}{doubt}"


def _told(guess: Guess, known: KnownExport | None) -> str:
    """How sure a line is, or what it asks; nothing where the export is known."""
    if guess.decision is None and known is not None:
        return ""
    words = column_of(guess.table, guess.column).allowed
    told = f"{DECIDE}: {guess.decision}" if guess.decision else f"{guess.confidence:.0%}"
    return f"  # {told}" + (f"; one of {', '.join(words)}" if words else "")


def _format(source: ProposedSource) -> dict[str, object]:
    probe = source.probes[0]
    facts: dict[str, object] = {}
    if probe.is_text:
        facts |= {"encoding": probe.encoding, "delimiter": probe.delimiter}
    if probe.sheet:
        facts["sheets"] = [one.sheet for one in source.probes]
    if probe.each:
        facts["each"] = probe.each
    if not probe.header:
        facts |= {"header": 0, "names": [f"column {column.position}" for column in probe.columns]}
    elif probe.header != (1,) and probe.header != (0,):
        facts["header"] = probe.header[0] if len(probe.header) == 1 else list(probe.header)
    if probe.decimal != ".":
        facts["decimal"] = probe.decimal
    if probe.comment:
        facts["comment"] = probe.comment
    if probe.ends_blank:
        facts["ends"] = "blank"
    if probe.group_key is not None:
        facts["groups"] = {"data_has": probe.group_key, "levels": [{"name": probe.columns[0].header, "column": 1}]}
    if probe.total_marks:
        facts["totals"] = {"marks": list(probe.total_marks)}
    return facts | (source.known.format if source.known is not None else {})

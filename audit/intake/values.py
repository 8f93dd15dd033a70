"""Text to the values of one of our columns: SQL of the value and of the rule it breaks, from its rule.

Nothing is coerced: a text that is not wholly what is declared breaks a rule. A column the row cannot do without sets
the row aside; any other becomes empty, and is counted.
"""

from __future__ import annotations

from audit.intake.dates import moment, settled_moment, shifted
from audit.intake.mapping import UNITS, Condition, Format, Rule, Scalar
from audit.intake.numbers import Cast, not_a_number, number
from audit.intake.sql import listed, literal
from audit.tables.columns import Column

YES = ("true", "yes", "1", "да", "истина", "da", "ja", "y", "д", "+", "истинно")
NO = ("false", "no", "0", "нет", "ложь", "ne", "nein", "n", "н", "-")
CUT_ID = r"[0-9][.,][0-9]{1,8}[eE]\+[0-9]{2}"
"""A long number that a spreadsheet has cut to a few digits; ids in it are lost."""
ARROW = " → "


def filled(cell: str, empty: tuple[str, ...] = ()) -> str:
    """A tidy cell without the texts an export writes for “nothing”."""
    return f"CASE WHEN NOT list_contains({listed(empty)}, {cell}) THEN {cell} END" if empty else cell


def same_word(text: str) -> str:
    """A text as it is compared with a code: case and ё do not matter."""
    return f"replace(lower({text}), 'ё', 'е')"


def plain_word(value: object) -> str:
    """A code of the mapping as it is compared (Python twin of ``same_word``)."""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return " ".join(text.split()).lower().replace("ё", "е")


def settled(column: Column, value: str, bad: str) -> str:
    """The rule a cast value breaks, also against what the column may be: its bounds, and being missing (SQL)."""
    reasons = [bad, *_bounds(column, value)]
    if column.required:
        reasons.append(f"CASE WHEN {value} IS NULL THEN 'required' END")
    return f"coalesce({', '.join(reasons)}, NULL)"


def is_softened(column: Column, rule: Rule) -> bool:
    """A value that breaks a rule becomes empty, and is counted: an odd tag is no reason to lose a call and its money."""
    return not column.required and rule.if_bad != "set_aside"


def parsed(column: Column, rule: Rule, text: str, how: Format, timezone: str) -> str:
    """SQL of the first step for a number or a date: the bare value, NULL if the text is none.

    A step of its own keeps the patterns from being repeated in every later expression.
    """
    if rule.until is not None or _is_coded(column, rule):
        return "NULL"
    if rule.by_sign is not None:
        return number(text, how.decimal)
    if column.dtype in ("date", "timestamp(6)"):
        return moment(text, rule.format or ("iso",), rule.timezone or timezone)
    if column.dtype in ("string", "boolean"):
        return "NULL"
    return number(_stripped(rule, text), how.decimal)


def cast(column: Column, rule: Rule, text: str, value: str, timezone: str) -> Cast:
    """The value of ``column`` from the clean text ``text`` and its parsed ``value`` (SQL), and the rule it breaks."""
    if rule.until is not None:
        return _span(column, rule, text, timezone)
    if rule.by_sign is not None:
        word = f"CASE WHEN {value} < 0 THEN {literal(rule.by_sign.negative)} WHEN {value} >= 0 THEN {literal(rule.by_sign.otherwise)} END"
        return Cast(word, not_a_number(text, value))
    if _is_coded(column, rule):
        return _code(column, rule, text)
    if column.dtype == "boolean":
        return _flag(text)
    if column.dtype in ("date", "timestamp(6)"):
        made = settled_moment(text, value, epoch_is_empty=column.name != "birth_date")
        moved = shifted(made.value, rule.day)
        return Cast(f"({moved})::{'DATE' if column.dtype == 'date' else 'TIMESTAMP'}", made.bad)
    if column.dtype == "string":
        return Cast(_spelled(rule, text), _label_bad(column, text))
    return _number(column, rule, text, value)


def _is_coded(column: Column, rule: Rule) -> bool:
    """Its values are words of a list."""
    return rule.by_sign is None and bool(rule.codes is not None or rule.words is not None or column.allowed)


def _span(column: Column, rule: Rule, text: str, timezone: str) -> Cast:
    """The time between two clock times or moments written as “start → end”; a clock past midnight counts on."""
    start, end = f"split_part({text}, {literal(ARROW)}, 1)", f"split_part({text}, {literal(ARROW)}, 2)"
    per = {"minutes": 60, "hours": 3600}.get(column.unit, 1)
    if rule.format:
        both = [moment(part, rule.format, timezone) for part in (start, end)]
        value = f"(epoch({both[1]}) - epoch({both[0]})) / {per}"
    else:
        clock = "'[0-9]{1,2}:[0-5][0-9](:[0-5][0-9])?'"
        minute = "(split_part({0}, ':', 1)::DOUBLE * 60 + split_part({0}, ':', 2)::DOUBLE)"
        apart = f"(({minute.format(end)} - {minute.format(start)} + 1440)::BIGINT % 1440)::DOUBLE * 60 / {per}"
        value = f"CASE WHEN regexp_full_match({start}, {clock}) AND regexp_full_match({end}, {clock}) THEN {apart} END"
    return Cast(value, f"CASE WHEN {text} IS NOT NULL AND ({value}) IS NULL THEN 'span of time' END")


def _number(column: Column, rule: Rule, text: str, value: str) -> Cast:
    bad, factor = not_a_number(text, value), _factor(column, rule)
    if column.unit in ("minutes", "hours") or column.name.endswith("_seconds"):
        return _duration(column, text, value, bad, factor)
    if column.dtype == "decimal(18, 2)":
        scaled = value if factor == 1 else f"{value} * {factor:.9f}::DECIMAL(20, 9)"
        exact = f"try_cast(round({scaled}, 2) AS DECIMAL(18, 2))"
        return Cast(exact, f"coalesce({bad}, CASE WHEN {value} IS NOT NULL AND {exact} IS NULL THEN 'number' END)")
    if column.dtype == "int64":
        whole = f"CASE WHEN {value} = round({value}) THEN try_cast({value} * {factor!r} AS BIGINT) END"
        return Cast(
            whole, f"coalesce({bad}, CASE WHEN {value} IS NOT NULL AND {whole} IS NULL THEN 'whole number' END)"
        )
    return Cast(f"({value}::DOUBLE * {factor!r})", bad)


def _duration(column: Column, text: str, value: str, bad: str, factor: float) -> Cast:
    """A span of time as a number in its unit, or as a clock: 1:05:00."""
    clock = rf"regexp_full_match({text}, '[0-9]{{1,4}}:[0-5][0-9](:[0-5][0-9])?')"
    seconds = (
        f"(split_part({text}, ':', 1)::BIGINT * 3600 + split_part({text}, ':', 2)::BIGINT * 60 "
        f"+ coalesce(nullif(split_part({text}, ':', 3), ''), '0')::BIGINT)"
    )
    per = {"minutes": 60, "hours": 3600}.get(column.unit, 1)
    made = f"CASE WHEN {clock} THEN {seconds}::DOUBLE / {per} ELSE {value}::DOUBLE * {factor!r} END"
    if column.dtype == "int64":
        made = f"try_cast({made} AS BIGINT)"
    return Cast(made, f"CASE WHEN NOT coalesce({clock}, false) THEN {bad} END")


def _factor(column: Column, rule: Rule) -> float:
    return (UNITS.get(column.unit, {}).get(rule.unit or "", 1) if rule.unit else 1) * (rule.multiply or 1)


def _stripped(rule: Rule, text: str) -> str:
    if not rule.strip:
        return text
    words = "|".join(
        "".join(c if c.isalnum() else "\\" + c for c in word) for word in sorted(rule.strip, key=len, reverse=True)
    )
    return f"trim(regexp_replace({text}, {literal(f'(?i)^(?:{words})|(?:{words})$')}, '', 'g'))"


def _spelled(rule: Rule, text: str) -> str:
    text = _stripped(rule, text)
    if rule.spelling == "plain":
        return f"upper(strip_accents({text}))"
    return f"upper({text})" if rule.spelling == "upper" else text


def _label_bad(column: Column, text: str) -> str:
    if column.unit != "id" and column.references is None:
        return "NULL"
    return f"CASE WHEN regexp_full_match({text}, {literal(CUT_ID)}) THEN 'cut number' END"


def _flag(text: str) -> Cast:
    word = same_word(text)
    value = f"CASE WHEN list_contains({listed(YES)}, {word}) THEN true WHEN list_contains({listed(NO)}, {word}) THEN false END"
    return Cast(value, f"CASE WHEN {text} IS NOT NULL AND ({value}) IS NULL THEN 'flag' END")


def _code(column: Column, rule: Rule, text: str) -> Cast:
    """Theirs to ours. A closed column refuses unknown words; an open one keeps them as they are."""
    word = same_word(text)
    codes = rule.codes if rule.codes is not None else {value: (value,) for value in column.allowed}
    tests = [
        f"WHEN list_contains({listed([plain_word(v) for v in theirs])}, {word}) THEN {literal(ours)}"
        for ours, theirs in codes.items()
        if theirs
    ]
    hits = {ours: _has_a_word(word, theirs) for ours, theirs in (rule.words or {}).items() if theirs}
    if hits:
        # a text with the words of two codes says neither
        alone = f"({' + '.join(f'{hit}::INTEGER' for hit in hits.values())}) = 1"
        tests += [f"WHEN {hit} AND {alone} THEN {literal(ours)}" for ours, hit in hits.items()]
    is_empty = [ours for ours, theirs in codes.items() if "" in [plain_word(v) for v in theirs]]
    if is_empty:
        tests.insert(0, f"WHEN {text} IS NULL THEN {literal(is_empty[0])}")
    if rule.otherwise is not None:
        tests.append(f"WHEN {text} IS NOT NULL THEN {literal(rule.otherwise)}")
    closed = bool(column.allowed) or column.dtype != "string"
    value = f"CASE {' '.join(tests)} {'' if closed else f'ELSE {_spelled(rule, text)}'} END" if tests else "NULL"
    bad = f"CASE WHEN {text} IS NOT NULL AND ({value}) IS NULL THEN 'code' END" if closed else "NULL"
    if column.dtype == "boolean":
        return Cast(f"CASE {value} WHEN 'yes' THEN true WHEN 'no' THEN false END", bad)
    if column.dtype != "string":
        return Cast(f"try_cast({value} AS {column.dtype})", bad)
    return Cast(value, bad)


def _has_a_word(text: str, words: tuple[Scalar, ...]) -> str:
    """Whether one of ``words`` stands in ``text`` as a whole word or phrase; ``дорог*`` is any word that begins so (SQL)."""
    forms = []
    for word in map(plain_word, words):
        stem = "".join(c if c.isalnum() else " +" if c == " " else "\\" + c for c in word.removesuffix("*"))
        forms.append(stem + (r"[\p{L}\p{N}]*" if word.endswith("*") else ""))
    edge = r"[^\p{L}\p{N}]"
    pattern = f"(?:^|{edge})(?:{'|'.join(forms)})(?:{edge}|$)"
    return f"coalesce(regexp_matches({text}, {literal(pattern)}), false)"


def _bounds(column: Column, value: str) -> list[str]:
    tests = []
    if column.least is not None:
        tests.append(f"CASE WHEN ({value}) < {column.least} THEN 'too small' END")
    if column.most is not None:
        tests.append(f"CASE WHEN ({value}) > {column.most} THEN 'too large' END")
    return tests


def condition(test: Condition, text: str, how: Format) -> str:
    """A row filter as SQL that is true or false, never NULL."""
    word = same_word(text)
    parts = []
    if test.is_:
        parts.append(f"list_contains({listed([plain_word(v) for v in test.is_])}, {word})")
    if test.is_not:
        parts.append(f"NOT coalesce(list_contains({listed([plain_word(v) for v in test.is_not])}, {word}), false)")
    if test.pattern is not None:
        parts.append(f"regexp_full_match({text}, {literal(test.pattern)})")
    if test.filled is not None:
        parts.append(f"({text}) IS {'NOT ' if test.filled else ''}NULL")
    if test.sign is not None:
        sign = {"positive": "> 0", "negative": "< 0", "not_zero": "<> 0"}[test.sign]
        parts.append(f"{number(text, how.decimal)} {sign}")
    return " AND ".join(f"coalesce({part}, false)" for part in parts)

"""Date formats as declared in ``mapping.yml``: the pattern a whole text must match, the words for months."""

from __future__ import annotations

import re

SPECIAL = ("iso", "excel", "unix", "unix_ms")
PARTS = {
    "%d": "[0-9]{1,2}",
    "%m": "[0-9]{1,2}",
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
    "%H": "[0-9]{1,2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
}
ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?)?"
ISO_WITH_OFFSET = ISO + r" ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)"

# The first letters decide: genitive, nominative and abbreviations of en, ru and hr share them.
MONTH_STEMS: dict[str, int] = {
    **dict.fromkeys(("jan", "янв", "sij"), 1),
    **dict.fromkeys(("feb", "фев", "velj"), 2),
    **dict.fromkeys(("mar", "мар", "ožu"), 3),
    **dict.fromkeys(("apr", "апр", "tra"), 4),
    **dict.fromkeys(("may", "май", "мая", "svi"), 5),
    **dict.fromkeys(("jun", "июн", "lip"), 6),
    **dict.fromkeys(("jul", "июл", "srp"), 7),
    **dict.fromkeys(("aug", "авг", "kol"), 8),
    **dict.fromkeys(("sep", "сен", "ruj"), 9),
    **dict.fromkeys(("oct", "окт", "lis"), 10),
    **dict.fromkeys(("nov", "ноя", "stu"), 11),
    **dict.fromkeys(("dec", "дек", "pro"), 12),
}


def date_problem(text: str) -> str | None:
    """What is wrong with a declared date format, or None."""
    if text in SPECIAL:
        return None
    parts = re.findall(r"%.", text)
    unknown = [part for part in parts if part not in PARTS and part != "%B"]
    if unknown:
        return f"date format “{text}”: {', '.join(unknown)} is not known"
    have = {part.lower() if part != "%M" else part for part in parts}
    if "%y" not in have or not have & {"%m", "%b"}:
        return f"date format “{text}” has no year or no month"
    return None


def date_pattern(text: str) -> str:
    """The regular expression (RE2) a whole date text must match under ``text``."""
    pieces = re.split(r"(%.)", text)
    return "".join(PARTS.get(piece) or re.escape(piece).replace(r"\ ", " ") for piece in pieces if piece)

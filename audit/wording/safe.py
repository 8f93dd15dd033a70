"""Text that comes from data, made harmless before it is printed anywhere.

Markup is escaped by the template engine; here is what escaping does not see: control characters,
direction overrides that make text read backwards, over-long cells and names unfit for a file.
"""

from __future__ import annotations

import re
import unicodedata

CELL_LIMIT = 32_767
"""Characters an Excel cell can hold."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_DIRECTION = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
_INVISIBLE = {*"\u200b\u2060\ufeff"}
_MOST_MARKS = 4


def clean(text: str) -> str:
    """``text`` with control characters and direction overrides made visible and invisible ones removed."""
    out: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if character in "\t\n\r\u2028\u2029":
            out.append(" ")
        elif unicodedata.category(character) in ("Cc", "Cs") or character in _DIRECTION:
            out.append(REPLACEMENT)
        elif character not in _INVISIBLE and marks <= _MOST_MARKS:
            out.append(character)
    return "".join(out)


def cell(text: str) -> str:
    """``text`` as an Excel cell can hold it; a cut is marked."""
    text = clean(text)
    return text if len(text) <= CELL_LIMIT else text[: CELL_LIMIT - 1] + "…"


def slug(text: str) -> str:
    """``text`` as an anchor or file name: lower-case letters, digits and hyphens, at most 40."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "item"

"""Text to numbers in the engine, by full-match patterns: every form a clinic writes, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from audit.intake.sql import literal

CURRENCY = r"(?:₽|руб\.?|р\.|р|rub|rur|€|eur|\$|usd|£|gbp|kn|hrk|%)"
DASHES = "‐‑‒–—−-"  # the hyphen last: inside a bracket it would span a range
GAP = "[ \u00a0\u2007\u2009\u202f'’]"


@dataclass(frozen=True)
class Cast:
    """SQL of a value and of the rule it breaks (NULL when none)."""

    value: str
    bad: str


def number(text: str, decimal: str, dtype: str = "DECIMAL(38, 6)") -> str:
    """SQL of ``text`` (NULL = empty) as a number written with ``decimal``; NULL if it is none.

    Accepted: sign or brackets or a trailing minus, thousands in groups of three (blank, apostrophe or the
    other mark), a currency before or after. Refused: exponents, digits of other scripts, anything else.
    """
    pattern = literal(f"(?i)^(?:{_signed(decimal)}|{_bracketed(decimal)})$")
    core = f"concat(regexp_extract({text}, {pattern}, 1), regexp_extract({text}, {pattern}, 2))"
    digits = f"regexp_replace({core}, {literal(f'[^0-9{decimal}]')}, '', 'g')"
    if decimal == ",":
        digits = f"replace({digits}, ',', '.')"
    negative = f"regexp_matches({text}, {literal(f'^[^0-9]*[({DASHES}]|[{DASHES}]$')})"
    return f"(try_cast({digits} AS {dtype}) * CASE WHEN {negative} THEN -1 ELSE 1 END)"


def not_a_number(text: str, value: str) -> str:
    """SQL of the rule a text breaks whose ``value`` is NULL; dashes alone mean empty."""
    is_dash = f"regexp_full_match({text}, {literal(f'[{DASHES}]{{1,3}}')})"
    return f"CASE WHEN {value} IS NULL AND {text} IS NOT NULL AND NOT {is_dash} THEN 'number' END"


def _core(decimal: str) -> str:
    other, mark = (r"\.", ",") if decimal == "," else (",", r"\.")
    whole = rf"[0-9]{{1,3}}(?:{GAP}[0-9]{{3}})+|[0-9]{{1,3}}(?:{other}[0-9]{{3}})+|[0-9]+"
    return rf"((?:{whole})(?:{mark}[0-9]*)?|{mark}[0-9]+)"


def _signed(decimal: str) -> str:
    return rf"[+{DASHES}]? ?(?:{CURRENCY} ?)?[+{DASHES}]?{_core(decimal)}(?: ?{CURRENCY})?(?: ?[{DASHES}])?"


def _bracketed(decimal: str) -> str:
    return rf"\( ?(?:{CURRENCY} ?)?{_core(decimal)}(?: ?{CURRENCY})? ?\)(?: ?{CURRENCY})?"

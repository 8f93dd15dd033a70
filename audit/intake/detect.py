"""Detection for ``validate`` only: encoding, delimiter, header, decimal mark, dates. A load never calls it."""

from __future__ import annotations

import codecs
import csv
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.intake.files import RawFile
from audit.intake.formats import MONTH_STEMS
from audit.intake.text import MARKS

SAMPLE_BYTES = 2_000_000
CANDIDATES = ("cp1251", "cp1250", "koi8-r", "cp866", "mac_cyrillic", "cp1252")
COMMON = set("оеаинтсрвлкмдпу")
DELIMITERS = (";", ",", "\t", "|")


def detect_encoding(file: RawFile) -> tuple[str, float]:
    """The encoding of a text file and how sure that is (0–1): by its mark, by UTF-8's own rules, else by its letters."""
    with file.path.open("rb") as opened:
        data = opened.read(SAMPLE_BYTES)
    for mark, name in MARKS.items():
        if data.startswith(mark):
            return name, 1.0
    for name, high in (("utf-16-le", data[1:2000:2]), ("utf-16-be", data[0:2000:2])):
        # the high bytes of Latin, Croatian and Cyrillic letters
        if len(high) > 3 and sum(high.count(code) for code in (0, 1, 4)) > 0.9 * len(high):
            return name, 0.9
    odd = [line for line in data.splitlines()[:-1] or [data] if not line.isascii()]
    if not odd:
        return "utf-8", 1.0
    broken = sum(_breaks_utf8(line) for line in odd)
    if broken <= len(odd) * 0.02:
        return "utf-8", 1.0 if not broken else 0.9
    scored = sorted(((_plausibility(b"\n".join(odd[:2000]), name), name) for name in CANDIDATES), reverse=True)
    lead = scored[0][0] - scored[1][0]
    return scored[0][1], min(0.95, 0.6 + lead)


def _breaks_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _plausibility(data: bytes, encoding: str) -> float:
    """Share of words that look written by a person in that encoding."""
    text = codecs.decode(data, encoding, "replace")
    words = [word for word in re.findall(r"\w+", text) if any(ord(c) > 127 for c in word)]
    strange = sum(1 for c in text if ord(c) > 127 and not c.isalpha() and c not in "«»–—№₽€“”’…\u00a0°±§")
    if not words:
        return -1.0
    good = sum(_is_word(word) for word in words)
    frequent = sum(1 for word in words for c in word.lower() if c in COMMON)
    letters = sum(1 for word in words for c in word if "а" <= c.lower() <= "я") or 1
    accents = [c for word in words for c in word if "\x7f" < c < "ɐ"]
    croatian = sum(c in "čćžšđČĆŽŠĐ" for c in accents) / (len(accents) or 1)
    return good / len(words) + 0.3 * frequent / letters + 0.3 * croatian - strange / len(words)


def _is_word(word: str) -> bool:
    cyrillic = sum("Ѐ" <= c <= "ӿ" for c in word)
    latin = sum(c.isalpha() and c < "ɐ" for c in word)
    one_script = not (cyrillic and latin)
    cased = word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())
    accents = sum(ord(c) > 127 for c in word) if latin else 0
    return one_script and cased and accents <= max(1, len(word) // 2)


def detect_delimiter(lines: Sequence[str]) -> str | None:
    """The delimiter that gives most lines the same number of fields, more than one; None if there is none."""
    best: tuple[float, str] | None = None
    for delimiter in DELIMITERS:
        counts = [len(record) for record in csv.reader(lines, delimiter=delimiter) if record]
        if not counts:
            continue
        width, times = max(Counter(counts).items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        if width > 1:
            score = times / len(counts) + min(width, 30) / 100
            best = max(best or (0.0, ""), (score, delimiter))
    return best[1] if best else None


NUMBER = re.compile(
    r"^[-−–(]?\s?(?:\d{1,3}(?:[\s\u00a0\u202f'.,]\d{3})+|\d+)(?:[.,]\d+)?\)?\s?(?:₽|руб\.?|р\.|€|%|kn)?-?$"
)


def is_value(cell: str) -> bool:
    """A number, date, clock time or flag rather than the words of a header."""
    return bool(NUMBER.match(cell)) or bool(re.match(r"^\d{1,4}[./-]\d{1,2}([./-]\d{1,4})?\b", cell)) or "@" in cell


def detect_header(rows: Sequence[tuple[int, Sequence[str]]], known: Iterable[str]) -> tuple[int, ...]:
    """Physical rows of the header (one or two levels) among the first 40 rows; empty when there is none."""
    names = set(known)
    best: tuple[float, int] | None = None
    width = statistics.median([len([c for c in cells if c]) for _, cells in rows] or [0])
    for index, (_, cells) in enumerate(rows[:40]):
        filled = [cell for cell in cells if cell]
        if len(filled) < max(2, width * 0.5) and not (len(filled) == 1 == width):
            continue
        values = sum(is_value(cell) for cell in filled)
        if values > len(filled) * 0.2 and not _months(filled):
            continue
        found = sum(plain_name(cell) in names for cell in filled)
        distinct = len(set(filled)) / len(filled)
        below = [cells for _, cells in rows[index + 1 : index + 6]]
        typed = statistics.mean([any(is_value(c) for c in cells if c) for cells in below]) if below else 0
        score = found + distinct + typed - index * 0.05 + len(filled) / 100
        if (found >= 1 or typed > 0) and (best is None or score > best[0]):
            best = (score, index)
    if best is None:
        return ()
    index = best[1]
    if index > 0 and _is_upper_level(rows[index - 1][1], rows[index][1]):
        return rows[index - 1][0], rows[index][0]
    if (
        index + 1 < len(rows)
        and _is_upper_level(rows[index][1], rows[index + 1][1])
        and len([c for c in rows[index][1] if c]) >= 3
    ):
        return rows[index][0], rows[index + 1][0]
    return (rows[index][0],)


def _months(filled: list[str]) -> bool:
    return sum(cell[:3].lower() in MONTH_STEMS for cell in filled) >= 3


def _is_upper_level(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Upper cells with gaps where the lower row has words: a merged heading."""
    above, below = [c for c in upper if c], [c for c in lower if c]
    if len(above) < 2 or not below or any(is_value(c) for c in above + below):
        return False
    gaps = sum(1 for a, b in zip(upper, lower, strict=False) if b and not a)
    covered = sum(1 for a, b in zip(upper, lower, strict=False) if a and not b)
    return gaps >= 1 and gaps + covered >= len(upper) // 2


def plain_name(header: str) -> str:
    """A header as it is compared: small letters, ё as е, no punctuation, single blanks."""
    text = re.sub(r"([a-zа-я])([A-ZА-Я])", r"\1 \2", header).lower().replace("ё", "е").replace("_", " ")
    return " ".join(re.findall(r"[\w№%₽€]+", text))


FORMATS = (
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%y", "%d.%m.%y %H:%M", "%d.%m.%Y.",
    "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S",
    "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d", "%Y/%m/%d", "%m.%Y", "%Y-%m", "%Y%m",
)  # fmt: skip
ISO = re.compile(r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$")
SWAPPED = {"%d/%m": "%m/%d", "%m/%d": "%d/%m", "%d-%m": "%m-%d", "%m-%d": "%d-%m"}


@dataclass(frozen=True)
class DateGuess:
    """The format most values have, the share that has it, and the other reading if both fit every value."""

    format: str
    share: float
    other: str | None = None


def detect_date(values: Sequence[str]) -> DateGuess | None:
    """The date format of a column from its distinct filled values, None when fewer than nine in ten fit one."""
    if not values:
        return None
    shares: dict[str, float] = {"iso": sum(bool(ISO.match(v)) for v in values) / len(values)}
    shares["unix"] = sum(len(v) == 10 and v.isdecimal() and 8e8 < int(v) < 2e9 for v in values) / len(values)
    for form in FORMATS:
        if _reads(values[0], form) or _reads(values[-1], form) or shares["iso"] < 0.9:
            shares[form] = sum(_reads(v, form) for v in values) / len(values)
    for form, pattern in (
        ("%B %Y", r"^[^\W\d]+\.? \d{4}$"),
        ("%d %B %Y", r"^\d{1,2} [^\W\d]+\.? \d{4}$"),
        ("%B %d, %Y", r"^[^\W\d]+ \d{1,2}, \d{4}$"),
    ):
        words = re.compile(pattern)
        shares[form] = sum(bool(words.match(v)) and _month_word(v) for v in values) / len(values)
    best = max(shares, key=lambda form: shares[form])
    if shares[best] < 0.9:
        return None
    swapped = next((best.replace(a, b) for a, b in SWAPPED.items() if best.startswith(a)), None)
    if swapped is not None and shares.get(swapped, 0) == shares[best]:
        return DateGuess(best, shares[best], swapped)
    return DateGuess(best, shares[best])


def _month_word(value: str) -> bool:
    word = re.search(r"[^\W\d]+", value)
    return word is not None and any(word.group().lower().startswith(stem) for stem in MONTH_STEMS)


def _reads(value: str, form: str) -> bool:
    if ("%Y" in form) and not re.search(r"\d{4}", value):
        return False
    try:
        return 1900 <= datetime.strptime(value, form).year < 2100
    except ValueError:
        return False


def detect_decimal(values: Iterable[str]) -> tuple[str, int]:
    """Decimal mark of the numbers among ``values`` and how many show it; a dot when none does."""
    comma = dot = 0
    for value in values:
        if not NUMBER.match(value):
            continue
        if re.search(r",\d{1,2}\D*$", value) or re.search(r"\.\d{3},", value):
            comma += 1
        elif re.search(r"\.\d{1,2}\D*$", value) or re.search(r",\d{3}\.", value) or re.search(r"\.\d{4,}", value):
            dot += 1
        elif re.search(r",\d{4,}", value):
            comma += 1
    return (",", comma) if comma > dot else (".", dot)

"""Every word and every printed number of the report."""

from __future__ import annotations

from audit.wording.files import WordsError, check_overrides, client_texts, load_overrides
from audit.wording.labels import Labels
from audit.wording.numbers import Numbers
from audit.wording.text import MissingValueError, Words

__all__ = [
    "Labels",
    "MissingValueError",
    "Numbers",
    "Words",
    "WordsError",
    "check_overrides",
    "client_texts",
    "load_overrides",
]

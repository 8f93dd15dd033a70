"""Every word and every printed number of the report."""

from __future__ import annotations

from audit.wording.files import WordsError, check_overrides, load_overrides
from audit.wording.labels import Labels
from audit.wording.numbers import Numbers
from audit.wording.text import NothingToSay, Words

__all__ = ["Labels", "NothingToSay", "Numbers", "Words", "WordsError", "check_overrides", "load_overrides"]

"""The text files: where they lie, what one may contain, and the client's own sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from audit import actions
from audit.config import HOUSE, Language, read_yaml, suggestion
from audit.errors import AuditError, ConfigError

TEXTS = HOUSE / "templates" / "text"
FALLBACK: Language = "en"
PLAN = "plan"
"""The page whose sentences of actions come from the catalogue of actions."""
_ALLOWED_TAGS = ("b", "i", "em", "strong", "br", "small", "sub", "sup", "code", 'span class="nb"', "span")
_TAG = re.compile(r"<(?=[a-zA-Z/!])/?([^>]*)>?")
_NUMBER = re.compile(r"^\d+_")


class WordsError(AuditError):
    """A text is missing or mentions something that does not exist."""


@dataclass(frozen=True)
class TextFile:
    """One file of texts: the language it is really in, its path and its content."""

    language: Language
    path: Path
    content: Mapping[str, Any]


def load_text(name: str, language: Language, folder: Path = TEXTS) -> TextFile:
    """The texts of ``name`` in ``language``; in English if that file does not exist yet."""
    for candidate in dict.fromkeys((language, FALLBACK)):
        path = folder / candidate / f"{name}.yaml"
        if path.is_file():
            return TextFile(candidate, path, _read(path, path.stat().st_mtime_ns))
    raise WordsError(f"there are no words for “{name}” → write {folder / language / name}.yaml")


@lru_cache(maxsize=128)
def _read(path: Path, changed: int) -> Mapping[str, Any]:
    content = read_yaml(path)
    if path.stem == PLAN and path.is_relative_to(TEXTS):
        content = {**content, "actions": actions.spoken(cast(Language, path.parent.name))}
    for key, text in flat(content).items():
        check_markup(text, f"{path}: {key}")
    return content


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Every text of ``content`` by its dotted key; items of lists are numbered."""
    texts: dict[str, str] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            texts |= flat(value, f"{name}.")
        elif isinstance(value, list):
            texts |= flat({str(i): part for i, part in enumerate(value)}, f"{name}.")
        elif value is not None:
            texts[name] = str(value)
    return texts


def check_markup(text: str, place: str) -> None:
    """WordsError unless ``text`` uses only plain emphasis."""
    for tag in _TAG.findall(text):
        if tag.strip().rstrip("/").strip() not in _ALLOWED_TAGS:
            raise WordsError(f"{place}: “<{tag[:30]}>” is not allowed → use {', '.join(_ALLOWED_TAGS[:5])} only")


def load_overrides(path: Path) -> dict[str, str]:
    """The client's own sentences (``text.yml``) by dotted key, ``price.notes.care``; none if there is no file.

    The number of a notebook may stand before the name (``05_price.notes.care``).
    """
    return client_texts(read_yaml(path)) if path.is_file() else {}


def client_texts(content: Mapping[str, Any]) -> dict[str, str]:
    """The content of ``text.yml`` as texts by dotted key, without the numbers of notebooks."""
    texts = {_NUMBER.sub("", key): text for key, text in flat(content).items()}
    for key, text in texts.items():
        check_markup(text, f"text.yml: {key}")
    return texts


def check_overrides(overrides: Mapping[str, str], folder: Path = TEXTS) -> None:
    """ConfigError if a sentence of the client replaces one that does not exist."""
    for key in overrides:
        analysis, _, slot = key.partition(".")
        names = sorted(path.stem for path in (folder / FALLBACK).glob("*.yaml"))
        if analysis not in names:
            raise ConfigError(f"text.yml: {key}: no analysis “{analysis}”: {suggestion(analysis, names)}")
        known = flat(load_text(analysis, FALLBACK, folder).content)
        slots = set(known) | {name.rpartition(".")[0] for name in known} - {""}
        if slot not in slots:
            raise ConfigError(f"text.yml: {key}: there is no such sentence: {suggestion(slot, slots)}")

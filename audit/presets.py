"""Presets: what a report holds, as data – a depth of the audit (pages), or a report of chosen blocks for one reader.

A preset is a file in ``templates/presets`` or in the client's own ``presets`` folder. It chooses among what analyses
find; it computes nothing. All that its pages read is computed too, so a number is the same in every preset.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audit import catalogue
from audit.config import DEPTHS, HOUSE, ClientConfig, Language, parse, read_yaml, suggestion
from audit.errors import ConfigError, Problem, UsageError, told
from audit.wording import Words

FOLDER = HOUSE / "templates" / "presets"

Texts = Annotated[dict[Language, str], Field(min_length=1)]
Front = Literal["summary", "actions"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shown(_Strict):
    """What a block shows of one analysis; ``findings`` by key, also those that say what cannot be answered.

    With ``beside`` they stand at the right of a narrow figure instead of below it.
    """

    analysis: str
    figures: tuple[str, ...] = ()
    table: str | None = None
    rows: int = Field(8, ge=1, le=40)
    findings: tuple[str, ...] = ()
    beside: bool = False


class Block(_Strict):
    """One block: its name, what it shows, and what to collect when the data hold nothing of it.

    ``message`` is what it says in the contents: the title of the first analysis' ``page``, which then heads the block too, or
    that of the first thing ``shown``, under the block's own name.
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    name: Texts
    message: Literal["page", "shown"] = "shown"
    show: tuple[Shown, ...] = Field(min_length=1)
    missing: Texts


class Preset(_Strict):
    """What one report holds: ``pages`` of the audit, or ``blocks``; and which pages stand in front."""

    name: str
    title: Texts
    subtitle: Texts | None = None
    front: tuple[Front, ...] = ()
    pages: tuple[str, ...] | Literal["all"] = ()
    blocks: tuple[Block, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Preset:
        if bool(self.pages) == bool(self.blocks):
            raise ValueError("give either pages or blocks")
        keys = [block.key for block in self.blocks]
        if len(set(keys)) < len(keys):
            raise ValueError("two blocks have the same key")
        return self

    @property
    def is_whole(self) -> bool:
        """Every page there is."""
        return self.pages == "all"

    @property
    def analyses(self) -> tuple[str, ...]:
        """The analyses shown, each once."""
        if self.pages == "all":
            return catalogue.names()
        return self.pages or tuple(dict.fromkeys(shown.analysis for block in self.blocks for shown in block.show))

    def shows(self, analysis: str) -> bool:
        """``analysis`` is part of the report; what is not ours belongs to the whole audit only."""
        return self.is_whole or analysis in self.analyses

    def block_of(self, analysis: str) -> Block | None:
        """The first block that shows ``analysis``."""
        return next((block for block in self.blocks if any(shown.analysis == analysis for shown in block.show)), None)

    def computes(self, analysis: str) -> bool:
        """``analysis`` is shown, or something shown reads it: then all numbers are those of the whole audit."""
        return self.is_whole or analysis in _needed(self.analyses)

    def runs(self, notebook: str) -> bool:
        """The notebook “03_clv” computes something the report needs."""
        return any(self.computes(name) for name in catalogue.section(notebook))


def full() -> Preset:
    """The whole audit."""
    return load_preset("full", HOUSE)


def said(texts: dict[Language, str], language: Language) -> str:
    """The text in ``language``, or in any language it has."""
    return texts.get(language) or next(iter(texts.values()))


def preset_of(config: ClientConfig, home: Path) -> Preset:
    """The preset of a run: the one asked for by name, else the one of its depth."""
    return load_preset(config.preset or config.depth, home)


def load_preset(name: str, home: Path) -> Preset:
    """The preset ``name`` of the client or of the house; UsageError with a suggestion, ConfigError with every mistake at once."""
    known = presets(home)
    if name not in known:
        raise UsageError(f"no preset “{name}”: {suggestion(name, known)}")
    path = known[name]
    preset = parse(Preset, {"name": name, **read_yaml(path)}, path)
    wrong = list(_unknown(preset, path))
    if wrong:
        raise ConfigError(told(wrong))
    return preset


def presets(home: Path) -> dict[str, Path]:
    """The presets there are, by name; the client's own win, but a depth means the same for everybody."""
    own = {path.stem: path for path in sorted((home / "presets").glob("*.yml")) if path.stem not in DEPTHS}
    return {path.stem: path for path in sorted(FOLDER.glob("*.yml"))} | own


@cache
def _needed(shown: tuple[str, ...]) -> frozenset[str]:
    """The analyses ``shown`` and every earlier one they can read, and those can read, and so on."""
    found: set[str] = set()
    todo = list(shown)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += [need.name for need in catalogue.analysis(name).needs if need.kind == "result"]
    return frozenset(found)


def _unknown(preset: Preset, path: Path) -> Iterator[Problem]:
    """What the preset asks for and the audit does not have."""
    if "actions" in preset.front and not preset.shows("plan"):
        yield Problem(f"{path.name}: front", "actions are ranked on the page plan, which is not shown", "show plan too, or leave actions out")
    for name in preset.pages if preset.pages != "all" else ():
        if name not in catalogue.names():
            yield Problem(f"{path.name}: pages", f"no analysis “{name}”", suggestion(name, catalogue.names()))
    for block in preset.blocks:
        for shown in block.show:
            place = f"{path.name}: blocks.{block.key}"
            if shown.analysis not in catalogue.names():
                yield Problem(place, f"no analysis “{shown.analysis}”", suggestion(shown.analysis, catalogue.names()))
                continue
            yield from _not_shown(shown, place)


def _not_shown(shown: Shown, place: str) -> Iterator[Problem]:
    what = catalogue.analysis(shown.analysis)
    for figure in shown.figures:
        if figure not in what.figures:
            yield Problem(place, f"{shown.analysis} has no figure “{figure}”", suggestion(figure, what.figures))
    tables = [name for name, field in what.result.__dataclass_fields__.items() if "measures" in field.metadata]
    if shown.table is not None and (shown.table not in tables or what.result.names_people(shown.table)):
        printed = [name for name in tables if not what.result.names_people(name)]
        yield Problem(place, f"{shown.analysis} has no table “{shown.table}” to print", suggestion(shown.table, printed))
    words = Words(shown.analysis)
    keys = {*(words.get("findings") or {}), *(words.get("gaps") or {})}
    for finding in shown.findings:
        if finding not in keys:
            yield Problem(place, f"{shown.analysis} has no finding “{finding}”", suggestion(finding, keys))

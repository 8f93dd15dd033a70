"""Known exports: what an export of a known system looks like and what it fills, as data in ``presets/``, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.config import read_yaml
from audit.errors import ConfigError, Problem, told
from audit.intake.detect import plain_name
from audit.intake.mapping import Header, Rule, Target

FOLDER = Path(__file__).parent / "presets"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Marks(_Strict):
    """What tells an export from others: it has all ``headers``; values of the columns in ``values`` fit the pattern.

    ``each`` is the list inside JSON records whose items are the rows. A file without a header row is known by its number of ``columns`` and by ``values``, which then go by position.
    """

    headers: tuple[str, ...] = ()
    values: dict[Header, str] = Field(default_factory=dict)
    columns: int | None = None
    each: str | None = None


class KnownExport(_Strict):
    """One kind of export of one system.

    ``known_by`` says how its column names are known: from the maker's ``documentation``, from published ``code`` that
    reads it, or ``assumed``, to be compared with a sample; ``assumed`` names single columns seen in no source.
    ``format`` is laid over what is seen in the file; ``fills`` is written into the proposed mapping.
    """

    title: str
    system: str
    known_by: Literal["documentation", "code", "assumed"]
    source: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    export: str
    care: str = ""
    marks: Marks
    format: dict[str, Any] = Field(default_factory=dict)
    notes: dict[str, Any] = Field(default_factory=dict)
    fills: tuple[dict[str, Any], ...] = Field(min_length=1)


@cache
def known_exports() -> Mapping[str, KnownExport]:
    """All known exports by name; ConfigError for a file that is none."""
    return {path.stem: read_known_export(path) for path in sorted(FOLDER.glob("*.yml"))}


def read_known_export(path: Path) -> KnownExport:
    """The known export of one file; ConfigError tells every mistake in it."""
    try:
        known = KnownExport.model_validate(read_yaml(path))
        for target in known.fills:
            Target.model_validate(target)
    except ValidationError as error:
        problems = [
            Problem(f"{path.name}: {' › '.join(map(str, item['loc']))}", item["msg"], "correct it") for item in error.errors()
        ]
        raise ConfigError(told(problems)) from None
    return known


@cache
def known_export_headers() -> frozenset[str]:
    """Words of the header rows of all known exports, as they are compared."""
    headers = {
        header
        for known in known_exports().values() for target in known.fills
        for rule in target["columns"].values() for header in Rule.model_validate(rule).headers
    }
    return frozenset(plain_name(part) for header in headers for part in str(header).split(" / "))

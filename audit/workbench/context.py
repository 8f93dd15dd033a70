"""Context: what one run is about, prepared once, written to ``run.json`` and read by every notebook."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from audit.actions import ACTIONS
from audit.config import HOUSE, ClientConfig, Language, find_client, load_config, read_yaml, suggestion, workspace
from audit.errors import RunError, UsageError
from audit.presets import Preset, full, preset_of
from audit.results.store import fingerprint
from audit.wording import check_overrides, load_overrides
from audit.workbench.earlier_audit import earlier_run

WORK = ".work"


@dataclass(frozen=True)
class Context:
    """One run: the client, its settings, where its tables are and where its results go.

    ``root`` is the workspace; ``folder`` the run's folder (published or still being built).
    ``inputs`` is the fingerprint of everything the tables were made from, ``texts`` the client's own
    sentences by key, ``preset`` what the report holds, ``earlier`` the folder of the run it is compared with.
    """

    root: Path
    folder: Path
    config: ClientConfig
    database: Path
    inputs: str
    texts: dict[str, str]
    preset: Preset = field(default_factory=full)
    earlier: Path | None = None

    @property
    def language(self) -> Language:
        """Language of everything shown."""
        return self.config.language

    @property
    def results(self) -> Path:
        """Folder of the stored results, one sub-folder per analysis."""
        return self.folder / "results"

    def write(self) -> None:
        """Write ``run.json``; paths in it are relative to the workspace."""
        content = {
            "config": self.config.model_dump(mode="json"),
            "database": os.path.relpath(self.database, self.root),
            "inputs": self.inputs,
            "texts": self.texts,
            "preset": self.preset.model_dump(mode="json"),
            "earlier": os.path.relpath(self.earlier, self.root) if self.earlier else None,
            "code": code_fingerprint(),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
        (self.folder / "run.json").write_text(text + "\n", encoding="utf-8")


def prepare(client: str, *, root: Path, folder: Path | None = None, overrides: dict[str, Any] | None = None) -> Context:
    """The context of a run of ``client``: reads its settings and loads its exports if they changed.

    ``folder`` is where the run is built, a scratch folder of the client if None. Raises UsageError,
    ConfigError or DataError in words.
    """
    home = find_client(root, client)
    config = load_config(home / "clinic.yml", **nested(home / "clinic.yml", overrides or {}))
    preset = preset_of(config, home)
    earlier = earlier_run(root, config) if preset.computes("progress") else None
    inputs = inputs_fingerprint(home, config)
    database = home / WORK / f"clinic-{inputs}.duckdb"
    set_aside = database.with_suffix(".set_aside.csv")
    if not database.is_file():
        # notebooks of a run read what intake has made and need not pay for importing it
        from audit.intake.load import load_client

        database.parent.mkdir(mode=0o700, exist_ok=True)
        load_client(home, config, database=database, set_aside=set_aside)
        _forget_others(database)
    texts = load_overrides(home / "text.yml")
    check_overrides(texts)
    return Context(root, folder or home / WORK / "scratch", config, database, inputs, texts, preset, earlier)


def read(folder: Path, root: Path) -> Context:
    """The context an earlier ``prepare`` wrote into ``folder``; RunError if its tables are gone."""
    path = folder / "run.json"
    if not path.is_file():
        raise RunError(f"{folder} holds no run.json → run the audit again: clinic-audit run {folder.parent.name}")
    content = json.loads(path.read_text(encoding="utf-8"))
    database = root / content["database"]
    config = ClientConfig.model_validate(content["config"])
    if not database.is_file():
        raise RunError(f"the tables of this run are gone → clinic-audit run {config.client}")
    preset = Preset.model_validate(content["preset"]) if "preset" in content else full()
    earlier = root / content["earlier"] if content.get("earlier") else None
    return Context(root, folder, config, database, content["inputs"], content["texts"], preset, earlier)


def nested(path: Path, overrides: dict[str, Any]) -> dict[str, Any]:
    """Overrides by dotted name (``period.end``, ``analyses.clv.horizon_days``) merged into the file's own blocks.

    Raises UsageError with a suggestion for a name that is no setting.
    """
    content = read_yaml(path)
    merged: dict[str, Any] = {}
    for dotted, value in overrides.items():
        first, *rest = dotted.split(".")
        if first not in ClientConfig.model_fields:
            raise UsageError(f"unknown parameter “{first}”: {suggestion(first, ClientConfig.model_fields)}")
        if not rest:
            merged[first] = value
            continue
        block = merged.setdefault(first, json.loads(json.dumps(content.get(first) or {}, default=str)))
        for part in rest[:-1]:
            block = block.setdefault(part, {})
        block[rest[-1]] = value
    return merged


def inputs_fingerprint(home: Path, config: ClientConfig) -> str:
    """Hash of the raw exports, the mapping, the settings intake reads, and the code."""
    files = sorted(path for path in (home / "raw").rglob("*") if path.is_file() and not path.name.startswith("."))
    parts = [(path.relative_to(home).as_posix(), _sha256(path)) for path in files]
    mapping = home / "mapping.yml"
    parts.append(("mapping.yml", _sha256(mapping) if mapping.is_file() else ""))
    settings = config.model_dump(mode="json", include={"period", "timezone", "country", "currency", "set_aside_limit"})
    return fingerprint(parts, settings, code_fingerprint())


@cache
def code_fingerprint() -> str:
    """Hash of the package's own source and of the catalogue of actions: another one may give another number."""
    digest = hashlib.sha256()
    for path in sorted([*(HOUSE / "audit").rglob("*.py"), *ACTIONS.glob("*.yml")]):
        digest.update(path.relative_to(HOUSE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def here() -> Path:
    """The workspace of the current folder, or the house itself when there is none above it."""
    root = workspace()
    return root if (root / "data").is_dir() else HOUSE


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _forget_others(database: Path) -> None:
    for path in database.parent.glob("clinic-*"):
        if not path.name.startswith(database.stem):
            path.unlink()

"""The client's earlier audit: which it is, what it printed, and its days computed again from today's exports."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit import catalogue
from audit.config import ClientConfig, Days, Params, Period, months_earlier, suggestion
from audit.errors import ConfigError, RunError
from audit.results import Estimate, Result, Unanswered
from audit.results.earlier_audit import EarlierAudit
from audit.results.key_figures import KEY_FIGURES
from audit.tables import DERIVED, TABLES
from audit.tables.as_of import as_of, first_days
from audit.tables.connection import Tables

MANIFEST = "MANIFEST.json"
"""Written last: a run without it is not finished."""

SETTINGS = ("level", "currency", "timezone", "country")
"""Settings of the client that may change any number."""

DATED = ("appointments", "charges", "enquiries", "ad_spend", "expenses", "shifts")
"""Exports that must reach back to the first of the days computed again, with ``SLACK_DAYS`` for a quiet start."""
SLACK_DAYS = 7


@dataclass(frozen=True)
class EarlierRun:
    """A published run and the settings it was made with."""

    folder: Path

    @cached_property
    def content(self) -> dict[str, Any]:
        """Its ``run.json``."""
        return dict(json.loads((self.folder / "run.json").read_text(encoding="utf-8")))

    @cached_property
    def period(self) -> Period:
        """The days it audited."""
        return Period.model_validate(self.content["config"]["period"])

    @property
    def size(self) -> int:
        """How many results it holds."""
        return len(list(self.folder.glob("results/*/result.json")))

    def settings(self, analysis: str) -> dict[str, Any]:
        """What an analysis was set to beyond its defaults: by the client's settings, or by its notebook."""
        config = self.content["config"]
        return _settings(config, self.folder / "results" / analysis, analysis)


def earlier_run(root: Path, config: ClientConfig) -> Path | None:
    """The run that today's audit is compared with; None when there is none.

    Without a choice in ``progress`` it is the published run that ends last among those whose days called “now” were over
    before today's began; of several with the same end the fullest. ConfigError for a run that is not there.
    """
    chosen = config.progress.since
    if config.progress.off:
        return None
    reports = root / "reports" / config.client
    runs = [EarlierRun(path.parent) for path in sorted(reports.glob(f"[0-9]*/{MANIFEST}"))]
    if isinstance(chosen, str):
        found = next((run for run in runs if run.folder.name == chosen), None)
        if found is None:
            known = [run.folder.name for run in runs]
            raise ConfigError(f"clinic.yml: progress.since: no run “{chosen}”: {suggestion(chosen, known) if known else 'none was published yet'}")
        return found.folder
    last = min(chosen, config.period.present.start) if chosen is not None else config.period.present.start
    before = [run for run in runs if run.period.present.end <= last and run.period.end < config.period.end]
    best = max(before, key=lambda run: (run.period.end, run.size, run.folder.name), default=None)
    return best.folder if best is not None else None


def earlier_audit(
    folder: Path, *, tables: Tables, config: ClientConfig, results: Path, code: str,
    params: Callable[[catalogue.Analysis, dict[str, Any]], Params],
) -> EarlierAudit:
    """What the run in ``folder`` printed, and the same days from today's ``tables`` by today's settings.

    ``results`` is the folder of today's results, whose notebooks may have settings of their own; ``params`` makes the
    settings of an analysis.
    """
    if not (folder / MANIFEST).is_file():
        raise RunError(f"the earlier run {folder.name} is gone → clinic-audit run {config.client}")
    run = EarlierRun(folder)
    today = {name: _settings(config.model_dump(mode="json"), results / name, name) for name in _sections()}
    changed = {name: _differing(run.settings(name), settings) for name, settings in today.items()}
    own = {name: params(catalogue.analysis(name), _overrides(results / name)) for name in _sections()}
    published, names = _printed(folder)
    since = {**tables, "first_visits": tables["first_visits"].filter(_.first_day >= run.period.end)} if "first_visits" in tables else {}
    restated = _restated(run.period, tables, config.period, own)
    return EarlierAudit(
        run=folder.name, period=run.period, published=published, names=names, restated=restated,
        window=equally_long(run.period.present, config.period.present) if restated else run.period.present,
        since=_computed(since, config.period, own, [what.section for what in KEY_FIGURES if what.of == "new_patients"]),
        changed={name: keys for name, keys in changed.items() if keys}, is_same_code=run.content.get("code") == code,
    )  # fmt: skip


def _sections() -> list[str]:
    """The analyses behind the key figures, in the order of the audit."""
    wanted = {what.section for what in KEY_FIGURES}
    return [name for name in catalogue.names() if name in wanted]


def _settings(config: Mapping[str, Any], results: Path, analysis: str) -> dict[str, Any]:
    return {key: config.get(key) for key in SETTINGS} | (config["analyses"].get(analysis) or {}) | _overrides(results)


def _overrides(results: Path) -> dict[str, Any]:
    path = results / "overrides.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(key for key in {*then, *now} if then.get(key) != now.get(key)))


def _printed(folder: Path) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Key figures as the run wrote them, read so that a run of other code can be read too."""
    frame = pd.read_csv(folder / "estimates.csv", keep_default_na=True)
    wanted = {f"{what.section}.{name}" for what in KEY_FIGURES for name in what.estimates}
    frame = frame[frame["group"].isna() & frame["value"].notna()]
    found = {}
    for row in frame.to_dict("records"):
        key = f"{row['analysis']}.{row['estimate']}"
        if key in wanted:
            found[key] = Estimate(row["value"], row["low"], row["high"], row["unit"], row["n"], row["level"], row["grade"], row["verdict"])
    names = {}
    for what in KEY_FIGURES:
        path = folder / "results" / what.section / "result.json"
        if what.named is not None and path.is_file():
            names[what.key] = str(json.loads(path.read_text(encoding="utf-8")).get(what.named))
    return found, names


def _restated(then: Period, tables: Tables, today: Period, params: Mapping[str, Params]) -> dict[str, Result]:
    window = equally_long(then.present, today.present)
    begun = first_days(tables, DATED)
    reaching = [
        name for name in _sections()
        if all(begun[table] <= window.start + timedelta(days=SLACK_DAYS) for table in _exports(name) if table in begun)
    ]  # fmt: skip
    if not reaching:
        return {}
    period = Period(start=min(then.start, window.start), end=then.end, now=window)
    return _computed(dict(as_of(tables, then.end)), period, params, reaching)


def equally_long(then: Days, now: Days) -> Days:
    """As many days as ``now`` that end with ``then``; whole calendar months stay whole."""
    if now.start.day == now.end.day == then.end.day == 1:
        return Days(start=months_earlier(then.end, round(now.months)), end=then.end)
    return Days(start=then.end - timedelta(days=now.days), end=then.end)


def _computed(tables: Mapping[str, Table], period: Period, params: Mapping[str, Params], names: list[str]) -> dict[str, Result]:
    """The results of ``names``, each given those before it; without what these days cannot answer."""
    filled = {name: table for name, table in tables.items() if table.limit(1).count().execute()}
    found: dict[str, Result] = {}
    for name in names:
        result = catalogue.compute(catalogue.analysis(name), filled, found, period=period, params=params[name])
        if not isinstance(result, Unanswered):
            found[name] = result
    return found


def _exports(analysis: str) -> set[str]:
    """The canonical tables an analysis reads."""
    named = [need.name for need in catalogue.analysis(analysis).needs if need.kind == "table"]
    return {part for name in named for part in _parts(name)}


def _parts(table: str) -> tuple[str, ...]:
    if table in DERIVED:
        return tuple(part for need in DERIVED[table].needs for part in _parts(need))
    return (table,) if table in TABLES else ()

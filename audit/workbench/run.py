"""Run: one client, one period, one language. A notebook computes with it and shows with it."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from ibis.expr.types import Table
from pydantic import ValidationError

from audit import catalogue
from audit.config import Params
from audit.errors import ConfigError, UsageError
from audit.results import Result, Unanswered
from audit.results.earlier_audit import EarlierAudit
from audit.results.store import fingerprint, load, read_json, save
from audit.tables.connection import open_tables
from audit.workbench import cells, show
from audit.workbench.context import Context, code_fingerprint, here, prepare, read
from audit.workbench.earlier_audit import earlier_audit


def open_run(
    client: str = "demo", period: str | None = None, language: str | None = None, run_folder: str | None = None
) -> Run:
    """Open the run a notebook belongs to.

    The executor gives ``run_folder``. Without it, as when a notebook is opened by hand, the client's
    exports are loaded as they are now and results go to a scratch folder; ``period`` (“start..end”,
    end exclusive) and ``language`` then override ``clinic.yml``.
    """
    root = here()
    if run_folder is not None:
        folder = root / run_folder
        building = folder.with_name(f".building-{folder.name}")
        return Run(read(building if building.is_dir() else folder, root))
    overrides: dict[str, Any] = {}
    if period is not None:
        start, _, end = period.partition("..")
        overrides |= {"period.start": start, "period.end": end}
    if language is not None:
        overrides["language"] = language
    context = prepare(client, root=root, overrides=overrides)
    context.write()
    return Run(context)


class Run:
    """One client × period × language.

    ``analyse`` computes (or finds) the result of an analysis; ``head``, ``figures``, ``table``,
    ``findings`` and ``notes`` show it as the report prints it.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def analyse(self, module: ModuleType, **overrides: Any) -> Result:
        """The result of the analysis ``module``, stored for later analyses and for the report.

        ``overrides`` are settings of this one notebook; they win over ``clinic.yml`` and are listed in
        the report's stamp. A question the data cannot answer gives an Unanswered result. Raises
        UsageError for an unknown setting and RunError when an earlier result is missing.
        """
        what = catalogue.analysis(module.__name__.rpartition(".")[2])
        params = self._params(what, overrides)
        earlier = self._earlier(what)
        upstream = {name: read_json(self.context.results / name)["fingerprint"] for name in earlier}
        before = self.context.earlier if any(need.kind == "audit" for need in what.needs) else None
        parts = (self.context.inputs, params.model_dump(mode="json"), upstream, code_fingerprint())
        mark = fingerprint(*parts, before.name) if before else fingerprint(*parts)
        folder = self.context.results / what.name
        if (folder / "result.json").is_file() and read_json(folder)["fingerprint"] == mark:
            return load(what.result, folder)
        result = catalogue.compute(
            what, self._tables, earlier, period=self.context.config.period, params=params,
            audit_before=self._audit_before(before) if before else None,
        )
        save(result, folder, analysis=what.name, fingerprint=mark)
        if overrides:
            text = json.dumps(overrides, ensure_ascii=False, sort_keys=True, default=str)
            (folder / "overrides.json").write_text(text + "\n", encoding="utf-8")
        return result

    def head(self, result: Result) -> show.Fragment:
        """Bar, kicker, message and lede of the page; for an unanswered question the whole page."""
        return show.head(self._page(result), result)

    def figures(self, result: Result, *names: str, beside: str | None = None) -> show.Fragment:
        """Figures in one row, or one under the other with the side numbers ``beside`` them."""
        return show.figures(self._page(result), result, *names, beside=beside)

    def table(self, result: Result, name: str, beside: str | None = None, most: int = cells.MOST_ROWS) -> show.Fragment:
        """At most ``most`` rows of one of the result's tables, alone or with the side numbers or another table ``beside`` it."""
        return show.table(self._page(result), result, name, beside=beside, most=most)

    def findings(self, result: Result, most: int = show.MOST_FOUND) -> show.Fragment:
        """The ``most`` important things found, and what cannot be answered and why."""
        return show.findings(self._page(result), result, most)

    def notes(self, result: Result) -> show.Fragment:
        """How to read the page, what to be careful about, what it decides."""
        return show.notes(self._page(result), result)

    @cached_property
    def _tables(self) -> dict[str, Table]:
        """The tables that hold rows."""
        there = open_tables(self.context.database)
        return {name: table for name, table in there.items() if table.limit(1).count().execute()}

    def _params(self, what: catalogue.Analysis, overrides: dict[str, Any]) -> Params:
        config = self.context.config
        shared: dict[str, Any] = {"level": config.level, "seed": config.seed, "goals": config.goals}
        settings = {key: value for key, value in shared.items() if key in what.params.model_fields}
        settings |= {**config.analyses.get(what.name, {}), **overrides}
        try:
            return what.params(**settings)
        except ValidationError as error:
            wrong = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
            known = ", ".join(sorted(what.params.model_fields))
            kind = UsageError if overrides else ConfigError
            raise kind(f"settings of {what.name}: {'; '.join(wrong)} → it knows: {known}") from None

    def _earlier(self, what: catalogue.Analysis) -> dict[str, Result]:
        needed = [need.name for need in what.needs if need.kind == "result"]
        stored = [name for name in needed if (self.context.results / name / "result.json").is_file()]
        return {name: load(catalogue.analysis(name).result, self.context.results / name) for name in stored}

    def _audit_before(self, folder: Path) -> EarlierAudit:
        context = self.context
        return earlier_audit(
            folder, tables=open_tables(context.database), config=context.config, results=context.results,
            code=code_fingerprint(), params=self._params,
        )

    def _page(self, result: Result) -> show.Page:
        name = result.analysis if isinstance(result, Unanswered) else type(result).__module__.rpartition(".")[2]
        return show.page(catalogue.analysis(name), self.context.config, self.context.texts)

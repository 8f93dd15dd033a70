"""Run: one client, one period, one language. A notebook computes with it and shows with it."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from audit import catalogue
from audit.config import Params
from audit.errors import ConfigError, NotAnswerable, UsageError
from audit.results import Result, Unanswered, protect
from audit.results.store import fingerprint, load, read_json, save
from audit.tables.connection import Tables, open_tables
from audit.workbench import show
from audit.workbench.context import Context, code_fingerprint, here, prepare, read


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
        arguments, upstream = self._arguments(what)
        mark = fingerprint(self.context.inputs, params.model_dump(mode="json"), upstream, code_fingerprint())
        folder = self.context.results / what.name
        if (folder / "result.json").is_file() and read_json(folder)["fingerprint"] == mark:
            return load(what.result, folder)
        result = self._compute(what, arguments, params)
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

    def table(self, result: Result, name: str) -> show.Fragment:
        """One of the result's tables."""
        return show.table(self._page(result), result, name)

    def findings(self, result: Result) -> show.Fragment:
        """What was found, and what cannot be answered and why."""
        return show.findings(self._page(result), result)

    def notes(self, result: Result) -> show.Fragment:
        """How to read the page, what to be careful about, what it decides."""
        return show.notes(self._page(result), result)

    @cached_property
    def _tables(self) -> Tables:
        return open_tables(self.context.database)

    @cached_property
    def _filled(self) -> frozenset[str]:
        return frozenset(name for name, table in self._tables.items() if table.limit(1).count().execute())

    def _params(self, what: catalogue.Analysis, overrides: dict[str, Any]) -> Params:
        config = self.context.config
        settings = {"level": config.level, "seed": config.seed, **config.analyses.get(what.name, {}), **overrides}
        try:
            return what.params(**settings)
        except ValidationError as error:
            wrong = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
            known = ", ".join(sorted(what.params.model_fields))
            kind = UsageError if overrides else ConfigError
            raise kind(f"settings of {what.name}: {'; '.join(wrong)} → it knows: {known}") from None

    def _arguments(self, what: catalogue.Analysis) -> tuple[dict[str, Any] | NotAnswerable, dict[str, str]]:
        arguments: dict[str, Any] = {"period": self.context.config.period}
        upstream: dict[str, str] = {}
        for need in what.needs:
            if need.kind == "table":
                found: Any = self._tables[need.name] if need.name in self._filled else None
                missing = NotAnswerable("missing_table", values={"table": need.name})
            else:
                found = self._earlier(need, upstream)
                missing = NotAnswerable("missing_result", values={"section": need.name})
            if found is None and not need.optional:
                return missing, upstream
            arguments[need.name] = found
        return arguments, upstream

    def _earlier(self, need: catalogue.Need, upstream: dict[str, str]) -> Result | None:
        folder: Path = self.context.results / need.name
        if not (folder / "result.json").is_file():
            return None
        upstream[need.name] = read_json(folder)["fingerprint"]
        earlier = load(catalogue.analysis(need.name).result, folder)
        return None if isinstance(earlier, Unanswered) else earlier

    def _compute(self, what: catalogue.Analysis, arguments: dict[str, Any] | NotAnswerable, params: Params) -> Result:
        try:
            if isinstance(arguments, NotAnswerable):
                raise arguments
            wanted = {need.name for need in what.needs} | ({"period"} & set(what.compute.__annotations__))
            given = {name: value for name, value in arguments.items() if name in wanted}
            return protect(what.compute(**given, params=params))
        except NotAnswerable as reason:
            return Unanswered(
                grade="C", analysis=what.name, reason=reason.reason, verdict=reason.verdict, details=dict(reason.values)
            )

    def _page(self, result: Result) -> show.Page:
        name = result.analysis if isinstance(result, Unanswered) else type(result).__module__.rpartition(".")[2]
        return show.page(catalogue.analysis(name), self.context.config, self.context.texts)

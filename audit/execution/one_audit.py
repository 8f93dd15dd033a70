"""One audit: all notebooks of one client in the order of their numbers, then the report."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import nbformat

from audit import catalogue
from audit.config import HOUSE, find_client
from audit.errors import DONE, FAILED, RunError
from audit.execution import publish
from audit.execution.notebooks import NotebookFailed, execute
from audit.report import make_report
from audit.report.book import Book, read_book
from audit.report.listening_list import write_listening_list
from audit.report.recall_list import write_recall_list
from audit.report.summary import check_goals
from audit.results import Result, Unanswered
from audit.results.store import fingerprint, load, tidy
from audit.wording.text import without_tags
from audit.workbench import show
from audit.workbench.context import WORK, Context, code_fingerprint, prepare, read

Status = Literal["PASS", "WARN", "FAIL", "SKIP"]
FORMATS = ("html", "pdf", "xlsx")
RESULTS = "run_results.json"
NUMBERED = re.compile(r"^\d\d_[a-z_]+$")


@dataclass(frozen=True)
class Section:
    """What became of one notebook: dbt's word for it, how long it took, one line about it."""

    notebook: str
    status: Status
    seconds: float
    message: str
    own_notebook: bool = False

    @property
    def analysis(self) -> str:
        """Name of its analysis."""
        return self.notebook[3:]


@dataclass(frozen=True)
class Audit:
    """A finished run: its folder, its sections, the files made."""

    folder: Path
    sections: tuple[Section, ...]
    files: tuple[Path, ...]
    remarks: tuple[str, ...]
    was_up_to_date: bool = False

    @property
    def exit_code(self) -> int:
        """0 when no section failed."""
        return FAILED if any(section.status == "FAIL" for section in self.sections) else DONE


class Watcher:
    """Told what happens while it happens; the command line prints it, a batch does not."""

    def loaded(self, context: Context) -> None:
        """The client's tables are ready."""

    def starts(self, number: int, total: int, notebook: str) -> None:
        """A notebook is about to run."""

    def ended(self, number: int, total: int, section: Section) -> None:
        """A notebook has ended."""

    def reporting(self) -> None:
        """The report is being made."""


def run_audit(
    client: str,
    *,
    root: Path,
    overrides: dict[str, Any] | None = None,
    formats: tuple[str, ...] = FORMATS,
    force: bool = False,
    watcher: Watcher | None = None,
) -> Audit:
    """Run the whole audit of ``client`` and publish it below ``root/reports``.

    An interrupted run goes on where it stopped; an unchanged one is not run again unless ``force``.
    A failing section becomes a page that says why. Raises UsageError, ConfigError, DataError or
    ClientBusy before anything is published.
    """
    watcher = watcher or Watcher()
    home = find_client(root, client)
    with publish.holding(home):
        context = prepare(client, root=root, overrides=overrides)
        check_goals(context.config.goals)
        notebooks = tuple(path for path in notebooks_of(home) if context.preset.runs(path.stem))
        folder = root / "reports" / client / run_name(context, notebooks, formats)
        if publish.is_published(folder) and not force:
            return _published(folder)
        work = publish.building(folder)
        publish.forget_unfinished(folder.parent, keep=work)
        context = replace(context, folder=work)
        context.write()
        watcher.loaded(context)
        sections = tuple(_sections(context, notebooks, folder, force, watcher))
        watcher.reporting()
        remarks = _finish(context, sections, formats)
        publish.publish(folder)
    return _published(folder, up_to_date=False, remarks=remarks)


def report_again(client: str, *, root: Path, formats: tuple[str, ...] = FORMATS) -> Audit:
    """Make the report of the latest run again from its executed notebooks, with today's words and template."""
    folder = latest(client, root=root).folder
    with publish.holding(root / "data" / client):
        work = publish.building(folder)
        shutil.copytree(folder, work, dirs_exist_ok=True)
        context = read(work, root)
        sections = tuple(Section(**item) for item in json.loads((work / RESULTS).read_text("utf-8"))["sections"])
        remarks = _finish(context, sections, formats)
        publish.publish(folder)
    return _published(folder, up_to_date=False, remarks=remarks)


def latest(client: str, *, root: Path) -> Audit:
    """The latest published run of ``client``; RunError if there is none."""
    find_client(root, client)
    folder = (root / "reports" / client / "latest").resolve()
    if not publish.is_published(folder):
        raise RunError(f"{client} has no finished run → clinic-audit run {client}")
    return _published(folder)


def recall_list(client: str, *, root: Path) -> Path:
    """Write the latest run's list of patients to invite back beside the client's exports; RunError without one."""
    return write_recall_list(read(latest(client, root=root).folder, root))


def listening_list(client: str, *, root: Path) -> Path:
    """Write the latest run's calls to hear next beside the client's exports; RunError without any."""
    return write_listening_list(read(latest(client, root=root).folder, root))


def latest_plan(client: str, *, root: Path) -> Book:
    """The book of the latest run, from which its plan is read."""
    folder = latest(client, root=root).folder
    return read_book(read(folder, root), json.loads((folder / RESULTS).read_text("utf-8"))["sections"])


def notebooks_of(home: Path) -> tuple[Path, ...]:
    """The client's notebooks in the order of their numbers; its own copies win over the house's."""
    found = {path.stem: path for path in sorted((HOUSE / "notebooks").glob("*.ipynb")) if NUMBERED.match(path.stem)}
    found |= {path.stem: path for path in sorted((home / "notebooks").glob("*.ipynb")) if NUMBERED.match(path.stem)}
    return tuple(found[name] for name in sorted(found))


def run_name(context: Context, notebooks: tuple[Path, ...], formats: tuple[str, ...]) -> str:
    """The last day audited, a hash of all the run depends on and its preset: no clock, so the same run has the same name."""
    texts = sorted((HOUSE / "templates").rglob("*"))
    words = [path.read_bytes().hex() for path in texts if path.suffix in (".yaml", ".j2", ".css", ".json")]
    sources = [(path.name, path.read_text(encoding="utf-8")) for path in notebooks]
    config, preset = context.config.model_dump(mode="json"), context.preset.model_dump(mode="json")
    earlier = context.earlier.name if context.earlier else None
    mark = fingerprint(context.inputs, config, preset, earlier, context.texts, sources, words, sorted(formats), code_fingerprint())
    name = f"{context.config.period.end:%Y%m%d}-{mark[:7]}"
    return name if context.preset.is_whole else f"{name}-{context.preset.name}"


def _sections(
    context: Context, notebooks: tuple[Path, ...], folder: Path, force: bool, watcher: Watcher
) -> Iterator[Section]:
    done = {} if force else _already_done(context.folder)
    sections: list[Section] = []
    for number, notebook in enumerate(notebooks, start=1):
        if notebook.stem in done:
            section = done[notebook.stem]
        else:
            watcher.starts(number, len(notebooks), notebook.stem)
            section = _run_section(context, notebook, folder)
        sections.append(section)
        _note(context.folder, sections)
        watcher.ended(number, len(notebooks), section)
        yield section


def _run_section(context: Context, notebook: Path, folder: Path) -> Section:
    parameters = {
        "client": context.config.client,
        "period": f"{context.config.period.start}..{context.config.period.end}",
        "language": context.language,
        "run_folder": folder.relative_to(context.root).as_posix(),
    }
    own = HOUSE / "notebooks" not in notebook.parents
    names = catalogue.section(notebook.stem)
    computed = tuple(name for name in names if context.preset.computes(name))
    output = context.folder / "notebooks" / notebook.name
    started = time.monotonic()
    try:
        execute(notebook, output, parameters, root=context.root, without=set(names) - set(computed))
        status, message = _outcome(context, computed)
    except NotebookFailed as failure:
        status, message = "FAIL", str(failure)
    if own:
        message = f"client's own notebook, {_changed_cells(notebook)} cells differ" + (
            f"; {message}" if message else ""
        )
    return Section(notebook.stem, status, time.monotonic() - started, message, own)


def _outcome(context: Context, names: tuple[str, ...]) -> tuple[Status, str]:
    """What became of a notebook: of the first of the analyses it had to compute, and of the further ones it did compute."""
    first, *further = names
    if not (context.results / first / "result.json").is_file():
        return "FAIL", "the notebook stored no result"
    stored = [name for name in further if (context.results / name / "result.json").is_file()]
    status, message = _answered(context, first)
    others = [_answered(context, name) for name in stored] if status == "PASS" else []
    gap = next((said for state, said in others if state != "PASS"), None)
    return ("WARN", gap) if gap else (status, message)


def _answered(context: Context, name: str) -> tuple[Status, str]:
    what = catalogue.analysis(name)
    result = load(what.result, context.results / name)
    words = show.page(what, context.config, context.texts).words
    if isinstance(result, Unanswered):
        return "PASS" if result.verdict == "not_asked" else "SKIP", without_tags(words.reason(result))
    gaps = [finding for finding in result.findings if finding.kind == "not_answered"]
    if gaps:
        return "WARN", without_tags(words.finding(result, gaps[0]))
    return "PASS", words.plain("title", result)


def _finish(context: Context, sections: tuple[Section, ...], formats: tuple[str, ...]) -> tuple[str, ...]:
    """Everything of a run beyond its notebooks; returns remarks for the person at the terminal."""
    tidy(stored_results(context)).to_csv(context.folder / "estimates.csv", index=False, lineterminator="\n")
    aside = context.database.with_suffix(".set_aside.csv")
    (context.folder / "set_aside.csv").write_bytes(aside.read_bytes())
    entries = [
        {"unique_id": section.notebook, "status": section.status.lower(), "message": section.message,
         "execution_time": round(section.seconds, 3)}
        for section in sections
    ]  # fmt: skip
    preset, outcomes = context.preset, [asdict(section) for section in sections]
    left_out = [name for name in catalogue.names() if not preset.shows(name)]
    content = {
        "preset": preset.name, "shown": list(preset.analyses), "left_out": left_out, "results": entries, "sections": outcomes,
    }  # fmt: skip
    (context.folder / RESULTS).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    shutil.rmtree(context.folder / WORK, ignore_errors=True)
    return make_report(context, outcomes, formats)


def stored_results(context: Context) -> dict[str, Result]:
    """All results of the run, in the order of the audit."""
    return {
        name: load(catalogue.analysis(name).result, context.results / name)
        for name in catalogue.names()
        if (context.results / name / "result.json").is_file()
    }


def _note(folder: Path, sections: list[Section]) -> None:
    path = folder / WORK
    path.mkdir(exist_ok=True)
    aside = path / "sections.aside"
    aside.write_text(json.dumps([asdict(section) for section in sections], ensure_ascii=False, indent=1), "utf-8")
    aside.replace(path / "sections.json")


def _already_done(folder: Path) -> dict[str, Section]:
    path = folder / WORK / "sections.json"
    if not path.is_file():
        return {}
    sections = [Section(**item) for item in json.loads(path.read_text(encoding="utf-8"))]
    return {section.notebook: section for section in sections if section.status != "FAIL"}


def _changed_cells(notebook: Path) -> int:
    original = HOUSE / "notebooks" / notebook.name
    own = [cell.source for cell in nbformat.read(notebook, as_version=4).cells]
    if not original.is_file():
        return len(own)
    house = [cell.source for cell in nbformat.read(original, as_version=4).cells]
    return sum(source not in house for source in own) + sum(
        source not in own for source in house if len(own) < len(house)
    )


def _published(folder: Path, *, up_to_date: bool = True, remarks: tuple[str, ...] = ()) -> Audit:
    content = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    sections = tuple(Section(**item) for item in content["sections"])
    names = ("report.html", "report.pdf", "appendix.xlsx", "work_plan.xlsx")
    files = tuple(folder / name for name in names if (folder / name).is_file())
    return Audit(folder, sections, files, remarks, up_to_date)

"""``clinic-audit validate``: look at the exports, propose the mapping, check what it loads. No kernel is started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audit.config import ClientConfig, load_config
from audit.errors import AuditError, ConfigError
from audit.intake.checked import CheckOutcome
from audit.intake.files import matching, raw_files
from audit.intake.load import Intake, load_client
from audit.intake.mapping_file import is_empty, load_mapping
from audit.intake.probe import Probe, probe_file
from audit.intake.propose import DECIDE, Guess, ProposedSource, as_yaml, propose


@dataclass(frozen=True)
class FileLine:
    """One raw file (or sheet) as it is shown: rows, encoding, delimiter, decimal mark, date format, tables it fills."""

    file: str
    rows: int
    encoding: str
    delimiter: str
    decimal: str
    dates: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """A line of the proposed mapping that needs a person: column, question, line number."""

    column: str
    question: str
    line: int


@dataclass(frozen=True)
class Validation:
    """What was seen, proposed and checked; ``lines`` is the printed text.

    ``mapped`` of ``wanted`` columns were proposed without a question; both 0 when the mapping existed. ``known`` names,
    per file, the exports it was recognised as.
    ``personal`` names, per file, the columns that identify persons. ``problems`` are refusals in words.
    """

    folder: Path
    files: tuple[FileLine, ...]
    proposed: Path | None
    mapped: int
    wanted: int
    decisions: tuple[Decision, ...]
    known: dict[str, tuple[str, ...]]
    personal: dict[str, tuple[str, ...]]
    problems: tuple[str, ...]
    checks: tuple[CheckOutcome, ...]
    rows: dict[str, int]

    @property
    def failed(self) -> bool:
        """Something must be mended before the audit can run."""
        return bool(self.problems or self.decisions) or any(check.status == "fail" for check in self.checks)

    def lines(self) -> list[str]:
        """The report as text."""
        return list(_lines(self))

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for machines."""
        return {
            "client": self.folder.name,
            "failed": self.failed,
            "files": [asdict(line) for line in self.files],
            "proposed": None if self.proposed is None else str(self.proposed),
            "mapped": self.mapped,
            "wanted": self.wanted,
            "known": {file: list(titles) for file, titles in self.known.items()},
            "decisions": [asdict(decision) for decision in self.decisions],
            "personal": {file: list(columns) for file, columns in self.personal.items()},
            "problems": list(self.problems),
            "checks": [
                {
                    **asdict(c),
                    "money": None if c.money is None else str(c.money),
                    "values": {k: str(v) for k, v in c.values.items()},
                }
                for c in self.checks
            ],
            "rows": self.rows,
        }


def validate_client(folder: Path, config: ClientConfig | None = None) -> Validation:
    """Look at every raw file; propose ``mapping.yml`` if there is none, else load with it and check the tables.

    Never raises for what is wrong with the exports: it is told in ``problems``.
    """
    problems: list[str] = []
    probes: list[Probe] = []
    files = raw_files(folder)
    if not files:
        problems.append(f"{folder / 'raw'}: no export is here → copy the clinic's files into it")
    for file in files:
        try:
            probes += probe_file(file, folder / "raw")
        except AuditError as error:
            problems.append(str(error))
    sources = propose(probes)
    path, mapped, wanted, decisions, fills = _mapping(folder, probes, sources, problems)
    intake = None if path or problems else _load(folder, config, problems)
    return Validation(
        folder=folder,
        files=tuple(_file_line(probe, fills) for probe in probes),
        proposed=path,
        mapped=mapped,
        wanted=wanted,
        decisions=decisions,
        known=_known(sources) if path else {},
        personal=_personal(probes),
        problems=tuple(problems),
        checks=intake.checks if intake else (),
        rows=intake.rows if intake else {},
    )


Fills = dict[tuple[str, str | None], tuple[str, ...]]


def _mapping(
    folder: Path, probes: list[Probe], sources: list[ProposedSource], problems: list[str]
) -> tuple[Path | None, int, int, tuple[Decision, ...], Fills]:
    """Write the proposal if there is no mapping; else say which tables the existing one fills."""
    path = folder / "mapping.yml"
    if not is_empty(path):
        try:
            mapping = load_mapping(path)
        except ConfigError as error:
            problems.append(str(error))
            return None, 0, 0, (), {}
        found: Fills = {}
        for file in raw_files(folder):
            hits = [source for source in mapping.sources if matching([file], source.files)]
            found[file.name, None] = tuple(dict.fromkeys(target.table for source in hits for target in source.fills))
        return None, 0, 0, (), found
    if not sources:
        if probes:
            problems.append(
                f"{path.name}: no table is recognised in these files → write it from templates/new_client/mapping.yml"
            )
        return None, 0, 0, (), {}
    used = {probe.file for source in sources for probe in source.probes}
    text = as_yaml(sources, sorted({probe.file for probe in probes} - used))
    path.write_text(text, encoding="utf-8")
    guesses = [guess for source in sources for guess in source.guesses]
    mapped = sum(guess.decision is None for guess in guesses)
    fills: Fills = {(p.file, p.part): source.tables for source in sources for p in source.probes}
    return path, mapped, len(guesses), tuple(_decisions(text, guesses)), fills


def _known(sources: list[ProposedSource]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for source in sources:
        if source.known is not None:
            for probe in source.probes:
                found[probe.file] = (*found.get(probe.file, ()), source.known.title)
    return found


def _decisions(text: str, guesses: list[Guess]) -> Iterator[Decision]:
    numbers = iter([number for number, line in enumerate(text.splitlines(), start=1) if f"# {DECIDE}: " in line])
    for guess in guesses:
        if guess.decision is not None:
            yield Decision(f"{guess.table}.{guess.column}", guess.decision, next(numbers))


def _load(folder: Path, config: ClientConfig | None, problems: list[str]) -> Intake | None:
    """A trial load beside the real one, removed at once."""
    trial = folder / ".work" / "validate.duckdb"
    trial.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        return load_client(
            folder,
            config or load_config(folder / "clinic.yml"),
            database=trial,
            set_aside=trial.with_suffix(".set_aside.csv"),
        )
    except AuditError as error:
        problems.extend(str(error).splitlines())
        return None
    finally:
        for left in trial.parent.glob("validate.*"):
            left.unlink()


def _file_line(probe: Probe, fills: Fills) -> FileLine:
    formats = Counter(column.date.format for column in probe.columns if column.date and column.kind == "date")
    dates = ", ".join(form for form, _ in formats.most_common(2)) or "–"
    tables = fills.get((probe.file, probe.part)) or fills.get((probe.file, None)) or ()
    name = f"{probe.file} [{probe.part}]" if probe.part else probe.file
    delimiter = {"\t": "tab", None: "–"}.get(probe.delimiter, probe.delimiter or "–")
    return FileLine(
        name, probe.rows, probe.encoding, delimiter, "1,5" if probe.decimal == "," else "1.5", dates, tables
    )


def _personal(probes: list[Probe]) -> dict[str, tuple[str, ...]]:
    """What of persons each file holds, by kind; the headers themselves may be anything."""
    found: dict[str, tuple[str, ...]] = {}
    for probe in probes:
        kinds = [column.personal for column in probe.columns if column.personal]
        if kinds:
            found[probe.file] = tuple(dict.fromkeys([*found.get(probe.file, ()), *kinds]))
    return found


def _lines(report: Validation) -> Iterator[str]:
    width = max([len(line.file) for line in report.files] + [12])
    yield f"{len(report.files)} files".ljust(width + 2) + f"{'rows':>9}  {'encoding':<12}  {'':<3}  decimal  dates"
    for line in report.files:
        tables = ", ".join(line.tables) or "–"
        rows = f"{line.rows:,}".replace(",", "\u202f")
        yield f"  {line.file.ljust(width)}{rows:>9}  {line.encoding:<12}  {line.delimiter:<3}  {line.decimal:<7}  {line.dates:<20}  → {tables}"
    yield from _mapping_lines(report)
    if report.problems:
        yield f"{len(report.problems)} problems"
        yield from (f"  {problem}" for problem in report.problems)
    if report.checks:
        counts = Counter(check.status for check in report.checks)
        yield f"checks   {counts['pass']} pass · {counts['warn']} warn · {counts['fail']} FAIL"
        for check in sorted(report.checks, key=lambda c: c.status != "fail"):
            if check.status != "pass":
                detail = f"  {check.detail}" if check.detail else ""
                yield f"  {check.status.upper():<4}  {check.table}: {check.check}  {check.rows} rows, {check.share:.1%}{detail}"
    if report.personal:
        kinds = sorted({kind for kinds in report.personal.values() for kind in kinds})
        yield f"personal data found ({', '.join(kinds)}) in {', '.join(report.personal)}: keyed at import or never stored"


def _mapping_lines(report: Validation) -> Iterator[str]:
    if report.proposed is None:
        return
    for file, titles in report.known.items():
        yield f"known     {file}: {'; '.join(titles)}"
    needs = f"          {len(report.decisions)} need you:" if report.decisions else ""
    yield f"mapping proposed for {report.mapped} of {report.wanted} fields → {report.proposed}{needs}"
    for decision in report.decisions:
        yield f"  {decision.column:<28}  {decision.question}   line {decision.line}"

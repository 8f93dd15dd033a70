"""``clinic-audit``: new, validate, run, report, plan. Words of command, nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from audit import __version__
from audit.config import DEPTHS, find_client, load_config, read_yaml, suggestion, workspace
from audit.errors import DONE, FAILED, AuditError, UsageError

app = typer.Typer(
    name="clinic-audit",
    help="Audit of a private clinic: from raw exports to a report its owner can read.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Client = Annotated[str, typer.Argument(help="name of the client, the folder below data/", metavar="NAME")]
Clients = Annotated[list[str], typer.Argument(help="one or more clients, folders below data/", metavar="NAME…")]
Pairs = Annotated[
    list[str] | None,
    typer.Option("-p", "--parameter", metavar="NAME VALUE", help="one setting of clinic.yml: -p period.end 2017-01-01"),
]
Yaml = Annotated[
    list[str] | None, typer.Option("-y", "--yaml", metavar="YAML", help="settings as YAML: -y '{language: ru}'")
]
File = Annotated[list[Path] | None, typer.Option("-f", "--file", metavar="FILE", help="settings from a YAML file")]
Depths = Annotated[str | None, typer.Option("--depth", metavar="DEPTH", help="how much of the audit: light, standard or full")]
Presets = Annotated[
    str | None,
    typer.Option("--preset", metavar="PRESET", help="a report for one reader: marketing, a depth, or one in data/NAME/presets"),
]
Formats = Annotated[str, typer.Option("--to", metavar="FORMATS", help="which of html,pdf,xlsx")]


def main() -> None:
    """Entry point: a person's mistake is told in words and ends with its exit code."""
    try:
        app(_joined(sys.argv[1:]))
    except AuditError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)


def _joined(words: list[str]) -> list[str]:
    """``-p NAME VALUE`` as one word ``NAME=VALUE``: papermill's way of writing it, which typer cannot take."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        joined.append(word)
        if word in ("-p", "--parameter"):
            name = next(rest, None)
            if name is None:
                break
            value = None if "=" in name else next(rest, None)
            if "=" not in name and value is None:
                raise UsageError(f"-p {name}: which value? → -p {name} VALUE")
            joined.append(name if value is None else f"{name}={value}")
    return joined


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"clinic-audit {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    pass


@app.command()
def new(
    name: Client,
    notebook: Annotated[str | None, typer.Argument(help="copy this notebook into the client's own folder")] = None,
    demo: Annotated[str | None, typer.Option("--demo", metavar="KIND", help="make a synthetic clinic: ent")] = None,
    seed: Annotated[int, typer.Option("--seed", help="of the synthetic clinic")] = 20151201,
    size: Annotated[
        float, typer.Option("--size", min=0.01, max=4.0, help="of the synthetic clinic, 1 = 19,000 patients")
    ] = 1.0,
) -> None:
    """Make a client's folder; with NOTEBOOK, the client's own copy of one notebook."""
    from audit import new_client

    root = workspace()
    if notebook is not None:
        made = new_client.own_notebook(root, name, notebook)
        typer.echo(f"{_short(made)}        open it:  jupyter lab {_short(made.parent.parent)}")
    elif demo is not None:
        home = new_client.demo(root, name, kind=demo, seed=seed, size=size)
        typer.echo(f"created {_short(home)}        next:  clinic-audit run {name}")
    else:
        home = new_client.empty(root, name)
        typer.echo(
            f"created {_short(home)}        next: put exports into {_short(home / 'raw')}/, then  clinic-audit validate {name}"
        )


@app.command()
def validate(
    names: Clients,
    parameter: Pairs = None,
    yaml_text: Yaml = None,
    file: File = None,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable lines")] = False,
) -> None:
    """Read the exports, propose the mapping and check it; no notebook is run."""
    from audit.intake.validate import validate_client
    from audit.workbench.context import nested

    root, failed = workspace(), False
    for name in names:
        home = find_client(root, name)
        config = load_config(home / "clinic.yml", **nested(home / "clinic.yml", _overrides(parameter, yaml_text, file)))
        report = validate_client(home, config)
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else "\n".join(report.lines()))
        failed |= report.failed
    raise typer.Exit(FAILED if failed else DONE)


@app.command()
def run(
    names: Clients,
    parameter: Pairs = None,
    yaml_text: Yaml = None,
    file: File = None,
    depth: Depths = None,
    preset: Presets = None,
    to: Formats = "html,pdf,xlsx",
    force: Annotated[bool, typer.Option("--force", help="run again even if nothing changed")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable lines")] = False,
) -> None:
    """Run the notebooks and make report.html, report.pdf and appendix.xlsx."""
    from audit.execution.one_audit import run_audit
    from audit.execution.progress import Printer

    root, formats = workspace(), _formats(to)
    overrides = _overrides(parameter, yaml_text, file) | _extent(depth, preset)
    worst = DONE
    for name in names:
        printer = Printer(Console(highlight=False, soft_wrap=True), root=root, as_json=as_json)
        audit = run_audit(name, root=root, overrides=overrides, formats=formats, force=force, watcher=printer)
        printer.finished(audit)
        worst = max(worst, audit.exit_code)
    raise typer.Exit(worst)


@app.command()
def report(
    names: Clients,
    to: Formats = "html,pdf,xlsx",
    warnings: Annotated[bool, typer.Option("--warnings", help="list what the pages warn of")] = False,
    recall: Annotated[
        bool, typer.Option("--recall", help="write whom to invite back, by card number, beside the exports: it names people")
    ] = False,
    listening: Annotated[
        bool, typer.Option("--listening", help="write which calls to hear next, by key, time and administrator, beside the exports")
    ] = False,
) -> None:
    """Make the report again from the finished notebooks of the latest run."""
    from audit.execution.one_audit import latest, listening_list, recall_list, report_again
    from audit.execution.progress import Printer

    root = workspace()
    for name in names:
        printer = Printer(Console(highlight=False, soft_wrap=True), root=root)
        if warnings:
            printer.warnings(latest(name, root=root))
        elif recall:
            typer.echo(f"  recall    {_short(recall_list(name, root=root))}   names people: for the clinic's own use")
        elif listening:
            typer.echo(f"  listening {_short(listening_list(name, root=root))}   leads to single calls: for the clinic's own use")
        else:
            printer.files(report_again(name, root=root, formats=_formats(to)))


@app.command()
def plan(
    name: Client,
    accept: Annotated[bool, typer.Option("--accept", help="keep these actions in hypotheses.yml, for the next audit to look at")] = False,
) -> None:
    """Show the plan of the latest run; with --accept, begin it."""
    from audit.execution.one_audit import latest_plan
    from audit.report import hypotheses

    root = workspace()
    book = latest_plan(name, root=root)
    if not accept:
        typer.echo("\n".join([*hypotheses.lines(book), f"  begin it:  clinic-audit plan {name} --accept"]))
        return
    path, added = hypotheses.accept(book, find_client(root, name))
    typer.echo(f"  {len(added)} added to {_short(path)}   change start, check and owner there as it really was")


def _formats(text: str) -> tuple[str, ...]:
    from audit.execution.one_audit import FORMATS

    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in chosen:
        if part not in FORMATS:
            raise UsageError(f"unknown format “{part}”: {suggestion(part, FORMATS)}")
    return chosen


def _extent(depth: str | None, preset: str | None) -> dict[str, Any]:
    """The settings behind ``--depth`` and ``--preset``; a depth is a preset too, and the same run by either name."""
    if depth is not None and preset is not None:
        raise UsageError("--depth and --preset both say what the report holds → give one of them")
    if depth is not None and depth not in DEPTHS:
        raise UsageError(f"no depth “{depth}”: {suggestion(depth, DEPTHS)}")
    name = depth or preset
    if name is None:
        return {}
    return {"depth": name, "preset": ""} if name in DEPTHS else {"preset": name}


def _overrides(pairs: list[str] | None, texts: list[str] | None, files: list[Path] | None) -> dict[str, Any]:
    """Later wins: -f, then -y, then -p."""
    merged: dict[str, Any] = {}
    for path in files or []:
        merged |= read_yaml(path)
    for text in texts or []:
        content = yaml.safe_load(text)
        if not isinstance(content, dict):
            raise UsageError(f"-y {text!r}: expected YAML like {{language: ru}}")
        merged |= content
    for pair in pairs or []:
        name, _, value = pair.partition("=")
        merged[name] = yaml.safe_load(value)
    return merged


def _short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)

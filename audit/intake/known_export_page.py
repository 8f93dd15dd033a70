"""The page ``presets/README.md``: what to export from which system, how, and what of it is read; written from the files beside it."""

from __future__ import annotations

import sys
from pathlib import Path

from audit.intake.known_export import FOLDER, KnownExport, known_exports
from audit.intake.mapping import Rule

PAGE = FOLDER / "README.md"
INTRODUCTION = """\
# Exports that are known

Generated from the files beside it; renew it with `make dictionary`. `clinic-audit validate` recognises these exports by
their columns and proposes their mapping without a question; columns an export does not have are left out. Any other
export is proposed column by column, with how sure the proposal is.

Where column names come from published *code* that reads the export, or are *assumed*, compare the first rows of your
export with the proposed `mapping.yml` before you rely on it.

| system | export | column names known by | fills |
| --- | --- | --- | --- |
"""


def known_export_page() -> str:
    """The whole text, the same on every call."""
    rows = [
        f"| {known.system} | [{known.title}](#{name.replace('_', '-')}) | {known.known_by} | {', '.join(_tables(known))} |"
        for name, known in known_exports().items()
    ]
    return INTRODUCTION + "\n".join(rows) + "\n\n" + "\n".join(_section(name, known) for name, known in known_exports().items())


def _tables(known: KnownExport) -> list[str]:
    return list(dict.fromkeys(f"`{target['table']}`" for target in known.fills))


def _section(name: str, known: KnownExport) -> str:
    lines = [f"## {name.replace('_', '-')}\n", f"**{known.title}.** {known.export}\n"]
    lines += [f"{known.care}\n"] if known.care else []
    marks = [f"`{header}`" for header in known.marks.headers] or [f"{known.marks.columns} columns without a header row"]
    lines.append(f"Recognised by {', '.join(marks)}. Column names: {known.known_by}{_sources(known)}.\n")
    lines += ["| table | column | from |", "| --- | --- | --- |"]
    seen = set()
    for target in known.fills:
        for ours, rule in target["columns"].items():
            line = f"| `{target['table']}` | `{ours}` | {_origin(Rule.model_validate(rule), known)} |"
            if line not in seen:
                seen.add(line)
                lines.append(line)
    return "\n".join([*lines, ""])


def _sources(known: KnownExport) -> str:
    return f" ({'; '.join(known.source)})" if known.source else ""


def _origin(rule: Rule, known: KnownExport) -> str:
    if rule.const is not None:
        return f"always {rule.const}" if not isinstance(rule.const, bool) else f"always {'yes' if rule.const else 'no'}"
    if rule.until:
        named = [f"`{rule.headers[0]}`", f"`{rule.headers[-1]}`"]
        return " to ".join(named)
    marked = [f"`{header}`" + (" (assumed)" if header in known.assumed else "") for header in rule.headers]
    return (" or " if rule.first_of else ", ").join(marked)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(known_export_page(), encoding="utf-8")

"""The page ``presets/README.md``: what to export from which system, how, and what of it is read; written from the presets."""

from __future__ import annotations

import sys
from pathlib import Path

from audit.intake.mapping import Rule
from audit.intake.preset import FOLDER, Preset, presets

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


def preset_page() -> str:
    """The whole text, the same on every call."""
    rows = [
        f"| {preset.system} | [{preset.title}](#{name.replace('_', '-')}) | {preset.known_by} | {', '.join(_tables(preset))} |"
        for name, preset in presets().items()
    ]
    return INTRODUCTION + "\n".join(rows) + "\n\n" + "\n".join(_section(name, preset) for name, preset in presets().items())


def _tables(preset: Preset) -> list[str]:
    return list(dict.fromkeys(f"`{target['table']}`" for target in preset.fills))


def _section(name: str, preset: Preset) -> str:
    lines = [f"## {name.replace('_', '-')}\n", f"**{preset.title}.** {preset.export}\n"]
    lines += [f"{preset.care}\n"] if preset.care else []
    marks = [f"`{header}`" for header in preset.marks.headers] or [f"{preset.marks.columns} columns without a header row"]
    lines.append(f"Recognised by {', '.join(marks)}. Column names: {preset.known_by}{_sources(preset)}.\n")
    lines += ["| table | column | from |", "| --- | --- | --- |"]
    seen = set()
    for target in preset.fills:
        for ours, rule in target["columns"].items():
            line = f"| `{target['table']}` | `{ours}` | {_origin(Rule.model_validate(rule), preset)} |"
            if line not in seen:
                seen.add(line)
                lines.append(line)
    return "\n".join([*lines, ""])


def _sources(preset: Preset) -> str:
    return f" ({'; '.join(preset.source)})" if preset.source else ""


def _origin(rule: Rule, preset: Preset) -> str:
    if rule.const is not None:
        return f"always {rule.const}" if not isinstance(rule.const, bool) else f"always {'yes' if rule.const else 'no'}"
    if rule.until:
        named = [f"`{rule.headers[0]}`", f"`{rule.headers[-1]}`"]
        return " to ".join(named)
    marked = [f"`{header}`" + (" (assumed)" if header in preset.assumed else "") for header in rule.headers]
    return (" or " if rule.first_of else ", ").join(marked)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(preset_page(), encoding="utf-8")

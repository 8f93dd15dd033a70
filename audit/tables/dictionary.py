"""The data dictionary ``data/README.md``, written from the tables' own declarations."""

from __future__ import annotations

import sys
from pathlib import Path

from audit.tables import CANONICAL, DERIVED, RECORDS, REQUIRED
from audit.tables.columns import Column, TableSpec

INTRODUCTION = """\
# Data dictionary

Generated from `audit/tables`; renew it with `make dictionary`. A client is a folder here:

```
data/<client>/clinic.yml     who the client is, which days are audited, goals
data/<client>/mapping.yml    which column of which export fills which column below
data/<client>/raw/           the exports as they came, never changed
data/<client>/notebooks/     the client's own copies of notebooks (optional)
data/<client>/text.yml       sentences changed for this client, by key (optional)
data/<client>/cjm.yml        what patients told in interviews, for the journey map (optional)
data/<client>/hypotheses.yml  the actions begun, as the plan proposed and people changed them (optional)
```

Only this file is in the repository: clients' data never are. **Required** are {required} and one source of
money (`charges`); every analysis says what it cannot answer without the others. Identifiers are keyed
(HMAC-SHA-256 under the client's own secret) or dropped before anything is stored; a birth date becomes an age.
Money is in the client's one currency, shares are 0–1, times are the clinic's local time.
"""


def dictionary() -> str:
    """The whole text, the same on every call."""
    parts = [INTRODUCTION.format(required=" and ".join(f"`{name}`" for name in REQUIRED))]
    for title, specs in (
        ("Tables filled from exports", CANONICAL),
        ("Tables derived from them", DERIVED),
        ("Tables intake writes about the load itself", RECORDS),
    ):
        parts.append(f"## {title}\n")
        parts.extend(_table(spec) for spec in specs.values())
    return "\n".join(parts)


def _table(spec: TableSpec) -> str:
    lines = [f"### {spec.name}\n", f"One row is {spec.row}.\n"]
    if spec.needs:
        lines.append(f"Derived from {', '.join(spec.needs)}.\n")
    lines += ["| column | type | unit | meaning | rules |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} | {_rules(c)} |" for c in spec.columns]
    lines.append("")
    if spec.traps:
        lines += ["Traps:\n", *(f"- {trap}" for trap in spec.traps), ""]
    return "\n".join(lines)


def _rules(column: Column) -> str:
    rules = ["required"] if column.required else []
    rules += ["unique"] if column.unique else []
    rules += ["keyed"] if column.identifying else []
    rules += [f"one of {', '.join(column.allowed)}"] if column.allowed else []
    rules += [f"≥ {column.least:g}"] if column.least is not None else []
    rules += [f"≤ {column.most:g}"] if column.most is not None else []
    rules += [f"in `{column.references}`"] if column.references else []
    return "; ".join(rules)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(dictionary(), encoding="utf-8")

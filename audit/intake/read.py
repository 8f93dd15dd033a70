"""One raw file to grids of text, by what its bytes are and what ``mapping.yml`` declares; nothing interpreted."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import yaml

from audit.intake.files import RawFile, kind_of, refuse
from audit.intake.grid import Grid, chunk, joined
from audit.intake.json_records import read_json
from audit.intake.mapping import Format
from audit.intake.text import read_text
from audit.intake.workbook import read_workbook


def read(file: RawFile, raw: Path, how: Format) -> list[Grid]:
    """The grids of a file (one, or one per sheet). DataError in words when it is not what is declared."""
    kind = kind_of(file, raw)
    if kind == "workbook":
        return read_workbook(file, how.sheets, how.decimal)
    if kind == "html":
        return [read_html(file, how.encoding or "utf-8")]
    if kind == "yaml":
        return [read_yaml_list(file)]
    if kind == "json":
        return [read_json(file, how.each)]
    return [read_text(file, how.encoding, how.delimiter, how.quote)]


def read_yaml_list(file: RawFile) -> Grid:
    """A YAML list of ``name: value`` blocks: the names are the header (row 0), a row is the line of its block."""
    try:
        node = yaml.compose(file.path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 1 if mark else None
        raise refuse(file.name, "this is not valid YAML", "check indentation and quotes", row) from None
    if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
        node = node.value[0][1]
    if not isinstance(node, yaml.SequenceNode) or not all(isinstance(item, yaml.MappingNode) for item in node.value):
        raise refuse(file.name, "is not a list of “name: value” blocks", "write each item as - name: value")
    items = [{str(key.value): value for key, value in item.value} for item in node.value]
    names = list(dict.fromkeys(name for item in items for name in item))
    records = [[_scalar(item.get(name)) for name in names] for item in items]
    rows = [item.start_mark.line + 1 for item in node.value]
    table = joined([chunk([0, *rows], [names, *records], {})] if names else [])
    return Grid(file.name, None, "utf-8 yaml", table, len(records) + 1)


def _scalar(node: yaml.Node | None) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag.endswith(":null"):
        return ""
    return str(node.value)


def read_html(file: RawFile, encoding: str) -> Grid:
    """The largest table of a web page that was saved under another name; DataError if it has none."""
    parser = _Tables()
    try:
        parser.feed(file.path.read_text(encoding=encoding))
    except UnicodeDecodeError:
        raise refuse(file.name, f"is not {encoding}", "declare its encoding in mapping.yml") from None
    table = max(parser.tables, key=len, default=[])
    if len(table) < 2:
        raise refuse(file.name, "this is a web page without a table", "export it again, not the page of the login")
    cells = joined([chunk(range(1, len(table) + 1), table, {})])
    return Grid(file.name, None, f"{encoding} html", cells, len(table))


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._cell: list[str] | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            span = dict(attrs).get("colspan") or "1"
            self._cell, self._span = [], min(int(span), 50) if span.isdecimal() else 1

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1] += [" ".join("".join(self._cell).split()), *[""] * (self._span - 1)]
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

"""The words of every analysis are complete: what the code may say, the file can say."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import typing
from pathlib import Path

import pytest
import yaml

from audit import catalogue
from audit.results import Estimate

ROOT = Path(__file__).parents[1]
TEXTS = ROOT / "templates" / "text" / "en"
NAMES = catalogue.names()


def words(name: str) -> dict:
    return yaml.safe_load((TEXTS / f"{name}.yaml").read_text(encoding="utf-8"))


def calls(name: str) -> list[ast.Call]:
    """All calls in the source of the analysis."""
    tree = ast.parse(inspect.getsource(catalogue.analysis(name).module))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def literals(name: str, function: str, position: int = 0) -> list[tuple[str, ast.Call]]:
    """The literal strings at ``position`` of the calls of ``function``."""
    found = []
    for call in calls(name):
        if getattr(call.func, "id", getattr(call.func, "attr", "")) == function and len(call.args) > position:
            argument = call.args[position]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                found.append((argument.value, call))
    return found


def shown_tables(name: str) -> set[str]:
    number = catalogue.analysis(name).number
    path = ROOT / "notebooks" / f"{number:02d}_{catalogue.sections()[number][0]}.ipynb"
    sources = [
        "".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"
    ]
    calls = [node for node in ast.walk(ast.parse("\n".join(sources))) if isinstance(node, ast.Call)]
    constants = [
        arg.value
        for call in calls
        if getattr(call.func, "attr", "") in ("table", "figures")
        for arg in (*call.args, *(word.value for word in call.keywords if word.arg == "beside"))
        if isinstance(arg, ast.Constant)
    ]
    described = catalogue.analysis(name).result.__dataclass_fields__
    return {word for word in constants if word in described and "measures" in described[word].metadata}


@pytest.mark.parametrize("name", NAMES)
def test_page_has_all_its_parts(name):
    text = words(name)
    for key in ("name", "question", "title", "lede", "notes"):
        assert text.get(key), f"{name}: no {key}"
    assert {"how", "care", "decide"} <= set(text["notes"])


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_title_subtitle_and_alternative_text(name):
    for figure in catalogue.analysis(name).figures:
        assert {"title", "subtitle", "alt"} <= set(words(name)["figures"][figure]), figure


@pytest.mark.parametrize("name", NAMES)
def test_every_shown_column_has_a_head(name):
    what = catalogue.analysis(name)
    for table in shown_tables(name):
        described = words(name)["tables"][table]
        assert described.get("title"), table
        shown = {measure.name for measure in what.result.measures(table) if measure.shown}
        assert shown <= set(described["columns"]), f"{table}: {shown - set(described['columns'])}"


@pytest.mark.parametrize("name", NAMES)
def test_every_estimate_has_a_name(name):
    hints = typing.get_type_hints(catalogue.analysis(name).result)
    fields = {
        item.name
        for item in dataclasses.fields(catalogue.analysis(name).result)
        if Estimate in (hints[item.name], *typing.get_args(hints[item.name]))
    }
    named = set(words(name).get("estimates", {}))
    assert fields <= named, f"unnamed: {fields - named}"
    assert named <= fields, f"names of nothing: {named - fields}"


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_and_reason_has_words(name):
    text = words(name)
    for key, call in literals(name, "Finding"):
        kind = call.args[1].value if len(call.args) > 1 and isinstance(call.args[1], ast.Constant) else None
        parts = ["gaps"] if kind == "not_answered" else ["findings"] if kind else ["findings", "gaps"]
        assert any(key in (text.get(part) or {}) for part in parts), f"{name}: {key} in none of {parts}"
    for key, _ in literals(name, "NotAnswerable"):
        assert key in (text.get("reasons") or {}), f"{name}: reasons.{key}"

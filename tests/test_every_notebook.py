"""All notebooks are built alike and stay thin; what they import and call exists."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path

import pytest

from audit import catalogue
from audit.workbench import Run, open_run

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9]*.ipynb"))
PARAMETERS = list(inspect.signature(open_run).parameters)
PUBLIC = {name for name in vars(Run) if not name.startswith("_")}
FORBIDDEN = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.ListComp, ast.DictComp, ast.SetComp, ast.Lambda)


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code(path: Path) -> list[tuple[list[str], str]]:
    return [
        (cell["metadata"].get("tags", []), "".join(cell["source"]))
        for cell in cells(path)
        if cell["cell_type"] == "code"
    ]


def test_one_notebook_per_section_in_the_order_of_the_audit():
    assert [path.stem for path in NOTEBOOKS] == [f"{i:02d}_{names[0]}" for i, names in enumerate(catalogue.sections())]


def test_a_run_has_few_public_names():
    assert len(PUBLIC) <= 7, "anything else is a function in a layer below"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_parameters_are_the_same_in_all(path):
    tagged = [source for tags, source in code(path) if "parameters" in tags]
    assert len(tagged) == 1
    assert [node.targets[0].id for node in ast.parse(tagged[0]).body] == PARAMETERS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_thin(path):
    for _, source in code(path):
        tree = ast.parse(source)
        assert len(source.splitlines()) <= 8
        assert not any(isinstance(node, FORBIDDEN) for node in ast.walk(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module.split(".")[0] == "audit"
            assert not isinstance(node, ast.Import)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_calls_what_there_is(path):
    shown = analyses_of(path)
    assert tuple(dict.fromkeys(shown.values())) == catalogue.section(path.stem), "a section shows all its analyses"
    used = {name: set() for name in shown.values()}
    for _, source in code(path):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.value.id == "run":
                name = node.args[0].id if node.func.attr == "analyse" else shown[node.args[0].id]
                used[name].add(node.func.attr)
                what = catalogue.analysis(name)
                names = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                known = what.figures if node.func.attr == "figures" else [f.name for f in fields(what.result)]
                assert set(names) <= set(known), f"{node.func.attr}{names}"
    for name, calls in used.items():
        assert {"analyse", "head", "notes"} <= calls <= PUBLIC, name


def analyses_of(path: Path) -> dict[str, str]:
    """The notebook's variables that hold results, and the analyses they come from."""
    found = {}
    for _, source in code(path):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                function = node.value.func
                if isinstance(function, ast.Attribute) and function.attr == "analyse":
                    found[node.targets[0].id] = node.value.args[0].id
    return found


def fields(kind):
    import dataclasses

    return dataclasses.fields(kind)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_known_tags_and_one_title(path):
    tags = {tag for cell in cells(path) for tag in cell["metadata"].get("tags", [])}
    assert tags <= {"analyst", "parameters", "report"}
    titles = [c for c in cells(path) if c["cell_type"] == "markdown" and "".join(c["source"]).startswith("# ")]
    assert len(titles) == 1

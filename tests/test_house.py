"""What the repository promises about itself: environments agree, generated pages are current, no room is too big."""

from __future__ import annotations

import ast
import json
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from audit.tables.dictionary import dictionary

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TOP = {
    "notebooks", "audit", "templates", "data", "reports", "tests", "environment.yml", "README.md",
    "pyproject.toml", "Makefile", "CHANGELOG.md", "LICENSE", "benchmarks", ".ci", ".pre-commit-config.yaml", ".gitignore",
}  # fmt: skip


def test_conda_environment_names_the_same_packages():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    listed = {item for item in pip if not item.startswith("--")}
    assert listed == {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]}
    assert f"python {PROJECT['requires-python']}" in environment["dependencies"]


def test_data_dictionary_is_current():
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8") == dictionary(), "renew it: make dictionary"


def test_only_the_agreed_things_lie_at_the_top():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    ).stdout.splitlines()
    assert {path.split("/")[0] for path in tracked} <= TOP


@pytest.mark.parametrize("path", sorted((ROOT / "audit").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_one_idea(path):
    text = path.read_text(encoding="utf-8")
    longest = 700 if path.parent.name == "analyses" else 430
    assert text.count("\n") <= longest, "split it: the missing thing is a model, a form or a table"
    assert ast.get_docstring(ast.parse(text)), "say what this module is"
    assert path.stem not in {"utils", "helpers", "common", "misc", "core", "base"}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").rglob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_is_stored_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)

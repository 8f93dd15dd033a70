"""The whole audit, end to end, on a tiny synthetic clinic: from raw exports to the client's report."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell

from audit import catalogue
from audit.results.store import ESTIMATE_COLUMNS
from tests.test_cli import audit, told

MARK = "Only for this client"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    (root / "data").mkdir()
    made = audit(root, "new", "demo", "--demo", "ent", "--size", "0.05")
    assert made.returncode == 0, told(made)
    return root


@pytest.fixture(scope="module")
def first(root) -> str:
    done = audit(root, "run", "demo")
    assert done.returncode == 0, told(done)
    return told(done)


def latest(root: Path) -> Path:
    return (root / "reports" / "demo" / "latest").resolve()


def hashes(folder: Path, pattern: str) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def test_says_what_it_does_and_where_things_are(first):
    for number, names in enumerate(catalogue.sections()):
        assert f"{number:02d}_{names[0]}" in first
    for file in ("report.html", "report.pdf", "appendix.xlsx"):
        assert f"reports/demo/latest/{file}" in first or file in first
    assert "0 fail" in first


def test_a_finished_run_is_whole(root, first):
    run = latest(root)
    manifest = json.loads((run / "MANIFEST.json").read_text("utf-8"))
    found = hashes(run, "**/*")
    found.pop("MANIFEST.json")
    assert found == manifest
    assert not list(run.parent.glob(".building-*"))
    estimates = pd.read_csv(run / "estimates.csv")
    assert list(estimates.columns) == ESTIMATE_COLUMNS
    assert set(estimates.analysis) == set(catalogue.names())
    assert (run / "set_aside.csv").is_file()


def test_nobody_is_named_in_what_the_client_gets(root, first):
    cards = (root / "data" / "demo" / "raw" / "patients.csv").read_bytes().decode("cp1251").splitlines()
    phones = {"".join(filter(str.isdigit, cell))[-10:] for line in cards[1:400] for cell in line.split(";")}
    phones = {phone for phone in phones if len(phone) == 10 and phone.startswith("9")}
    assert len(phones) > 50
    for path in latest(root).rglob("*"):
        if path.suffix in (".html", ".csv", ".json", ".ipynb"):
            text = path.read_text("utf-8")
            digits = text.replace(" ", "").replace("-", "")
            assert not [phone for phone in phones if phone in digits], path.name
            assert str(root) not in text, f"{path.name} tells where it was made"


def test_unchanged_is_not_run_again(root, first):
    before = latest(root)
    done = audit(root, "run", "demo")
    assert done.returncode == 0
    assert "up to date" in told(done)
    assert latest(root) == before


def test_same_inputs_same_bytes(root, first):
    run = latest(root)
    kept = root / "kept"
    shutil.copytree(run, kept)
    done = audit(root, "run", "demo", "--force", "--to", "html,xlsx")
    assert done.returncode == 0
    for pattern in ("results/**/*", "estimates.csv"):
        assert hashes(latest(root), pattern) == hashes(kept, pattern)


def test_what_is_changed_by_hand_shows_and_what_fails_does_not_kill_the_report(root, first):
    for name in ("02_profile", "04_doctors"):
        assert audit(root, "new", "demo", name).returncode == 0
    notebooks = root / "data" / "demo" / "notebooks"
    shown = new_code_cell(f"from IPython.display import HTML\nHTML('<p>{MARK}</p>')", metadata={"tags": ["report"]})
    for name, cell in (("02_profile", shown), ("04_doctors", new_code_cell("1 / 0"))):
        notebook = nbformat.read(notebooks / f"{name}.ipynb", as_version=4)
        notebook.cells.insert(4, cell)
        nbformat.write(notebook, notebooks / f"{name}.ipynb")
    (root / "data" / "demo" / "text.yml").write_text('capacity.notes.how: "Read it as Ana does."\n', encoding="utf-8")
    done = audit(root, "run", "demo", "--to", "html")
    assert done.returncode == 1, told(done)
    assert "own notebook" in told(done)
    assert "ZeroDivisionError" in told(done)
    page = (latest(root) / "report.html").read_text("utf-8")
    assert MARK in page
    assert "Read it as Ana does." in page
    assert "Not printed" in page

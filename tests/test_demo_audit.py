"""The whole audit, end to end, on a tiny synthetic clinic: from raw exports to the client's report."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import nbformat
import pandas as pd
import pytest

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
    for number, name in enumerate(catalogue.names()):
        assert f"{number:02d}_{name}" in first
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
    for pattern in ("results/**/*", "estimates.csv", "notebooks/*"):
        assert hashes(latest(root), pattern) == hashes(kept, pattern)


def test_own_notebook_and_own_sentence_show_up_in_the_report(root, first):
    assert audit(root, "new", "demo", "02_profile").returncode == 0
    path = root / "data" / "demo" / "notebooks" / "02_profile.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell = nbformat.v4.new_code_cell(
        f"from IPython.display import HTML\nHTML('<p>{MARK}</p>')", metadata={"tags": ["report"]}
    )
    notebook.cells.insert(-1, cell)
    nbformat.write(notebook, path)
    (root / "data" / "demo" / "text.yml").write_text('capacity.notes.how: "Read it as Ana does."\n', encoding="utf-8")
    done = audit(root, "run", "demo", "--to", "html")
    assert done.returncode == 0, told(done)
    assert "own notebook" in told(done)
    page = (latest(root) / "report.html").read_text("utf-8")
    assert MARK in page
    assert "Read it as Ana does." in page


def test_a_failing_section_becomes_a_page_and_does_not_kill_the_report(root, first):
    path = root / "data" / "demo" / "notebooks" / "04_doctors.ipynb"
    path.parent.mkdir(exist_ok=True)
    assert audit(root, "new", "demo", "04_doctors").returncode == 0
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(3, nbformat.v4.new_code_cell("1 / 0"))
    nbformat.write(notebook, path)
    done = audit(root, "run", "demo", "--to", "html")
    path.unlink()
    assert done.returncode == 1
    assert "ZeroDivisionError" in told(done)
    assert (latest(root) / "report.html").is_file()


def test_without_calls_and_accounts_their_pages_say_so(root, first):
    raw = root / "data" / "demo" / "raw"
    mapping = root / "data" / "demo" / "mapping.yml"
    kept = mapping.read_text("utf-8")
    import yaml

    content = yaml.safe_load(kept)
    gone = ("calltouch", "mango", "1c_pl")
    content["sources"] = [s for s in content["sources"] if not any(word in str(s) for word in gone)]
    mapping.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    done = audit(root, "run", "demo", "--to", "html")
    mapping.write_text(kept, encoding="utf-8")
    assert done.returncode == 0, told(done)
    assert raw.is_dir()
    assert "08_administrators" in told(done)
    assert "SKIP" in told(done)

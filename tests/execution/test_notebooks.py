"""The seam through which notebooks run: what papermill leaves open is closed."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from audit.errors import RunError, UsageError
from audit.execution.notebooks import NotebookFailed, check_parameters, execute

PARAMETERS = 'client = "demo"\nrun_folder = None'


def written(folder: Path, *sources: str, parameters: bool = True) -> Path:
    cells = [new_markdown_cell("# A notebook")]
    if parameters:
        cells.append(new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}))
    cells += [new_code_cell(source) for source in sources]
    path = folder / "00_test.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_runs_in_the_folder_given_and_tells_nothing_of_the_machine(tmp_path):
    notebook = written(tmp_path, "import pathlib; print(client, pathlib.Path('here.txt').read_text())")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "here.txt").write_text("found", encoding="utf-8")
    for name in ("a", "b"):
        execute(notebook, tmp_path / name / "out.ipynb", {"client": "acme"}, root=tmp_path / "root")
    first = (tmp_path / "a" / "out.ipynb").read_bytes()
    assert b"acme found" in first
    assert str(tmp_path).encode() not in first
    assert first == (tmp_path / "b" / "out.ipynb").read_bytes(), "same notebook, same bytes"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["out.ipynb"]


def test_unknown_parameter_is_refused_before_a_kernel_starts(tmp_path):
    with pytest.raises(UsageError, match="did you mean client") as error:
        check_parameters(written(tmp_path, "1"), {"cleint": "x"})
    assert error.value.exit_code == 2
    with pytest.raises(RunError, match="parameters"):
        check_parameters(written(tmp_path, "1", parameters=False), {})


def test_a_failing_cell_is_told_without_its_values(tmp_path):
    notebook = written(tmp_path, "secret = 'Anna +79161234567'\nfloat(secret)", "print('later')")
    with pytest.raises(NotebookFailed) as failure:
        execute(notebook, tmp_path / "out.ipynb", {}, root=tmp_path)
    assert str(failure.value) == "ValueError in cell 2"
    assert failure.value.is_ours
    stored = [o for c in json.loads((tmp_path / "out.ipynb").read_text("utf-8"))["cells"] for o in c.get("outputs", [])]
    assert [(o["ename"], o["evalue"], o["traceback"]) for o in stored] == [("ValueError", "", [])]


def test_a_mistake_told_in_words_keeps_them(tmp_path):
    notebook = written(
        tmp_path, "from audit.errors import UsageError\nraise UsageError('no such thing → try the other')"
    )
    with pytest.raises(NotebookFailed, match="no such thing → try the other") as failure:
        execute(notebook, tmp_path / "out.ipynb", {}, root=tmp_path)
    assert not failure.value.is_ours


def test_leaving_early_is_no_success(tmp_path):
    with pytest.raises(NotebookFailed, match=r"SystemExit|stopped before|kernel died"):
        execute(
            written(tmp_path, "import sys; sys.exit(0)", "print('never')"), tmp_path / "out.ipynb", {}, root=tmp_path
        )


def test_a_dead_kernel_is_no_success(tmp_path):
    notebook = written(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "print('never')")
    with pytest.raises(NotebookFailed):
        execute(notebook, tmp_path / "out.ipynb", {}, root=tmp_path)

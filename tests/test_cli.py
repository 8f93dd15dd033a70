"""The command line as its users meet it: every command a process of its own, in a workspace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.cli import _joined
from audit.errors import UsageError


def audit(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "audit", *words],
        cwd=root, capture_output=True, encoding="utf-8", timeout=600, env=environment, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What a person reads; a mistake of theirs never shows a traceback."""
    text = done.stdout + done.stderr
    assert "Traceback" not in text
    return text


def test_help_lists_the_verbs(root):
    done = audit(root, "--help")
    assert done.returncode == 0
    for verb in ("new", "validate", "run", "report", "plan"):
        assert verb in done.stdout


def test_unknown_words_are_usage_errors(root):
    assert audit(root, "rnu").returncode == 2
    assert audit(root, "run", "acme", "--forse").returncode == 2
    done = audit(root, "run", "acme")
    assert done.returncode == 2
    assert "clinic-audit new acme" in told(done)


def test_a_new_client_is_ready_to_be_filled(root):
    done = audit(root, "new", "acme")
    assert done.returncode == 0
    assert "validate acme" in told(done)
    assert "client: acme" in (root / "data" / "acme" / "clinic.yml").read_text("utf-8")
    assert oct((root / "data" / "acme" / "raw").stat().st_mode)[-3:] == "700"
    again = audit(root, "new", "acme")
    assert again.returncode == 2
    assert "there already" in told(again)


def test_names_of_clients_stay_inside(root):
    for name in ("../evil", "Acme", "a b", "{x}"):
        done = audit(root, "new", name)
        assert done.returncode == 2
        assert "cannot name a client" in told(done)
    assert not (root / "evil").exists()


def test_own_notebook(root):
    audit(root, "new", "acme")
    done = audit(root, "new", "acme", "05_pric")
    assert done.returncode == 2
    assert "did you mean 05_price" in told(done)
    assert audit(root, "new", "acme", "05_price").returncode == 0
    assert (root / "data" / "acme" / "notebooks" / "05_price.ipynb").is_file()
    assert audit(root, "new", "acme", "price").returncode == 2


def test_a_wrong_parameter_gets_a_suggestion_before_anything_runs(root):
    audit(root, "new", "acme")
    for words in (("-p", "curency", "EUR"), ("-y", "{curency: EUR}"), ("-p", "curency=EUR")):
        done = audit(root, "run", "acme", *words)
        assert done.returncode == 2
        assert "did you mean currency" in told(done)
    done = audit(root, "run", "acme", "--to", "hmtl")
    assert done.returncode == 2
    assert "did you mean html" in told(done)
    assert not (root / "reports").exists()


def test_no_exports_is_told(root):
    audit(root, "new", "acme")
    done = audit(root, "run", "acme")
    assert done.returncode in (1, 2)
    assert "validate acme" in told(done)
    assert not (root / "reports" / "acme" / "latest").exists()


def test_pairs_may_be_written_both_ways():
    assert _joined(["run", "x", "-p", "a.b", "1", "-p", "c=2", "-q"]) == ["run", "x", "-p", "a.b=1", "-p", "c=2", "-q"]
    with pytest.raises(UsageError, match="which value"):
        _joined(["run", "x", "-p", "a"])


def test_a_plan_needs_a_finished_run(root):
    audit(root, "new", "acme")
    done = audit(root, "plan", "acme", "--accept")
    assert done.returncode == 1
    assert "acme has no finished run → clinic-audit run acme" in told(done)
    assert not (root / "data" / "acme" / "hypotheses.yml").exists()

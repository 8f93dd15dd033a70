"""Imports only go downwards."""

from __future__ import annotations

from pathlib import Path

from importlinter.api import read_configuration
from importlinter.application.use_cases import lint_imports

ROOT = Path(__file__).parents[1]


def test_layers_hold(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert read_configuration()["contracts_options"], "no contracts found in pyproject.toml"
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), is_debug_mode=False, cache_dir=None)

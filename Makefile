# Two commands: `make audit` shows the demo clinic's report, `make test` proves the workbench.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# the environment compiles its modules: a machine may forbid it by default, and every start would pay for it
unexport PYTHONDONTWRITEBYTECODE

.PHONY: audit test setup check dictionary clean

audit: setup
	@test -f data/demo/clinic.yml || $(BIN)/clinic-audit new demo --demo ent
	@$(BIN)/clinic-audit run demo

test: setup check
	@$(BIN)/python -m pytest

setup: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version). Give one: make audit PYTHON=python3.12"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setting up .venv (once, about two minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --editable '.[dev]'
	@touch $(READY)

# the one definition of clean, for people, hooks and CI
check: setup
	@$(BIN)/ruff check audit tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/nbstripout --verify notebooks/*.ipynb

dictionary: setup
	@$(BIN)/python -m audit.tables.dictionary data/README.md
	@$(BIN)/python -m audit.intake.known_export_page audit/intake/presets/README.md

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache

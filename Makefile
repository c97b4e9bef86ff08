# Passback: `make run` starts everything, `make test` tests everything. Both install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EDITABLE := --editable . $(patsubst plugins/%/pyproject.toml,--editable plugins/%,$(wildcard plugins/*/pyproject.toml))
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Tests start hundreds of processes, and pytest rewrites every test's asserts: both need their compiled modules kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint format conformance conformance-browser bench requirements clean

run: $(VENV)/.run ## start the tool and the practice LMS with a sample course
	$(BIN)/passback demo

test: $(VENV)/.dev ## unit, functional, browser and plugin tests; what fails is run once more, alone (docs/decisions/0014)
	$(BIN)/python tests/support/prepare.py
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile \
	  || $(BIN)/python -m pytest --last-failed --last-failed-no-failures none

lint: $(VENV)/.dev ## format, types, import contracts, docs checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

conformance: $(VENV)/.dev ## ADL's SCORM 2004 test cases without a browser: seconds; `make test` plays some of them in Chromium
	$(BIN)/python -m plugins.scorm.tests.conformance.adl.replay

conformance-browser: $(VENV)/.dev ## all of them in the real player: about a quarter of an hour
	$(BIN)/python tests/support/prepare.py
	$(BIN)/python -m plugins.scorm.tests.conformance.adl.chromium

bench: $(VENV)/.dev ## ratios against a limit or a peer measured in the same run
	$(BIN)/python -m bench

requirements: ## refresh the pinned, hashed requirements (needs uv)
	for name in run dev; do uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links --upgrade requirements/$$name.in -o requirements/$$name.txt; done

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Passback needs Python 3.11 or newer; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# pip refuses hashes and editables in one call: the pinned dependencies first, then our own code without any.
$(VENV)/.run: requirements/run.txt pyproject.toml $(wildcard plugins/*/pyproject.toml) | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements/run.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation $(EDITABLE)
	touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml $(wildcard plugins/*/pyproject.toml) | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements/dev.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation $(EDITABLE)
	touch $@ $(VENV)/.run

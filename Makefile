# Two commands do all the set-up: `make demo` runs the main job, `make test` checks and tests everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo install check test lint docs clean

demo: install  ## set up, then edit a face by talking: a page in the browser
	$(BIN)/chatedit serve --open

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ChatEdit needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

lint: $(VENV)/.dev  ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

check: lint

test: $(VENV)/.dev lint  ## everything CI runs; a Chromium for the pages is found or installed (eval/chromium.py)
	$(BIN)/pytest

docs: $(VENV)/.dev  ## the site, warnings as errors (the tests build it too); prints where it is
	$(BIN)/python docs/build_site.py

clean:
	rm -rf $(VENV) .cache

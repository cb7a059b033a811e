# `make serve` and `make test` are all that a newcomer needs: a Debian with python3 and make.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := .venv-clients

.PHONY: help serve test test-full lint format bench lock clean

help:
	@echo "make serve      install what is needed and run everything on this machine"
	@echo "make test       install what the tests need and run them"
	@echo "make test-full  the same with the long forms"
	@echo "make lint       formatter, linter, types, import directions, rules"
	@echo "make lock       renew the hash-pinned requirements from requirements/*.in"

$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "python3 -m venv does not work here. On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/build.txt requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

$(CLIENTS)/.done: requirements/clients.txt | $(BIN)/python
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/clients.txt
	@touch $@

serve: $(VENV)/.runtime
	@exec $(BIN)/pratique serve

.PHONY: machine
machine:
	@bash tests/servers/install.sh

test: $(VENV)/.test $(CLIENTS)/.done machine
	$(BIN)/python -m pytest -m "not full" --durations=15

test-full: $(VENV)/.test $(CLIENTS)/.done machine
	$(BIN)/python -m pytest --durations=30

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pratique rules check

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@for name in build runtime test clients; do \
	  constraint=""; [ $$name = test ] && constraint="--constraint requirements/runtime.txt"; \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --no-annotate $$constraint requirements/$$name.in --output-file requirements/$$name.txt; done

clean:
	rm -rf $(VENV) $(CLIENTS) .cache

# `make run` starts the demo, `make test` installs and passes the tests; each makes what it needs.
SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
# The first of these that is Python 3.11 or newer makes the virtual environment; PYTHON=… names another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
CONFIG ?= configs/demo.yaml

.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

run: $(VENV)/.run ## install and run the demo (CONFIG=… for another file)
	$(BIN)/lambda-router run $(CONFIG)

test: $(VENV)/.dev ## install and pass the tests
	$(BIN)/python -m pytest

test-compiled: $(VENV)/.dev ## compile a copy with mypyc, and pass the tests of what was compiled
	sh .ci/test-compiled $(BIN)/python

check: lint types test ## everything but the package

lint: $(VENV)/.dev ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy, strict
	$(BIN)/mypy

format: $(VENV)/.dev ## rewrite to the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench ## measure, with peers in the same run
	$(BIN)/python -m benchmarks.sync_path
	$(BIN)/python -m benchmarks.latency
	$(BIN)/python -m benchmarks.slow_upstream
	$(BIN)/python -m benchmarks.tls
	$(BIN)/python -m benchmarks.accept
	$(BIN)/python -m benchmarks.http_accept
	$(BIN)/python -m benchmarks.drain
	$(BIN)/python -m benchmarks.queue_drain
	$(BIN)/python -m benchmarks.validation
	$(BIN)/python -m benchmarks.many_cores
	$(BIN)/python -m benchmarks.local_functions
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.matching
	$(BIN)/python -m benchmarks.event_patterns
	$(BIN)/python -m benchmarks.plot

bench-memory: $(VENV)/.bench ## resident size over ten million requests or ten minutes at full load
	$(BIN)/python -m benchmarks.memory --long

PROFILE ?=
profile: $(VENV)/.bench ## a flame graph of the synchronous path under load (PROFILE="--api rest --native")
	$(BIN)/python -m benchmarks.flame_graph $(PROFILE)

CRASH_ROUNDS ?= 200
crash-test: $(VENV)/.dev ## kill the daemon and its journal many times; nothing may be lost (CRASH_ROUNDS=200)
	CRASH_ROUNDS=$(CRASH_ROUNDS) $(BIN)/python -m pytest tests/journal/test_crash.py tests/e2e/test_crash.py

package: $(VENV)/.dev ## build the wheels, plain and compiled, install each alone, start the daemon from it
	sh .ci/package "$(PYTHON)" "$(BIN)/python"

clean: ## remove what was made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "lambda-router needs Python 3.11 or newer; name one with PYTHON=/path/to/python3." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[runtime]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/.bench: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@ $(VENV)/.dev $(VENV)/.run

.PHONY: help run test test-compiled check lint types format bench bench-memory profile crash-test package clean

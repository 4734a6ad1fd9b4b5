# Everything a fresh machine needs: `make demo` and `make test`. Needs Linux, Python 3.11 or newer, make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo up test chaos soak check lint types contracts lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## install everything into .venv (quick when nothing changed)

$(READY): requirements/dev.lock requirements/node.lock pyproject.toml deploy/setup.sh
	@PYTHON=$(PYTHON) VENV=$(VENV) sh deploy/setup.sh
	@touch $@

demo: setup ## run the whole system on real footage; SAMPLE=path plays your own file
	@$(BIN)/hypersight demo $(if $(SAMPLE),--sample "$(SAMPLE)")

up: setup ## run the whole system with your own cameras
	@$(BIN)/hypersight up

test: setup ## run every test; installs Chromium where there is none and apt may
	@sh deploy/browser.sh
	@$(BIN)/python -m pytest

chaos: setup ## kill every part of the system while it watches, and compare with an undisturbed run (15 minutes)
	@$(BIN)/python -m tests.chaos

soak: setup ## watch a camera for half an hour while everything goes wrong; MINUTES=5 is shorter
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),30)

check: lint types contracts ## everything CI runs beside the tests

lint: setup
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/codespell && $(BIN)/vulture && $(BIN)/deptry .

types: setup
	@$(BIN)/mypy

contracts: setup
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

lock: setup ## resolve the newest versions into requirements/*.lock (needs uv)
	@sh deploy/lock.sh

clean: ## remove the environment (data in var/ stays)
	rm -rf $(VENV)

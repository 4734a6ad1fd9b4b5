# Everything a fresh machine needs: `make demo` and `make test`. Needs Linux, Python 3.11 or newer, make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
AUDIT := $(VENV)/audit
MANIFEST := $(VENV)/dbt/parsed/manifest.json

.DEFAULT_GOAL := help
.PHONY: help setup demo up test chaos soak docs check lint types contracts audit lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

setup: $(READY) $(MANIFEST) ## install everything into .venv (quick when nothing changed)

$(READY): requirements/dev.lock requirements/dbt.lock requirements/node.lock pyproject.toml deploy/setup.sh
	@PYTHON=$(PYTHON) VENV=$(VENV) sh deploy/setup.sh
	@touch $@

# what Dagster shows of the dbt project: parsed here, so that loading it takes no dbt and no database
$(MANIFEST): $(READY) $(shell find dbt_metrics -type f)
	@DO_NOT_TRACK=1 DBT_TARGET_PATH=$(abspath $(VENV)/dbt/parsed) DBT_LOG_PATH=$(abspath $(VENV)/dbt/parsed) \
	  $(VENV)/dbt/bin/dbt --quiet --no-partial-parse parse --project-dir dbt_metrics --profiles-dir dbt_metrics

demo: setup ## run the whole system on real footage; SAMPLE=path plays your own file, HISTORY=1 loads seven years of counts
	@$(BIN)/hypersight demo $(if $(SAMPLE),--sample "$(SAMPLE)") $(if $(HISTORY),--history)

up: setup ## run the whole system with your own cameras
	@$(BIN)/hypersight up

test: setup $(AUDIT)/.ready ## run every test; fetches Chromium and Prometheus where there is none and apt may
	@sh deploy/browser.sh
	@sh deploy/promtool.sh $(VENV)/prometheus
	@$(BIN)/python -m pytest

chaos: setup ## kill every part while it watches, under Compose and under make up, and compare (half an hour); STACK=up is one of them
	@for stack in $(or $(STACK),compose up); do $(BIN)/python -m tests.chaos --stack $$stack || exit 1; done

soak: setup ## watch a camera for half an hour while everything goes wrong; MINUTES=5 is shorter
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),30)

docs: setup ## write the documentation of the dbt models into var/dbt (hypersight dbt docs serve shows it)
	@$(BIN)/hypersight dbt docs generate

check: lint types contracts ## everything CI runs beside the tests

lint: setup
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/codespell && $(BIN)/vulture && $(BIN)/deptry .
	@$(VENV)/dbt/bin/sqlfluff lint --disable-progress-bar dbt_metrics/models dbt_metrics/tests/singular

types: setup
	@$(BIN)/mypy

contracts: setup
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

# apart from what it looks at, whose versions it would hold back
$(AUDIT)/.ready: requirements/audit.lock
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

audit: $(AUDIT)/.ready ## ask over the internet which locked packages have known holes; ARGS="--ignore-vuln ID" leaves one out
	@$(AUDIT)/bin/python deploy/audit.py $(ARGS)

lock: setup ## resolve the newest versions into requirements/*.lock (needs uv)
	@sh deploy/lock.sh

clean: ## remove the environment (data in var/ stays)
	rm -rf $(VENV)

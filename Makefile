# `make demo` needs nothing but Python 3.11 or newer; `make test` also Debian's package tool.

PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt
SUDO    := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
DEBIAN  := chromium curl gnutls-bin openssl haproxy nginx-light redis-server pebble prometheus socat systemd
DEMO    := results/demo
EXTRAS  := dev,notebook,parquet,dask,live,tune,rl

DEMO_SCENARIOS := same_ca android_root_missing rare_segment
DEMO_POLICIES  := adaptive target_success fixed_linear fixed_canary fixed_exponential \
                  repeated_rollback threshold_step oracle

.PHONY: help demo test regress lint bench evidence packages clean

help:
	@echo "make demo      fly three rotations with eight policies and show who would have been harmed"
	@echo "make test      everything that must hold: style, types, import rule, tests"
	@echo "make regress   do policies still do what simcert-baseline/ says? part of make test, too"
	@echo "make lint      style, types and import rule only"
	@echo "make bench     speed, as ratios; writes results/bench"
	@echo "make evidence  statistical proofs; writes results/evidence"

demo: $(VENV)/.core
	@rm -rf $(DEMO)
	@$(BIN)/simcert compare $(DEMO_SCENARIOS) $(addprefix --policy ,$(DEMO_POLICIES)) \
	    --runs 60 --seed 1 --out $(DEMO)
	@$(BIN)/simcert report $(DEMO)

test: packages lint
	@$(BIN)/pytest -n 2

regress: $(VENV)/.dev
	@$(BIN)/simcert regress

lint: $(VENV)/.dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.dev
	@for name in $(notdir $(basename $(wildcard bench/[!_]*.py))); do \
	    echo "== $$name"; $(BIN)/python -m bench.$$name || exit 1; done

evidence: $(VENV)/.dev
	@$(BIN)/python -m bench.evidence

# Debian calls the module that makes environments python3-venv and may not have it installed.
$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV) || { $(SUDO) apt-get update -qq \
	    && $(SUDO) apt-get install -y -qq python3-venv && $(PYTHON) -m venv --clear $(VENV); }

$(VENV)/.core: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing simcert into $(VENV)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing simcert and its test tools into $(VENV)"
	@$(PIP) --editable '.[$(EXTRAS)]'
	@touch $(VENV)/.core $@

# What cannot be installed is told by the tests that need it; in CI they fail instead of skipping.
packages:
	@missing=""; for name in $(DEBIAN); do dpkg -s $$name >/dev/null 2>&1 || missing="$$missing $$name"; done; \
	[ -z "$$missing" ] || { echo "installing$$missing"; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

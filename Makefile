# `make demo` and `make test` work on a fresh machine with Python 3.11; the second time they install nothing.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := demo
.PHONY: demo test lint bench install

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
WORKERS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
export PYTHONUTF8 := 1

demo: install  ## A year of an invented operator: month eleven, then month twelve.
	@$(BIN)/voc run configs/demo.yaml --until 2026-09-30
	@$(BIN)/voc action configs/demo.yaml import data_samples/ondelia/actions_ondelia.yaml
	@$(BIN)/voc run configs/demo.yaml --until 2026-10-31
	@echo
	@echo "Open out/demo/report.fr.html or out/demo/report.en.html"
	@echo "Tables: out/demo/*.csv, out/demo/*.parquet, out/demo/tables.xlsx   Database: out/demo/voc.db"

test: install lint  ## Lints, type-checks, tests.
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

lint: install
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install  ## Ratios against what one would use instead.
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.throughput
	$(BIN)/python -m benchmarks.stability
	$(BIN)/python -m benchmarks.loop

# Installs the lock when the lock has changed, and the project when its own settings have: what they were is kept in .venv.
install:
	@test -n "$(PYTHON)" || { echo "No python3.11 on this machine: install it, or call make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || { "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "$(PYTHON) is not Python 3.11, which requirements.lock is made for: call make PYTHON=/path/to/python3.11"; exit 1; }; \
		"$(PYTHON)" -m venv .venv; }
	@lock=$$(sha256sum < requirements.lock); if [ "$$(cat .venv/.lock 2>/dev/null || true)" != "$$lock" ]; then \
		n=$$(grep -c == requirements.lock); echo "Installing $$n packages into .venv (once)"; \
		$(PIP) install --no-warn-script-location -r requirements.lock \
			| awk -v n=$$n '/^(Collecting|Processing|Requirement already)/ { printf "\r  found %d of %d", ++i, n; fflush() } /^Installing/ { printf "\n  unpacking\n"; fflush() }'; \
		echo "$$lock" > .venv/.lock; fi
	@project=$$(sha256sum < pyproject.toml); if [ "$$(cat .venv/.project 2>/dev/null || true)" != "$$project" ]; then \
		$(PIP) install -q --no-deps --no-build-isolation -e .; echo "$$project" > .venv/.project; fi

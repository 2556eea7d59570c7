# `make demo` shows the whole loop on this laptop; `make test` proves it. Both install what they need into .venv.
PYTHON ?= python3
BIN := .venv/bin
# Three for two cores, because half of the time one waits for the Terraform provider; the longest first (tests/conftest.py).
WORKERS := --numprocesses 3 --dist loadgroup --no-loadscope-reorder

.PHONY: demo test test-slow lint bench bench-preprocessing bench-serving clean

demo: .venv/installed  ## DATA=file.xlsx TARGET=column: your own data; USE_CASE=name: another use case; JSON=path: facts as JSON; KEEP=1: leave it running; FOLDER=path: elsewhere than .mlops/demo
	@$(BIN)/mlops demo $(if $(DATA),--data "$(DATA)" --target "$(TARGET)") $(if $(USE_CASE),--use-case "$(USE_CASE)") $(if $(JSON),--json "$(JSON)") $(if $(KEEP),--keep) $(if $(FOLDER),--folder "$(FOLDER)")

test: .venv/installed  ## under 15 minutes on two cores
	$(BIN)/pytest -m "not slow" $(WORKERS)

test-slow: .venv/installed  ## the rest, under 45 minutes; most of it waits for the Terraform provider
	$(BIN)/pytest -m slow $(WORKERS)

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	terraform fmt -check -recursive

bench: .venv/installed  ## speed and memory, as ratios within one run
	$(BIN)/python benchmarks/generation.py
	$(BIN)/python benchmarks/ingestion.py
	$(BIN)/python benchmarks/out_of_core.py
	$(BIN)/python benchmarks/loop.py
	$(BIN)/python benchmarks/monitoring.py

bench-preprocessing: .venv/installed  ## Ray Data beside pandas from 1x to 8x the data; installs Ray
	$(BIN)/python benchmarks/preprocessing.py

bench-serving: .venv/installed  ## our server beside MLflow, AWS's, MLServer, BentoML, LitServe and FastAPI: [ROUNDS=3] [SECONDS=3] [UPDATE_DOCS=1]
	$(BIN)/python benchmarks/serving --rounds $(or $(ROUNDS),3) --seconds $(or $(SECONDS),3) $(if $(UPDATE_DOCS),--write docs)

clean:
	rm -rf .venv .mlops build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/installed: pyproject.toml
	@echo "Installing into .venv, once; this takes about a minute."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --editable ".[test]"
	@touch $@

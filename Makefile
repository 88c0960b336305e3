# Everything runs in .venv; the machine's own Python stays as it is.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
BIN = $(VENV)/bin
BENCH = .venv-bench
STAMP = $(VENV)/.installed
COMPILED = $(VENV)/.compiled
JOBS ?= 2

.PHONY: demo test fuzz lint score danger noise bench docs site e2e clean

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "policylint needs Python >= 3.11 with venv; set PYTHON=..."; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV) && \
		uv pip install --quiet --python $(BIN)/python -e '.[embedded]' --group dev; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1' && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded]' --group dev; \
	fi
	@touch $@

$(COMPILED): $(STAMP) $(shell find policylint -name "*.py")
	@$(BIN)/python -m compileall -q policylint  # also where Python is told to write no bytecode
	@touch $@

demo: $(COMPILED)  ## the main job on a bundled example, with the embedded engine
	@$(BIN)/python -m policylint check fixtures/demo/after --before fixtures/demo/before \
		--release shop -n prod -f fixtures/demo/values-prod.yaml --helm embedded --helm-version 3 || test $$? -eq 1

FUZZ ?= 20000
fuzz: $(COMPILED)  ## mutated files through every reader: FUZZ of them; `make test` takes a few hundred
	@POLICYLINT_FUZZ=$(FUZZ) $(BIN)/python -m pytest -q -n $(JOBS) tests/scan/test_mutations.py \
		tests/pipeline/test_mutations.py

test: $(COMPILED)  ## every test, or those that TESTS chooses
	@$(BIN)/python -m pytest -n $(JOBS) $(TESTS)

lint: $(STAMP)  ## style, types, the import law
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python scripts/check_style.py

score: $(STAMP)  ## the forecast and policies against recorded answers, the scan against its labelled corpus
	@$(BIN)/python scripts/score_forecast.py
	@$(BIN)/python scripts/score_scan.py
	@$(BIN)/python scripts/score_policies.py

danger: $(STAMP)  ## which dangers are told, over upgrades of one change each
	@$(BIN)/python scripts/danger.py

noise: $(STAMP)  ## how many findings good upgrades get
	@$(BIN)/python scripts/noise.py

BENCH_STAMP = $(BENCH)/.installed
$(BENCH_STAMP): $(STAMP) $(shell find policylint rules -type f -not -name "*.pyc")
	@$(PYTHON) -m venv $(BENCH) && $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check .
	@touch $@

bench: $(COMPILED) $(BENCH_STAMP)  ## speed, as ratios
	@POLICYLINT=$(BENCH)/bin/policylint $(BIN)/python bench/run.py

docs: $(STAMP)  ## write the generated pages again
	@$(BIN)/python scripts/make_docs.py

site: $(STAMP)  ## the documentation as a site, in build/site
	@$(BIN)/python scripts/make_site.py
	@$(BIN)/mkdocs build --quiet --strict

e2e: $(STAMP)  ## against a real API server (cached)
	@scripts/e2e.sh

clean:
	rm -rf $(VENV) $(BENCH) dist build .pytest_cache .mypy_cache .ruff_cache

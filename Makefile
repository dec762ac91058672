# Every target sets up .venv by itself, from requirements.lock: Python 3.11+ and make are enough.
# Another interpreter: make PYTHON=/path/to/python3.12 test

.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-lock
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTHON ?=
PYTEST_ARGS ?=
# Processes of `make test`; each takes up to 4 GB.
JOBS ?= 2

.PHONY: help demo test test-slow unit lint format docs site screenshots bench lock clean

help: ## Shows this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP) ## Trains a net that does not learn and its repaired twin, and says why.
	$(BIN)/gradscope demo

test: $(STAMP) ## Runs all tests but the slow ones.
	$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --dist loadfile $(PYTEST_ARGS)

test-slow: $(STAMP) ## Runs the slow tests.
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

unit: $(STAMP) ## Runs the unit tests, in about a minute.
	$(BIN)/python -m pytest tests/unit $(PYTEST_ARGS)

lint: $(STAMP) ## Checks style, format, types and the direction of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

format: $(STAMP) ## Formats the code and sorts its imports.
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(STAMP) ## Writes the pages on statistics and causes anew from their catalogues.
	$(BIN)/python docs/generate.py

site: $(STAMP) ## Builds the documentation as a site in build/site.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

screenshots: $(STAMP) ## Takes the screenshots of the tab that the docs show; needs Chromium.
	$(BIN)/python -m docs.make_screenshots

bench: $(STAMP) ## Measures what a recorded step costs on this machine, in about ten minutes.
	$(BIN)/gradscope bench

lock: ## Pins the newest versions that pyproject.toml allows in requirements.lock.
	$(call find_python,build/lock)
	build/lock/bin/python -m pip --disable-pip-version-check --quiet install uv
	build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --custom-compile-command "make lock" \
		--extra dev --extra docs pyproject.toml --output-file requirements.lock

clean: ## Removes what tools leave behind, but not .venv.
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache runs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Makes the virtual environment $(1) with the first interpreter that TensorFlow has wheels for.
define find_python
	@test -x $(1)/bin/python || { \
		for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
			if $$python -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
				echo "Making $(1) with $$($$python --version)"; exec $$python -m venv $(1); \
			fi; \
		done; \
		echo "gradscope needs Python 3.11, 3.12 or 3.13 with the venv module; tried: $(or $(PYTHON),python3 python3.13 python3.12 python3.11)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
endef

# The stamp is a copy of the lock that was installed, so that only another lock installs anew.
$(STAMP): requirements.lock pyproject.toml
	$(call find_python,$(VENV))
	@cmp -s requirements.lock $(STAMP) || { \
		echo "Installing requirements.lock (about 700 MB once)"; \
		$(PIP) install --no-compile --require-hashes --requirement requirements.lock; }
	@$(PIP) install --no-deps --editable .
	@cp requirements.lock $(STAMP)

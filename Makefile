# Two commands are enough: `make run` shows the bot at work, `make test` runs all tests.
#   make run ARGS='--once "/avatar-start 24bad716-87b1-45e5-8912-6102f7693265 cn-north-4"'

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test lint types layers pytest chaos bench lock clean

run: .venv/runtime
	@$(BIN)/avatar-bot sandbox $(ARGS)

test: lint types layers pytest

lint: .venv/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/development
	$(BIN)/mypy

layers: .venv/development
	$(BIN)/lint-imports

# Three workers, no more: most tests only wait, but some must answer within Slack's three seconds. Without
# `--no-loadscope-reorder` the files with the fewest tests come last: they take the longest.
pytest: .venv/development
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# Kill one bot 250 times and replicas 100 times, start 10,000 jobs in a row and run 300 random lives, in about 20
# minutes. `make test` has 6 kills and 2, 900 starts among 3,000 uses, and 30 lives.
chaos: .venv/development
	CHAOS_KILLS=250 MEMORY_USES=9000 MEMORY_STARTS_IN_TEN=10 LIFE_EXAMPLES=300 $(BIN)/python -m pytest \
	    tests/process/test_chaos.py tests/process/test_memory.py tests/life/test_life_of_starts.py $(ARGS)

# Compare the bot with its alternatives, in half an hour; ARGS=--quick takes a minute and judges no goals.
bench: .venv/development
	@$(BIN)/python -m bench $(ARGS)

# Lock names, versions and hashes of all packages, for every Python version and platform at once.
lock: .venv/development
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --extra postgresql pyproject.toml requirements-build.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --group dev -c requirements.txt -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    -c requirements.txt bench/requirements.in -o bench/requirements.txt
	cd bench/contenders/bolt_js && if command -v npm >/dev/null; then npm update --package-lock-only; fi

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis \
	    bench/.venv bench/contenders/bolt_js/node_modules

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'Avatar bot needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …' >&2; exit 1; }
	@echo 'Setting up .venv …' >&2
	@$(PYTHON) -m venv .venv

.venv/runtime: requirements.txt pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes -r requirements.txt >&2
	@$(PIP) install --no-deps --no-build-isolation --editable . >&2
	@touch $@

.venv/development: requirements-dev.txt .venv/runtime
	@$(PIP) install --require-hashes -r requirements-dev.txt >&2
	@touch $@

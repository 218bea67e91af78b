# Two commands do all: `make demo` shows onbeat at work, `make test` runs every test. What they need, they install.
# Set-up is stamped: it is done once, and again when a lock or pyproject.toml changes.

PYTHON ?= python3
JOBS ?= 2
ARGS ?=
CONFORMANCE ?= ../shared/conformance
UV ?= uv==0.13.9

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --require-hashes
NPM := $(BIN)/python hatch_build.py
UI := src/onbeat/static/index.html
COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo serve ui ui-dev ui-if-possible screenshots check test packages services bench kill-loop fuzz schema soak conform lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

# --- set-up ----------------------------------------------------------------------------------------------------------

$(VENV)/.made:
	@PYTHON="$(PYTHON)" .ci/system-packages python
	$(PYTHON) -m venv $(VENV)
	@touch $@

# What runs onbeat. The build backend is installed from its lock first, so that nothing unpinned is fetched.
$(VENV)/.runtime: requirements.lock requirements-backend.lock pyproject.toml $(VENV)/.made
	$(INSTALL) -r requirements-backend.lock -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# What tests and checks it.
$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(INSTALL) -r requirements-dev.lock
	@touch $@

# Node: the machine's own when it is new enough, else PyPI's.
$(VENV)/.node: requirements-node.lock $(VENV)/.runtime
	@$(NPM) --node >/dev/null 2>&1 || $(INSTALL) -r requirements-node.lock
	@touch $@

# What the web UI is built of; types and tests are not in it.
$(UI): $(shell find src/ui -name node_modules -prune -o -type f ! -name '*.test.*' ! -name '*.d.ts' -print) | $(VENV)/.node
	$(NPM)

setup: $(VENV)/.dev ## make .venv with everything for work on onbeat

# --- use -------------------------------------------------------------------------------------------------------------

demo: $(VENV)/.runtime ui-if-possible ## show onbeat at work (ONCE=1: end after the first round)
	$(BIN)/onbeat demo $(if $(ONCE),--once)

serve: $(VENV)/.runtime ui-if-possible ## run the daemon here (ARGS=...: its options)
	$(BIN)/onbeat serve $(ARGS)

ui: $(UI) ## build the web UI

ui-dev: $(VENV)/.node ## the web UI while it is worked on, at a daemon that runs (ONBEAT_SERVER=http://127.0.0.1:8080)
	$(NPM) run dev $(if $(ARGS),-- $(ARGS))

# Without its web UI onbeat does all else.
ui-if-possible: $(VENV)/.runtime
	@$(MAKE) --no-print-directory --question $(UI) 2>/dev/null || echo "Building the web UI"
	@$(MAKE) --no-print-directory --silent $(UI) >/dev/null 2>&1 || echo "The web UI could not be built; \`make ui\` says why. All else works."

# --- quality ---------------------------------------------------------------------------------------------------------

check: $(VENV)/.dev $(VENV)/.node ## lint, format, types, architecture, committed files; the web UI's, too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/committed_files.py
	$(NPM) run check

# Asked before set-up, so that a user who is not root gets all missing packages in one line.
packages:
	@PYTHON="$(PYTHON)" .ci/system-packages python java maven mosquitto curl chromium

services: packages $(VENV)/.dev
	@$(BIN)/python -m tests.services.kafka --fetch >/dev/null
	@$(BIN)/python -m tests.services.kestrapy --fetch >/dev/null

test: services $(UI) ## run every test, with real brokers and a real browser, and Kestra's own flows (ARGS="-k name": some tests)
	@$(if $(ARGS),true,$(NPM) test)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)
	@$(if $(ARGS),true,$(MAKE) --no-print-directory conform)

screenshots: services $(UI) ## show every page, light and dark, wide and narrow, as pictures (ARGS=...: its options)
	$(BIN)/python -m tests.ui.screenshots $(ARGS)

conform: $(VENV)/.runtime ## run Kestra's own test flows (CONFORMANCE=folder of the program)
	@if [ -x $(CONFORMANCE)/conform ]; then \
		$(BIN)/python $(CONFORMANCE)/conform --onbeat $(BIN)/onbeat $(ARGS); \
	else \
		echo "No conformance program in $(CONFORMANCE): name its folder with CONFORMANCE=..."; \
	fi

bench: services ## measure latency and throughput
	$(BIN)/python -m tests.bench $(ARGS)

kill-loop: services ## kill -9 the daemon in a loop and check every promise
	$(BIN)/python -m tests.e2e.kill_loop $(ARGS)

fuzz: $(VENV)/.dev ## read a million malformed documents and expressions (ARGS="--count 20000")
	$(BIN)/python -m tests.fuzz $(ARGS)

schema: $(VENV)/.dev ## ask the API for all that its document allows, and much it does not (ARGS="--requests 250000")
	$(BIN)/python -m tests.e2e.schema_campaign $(ARGS)

soak: services ## run for long and watch memory, disk and latency
	$(BIN)/python -m tests.e2e.soak $(ARGS)

# --- upkeep ----------------------------------------------------------------------------------------------------------

lock: $(VENV)/.made ## resolve the dependencies anew and write the locks
	$(PIP) install --quiet '$(UV)'
	$(COMPILE) pyproject.toml --group dev --output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --constraints requirements-dev.lock --output-file requirements.lock
	$(COMPILE) --group pyproject.toml:backend --constraints requirements-dev.lock --output-file requirements-backend.lock
	$(COMPILE) --group pyproject.toml:node --output-file requirements-node.lock

clean: ## remove what was made here, the data in .onbeat excepted
	rm -rf $(VENV) src/ui/node_modules src/onbeat/static .cache dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find src tests -name __pycache__ -prune -exec rm -rf {} +

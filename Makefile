# make run    start AI Nexus on this machine       make test   test it
# make check  format, lint, types, import rules    make help   the rest
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help base dev run local finetune check format test test-rust test-python test-browser test-slow test-local test-finetune test-postgres test-pythons test-asan lock bench bench-retrieval bench-follow-ups bench-leads bench-rust screens faults samples

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

base:
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 to 3.13 is needed, and none was found; install one, or set PYTHON" >&2; exit 1; }
	@$(PYTHON) tools/setup.py base

dev:
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 to 3.13 is needed, and none was found; install one, or set PYTHON" >&2; exit 1; }
	@$(PYTHON) tools/setup.py dev

run: base ## start AI Nexus; Ctrl-C stops it
	@exec $(BIN)/nexus up

local: ## add llama.cpp and a small sample model, for a model that writes answers offline
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 to 3.13 is needed, and none was found; install one, or set PYTHON" >&2; exit 1; }
	@$(PYTHON) tools/setup.py add-local

finetune: ## add torch and what trains with it, for models that answer and search models; 4.8 GB
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 to 3.13 is needed, and none was found; install one, or set PYTHON" >&2; exit 1; }
	@$(PYTHON) tools/setup.py add-finetune

check: dev ## format, lint, types, import rules, clippy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest rust_accel
	$(BIN)/lint-imports
	$(BIN)/python tools/sizes.py
	cd rust_accel && cargo fmt --check && cargo clippy --locked --all-targets --all-features --quiet -- -D warnings

format: dev ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cd rust_accel && cargo fmt

test: test-rust test-python test-browser ## what is tested, but for the slow sets below

test-rust: dev
	cd rust_accel && cargo test --locked --quiet

# By module or class: what its tests share (a server, a model, its float64 twin) is then made once, not by each worker.
test-python: dev
	$(BIN)/pytest -n 2 --dist loadscope -m "not slow and not process and not local and not finetune" \
		--ignore tests/browser

# Playwright keeps an event loop in its process, beside which no asynchronous test can run.
test-browser: dev
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow" tests/browser

test-slow: dev ## what takes long: servers started and killed, limits reached, MPNet, pages in every theme, what has a like in `make test`
	$(BIN)/pytest -n 2 --dist loadscope -m "slow or process" --ignore tests/browser
	$(BIN)/pytest -n 2 --dist loadfile -m slow tests/browser

test-local: ## local models on the real llama.cpp, installed with its sample into .local
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 to 3.13 is needed, and none was found; install one, or set PYTHON" >&2; exit 1; }
	@$(PYTHON) tools/setup.py local
	.local/bin/pytest -m local tests/local

test-finetune: ## training with torch, installed into .finetune with llama.cpp and the sample model
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 to 3.13 is needed, and none was found; install one, or set PYTHON" >&2; exit 1; }
	@$(PYTHON) tools/setup.py finetune
	.finetune/bin/pytest -m finetune tests/finetuning_extra

# What its tests are of is not SQL: providers, models, clients.
ELSEWHERE := batch_faults chat_provider chat_timeouts drafting_faults every_provider fetch_model finetune_remote injection \
	metrics openai_chat openai_embeddings openai_errors openai_loopback provider_use providers search_models

# A job that a test's end cancels leaves its connection to the garbage collector, which warns.
test-postgres: dev ## what touches the database, over Postgres
	NEXUS_TEST_POSTGRES=1 $(BIN)/pytest -n 2 -W ignore::pytest.PytestUnraisableExceptionWarning \
		-m "not slow" $(ELSEWHERE:%=--ignore=tests/api/test_%.py) tests/api tests/repositories tests/services tests/retrieval

test-pythons: dev ## the other supported Pythons of this machine
	$(BIN)/python tools/pythons.py

test-asan: ## the crate's tests under AddressSanitizer, which needs a nightly Rust
	cd rust_accel && ASAN_OPTIONS=allocator_may_return_null=1 RUSTFLAGS=-Zsanitizer=address cargo +nightly test \
		--locked --quiet --lib --target $(shell rustc -vV | sed -n 's/^host: //p')

lock: dev ## make the locks anew from pyproject.toml
	$(BIN)/python tools/lock.py

bench: dev ## print the figures; results in benchmarks/results/
	$(BIN)/python -m benchmarks

bench-retrieval: dev ## search quality on the retrieval set; ARGS="--split tune" while tuning
	$(BIN)/python -m benchmarks.retrieval_set $(ARGS)

bench-follow-ups: dev ## follow-ups and small talk that are understood; ARGS="--split tune --wrong" while tuning
	$(BIN)/python -m benchmarks.follow_ups $(ARGS)

bench-leads: dev ## leads read by rules, beside labels; ARGS="--split tune --wrong" while tuning
	$(BIN)/python -m benchmarks.leads $(ARGS)

bench-rust: ## rust_accel beside its peers, installed into .bench; ARGS=--quick for a short look
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 to 3.13 is needed, and none was found; install one, or set PYTHON" >&2; exit 1; }
	@$(PYTHON) tools/setup.py bench
	.bench/bin/python -m benchmarks.rust $(ARGS)

screens: dev ## make docs/screens anew
	$(BIN)/python -m tests.browser.screens

faults: dev ## the fault catalogue: row, test, result
	$(BIN)/python tools/faults.py

samples: dev ## build docs/samples anew
	$(BIN)/python docs/samples/build.py

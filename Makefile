# What is done with this repository, one target each. `make` alone lists them.
#
# Everything that compiles does so for the whole workspace: with `-p` cargo would resolve features anew and compile
# every AWS SDK a second time. `demo` and `test` share one development build.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
LOCK := tests/emulator/requirements.lock
PREFIX ?= $(HOME)/.local
# Asked only by the targets that need it; it may lie outside the repository (CARGO_TARGET_DIR).
TARGET = $(shell cargo metadata --no-deps --format-version 1 | $(PYTHON) -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: venv build ## Walk a production stack through its life, against the emulator (about a minute after the build).
	@"$(TARGET)/debug/auroractl-demo"

.PHONY: test
test: venv ## All tests, the emulator's too.
	cargo test --workspace --locked
	PYTHONPATH=tests/emulator $(VENV)/bin/python -m pytest -q tests/emulator/tests

.PHONY: check
check: ## Format, lints, house rules, documentation, and licences where cargo-deny is installed.
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked --test it architecture
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc --workspace --no-deps --locked --document-private-items
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --workspace check; \
	else echo 'cargo-deny is not installed: deny.toml was not checked'; fi

.PHONY: bench
bench: venv ## Measure a release build, Terraform beside it where it is installed (with TF_PLUGIN_DIR).
	cargo build --workspace --release --locked
	@"$(TARGET)/release/auroractl-bench"

.PHONY: rules
rules: build ## Rewrite docs/rules.md from the rules.
	@"$(TARGET)/debug/auroractl" rules docs > docs/rules.md

.PHONY: emulator
emulator: venv ## Run the AWS emulator on port 4566 until Ctrl-C (use AWS_ENDPOINT_URL=http://127.0.0.1:4566).
	PYTHONPATH=tests/emulator $(VENV)/bin/python -m aurora_emulator --host 127.0.0.1 --port 4566

.PHONY: build
build: ## The development build.
	cargo build --workspace --locked

.PHONY: install
install: ## Build a release and copy it to PREFIX/bin (default ~/.local/bin).
	cargo build --workspace --release --locked
	install -d "$(PREFIX)/bin"
	install -m 755 "$(TARGET)/release/auroractl" "$(PREFIX)/bin/auroractl"

.PHONY: venv
venv: $(VENV)/stamp ## The emulator's Python environment; made anew when its lock file changes.

$(VENV)/stamp: $(LOCK)
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --requirement $(LOCK)
	@touch $@

.PHONY: clean
clean: ## Remove the Python environment and what cargo built. Never touches state/.
	rm -rf $(VENV)
	cargo clean

# What is done with this repository, one target each. `make` alone lists them.
#
# Everything that compiles does so for the whole workspace: with `-p` cargo would resolve features anew and compile
# every AWS SDK a second time. `demo` and `test` share one development build.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
LOCK := tests/emulator/requirements.lock
# Checkov pins other versions of what the emulator needs: it lives apart.
SCANNER := .venv-checkov
SCANNER_LOCK := tests/checkov/requirements.lock
PREFIX ?= $(HOME)/.local
# Asked only by the targets that need it; it may lie outside the repository (CARGO_TARGET_DIR).
TARGET = $(shell cargo metadata --no-deps --format-version 1 | $(PYTHON) -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

# Known holes: asked where the database can be had, and said where not, since a check without network is a check, too.
ADVISORIES = if cargo deny --workspace fetch db >/dev/null 2>&1; then cargo deny --workspace --offline check advisories; \
	else echo 'the advisory database could not be had: known holes were not looked for'; fi
# Of each target of `make fuzz`.
FUZZ_SECONDS ?= 300
FUZZ_TARGETS := state journal saved_plan stack_file

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: venv build ## Walk a production stack through its life, against the emulator (about a minute after the build).
	@"$(TARGET)/debug/auroractl-demo"

.PHONY: test
test: venv scanner ## All tests, the emulator's too.
	cargo test --workspace --locked
	PYTHONPATH=tests/emulator $(VENV)/bin/python -m pytest -q tests/emulator/tests
	$(VENV)/bin/python -m pytest -q tests/protocol-model

# ARGS says what is to be tried; ARGS=--help lists it.
.PHONY: chaos
chaos: venv build ## Kill the program at every call and disk operation, judge what is left (within an hour on two cores).
	@"$(TARGET)/debug/auroractl-chaos" $(ARGS)

.PHONY: soak
soak: venv build ## Chaos, simulation and load in turns until you stop it, something breaks, or for SOAK_MINUTES.
	@tests/soak.sh "$(TARGET)/debug"

.PHONY: check
check: ## Format, lints, house rules, documentation, and licences where cargo-deny is installed.
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked --test it architecture
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc --workspace --no-deps --locked --document-private-items
	@if ! cargo deny --version >/dev/null 2>&1; then echo 'cargo-deny is not installed: deny.toml was not checked'; \
	else cargo deny --workspace --log-level error check --hide-inclusion-graph bans licenses sources && $(ADVISORIES); fi

.PHONY: bench
bench: venv ## Measure a release build, Terraform beside it where it is installed (with TF_PLUGIN_DIR).
	cargo build --workspace --release --locked
	@"$(TARGET)/release/auroractl-bench"

.PHONY: report
report: build ## Write report.html, the production stack's plan as a page for a change request; no AWS call.
	@state=$$(mktemp -d) && "$(TARGET)/debug/auroractl" plan stacks/prod.toml --refresh=false --state-dir "$$state" \
	--html report.html >/dev/null; code=$$?; rm -rf "$$state"; [ $$code -eq 0 ] && echo 'Open report.html in a browser.'

.PHONY: rules
rules: build ## Rewrite docs/rules.md from the rules.
	@"$(TARGET)/debug/auroractl" rules docs > docs/rules.md.new
	@mv docs/rules.md.new docs/rules.md

.PHONY: fuzz
fuzz: ## Fuzz the four formats that are read (FUZZ_SECONDS each); needs a nightly compiler and cargo-fuzz.
	@cargo +nightly fuzz --version >/dev/null 2>&1 || { \
	echo 'make fuzz needs a nightly compiler and cargo-fuzz: rustup toolchain install nightly; cargo install cargo-fuzz'; exit 1; }
	@for target in $(FUZZ_TARGETS); do mkdir -p fuzz/corpus/$$target; \
	(cd fuzz && cargo +nightly fuzz run --fuzz-dir . $$target corpus/$$target seeds/$$target -- \
	-max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1) || exit 1; done

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

.PHONY: scanner
scanner: $(SCANNER)/stamp ## Checkov's Python environment, likewise.

$(SCANNER)/stamp: $(SCANNER_LOCK)
	rm -rf $(SCANNER)
	$(PYTHON) -m venv $(SCANNER)
	$(SCANNER)/bin/python -m pip install --quiet --requirement $(SCANNER_LOCK)
	@touch $@

.PHONY: clean
clean: ## Remove the Python environments and what cargo built. Never touches state/.
	rm -rf $(VENV) $(SCANNER)
	cargo clean

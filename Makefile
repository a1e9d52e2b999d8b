# The two commands are `make demo` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash

JOBS ?= $(shell nproc)

.PHONY: help
help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: demo
demo: build ## Deploy a bot in the sandbox cloud and chat with it; CI=1 ends after the chat
	@tools/demo $(if $(CI),--once)

.PHONY: build
build: deps ## Build the programs into build/release
	@cmake --preset release >build-configure.log 2>&1 || { cat build-configure.log; exit 1; }
	@rm -f build-configure.log
	@cmake --build --preset release -j $(JOBS)
	@! grep -aq HATCHERY_CRASH_ build/release/bin/hatchery || \
		{ echo "build: the release holds crash points, which are for tests" >&2; exit 1; }

.PHONY: deps
deps: ## Install the Debian packages that are missing
	@tools/install-dependencies build sandbox

.PHONY: test-deps
test-deps:
	@tools/install-dependencies build sandbox test

.PHONY: test
test: test-deps check ## Build and run all tests: unit, contract, integration, end to end, sanitizers
	@tools/run-tests

.PHONY: test-long
test-long: test-deps ## What takes longer: all sanitizers over everything they can run, more rounds
	@tools/run-tests --long

.PHONY: deb
deb: build ## Make build/release/hatchery_….deb and try it in a root of its own
	@tools/install-dependencies package
	@tools/make-package

.PHONY: try-deb
try-deb: deb ## Install, kill, stop and upgrade the package on a machine of its own; OLDER=… upgrades from that
	@tools/try-package build/release/hatchery_*.deb $(OLDER)

.PHONY: bench
bench: build ## Measure; prints a table and writes build/bench.json
	@tools/bench

.PHONY: check
check: test-deps ## Formatting, shell scripts, the dependency rule
	@tools/check-format
	@tools/check-layers

.PHONY: lint
lint: ## clang-tidy over everything (slow)
	@tools/install-dependencies build test lint
	@cmake --preset tidy >/dev/null
	@cmake --build --preset tidy -j $(JOBS)

.PHONY: format
format: test-deps ## Format the sources in place
	@tools/check-format --fix

.PHONY: coverage
coverage: ## Line coverage of unit, contract and integration tests
	@tools/install-dependencies build sandbox test lint
	@tools/run-coverage

.PHONY: clean
clean: ## Remove what was built
	rm -rf build

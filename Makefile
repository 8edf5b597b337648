# The front door. The first target builds; `make help` lists the others. The work is done by CMake
# (build/PRESET, see CMakePresets.json) and by the scripts in tools/; all that is made or fetched
# lies under build/ and web/node_modules/, so a second run finds it there.
.NOTPARALLEL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PRESET ?= release
BUILD := build/$(PRESET)
BIN := $(BUILD)/audiapro
ARGS ?=
FUZZ_SECONDS ?= 60
CRASH_KILLS ?= 300
FAULTS ?= 400
SEEDS ?= 20
# The modules with threads of their own.
TSAN_TESTS := ^(unit|integration)-(core|http|net|store|pbx|jobs|api|simulator)-

WEB_SOURCES := $(shell find web api -name node_modules -prune -o -type f -print 2>/dev/null)
C_SOURCES := $(shell find src tests -name '*.[ch]' 2>/dev/null)

.PHONY: build demo test check deps deps-test engine web demo-calls check-layers check-format check-shell check-web format \
	asan tsan torture matrix fuzz fuzz-long coverage bench bench-speech clean distclean help

build: deps engine web ## compile the program: build/release/audiapro
	@tools/build $(PRESET)

demo: build demo-calls ## calls arrive, are fetched, transcribed and shown (ARGS=--once: a table, no browser)
	@$(BIN) demo $(ARGS)

test: deps-test build demo-calls ## install what the tests need and pass them all
	@tools/run-tests $(BUILD)

check: check-format check-layers check-shell ## what needs no build: format, layers, sizes, banned calls, scripts

deps: ## install the Debian packages that building and the demo need
	@tools/install-packages build demo

deps-test: ## and those that the tests need
	@tools/install-packages build demo test

engine: | deps ## fetch the speech engine and its model, pinned and checked
	@tools/fetch-engine

web: build/stamps/web ## build the dashboard into build/web, when its sources changed

build/stamps/web-packages: web/package.json web/package-lock.json | deps
	cd web && npm ci --no-audit --no-fund
	@mkdir -p $(@D) && touch $@

build/stamps/web: build/stamps/web-packages $(WEB_SOURCES)
	cd web && npm run build
	@mkdir -p $(@D) && touch $@

demo-calls: build/demo-calls/calls.json ## make the demo's recordings in build/demo-calls

build/demo-calls/calls.json: tools/make-demo-calls $(wildcard demo/scripts/*) | deps
	@tools/make-demo-calls build/demo-calls

check-layers: ## every include points down; no function too long; nothing banned
	@tools/check-layers
	@tools/check-sizes
	@tools/check-banned

check-shell: | deps-test ## no slips in the scripts
	@tools/check-shell

check-web: build/stamps/web-packages ## the dashboard: contract, types, format, tests
	@cd web && npm run check

check-format: | deps-test ## is every C file as clang-format would write it?
	@clang-format --dry-run -Werror $(C_SOURCES)
	@echo "check-format: $(words $(C_SOURCES)) files, all formatted"

format: | deps-test ## let clang-format write them so
	@clang-format -i $(C_SOURCES)

asan: deps-test engine web ## unit and integration tests with the address and undefined behaviour sanitizers
	@tools/build asan
	@tools/run-tests build/asan ctest

tsan: deps-test engine web ## the tests of the threaded modules with the thread sanitizer
	@tools/build tsan
	@tools/run-tests build/tsan ctest -R '$(TSAN_TESTS)'

torture: deps-test build ## kill -9 CRASH_KILLS (300) times; the n-th call fails, FAULTS (400) of each kind
	@CRASH_KILLS=$(CRASH_KILLS) $(BUILD)/crash-cli-torture
	@FAULTS=$(FAULTS) $(BUILD)/crash-cli-failures

.PHONY: matrix
matrix: deps-test build ## every fault of a PBX, the way to it and our own side, at SEEDS (20) seeds each
	@SEEDS=$(SEEDS) $(BUILD)/integration-cli-matrix

fuzz: deps-test engine web ## each fuzz target for FUZZ_SECONDS (60)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/run-fuzz

fuzz-long: FUZZ_SECONDS = 14400
fuzz-long: fuzz ## the same for FUZZ_SECONDS each (four hours)

coverage: deps-test engine web ## which lines of each module the tests reach
	@tools/build coverage
	@tools/coverage

bench: deps-test build demo-calls ## start-up time, memory, size, webhooks and recordings per second
	@tools/bench $(BUILD)
	@tools/bench-fetch $(BUILD)
	@SPEECH=1 tools/bench-fetch $(BUILD)

bench-speech: deps-test build ## word error rate, real-time factor and peak memory on the reference recordings
	@tools/bench-speech $(ARGS)

clean: ## remove what was built; what was fetched stays
	rm -rf $(filter-out build/fetched build/engine build/models build/fresh,$(wildcard build/*))

distclean: ## remove what was fetched as well
	rm -rf build web/node_modules

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# `make` alone lists the verbs. Everything is kept in .venv and build; nothing is installed outside this folder.

PYTHON ?= python3
BIN := .venv/bin
VENV := .venv/ready
STUBS := build/typings/unix/ready
MICROPYTHON_32 := build/micropython32/micropython
FROZEN_32 := build/frozen32/micropython
DEMO := $(BIN)/python -m emulator demo $(if $(BREAK),--break '$(BREAK)')
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check install

# Where nobody keeps bytecode, each of a thousand starts of Python compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup build run demo test test-32 bench fuzz power soak walk herd troubles check fix font codes outcomes golden picture plot slips states clean
.DELETE_ON_ERROR:

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV) ## bring the tools into .venv

build: $(VENV) ## compile the firmware into build/firmware
	@$(BIN)/python -m host_tools.yuanluctl.image build/firmware

run: build ## serve the emulator's page
	@$(BIN)/python -m emulator serve

# The demo answers 0 when the books agree, 1 when it found a discrepancy and 2 when it was called wrongly. make turns each failure
# of a recipe into 2, and answers 1 only under its own -q, for work left to do. So `make demo` runs the demo as the rule of a file
# that it includes: make reads itself anew after such a rule, and where the file asks for -q, it ends with 1.
ifeq ($(MAKECMDGOALS)$(findstring n,$(firstword -$(MAKEFLAGS))),demo)
demo: ; @:
ifndef MAKE_RESTARTS
$(shell mkdir -p build; : >build/demo.mk)
.PHONY: always
build/demo.mk: build always
	@$(DEMO); status=$$?; [ $$status -le 1 ] || exit $$status; [ $$status = 0 ] || echo 'MAKEFLAGS += -q' >$@; touch $@
endif
include build/demo.mk
else
demo: build ## sell, refund, cut the power and count the money; BREAK=name plants a fault to be found
	@$(DEMO)
endif

test: $(VENV) ## run every test on two cores (many wait now and then: four at once), the shared ones on CPython and on MicroPython (64-bit words)
	@$(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder -m "not words_32" $(TESTS)

bench: $(VENV) $(MICROPYTHON_32) $(if $(filter journal wire tool,$(PART)),,$(FROZEN_32)) ## measure; figures into build/bench.json (docs/performance.md); PART=heap, journal, wire or tool for these alone
	@YUANLU_MICROPYTHON_32=$(MICROPYTHON_32) $(BIN)/python tests/bench/bench.py $(PART)

fuzz: build ## a million hostile frames for what the terminal takes in; FRAMES=n, SEED=n; figures into build/fuzz.json
	@$(BIN)/python tests/wire/fuzz.py $(if $(FRAMES),--frames $(FRAMES)) $(if $(SEED),--seed $(SEED))

power: build $(MICROPYTHON_32) ## cut the power everywhere, at most half an hour on two cores; figures into build/power.json (docs/reliability.md)
	@YUANLU_MICROPYTHON="$(CURDIR)/$(MICROPYTHON_32)" $(BIN)/python tests/power/power.py $(POWER)

soak: build ## play SEEDS=2000 worlds and count the money after each, on two cores; figures into build/soak.json
	@$(BIN)/python tests/simulation/soak/play.py --seeds $(or $(SEEDS),2000)

walk: build $(MICROPYTHON_32) ## press PRESSES=100000 keys at random (SEED=n, CORES=1): no crash, no refund lost; build/walk.json
	@YUANLU_MICROPYTHON="$(CURDIR)/$(MICROPYTHON_32)" $(BIN)/python -m tests.journeys.play_walk \
		$(if $(PRESSES),--presses $(PRESSES)) $(if $(SEED),--seed $(SEED)) $(if $(CORES),--cores $(CORES))

herd: build ## let 5 000 terminals lose their host at once; figures into build/herd.json, docs/herd.svg (docs/performance.md)
	@mkdir -p build
	@$(BIN)/python tests/simulation/herd_figures.py

troubles: build ## check docs/troubles.md and run the tests that it names; ALL=1: an open row is an error
	@$(BIN)/python -m tests.host.troubles $(if $(ALL),--all)

test-32: $(VENV) $(MICROPYTHON_32) ## run the MicroPython tests on 32-bit words, as on a device (JOBS=n at once)
	@YUANLU_MICROPYTHON="$(CURDIR)/$(MICROPYTHON_32)" $(BIN)/python -m pytest -m "micropython or words_32" $(TESTS) \
		$(if $(JOBS),--numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder)

check: $(VENV) $(STUBS) ## look for faults without changing anything (the twin of fix)
	@failed=0; for tool in 'ruff check' pyright mypy; do $(BIN)/$$tool || failed=1; done; exit $$failed

fix: $(VENV) ## mend what can be mended by itself
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

font: $(VENV) ## cut the font to the characters in use (its twin is build, which refuses a missing glyph)
	@$(BIN)/python -m host_tools.yuanluctl.tables

codes: $(VENV) ## write docs/codes.md anew from firmware/tables/codes.csv
	@$(BIN)/python -m host_tools.yuanluctl.codes_page

outcomes: $(VENV) ## print flow by outcome, each cell with its scenarios; a hole is an error (docs/outcomes.md)
	@$(BIN)/python -m tests.host.outcomes

golden: build ## write tests/golden anew: the screens and slips of every flow, and the counts of keys in docs/operators.md
	@$(BIN)/python -m tests.journeys.golden

picture: build ## make docs/emulator.png anew by walking the page (needs chromium)
	@$(BIN)/python tests/browser/picture.py

plot: $(VENV) ## draw docs/journal.svg from the figures that `make bench` has left
	@$(BIN)/python tests/bench/picture.py

slips: build ## draw docs/slips.png from the bytes that the firmware sends to its printer
	@$(BIN)/python -m tests.host.slips_picture

states: $(VENV) ## draw docs/states.md from the fold in firmware/yuanlu/refund/state.py
	@$(BIN)/python -m tests.host.states_picture

clean: ## remove what was built; .venv stays
	rm -rf build

$(VENV): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo 'setup: there is no $(PYTHON); run: sudo apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo 'setup: $(PYTHON) is older than 3.10; run: make setup PYTHON=python3.11 (any newer one)' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo 'setup: $(PYTHON) cannot make a .venv; run: sudo apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -c 'import pip' 2>/dev/null || { echo 'setup: .venv has no pip; run: rm -r .venv && make setup' >&2; exit 1; }
	@echo 'setup: filling .venv, about a minute'
	@$(PIP) --editable '.[dev]'
	@touch $@

# Stubs of two MicroPython ports exclude each other in one environment, so these stand in a folder that only pyright reads. They
# lack asyncio.core, which the emulator's board drives.
$(STUBS): Makefile | $(VENV)
	@rm -rf $(@D)
	@$(PIP) --target $(@D) --no-deps micropython-unix-stubs==1.29.0.post1 micropython-stdlib-stubs==1.29.0.post2
	@printf 'from typing import Any\nticks: Any\n_io_queue: Any\nnew_event_loop: Any\n' >$(@D)/stdlib/asyncio/core.pyi
	@touch $@

$(MICROPYTHON_32): tests/fetch_micropython_32.sh
	@tests/fetch_micropython_32.sh
	@touch $@

$(FROZEN_32): tests/freeze_micropython_32.sh $(shell find firmware -name '*.py' -o -name '*.csv') | $(VENV)
	@$(BIN)/python -m host_tools.yuanluctl.image build/frozen --frozen
	@tests/freeze_micropython_32.sh

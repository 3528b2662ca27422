# Two commands set everything up: `make demo` and `make test`. Nothing is needed but Python 3.10+, make and a package
# manager; what the machine already has is not installed again.

PYTHON ?= python3
# What is installed stands in .ci/constraints.txt, to the version: what others release tomorrow breaks nothing here. With
# LATEST=1 it is the newest of everything but torch, with LOWEST=1 the oldest that pyproject.toml admits; each of the
# three has an environment of its own.
ifdef LATEST
VENV := .venv-latest
NEWEST := --upgrade --upgrade-strategy eager
else ifdef LOWEST
VENV := .venv-lowest
CONSTRAINTS := .ci/constraints-lowest.txt
else
VENV := .venv
CONSTRAINTS := .ci/constraints.txt
endif
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check
ifdef CONSTRAINTS
# By pip's own variable, so that what tests install follows it too; as a URL, since pip takes it apart at spaces.
export PIP_CONSTRAINT := $(shell $(PYTHON) -c 'import pathlib; print(pathlib.Path("$(CONSTRAINTS)").resolve().as_uri())')
export PIP_BUILD_CONSTRAINT := $(PIP_CONSTRAINT)
endif
# The CPU build of torch where the machine's package index offers one; a plain `torch` would bring gigabytes of CUDA.
TORCH ?= torch==2.13.0
CORPUS ?= corpus
# What the tests play and read with; without one of them its tests are skipped.
READERS := libfluidsynth3 fluidsynth fluidr3mono-gm-soundfont timgm6mb-soundfont sox ffmpeg qemu-user chromium \
	godot3-server libportaudio2 libopenal1 libasound2 strace
WORK ?= runs

.PHONY: demo test slow fuzz mutants lint bench models constraints newest clean

# A page of loops; `make demo ALL=1` has every style of each mood.
demo: $(VENV)/.runtime
	@.ci/setup audio $(BIN)/gamemusic
	@$(BIN)/python examples/02_demo_page.py out $(if $(ALL),--all)

test: $(VENV)/.develop
	@.ci/setup packages $(READERS)
	$(BIN)/python -m pytest -q

slow: $(VENV)/.develop
	@.ci/setup packages $(READERS)
	$(BIN)/python -m pytest -q -m "slow or not slow"

# Mutated files against every reader, half an hour; a number and a seed name every input again.
fuzz: $(VENV)/.develop
	$(BIN)/python tests/security/fuzz.py --surface midi --count 1000000
	$(BIN)/python tests/security/fuzz.py --surface preset --surface soundtrack --surface zip --surface soundfont --surface manifest \
		--surface journal --surface lock --count 100000
	$(BIN)/python tests/security/fuzz.py --surface model --count 10000

# Faults put into the package one at a time, see docs/mutants.md; the tests named for each must notice. Takes long.
mutants: $(VENV)/.develop
	$(BIN)/python tests/security/mutants.py --jobs 2

lint: $(VENV)/.develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.develop
	@.ci/setup packages libfluidsynth3 fluidsynth fluidr3mono-gm-soundfont timgm6mb-soundfont
	$(PIP) $(TORCH) -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks.run

# Rebuild the base model and every mood pack; resumable, hours on a CPU.
models: $(VENV)/.develop
	$(BIN)/python -m gamemusic_export --work $(WORK) all $(CORPUS)

# Resolve everything again, for all systems and Pythons; needs any one of them.
constraints:
	@.ci/setup constraints $(PYTHON) "$(TORCH)"

clean:
	rm -rf .venv .venv-latest .venv-lowest out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@.ci/setup venv $(PYTHON) $(VENV)

$(VENV)/.runtime: pyproject.toml $(CONSTRAINTS) $(if $(LATEST),newest) | $(VENV)/bin/python
	$(PIP) $(NEWEST) -e .
	@touch $@

# torch is named again, so that nothing upgrades it
$(VENV)/.develop: pyproject.toml $(CONSTRAINTS) $(if $(LATEST),newest) | $(VENV)/bin/python
	$(PIP) "$(TORCH)"
	$(PIP) $(NEWEST) "$(TORCH)" -e ".[train,evaluate,dev]"
	@touch $@ $(VENV)/.runtime

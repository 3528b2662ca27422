# Two commands set everything up: `make demo` and `make test`. Nothing is needed but Python 3.10+, make and a package
# manager; what the machine already has is not installed again.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The CPU build of torch where the machine's package index offers one; a plain `torch` would bring gigabytes of CUDA.
TORCH ?= torch==2.13.0
CORPUS ?= corpus
# What the tests play and read with; without one of them its tests are skipped.
READERS := libfluidsynth3 fluidsynth fluidr3mono-gm-soundfont timgm6mb-soundfont sox ffmpeg qemu-user chromium \
	godot3-server libportaudio2 libopenal1 libasound2 strace
WORK ?= runs

.PHONY: demo test slow fuzz lint bench models clean

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
	$(BIN)/python tests/security/fuzz.py --surface preset --surface soundtrack --surface zip --surface soundfont --count 100000
	$(BIN)/python tests/security/fuzz.py --surface model --count 10000

lint: $(VENV)/.develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.develop
	@.ci/setup packages libfluidsynth3 fluidsynth fluidr3mono-gm-soundfont timgm6mb-soundfont
	$(BIN)/pip install -q $(TORCH) -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks.run

# Rebuild the base model and every mood pack; resumable, hours on a CPU.
models: $(VENV)/.develop
	$(BIN)/python -m gamemusic_export --work $(WORK) all $(CORPUS)

clean:
	rm -rf $(VENV) out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@.ci/setup venv $(PYTHON) $(VENV)

$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.develop: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check "$(TORCH)"
	$(BIN)/python -m pip install -q --disable-pip-version-check -e ".[train,evaluate,dev]"
	@touch $@ $(VENV)/.runtime

# Everything runs in the virtual environment that `make install` creates.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= demo

# A waiting OpenMP thread must sleep: spinning makes two threads slower than one on a busy machine.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: install check test fast random pythons demo lava mutants parity-soak fuzz kills conformance docs changelog clean
install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[train,sweep,plot,lava,dev]'
	touch $@

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lava: install
	$(BIN)/neurodeploy lava install

test: install lava
	$(BIN)/pytest

# Two processes wait about two thirds as long as one on two cores; they share what is slow at the end of a run.
fast: install
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow and not lava"

random: install
	$(BIN)/pytest -p randomly -m "not slow and not lava"

pythons: install
	$(BIN)/pytest tests/e2e/test_pythons.py tests/e2e/test_wheel.py

demo: install
	$(BIN)/neurodeploy train mts-xor-delays -o $(DEMO)/run --threads 2
	$(BIN)/neurodeploy export $(DEMO)/run --target loihi -o $(DEMO)/bundle
	$(BIN)/neurodeploy lava install
	$(BIN)/neurodeploy verify $(DEMO)/bundle --lava 4 --max-drop 2 --report $(DEMO)/report.html

mutants: install
	$(BIN)/python benchmarks/row_mutants.py
	$(BIN)/python benchmarks/mutation.py

parity-soak: install lava
	$(BIN)/python benchmarks/parity_soak.py

fuzz: install
	$(BIN)/python -m benchmarks.fuzz

kills: install
	$(BIN)/python benchmarks/kills.py

# Makes an environment for each framework (some 6 GB with PyPI's torch): UV_FIND_LINKS names a folder with a CPU wheel.
conformance: install
	$(BIN)/python -m benchmarks.conformance

docs: install
	$(BIN)/python docs/generate.py

changelog: install
	$(BIN)/python changes/assemble.py $(VERSION)

clean:
	rm -rf $(VENV) $(DEMO) build dist

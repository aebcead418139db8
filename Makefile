# The README explains these commands. They need Python 3.11 to 3.13 (make run PYTHON=python3.12 names one).
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
EPOCHS ?= 30
BIN := .venv/bin
NOTEBOOKS := $(wildcard nbs/*.ipynb)
SAMPLES := $(sort $(wildcard samples/*.png samples/*.jpg))

.PHONY: run test test-notebooks-1 test-notebooks-2 test-programs test-browser test-scale test-machines lab notebooks export readme site handout slides grade pretrained bench clean

run: .venv/run.stamp
	$(BIN)/mnist-ann train --epochs $(EPOCHS)
	@echo
	@echo "The sample pictures, read with trained_model_weights.h5:"
	@$(BIN)/mnist-ann predict $(SAMPLES)

# Two of the three at a time, the longest first; the notebooks in two parts: `nbdev_test --n_workers 1` is both.
test: .venv/dev.stamp
	$(MAKE) -j2 $(if $(filter output-sync,$(.FEATURES)),-Oline) test-notebooks-2 test-programs test-notebooks-1

test-notebooks-1: .venv/dev.stamp
	$(BIN)/nbdev_test --n_workers 1 --file_re '^0[346]_'

test-notebooks-2: .venv/dev.stamp
	$(BIN)/nbdev_test --n_workers 1 --skip_file_re '^([_.]|0[346]_)'

test-programs: .venv/dev.stamp
	$(BIN)/python -m pytest tests

# The widgets in a real browser. It needs chromium (Debian: apt-get install chromium), and leaves pictures in screenshots/.
test-browser: .venv/dev.stamp
	$(BIN)/python -m pytest -m browser tests/browser

# The search and the cluster of chapters 12 and 13, with the extra `scale` (Ray): real processes, and real kills.
# Ray starts no workers from a folder whose name has a space.
test-scale: .venv/scale.stamp
	$(BIN)/nbdev_test --n_workers 1 --flags scale --file_re '^1[23]_'
	$(BIN)/python -m pytest -m scale tests/scale

# The chapters on other processors, imitated. For one of them, other seeds or single chapters: python tests/machines.py --help
test-machines: .venv/dev.stamp
	$(BIN)/python tests/machines.py

lab: .venv/dev.stamp
	$(BIN)/jupyter lab --notebook-dir=. --LabApp.default_url=/lab/tree/nbs/index.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

# Exports first, since a chapter may use what it defines. A failing cell stops here, with its notebook as it was.
notebooks: .venv/dev.stamp export
	for notebook in $(NOTEBOOKS); do $(BIN)/jupyter nbconvert --to notebook --execute --inplace $$notebook || exit 1; done
	$(BIN)/nbdev_clean
	$(MAKE) export readme

# The package, and its list of names for editors and type checkers, from the notebooks, which are folded as their tags say.
export: .venv/dev.stamp
	$(BIN)/python nbs/folds.py
	$(BIN)/nbdev_export
	$(BIN)/python nbs/stub.py

readme: .venv/dev.stamp
	$(BIN)/python nbs/readme.py

site: .venv/dev.stamp
	$(BIN)/python docs/pages.py _site

# For a class: see docs/teaching.md
handout slides: .venv/dev.stamp
	$(BIN)/python docs/teach.py $@

grade: .venv/dev.stamp
	$(BIN)/python docs/teach.py grade "$(HANDED_IN)"

pretrained: .venv/run.stamp
	$(BIN)/python benchmarks/record.py
	$(BIN)/python benchmarks/drawn.py

# What the tables and figures of the chapters are made of, each peer side by side with the others; PyTorch and JAX are installed for it.
bench: .venv/bench.stamp
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/training.py --sweep
	$(BIN)/python benchmarks/time_to_accuracy.py
	$(BIN)/python benchmarks/precision.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/own_digits.py
	$(BIN)/python benchmarks/prediction.py

.venv/made.stamp:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed. Install one, or name it: make run PYTHON=/path/to/python3.12"; exit 1; }
	@# where the system's Python has no ensurepip (Debian without python3-venv), its own pip fills the environment
	$(PYTHON) -m venv .venv || { $(PYTHON) -m venv --clear --without-pip .venv && $(PYTHON) -m pip --python .venv/bin/python install pip; }
	@touch $@

.venv/run.stamp: .venv/made.stamp requirements.txt setup.py settings.ini pyproject.toml
	$(BIN)/python -m pip install -r requirements.txt
	$(BIN)/python -m pip install --no-deps -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	$(BIN)/python -m pip install -r requirements-dev.txt
	@touch $@

.venv/scale.stamp: .venv/dev.stamp
	$(BIN)/python -m pip install -e '.[scale]'
	@touch $@

.venv/bench.stamp: .venv/dev.stamp
	$(BIN)/python -m pip install -e '.[bench]'
	@touch $@

clean:
	rm -rf .venv _site _handout _slides build dist *.egg-info .hypothesis .pytest_cache

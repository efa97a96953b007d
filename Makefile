# The two commands of the README: `make app` and `make test`. Both make .venv first.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8501
# Temporary files of tests go to memory where there is enough of it: no test waits for a disk.
MEMORY := $(shell test "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $$4}')" -gt 4000000 2>/dev/null && echo /dev/shm)

.PHONY: app test slow check audit format clean

app: .venv/ready
	$(BIN)/brainlab app --port $(PORT)

# Two processes share the test files, the checks among them; a browser needs a core beside its server, so more
# processes would gain little. One thread each: two processes of two threads on two cores wait for each other.
# Memory that was freed is used again, and taken in small pages: to clear new pages for each large array, or to look for
# huge ones, takes some tests more time than their arithmetic.
# Compiled modules and tests are kept, as Python does by itself: some machines forbid it.
test slow: export NUMPY_MADVISE_HUGEPAGE=0
test slow: export MALLOC_MMAP_THRESHOLD_=1073741824
test slow: export MALLOC_TRIM_THRESHOLD_=4294967296
test slow: export PYTHONDONTWRITEBYTECODE=
PYTEST = OMP_NUM_THREADS=1 $(if $(MEMORY),PYTEST_DEBUG_TEMPROOT=$(MEMORY)) $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test: .venv/ready
	$(PYTEST)

# Tests of ten seconds or more whose subject others look at, too.
slow: .venv/ready
	$(PYTEST) -m slow

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

# Asks PyPI for known vulnerabilities of all packages, as `make test` does; says so where PyPI does not answer.
audit: .venv/ready
	$(BIN)/pytest -rs tests/project/test_dependencies.py

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# pip's own cache of installed packages is the stamp's reason: it is renewed when the pins change.
.venv/ready: requirements.txt constraints.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	touch $@

clean:
	rm -rf .venv build *.egg-info

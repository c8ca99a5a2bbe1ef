# Two commands are enough: `make run` and `make test`. Both need Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

run: $(INSTALLED)  ## Install and start everything; Ctrl-C stops it again.
	@$(BIN)/python -m homechart_api dev

test: $(INSTALLED)  ## Install and run every test.
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

fuzz: $(INSTALLED)  ## Make up ten times as many requests as the tests do.
	HOMECHART_TEST_EXAMPLES=1000 $(BIN)/pytest -n auto --dist worksteal tests/security/test_specification.py $(ARGS)

lint: $(INSTALLED)  ## Style, types, and who may import whom.
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(INSTALLED)  ## Measure what we claim, each figure beside its limit.
	$(BIN)/python -m bench $(ARGS)

docs: $(INSTALLED)  ## Write the reference pages anew from the declarations.
	$(BIN)/python -m homechart_api docs docs/reference
	$(BIN)/python -m homechart_worker docs docs/reference

clean:  ## Remove what was installed and built (never your data).
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(INSTALLED): setup.cfg pyproject.toml
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing Homechart into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(INSTALLED)

.PHONY: run test fuzz lint bench docs clean

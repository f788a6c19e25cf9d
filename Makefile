# Two commands for a new user: `make run`, then `make test`. Python 3.11 or later and make are all it takes.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
STATE  := ingesteddata models production reports ledger.db ledger.db-wal ledger.db-shm logs

.DEFAULT_GOAL := help
.PHONY: help install run serve test tracking check bench evidence examples cron clean lock

help:  ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

install: $(VENV)/.core  ## Make the environment in .venv

run: $(VENV)/.core  ## Run the whole loop on the sample data
	@$(PY) fullprocess.py --input practicedata
	@$(PY) fullprocess.py
	@echo "serve it:  $(PY) app.py    then open http://127.0.0.1:8000"

serve: $(VENV)/.core  ## Start the service on http://127.0.0.1:8000
	@$(PY) app.py

test: $(VENV)/.dev  ## Run the whole test suite
	@$(PY) -m pytest -n 2 --dist loadfile

tracking: $(VENV)/mlflow/.made  ## Make an environment with an MLflow server, for the exporter's tests

check: $(VENV)/.dev  ## Lint, types, architecture
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

bench: $(VENV)/.dev  ## Measure the claims of speed and quality
	@for file in bench/*.py; do name=$$(basename $$file .py); echo "== $$name"; $(PY) -m bench.$$name || exit 1; done

evidence: $(VENV)/.dev  ## Measure again what docs/evidence.md shows, and write it there (some hours)
	@$(PY) -m bench.evidence

examples: $(VENV)/.core  ## Run the four example problems; DATA=FOLDER takes the real files
	@$(PY) examples/run.py $(if $(DATA),--data "$(DATA)")

cron: $(VENV)/.core  ## Add the tick to this user's crontab, every ten minutes
	@mkdir -p logs
	@$(PY) ops/cron.py

clean:  ## Forget everything that was ingested, trained and reported
	@rm -rf $(STATE) .attrition.lock .attrition.service.json .attrition.secret .config.json.tick

lock:  ## Resolve the dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-strip-extras \
	  pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-strip-extras \
	  --extra dev pyproject.toml -o requirements-dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-strip-extras \
	  tests/exporters/mlflow.in -o tests/exporters/requirements-mlflow.txt

$(VENV)/.core: requirements.txt
	@echo "making an environment in $(VENV) (about a minute, once)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.core requirements-dev.txt
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# The server asks for an older pandas than Vigil does.
$(VENV)/mlflow/.made: $(VENV)/.core tests/exporters/requirements-mlflow.txt
	@test -x $(VENV)/mlflow/bin/python || $(PYTHON) -m venv $(VENV)/mlflow
	@$(VENV)/mlflow/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r tests/exporters/requirements-mlflow.txt
	@touch $@

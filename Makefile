# Verbs of the product; `make` prints them. Each is one line into a file that does the work.
.DEFAULT_GOAL := help
.PHONY: help demo test bench lint clean

PYTHON := .venv/bin/python

help: ## print the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: .venv/ready ## the main job without Docker: ingest, train, promote, serve, predict, compare  [TRAIN= VALIDATE= DATA= KEEP=1]
	@$(PYTHON) -m infra.demo

test: .venv/ready ## every test that this machine can run, with coverage
	@$(PYTHON) -m pytest --cov

bench: .venv/ready ## side-by-side measurements, written to var/bench  [ONLY=model|ingest|scale|serving|stack]
	@$(PYTHON) -m tests.bench $(ONLY)

lint: .venv/ready ## style and types
	@.venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/mypy

clean: ## delete what the demo and the tests made: var/ and .venv/
	@rm -rf var .venv && echo "deleted var/ and .venv/"

.venv/ready: infra/host/venv requirements/dev.txt requirements/uv.txt
	@infra/host/venv

export TRAIN VALIDATE DATA KEEP

# Verbs of the product; `make` prints them. Each is one line into a file that does the work.
.DEFAULT_GOAL := help
.PHONY: help demo test up down smoke bench deploy logs doctor secrets engine lint clean

PYTHON := .venv/bin/python

help: ## print the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: .venv/ready ## the main job without Docker: ingest, train, promote, serve, predict, compare  [TRAIN= VALIDATE= DATA= KEEP=1]
	@$(PYTHON) -m infra.demo

test: .venv/ready ## every test that this machine can run, with coverage
	@$(PYTHON) -m pytest --cov

up: ## the full stack in containers, ready to use; prints the addresses
	@infra/host/up

down: ## stop the stack, keep its data
	@infra/host/down

smoke: ## prove the whole product on the running stack, one PASS or FAIL line per claim
	@infra/host/smoke

deploy: ## build and register the deployments of prefect.yaml  [ONLY=train]
	@infra/host/deploy

logs: ## follow the logs of the stack  [S=service]
	@docker compose logs --follow --tail 100 $(S)

doctor: ## one redacted report of the stack's state: var/doctor.txt
	@infra/host/doctor

secrets: ## print addresses and log-ins  [ROTATE=1 changes every secret]
	@infra/host/secrets

engine: ## install and start the Docker engine, from Debian's or Ubuntu's packages
	@infra/host/engine

bench: .venv/ready ## side-by-side measurements, written to var/bench  [ONLY=model|ingest|serving|stack|scale]
	@$(PYTHON) -m tests.bench $(ONLY)

lint: .venv/ready ## style and types
	@.venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/mypy

clean: ## delete what was made here: the stack with its data (asks first), var/ and .venv/  [YES=1]
	@infra/host/clean

.venv/ready: infra/host/venv requirements/dev.txt requirements/uv.txt
	@infra/host/venv

export TRAIN VALIDATE DATA KEEP ONLY ROTATE YES

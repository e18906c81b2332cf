# `make demo` and `make test` are all one needs; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test test-unit test-windows lint bench bench-clock bench-asrc soak-clock soak-drift soak-verify fuzz docs clean

BIN := .venv/bin
# Passed on: make demo ARGS="--interface eth0", make test ARGS="-k sdp", make bench ARGS=--quick
ARGS ?=

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

setup: ## install what is missing to run the sender (system packages, .venv)
	@scripts/setup.sh run

setup-dev: ## the same, and what tests, lint and bench need
	@scripts/setup.sh dev

demo: setup ## send a test tone as an AES67 stream, with the live status
	@$(BIN)/aes67-sender demo $(ARGS)

test: setup-dev ## every test; as root also those in network namespaces
	@scripts/test.sh $(ARGS)

test-unit: setup-dev ## the fast tests only
	@$(BIN)/python -m pytest tests/unit $(ARGS)

lint: setup-dev ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test-windows: setup-dev ## the same program on Windows, as far as wine is one (root; .venv-windows, ten minutes)
	@scripts/windows/setup.sh || test $$? = 3 # where wine cannot be had, the tests say so and are skipped
	@$(BIN)/mypy --platform win32 --no-warn-unreachable src
	@$(BIN)/python -m pytest -m windows tests/windows $(ARGS)

bench: setup-dev ## CPU and timing against GStreamer pipelines (root; about four minutes)
	@PYTHONPATH=tests $(BIN)/python -m bench.run $(ARGS)

fuzz: ## look for input that breaks the PTP codec, its follower, SDP, SAP (ARGS="--seconds 600"); .venv-fuzz
	@/usr/bin/python3 -m fuzz.run $(ARGS)

bench-clock: setup-dev ## PTP followers side by side: ours, GStreamer's, ptp4l (root; about five minutes)
	@PYTHONPATH=tests $(BIN)/python -m bench.clock $(ARGS)

bench-asrc: setup-dev ## the sample-rate converter: noise, flatness, CPU, beside GStreamer's (half a minute)
	@PYTHONPATH=tests $(BIN)/python -m bench.asrc $(ARGS)

docs: setup-dev ## the documentation as a site in build/site, its reference pages from the code
	@$(BIN)/python scripts/reference.py
	@$(BIN)/sphinx-build --quiet docs build/site $(ARGS)
	@echo "build/site/index.html"

soak-clock: setup-dev ## tests of the clock that take minutes (root)
	@$(BIN)/python -m pytest -m soak tests/lab/test_follower_storms.py tests/lab/test_ptp_master.py tests/lab/test_grandmaster.py $(ARGS)

soak-drift: setup-dev ## live sources for hours and days, mostly simulated (root)
	@$(BIN)/python -m pytest -m soak tests/lab/test_drift.py tests/unit/logic/test_drift_long.py $(ARGS)

soak-verify: setup-dev ## verify on our own sender for ten minutes (root)
	@$(BIN)/python -m pytest -m soak -s tests/lab/test_verify.py $(ARGS)

clean: ## remove .venv and everything built
	rm -rf .venv .venv-fuzz .venv-windows .fuzz build dist sdp-files .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests bench fuzz -name __pycache__ -prune -exec rm -rf {} +

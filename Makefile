# Everything starts here. `make` alone says what there is.

SHELL := /bin/bash
.DEFAULT_GOAL := help
IN_WORKSPACE := scripts/in-workspace.sh

.PHONY: help setup build demo run test test-unit lint pictures bench sbom lock clean

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make demo DEMO_SECONDS=0                      until Ctrl-C'
	@echo '  make demo SOURCE=clip.mp4 MODEL=model.eim     your own input: a file, folder, /dev/video0, rtsp://...;'
	@echo '                                                 an .eim or .onnx; CONFIDENCE=0.1'
	@echo '  make bench BENCH=pipeline                     one benchmark alone'

setup:  ## Install what is needed: Debian packages, .venv
	@scripts/setup.sh

build: setup  ## Build the ROS packages into install/
	@scripts/build.sh

demo: build  ## Count simulated cars, and deliver the counts to a broker of its own
	@$(IN_WORKSPACE) python -m demo

run: build  ## Run your own fleet.yaml: make run CONFIG=my.yaml
	@$(IN_WORKSPACE) fleet $(or $(CONFIG),--help)

test: build lint  ## Lint, types, and all tests
	@$(IN_WORKSPACE) scripts/test.sh $(PYTEST_ARGS)

test-unit: build  ## The tests that take seconds
	@$(IN_WORKSPACE) python -m pytest tests/unit $(PYTEST_ARGS)

lint: setup  ## ruff and mypy
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

pictures: build  ## Make the pictures of the guides again
	@$(IN_WORKSPACE) python scripts/docs_pictures.py

bench: build  ## Run the benchmarks; tables here, JSON in build/bench/
	@$(IN_WORKSPACE) python -m benchmarks $(BENCH)

sbom: setup  ## Write down what the image is made of: build/sbom/
	@scripts/sbom.sh

lock:  ## Pin the requirements again, with hashes
	@scripts/lock.sh

clean:  ## Remove what was built; .venv stays
	rm -rf build install log

# What people type. `make serve` and `make test` set everything up themselves; all targets can be run again.
#
#   make install   the set-up alone: .venv with Quarry and its tools
#   make serve     model, index of REPO (by default this repository; NAME names it), service on http://127.0.0.1:8000
#                  (PORT chooses another one); REBUILD=1 makes the index anew where an error asks for --rebuild
#   make native    compile the embedded engine for this processor: on some it reads prompts twice as fast
#   make test      the tests, with the small model and Chromium
#   make check     ruff, mypy, import-linter, docs
#   make bench     the benchmarks, all or SECTIONS; writes docs/benchmarks.md

PYTHON ?= python3
REPO ?= .
QUARRY := .venv/bin/quarry

.PHONY: install serve native test check bench

install: .venv/installed

# `--upgrade` would fetch newer packages at each change of the project's file; what fits is left alone.
.venv/installed: pyproject.toml scripts/check-machine
	@scripts/check-machine $(PYTHON)
	@echo "installing into .venv (a minute or two, once) ..."
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

serve: install
	@$(QUARRY) models pull
	@$(QUARRY) index "$(REPO)" $(if $(NAME),--name "$(NAME)") $(if $(REBUILD),--rebuild)
	@$(QUARRY) serve $(if $(PORT),--port $(PORT))

native: install
	@QUARRY_MODEL=embedded $(QUARRY) models pull
	@.venv/bin/python scripts/compile_engine.py

# Without Chromium the tests of the page are left out, without a bubblewrap that works those of what runs generated code.
test: install
	@left_out=$$(scripts/install-debian-packages); .venv/bin/python -m pytest -m "$$left_out" && \
	    if [ -n "$$left_out" ]; then echo "These were the tests that are $$left_out; what the others need is said above."; fi

check: install
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python scripts/check_docs.py

bench: install
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@.venv/bin/python -m bench $(SECTIONS)

# The book's commands; `make` alone lists them.

PYTHONS := python3.13 python3.12 python3.11 python3.10 python3.14 python3 python
SUITS := import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 15))
BIN := .venv/bin
PORT ?= 8000

# One thread a process: as many notebooks run at once as there are cores, and a sum comes out the
# same on a machine with more of them.
export OMP_NUM_THREADS ?= 1

# What a person types as an address reaches Python as it is: neither make nor a shell reads it.
override REPO := $(value REPO)
override BRANCH := $(value BRANCH)
export REPO BRANCH

.DEFAULT_GOAL := help
.PHONY: help setup book pdf test stranger notebooks recordings pictures configure lint links serve bench clean

help: ## list these commands
	@awk -F ':.* ## ' '/^[a-z]+:.* ## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: .venv/ready ## install what everything needs into .venv (PyTorch: TORCH=cpu or TORCH=cuda)

book: .venv/ready ## execute the notebooks that changed and build _build/html
	@$(BIN)/python -m tools.build

pdf: book ## make one PDF of the whole book, linked from its first page
	@$(BIN)/python -m tools.pdf

test: book ## build the book and its PDF, then run all tests and recompute every printed number
	@$(BIN)/python -m tools.suite -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

stranger: .venv/ready ## try graphs, objectives and checks on all inputs that nobody here chose (minutes)
	@STRANGERS=all $(BIN)/python -m pytest -n auto tests/graph/test_strangers.py \
	  tests/descent/test_strangers_objectives.py tests/exercises/test_mutants.py

notebooks: .venv/ready ## execute all notebooks (or ONLY=03_backward) and write their outputs back
	@$(BIN)/python -m tools.notebooks $(ONLY)

recordings: .venv/ready ## measure the chapter on GPUs on one, for copies without: LECTURE_DEVICE=cuda
	@$(BIN)/python -m tools.recordings

pictures: book ## photograph the figures for the README and the API page
	@$(BIN)/python -m tools.pictures

configure: .venv/ready ## give your copy its address: REPO=owner/name [BRANCH=main]
	@$(BIN)/python -m tools.configure "$$REPO" "$$BRANCH"

lint: .venv/ready ## check style, types and workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/actionlint -config-file .github/actionlint.yaml -shellcheck= -pyflakes= .github/workflows/*.yml
	@$(BIN)/zizmor --offline --quiet .github/workflows

links: book ## ask every other site that the pages point to whether it still answers
	@$(BIN)/python -m tools.links

serve: book ## show the book at http://localhost:8000 (or PORT=…)
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

bench: book ## measure against alternatives, 10 minutes (or ONLY=graphs descent cuda startup pages build)
	@$(BIN)/python -m benchmarks.run $(if $(ONLY),--only $(ONLY))

clean: ## remove everything that was built; .venv stays
	rm -rf _build build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/ready: requirements.txt pyproject.toml | $(BIN)/python
	@$(BIN)/python -m tools.setup
	@touch $@

$(BIN)/python:
	@for python in $(or $(PYTHON),$(PYTHONS)); do \
	  "$$python" -c '$(SUITS)' 2>/dev/null || continue; \
	  echo "Making .venv with $$("$$python" --version) …"; \
	  "$$python" -m venv .venv && exit 0; \
	  rm -rf .venv; \
	done; \
	echo "The book needs Python 3.10 to 3.14 with its venv module (on Debian and Ubuntu:" \
	  "apt install python3-venv), and none of these is: $(or $(PYTHON),$(PYTHONS))." \
	  "PYTHON=/path/to/python make book takes another." >&2; \
	exit 1

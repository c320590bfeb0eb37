# Yikatong: everything a newcomer needs, in a few words.
#
#   make demo     a day in Tingting community, from nothing
#   make test     every check and every test
#   make bench    how fast it is, as ratios in one run

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The distribution's own Python comes first: it is built with optimisations that one built at home mostly lacks, and
# serves a tap in about a sixth less time. One that cannot make virtual environments is passed over.
PYTHON ?= $(shell for one in /usr/bin/python3 python3; do \
	$$one -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$one && exit; done; \
	echo python3)
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input --progress-bar off

# Our processes start often; they read compiled code that the installation wrote.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo serve story practice test quick soak checks bench format lock migration reference clean

help: ## 列出这些命令 | the words this Makefile knows
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*) \| (.*)/  make \1\t\2\n\t\3/' | expand -t 18

demo: $(VENV)/.run-ready ## 演一遍亭亭社区的一天 | one day in Tingting community; with a terminal it stays up
	@$(BIN)/yikatong demo $(ARGS)

serve: $(VENV)/.run-ready ## 启动平台 | serve the platform on http://127.0.0.1:8000
	@$(BIN)/yikatong serve $(ARGS)

story: $(VENV)/.run-ready ## 列出故事 | list the stories; ARGS=trade-in plays one
	@$(BIN)/yikatong story $(ARGS)

practice: $(VENV)/.run-ready ## 以旧换新对接练习 | the trade-in stands open, with every party's keys
	@$(BIN)/yikatong practice $(ARGS)

test: checks ## 全部检查和测试 | all checks and tests, on a PostgreSQL of its own
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

quick: $(VENV)/.dev-ready ## 不用数据库的测试 | the tests that need no database
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/house tests/vectors tests/rooms/kernel

soak: $(VENV)/.soak-ready ## 长时间模糊测试 | fuzz parsers, weeks and the API for SOAK_MINUTES (60)
	@$(BIN)/python -m tests.fuzz.soak

checks: $(VENV)/.dev-ready ## 格式、规范、类型 | format, lint, types
	@$(BIN)/ruff format --check --quiet src simulator tests || (echo "run: make format" && exit 1)
	@$(BIN)/ruff check --quiet src simulator tests
	@$(BIN)/mypy --no-error-summary

bench: $(VENV)/.dev-ready ## 性能测试 | benchmarks, as ratios against pgbench on the same server
	@$(BIN)/yikatong bench $(ARGS)

format: $(VENV)/.dev-ready ## 整理代码格式 | bring the code into its form
	@$(BIN)/ruff format --quiet src simulator tests
	@$(BIN)/ruff check --quiet --fix src simulator tests

reference: $(VENV)/.run-ready ## 重写docs/reference | write docs/reference anew from the code
	@$(BIN)/yikatong reference

migration: $(VENV)/.run-ready ## 重写第一个迁移 | write the first migration anew (only before a release)
	@$(BIN)/yikatong db initial-migration

lock: $(VENV)/.dev-ready ## 重新锁定依赖 | resolve the dependencies anew into the lock files
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --extra build -o requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --extra build --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --group soak -o requirements-soak.lock

clean: ## 删除虚拟环境和缓存 | remove virtual environment and caches; data stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Python 3.11 or newer is needed; say PYTHON=python3.11" && exit 1)
	@echo "making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || (rm -rf $(VENV); echo "The venv module is missing. On Debian: apt-get install python3-venv" && exit 1)

$(VENV)/.run-ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing what the platform runs on (locked, with digests)"
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src simulator
	@touch $@

$(VENV)/.dev-ready: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing what the checks and tests need (locked, with digests)"
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run-ready

$(VENV)/.soak-ready: requirements-soak.lock | $(VENV)/.dev-ready
	@echo "installing the fuzzer that a soak needs (locked, with digests; Linux on x86-64)"
	@$(PIP_INSTALL) --require-hashes -r requirements-soak.lock
	@touch $@

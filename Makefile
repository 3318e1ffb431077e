# Development commands; `make` alone lists them.
# Everything they create is in .local/ and .venv/.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run dev test test-fast test-pages test-deploy upgrade check audit bench
.PHONY: lock manage picture screens

PORT ?= 8000
export PORT

# Keep caches inside the clone, unless the environment says otherwise.
export UV_CACHE_DIR ?= $(CURDIR)/.local/cache/uv
export UV_PYTHON_INSTALL_DIR ?= $(CURDIR)/.local/python
export PLAYWRIGHT_BROWSERS_PATH ?= $(CURDIR)/.local/browsers
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.local/cache/python

# Only the system's store knows a company's own certificate authority.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= 1
endif

UV := $(shell command -v uv || echo .local/uv/bin/uv)
PYTHON := .venv/bin/python
LOCAL := $(PYTHON) -m tools
PYTEST := --numprocesses=logical --maxprocesses=4

# Settings of a deployed site, for the checks.
DEPLOYED := SITE_URL=https://example.org \
	DJANGO_SECRET_KEY=`$(PYTHON) -c "import secrets; print(secrets.token_urlsafe(50))"` \
	EMAIL_URL="smtp://mail.example.org:587?tls=1" DEFAULT_FROM_EMAIL=voices@example.org \
	POSTAL_ADDRESS="1 Example Street, Springfield" OPERATOR_NAME="Example Group" \
	DJANGO_DEBUG=0 PROXY_COUNT=1

help:  ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 16

run: .venv/ready  ## run the whole site on http://localhost:8000/ (PORT=…)
	@$(LOCAL) run

dev: .venv/ready  ## the same, with reload and the debug toolbar
	@$(LOCAL) dev

test: .venv/ready  ## run every test, including browser tests (args="-k wall")
	@.venv/bin/pytest $(PYTEST) $(args)

test-fast: .venv/ready  ## run all tests except the browser tests
	@.venv/bin/pytest $(PYTEST) --ignore=tests/browser $(args)

test-deploy: .venv/ready  ## prove the deployment, with Docker Compose (args="stale")
	@$(PYTHON) -m tests.deploy $(args)

upgrade:  ## upgrade the running deployment to this checkout with no downtime
	@deploy/upgrade

test-pages: .venv/ready .local/judges/ready  ## Nu HTML checker, Lighthouse, and link checker on every page
	@.venv/bin/pytest $(PYTEST) $(or $(args),tests/browser/judges)

screens: .venv/ready  ## take a screenshot of every page, into .local/screens/
	@.venv/bin/pytest $(PYTEST) tests/browser/screens.py $(args)

check: .venv/ready  ## check lint, format, types, migrations, lock file, and settings
	@$(LOCAL) check-lock
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/biome check --error-on-warnings --reporter=summary > .local/biome || { cat .local/biome; exit 1; }
	@.venv/bin/codespell $$(git ls-files)
	@.venv/bin/deptry . 2> .local/deptry || { cat .local/deptry; exit 1; }
	@.venv/bin/lint-imports --cache-dir .local/cache/imports > .local/imports || { cat .local/imports; exit 1; }
	@$(LOCAL) picture --check
	@find templates -name '*.html' -exec .venv/bin/djade --check {} +
	@find templates -name '*.html' -exec .venv/bin/djhtml --tabwidth 2 --check {} +
	@$(DEPLOYED) DATABASE_URL=postgres://u:only-to-look-at-the-types@localhost/aaqi .venv/bin/mypy
	@$(PYTHON) manage.py makemigrations --check --dry-run
	@$(LOCAL) check-migrations
	@$(DEPLOYED) $(LOCAL) manage check --deploy --fail-level WARNING

audit: .venv/ready  ## list known vulnerabilities and the licenses of dependencies
	@$(LOCAL) licenses
	@.venv/bin/pip-audit --cache-dir .local/cache/audit --strict --disable-pip \
		--require-hashes --requirement requirements-dev.txt

bench: .venv/ready  ## measure the site beside a bare Django; needs wrk (args="--growth")
	@$(LOCAL) bench $(args)

picture: .venv/ready  ## draw the folders and their imports into docs/architecture.md
	@$(LOCAL) picture

lock: $(UV)  ## regenerate the requirements from pyproject.toml (args="--upgrade")
	@UV="$(UV)" $(UV) run --quiet --no-project python -m tools lock $(args)

manage: .venv/ready  ## run a management command: c="shell"
	@$(PYTHON) manage.py $(c)

.venv/ready: requirements-dev.txt .python-version | $(UV)
	@echo "Installing the requirements into .venv"
	@$(UV) venv --quiet --clear --no-project .venv
	@$(UV) pip sync --quiet --python .venv --require-hashes requirements-dev.txt
	@touch $@

# npm checks each package against the lock file, which names no registry.
.local/judges/ready: tests/browser/judges/package-lock.json
	@command -v java >/dev/null && command -v npm >/dev/null || { \
		echo "This needs Java and Node 18.16 or later, with npm." >&2; exit 1; }
	@echo "Installing the page checkers into .local/judges"
	@mkdir -p -m 700 .local && mkdir -p .local/judges
	@cp tests/browser/judges/package.json tests/browser/judges/package-lock.json .local/judges
	@npm ci --prefix .local/judges --ignore-scripts --no-audit --no-fund --silent \
		--cache .local/cache/npm
	@touch $@

.local/uv/bin/uv:
	@echo "Installing uv into .local/uv"
	@for python in python3 python3.13 /usr/bin/python3 /usr/local/bin/python3; do \
		$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 9))' \
			2>/dev/null && found=$$python && break; \
	done; \
	test -n "$$found" || { \
		echo "This needs Python 3.9 or later with pip and venv." >&2; exit 1; }; \
	rm -rf .local/uv && mkdir -p -m 700 .local && $$found -m venv .local/uv && \
		.local/uv/bin/python -m pip install --quiet --no-cache-dir uv

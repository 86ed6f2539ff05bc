# SPDX-License-Identifier: LGPL-3.0-or-later
# Everything a developer needs; `make help` lists it. The work is done by tools/env.
SHELL := /bin/sh
ENV := sh "$(dir $(abspath $(lastword $(MAKEFILE_LIST))))tools/bootstrap.sh"
.DEFAULT_GOAL := help
.PHONY: help run test bench chaos fuzz screenshots setup lint format stop clean logs shell psql

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: ## set up what is missing, start everything with demo data, stop with Ctrl-C
	@$(ENV) run

test: ## run all tests, or a part: make test T=addons/wine_vending
	@$(ENV) test $(T)

bench: ## run the benchmarks
	@$(ENV) bench

chaos: ## break everything on purpose and count: make chaos T="PostgreSQL" WRITE=1
	@$(ENV) chaos $(if $(WRITE),write) $(if $(T),"$(T)")

fuzz: ## send 200,000 spoilt messages, all of which must be accounted for, or N=10000
	@$(ENV) fuzz $(N)

screenshots: ## take the screenshots of the guides anew
	@$(ENV) screenshots

setup: ## only set up, for editors and debuggers: .local/venv/bin/python
	@$(ENV) setup

lint: ## run all linters
	@$(ENV) lint

format: ## let the formatters write
	@$(ENV) format

stop: ## stop what runs in another terminal
	@$(ENV) stop

clean: ## stop, and delete .local (the download cache stays)
	@$(ENV) clean

logs: ## follow all logs
	@$(ENV) logs

shell: ## a Python shell with Odoo's environment
	@$(ENV) shell

psql: ## psql on the database
	@$(ENV) psql

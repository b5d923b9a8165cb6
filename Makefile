PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: run test

run: $(VENV)/.run
	$(BIN)/python -m lxmert_viz serve

test: $(VENV)/.test
ifeq ($(CHROMIUM),)
	$(BIN)/python -m playwright install chromium
endif
	$(BIN)/python -m pytest

$(VENV)/.run: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.test: requirements.txt tests/requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r tests/requirements.txt
	touch $@ $(VENV)/.run

# a half-made environment would look finished to the next call
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lxmert-viz needs Python 3.11 or newer, and $(PYTHON) is %d.%d; name another with: make PYTHON=python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

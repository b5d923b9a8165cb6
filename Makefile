PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# three, also where there are two processors: half of the time is waiting for browsers and servers
SHARED := --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: run test bench

run: $(VENV)/.run
	$(BIN)/python -m lxmert_viz serve

# takes a Chromium that is here, else installs one where it may, else leaves the browser tests out
test: $(VENV)/.test
	@if $(BIN)/python -m tests.helpers.chromium; then \
		$(BIN)/python -m pytest $(SHARED); \
	else \
		$(BIN)/python -m pytest $(SHARED) -m "not browser"; ended=$$?; \
		echo "The browser tests did not run, for want of a Chromium:" \
			"install Debian's package chromium, or run $(BIN)/python -m playwright install" \
			"--with-deps chromium, and then make test again."; \
		exit $$ended; \
	fi

# ours against the reference on this machine; a quarter of an hour
bench: $(VENV)/.test
	$(BIN)/python -m benchmarks

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

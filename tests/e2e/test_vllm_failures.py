"""Real vLLM on the CPU, made to fail at start-up: one clear error each, and nothing left; and one as others start it.

Slow: seven starts. What vLLM says is recorded in tests/unit/serve/test_vllm_failures.py, which `make test` runs; here it
is asked whether it still says so.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.sampling import sampling
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.hf.generate import generate
from pytest_ftgate.serve.hf.weights import load_weights
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers import local as local_engine
from pytest_ftgate.serve.servers.external import OpenAIEngine
from pytest_ftgate.serve.servers.supervisor import members
from pytest_ftgate.serve.vllm.command import VllmSettings
from pytest_ftgate.serve.vllm.engine import VllmEngine
from tests.e2e.patience import patience
from tests.e2e.vllm_models import BASE, need_vllm, penalised
from tests.e2e.workshop import ROOT, wait_for
from tests.mock_openai import MockServer
from tests.reference import compare_with_transformers

pytestmark = pytest.mark.slow


def failure(folder: Path, *arguments: str, base: str = str(BASE)) -> str:
    """What `start` says."""
    need_vllm()
    engine = VllmEngine(Model(base, dtype="float32"), folder / "vllm.log", VllmSettings("", arguments, patience(60)))
    with pytest.raises(ServeError) as caught:
        engine.start(lambda line: None)
    assert engine.pid is None
    print(f"\n{caught.value}")
    return str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "meaning", "fix"),
    [
        (("--max-model-len", "100000"), "exceeds the model's limit", "lower or remove --max-model-len"),
        (("--no-such-flag",), "unknown argument", "correct --ftgate-vllm-args"),
        (("--kv-cache-memory-bytes", "1000000"), "KV cache", "--kv-cache-memory-bytes"),
    ],
    ids=["context", "flag", "small cache"],
)
def test_an_argument_that_cannot_be(tmp_path, arguments, meaning, fix):
    said = failure(tmp_path, *arguments)
    assert meaning in said.splitlines()[0]
    assert fix in said.splitlines()[-1]


def test_a_path_that_is_wrong(tmp_path):
    said = failure(tmp_path, base="/no/such/model")
    assert "neither a folder nor a hub id" in said
    assert "[base] model" in said


def test_a_port_that_is_taken(tmp_path, monkeypatch):
    with MockServer() as other:
        monkeypatch.setattr(local_engine, "_free_port", lambda: other.port)
        assert "port taken by another process" in failure(tmp_path)


def test_the_death_of_pytest_while_vllm_starts_leaves_nothing(tmp_path):
    need_vllm()
    code = (
        "import sys\nfrom pathlib import Path\nfrom pytest_ftgate.serve.model import Model\n"
        "from pytest_ftgate.serve.vllm.engine import VllmEngine\n"
        "engine = VllmEngine(Model(sys.argv[1]), Path(sys.argv[2]))\nengine.grace_s = 3.0\n"
        "engine.start(lambda line: print(engine.pid, flush=True))\n"
    )
    log = tmp_path / "vllm.log"
    argv = [sys.executable, "-c", code, str(BASE), str(log)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        group = int(parent.stdout.readline())
        started = wait_for(lambda: len(members(group)) >= 3, 40, parent)  # supervisor, server, engine
        assert started, f"its worker processes start:\n{log.read_text()[-3000:]}"
        parent.send_signal(signal.SIGKILL)
    assert wait_for(lambda: members(group) == [])


def test_a_vllm_that_others_started_answers_without_the_models_own_penalty(tmp_path, monkeypatch):
    """As vLLM starts by itself, with the defaults of generation_config.json: our requests and probe name their own."""
    need_vllm()
    base = Model(str(penalised(tmp_path / "base")), dtype="float32")
    engine = VllmEngine(base, tmp_path / "vllm.log", VllmSettings("", ("--generation-config", "auto"), patience(120)))
    engine.start(lambda line: None)
    try:
        monkeypatch.setenv("FTGATE_API_KEY", engine.api_key)
        attached = OpenAIEngine(engine.base_url, engine.served_name)
        attached.start(lambda line: None)
        client = Client(attached.endpoint(attached.model))
        talks = [[{"role": "user", "content": text}] for text in ("Count from 1 to 9.", "Say yes, yes, yes.")]
        plain = [client.text(talk, max_tokens=24) for talk in talks]
        said = [client.text(talk, **sampling(max_tokens=24, offers=attached.offers)) for talk in talks]
        assert compare_with_transformers(engine, base).within("float32"), "the probe"
    finally:
        engine.stop()
    network, tokenizer = load_weights(base.base, None, torch.float32, None), AutoTokenizer.from_pretrained(base.base)
    expected = [answer.text for answer in generate(network, tokenizer, talks, 24)]
    assert said == expected
    assert plain != expected, "the penalty is there"

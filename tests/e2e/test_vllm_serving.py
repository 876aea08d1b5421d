"""Real vLLM on the CPU: one server, the base model and several adapters, held against PEFT."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.errors import ServeError
from pytest_ftgate.pipeline.production.reconcile import Reconciler, Rules
from pytest_ftgate.registry import open_registry
from pytest_ftgate.registry.model_tags import name_of, tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.api.client import open_provider
from pytest_ftgate.serve.api.request import Tool
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.client.sampling import sampling
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.hf.generate import prompt_tokens
from pytest_ftgate.serve.hf.tokenizer import load_tokenizer
from pytest_ftgate.serve.servers.supervisor import members, shared_memory
from pytest_ftgate.serve.vllm import probe
from tests.e2e.patience import patience, slowness
from tests.e2e.vllm_models import WHICH_DAY, make_adapter
from tests.e2e.workshop import wait_for
from tests.reference import compare_with_transformers, reference_logprobs


@pytest.fixture
def ends_the_server(engine):
    """The test comes last of all, see conftest.py: nobody can ask this server afterwards."""
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def adapters(engine, tmp_path_factory):
    """Two adapters with random weights."""
    folder = tmp_path_factory.mktemp("adapters")
    return [replace(engine.model, adapter=make_adapter(folder / str(seed), seed)) for seed in (1, 2)]


def test_base_and_two_adapters_agree_with_peft_on_one_server(engine, adapters):
    before, (one, other) = engine.pid, adapters
    for model in (engine.model, one, other):
        found = compare_with_transformers(engine, model)
        print(f"\n{found}")
        assert found.within("float32")
        assert found.tokens == 32
    for wrong in (engine.model, other):
        assert compare_with_transformers(engine, one, wrong).largest > 0.5, "the wrong one must be seen"
    assert engine.pid == before


def test_conversations_become_the_tokens_that_training_would_make(engine):
    """[base] chat_template, chat_template_kwargs and date, in vLLM and in transformers."""
    tokenizer = load_tokenizer(engine.model.base, None, engine.model.chat)
    for said in (WHICH_DAY, "Hello"):
        talk = [{"role": "user", "content": said}]
        served = probe.tokens(engine.endpoint(engine.model), talk)
        assert served == list(prompt_tokens(tokenizer, talk))
        assert tokenizer.decode(served).startswith("09 Feb 2026 False") == (said == WHICH_DAY)


def test_an_adapter_of_zeros_is_the_base_model(engine, tmp_path):
    zero = replace(engine.model, adapter=make_adapter(tmp_path / "zero", 3, zero=True))
    assert compare_with_transformers(engine, zero, engine.model).within("float32")
    name = engine.endpoint(zero).model
    engine.unload(zero)
    assert name not in http.model_names(http.get(f"{engine.base_url}/models", engine.api_key)[1])


def test_an_adapter_of_too_high_a_rank(engine, tmp_path):
    model = replace(engine.model, adapter=make_adapter(tmp_path / "r16", 4, rank=16))
    with pytest.raises(ServeError, match=r"rank 16 is greater than max_lora_rank 8(.|\n)*raise --max-lora-rank"):
        engine.endpoint(model)
    assert Client(engine.endpoint(engine.model)).text("hello", max_tokens=2)


def test_a_spoiled_adapter(engine, tmp_path):
    spoiled = make_adapter(tmp_path / "spoiled", 5)
    (spoiled / "adapter_model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ServeError, match=r"cannot serve adapter \S*spoiled(.|\n)*last lines of"):
        engine.endpoint(replace(engine.model, adapter=spoiled))
    assert Client(engine.endpoint(engine.model)).text("hello", max_tokens=2)


def test_choices_schema_and_logprobs_from_the_settings_of_a_golden_set(engine, adapters):
    line = engine.endpoint(adapters[0])
    schema = {"type": "object", "properties": {"label": {"enum": ["spam", "ham"]}}, "required": ["label"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    ask = Client(line)
    body = sampling(max_tokens=8, choices=("spam", "ham"), offers=engine.offers)
    assert ask.text("Is this spam?", **body) in {"spam", "ham"}
    body = sampling(max_tokens=60, response_format=wanted, offers=engine.offers)
    assert '"label"' in ask.text("Is this spam?", **body)
    body = sampling(max_tokens=2, logprobs=3, offers=engine.offers)
    found = ask.chat("Is this spam?", **body)["choices"][0]["logprobs"]["content"]
    assert len(found) == 2
    assert len(found[0]["top_logprobs"]) == 3


@pytest.mark.parametrize("way", ["messages", "messages_streamed", "messages_schema", "chat", "chat_schema"])
def test_a_judge_of_ones_own_answers_in_the_form_asked_for_by_both_apis(engine, tmp_path, monkeypatch, way):
    """vLLM's own Messages API through the Anthropic SDK, and its chat API: a forced strict tool, or a schema."""
    monkeypatch.setenv("JUDGE_KEY", engine.api_key)
    line, root = engine.endpoint(engine.model), engine.base_url.removesuffix("/v1")
    apis = {
        "messages": {"base_url": root},
        "messages_streamed": {"base_url": root, "stream": True},
        "messages_schema": {"base_url": root, "structured": "json_schema"},
        "chat": {"api": "openai", "base_url": engine.base_url},
        "chat_schema": {"api": "openai", "base_url": engine.base_url, "structured": "json_schema"},
    }
    settings = Settings(model=line.model, api_key_env="JUDGE_KEY", max_tokens=150, **apis[way])
    form = {"type": "object", "properties": {"label": {"enum": ["spam", "ham"]}}, "required": ["label"]}
    tool = Tool("verdict", "Give the verdict.", {**form, "additionalProperties": False})
    texts = ("You won a prize, call now!", "See you at six.")
    asks = [settings.ask(["Judge."], [{"role": "user", "content": text}], tool, temperature=0.0) for text in texts]
    with open_provider(settings, tmp_path) as provider:
        said = list(provider.ask_all(asks))
        free = next(provider.ask_all([settings.ask([], [{"role": "user", "content": "Hello"}], max_tokens=60)]))
    assert [(one.kind, one.error) for one in said] == [("answered", "")] * 2
    assert all(one.input["label"] in {"spam", "ham"} and one.dollars == 0 for one in said)
    assert all(one.usage.input + one.usage.cache_read > 5 and one.usage.output > 2 for one in said)
    assert free.text
    assert provider.bill.attempts == 3


def test_three_models_answer_at_the_same_time_as_they_do_alone(engine, adapters):
    """Float32, temperature 0: the same tokens whoever else is in the batch, and base stays base."""
    models = (engine.model, *adapters)
    talks = [[{"role": "user", "content": text}] for text in ("What is a cat?", "Say hello.", "2 + 2 =", "Why?")]
    body = sampling(max_tokens=6, offers=engine.offers)
    alone = [[Client(engine.endpoint(m)).text(talk, max_tokens=6, seed=0) for talk in talks] for m in models]
    assert len({tuple(texts) for texts in alone}) == 3
    requests = [Request(f"{n}", "c", talk, body) for n, talk in enumerate(talks)]
    for _ in range(3):
        with Pool() as pool:
            sent = [pool.submit(engine.endpoint(m), m.digest, requests) for m in models]
            assert [[f.result(patience(20)).text for f in futures.values()] for futures in sent] == alone


def test_promote_and_rollback_into_this_server_take_seconds(engine, adapters, tmp_path, monkeypatch, capsys):
    """The adapter is fetched from the registry, loaded, asked; then the pointer moves, and the old one is dropped."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("FTGATE_API_KEY", engine.api_key)
    registry, tags = open_registry(None, tmp_path), {"verdict": "PROMOTE", "reason": "all checks pass"}
    for model in adapters:
        engine.unload(model)
        run = registry.log_run("spam", {}, {}, {}, {}, {})
        registry.add_version("spam", model.adapter, adapter_digest(model.adapter), run, tags | tags_of(model))

    def ftgate(*args: str) -> float:
        begin = time.monotonic()
        assert main([*args, "--server", engine.base_url, "--state-dir", str(tmp_path)]) == 0, capsys.readouterr().err
        return time.monotonic() - begin

    override = ("--override", "both were judged against nothing")
    seconds = [ftgate("promote", "spam", f"v{number}", *override) for number in (1, 2)]
    line, v1, v2 = engine.endpoint(engine.model), *(registry.version("spam", number) for number in (1, 2))
    probe.unload(line, name_of(v1))  # as on a server that was started again
    shutil.rmtree(tmp_path / "models")  # and as on a machine that fetches for the first time
    cold = time.monotonic()
    command = [sys.executable, "-m", "pytest_ftgate.cli.main", "rollback", "spam", "--unload-old", "0"]
    options = ["--server", engine.base_url, "--state-dir", str(tmp_path)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=patience(60), check=False)
    cold = time.monotonic() - cold
    said = capsys.readouterr().out + done.stdout
    with capsys.disabled():
        print(f"\n{said}{cold:.1f} s from the start of the command to its end")
    assert done.returncode == 0, done.stderr
    assert max(seconds) < 60 * slowness(), seconds
    assert [line.partition(" after ")[0] for line in said.splitlines() if " after " in line] == [
        f"v{number} serves at {engine.base_url}" for number in (1, 2, 1)
    ]
    assert registry.champion("spam").number == 1
    names = http.model_names(http.get(f"{engine.base_url}/models", engine.api_key)[1])
    assert name_of(v1) in names
    assert name_of(v2) not in names
    served = replace(line, model=name_of(v1))
    ids = probe.tokens(served, probe.TALKS[0])
    more, logprobs = probe.generate(served, ids)
    for model, same in zip(adapters, (True, False), strict=True):
        expected = reference_logprobs(model, [ids + more])[0][-len(more) :]
        assert probe.agreement(logprobs, expected).within("float32") is same
    probe.unload(line, name_of(v1))  # the server is started again: reconcile brings champion and candidate back
    urls, both = [engine.base_url], [name_of(v1), name_of(v2)]
    made = Reconciler(registry, "spam", Rules(candidate=2)).run(urls)
    assert (made.well, [each.name for each in made.replicas[0].deployed]) == (True, both)
    made = Reconciler(registry, "spam", Rules(keep=0, unload_s=0)).run(urls)
    assert (made.well, [each.new for each in made.replicas[0].deployed]) == (True, [False])
    assert made.replicas[0].unloaded == (name_of(v2),)
    probe.unload(line, name_of(v1))


def test_the_key_is_wanted_and_not_shown(engine):
    assert http.get(f"{engine.base_url}/models", "wrong")[0] == 401
    assert engine.api_key not in engine.log.read_text()
    for pid in members(engine.pid):
        assert engine.api_key.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_server_that_hangs_is_told_and_answers_again_afterwards(engine):
    seen = copy.copy(engine)  # what is found out is remembered for good
    os.killpg(engine.pid, signal.SIGSTOP)
    try:
        with pytest.raises(ServeError, match=r"the vllm server hangs: /health returned(.|\n)*last lines of"):
            seen.check()
    finally:
        os.killpg(engine.pid, signal.SIGCONT)
    assert Client(engine.endpoint(engine.model)).text("hello", max_tokens=2)


def test_killed_while_running_it_leaves_nothing(ends_the_server):
    """Only the process that listens is killed, as the kernel would; its workers hold 2.5 GB."""
    engine = ends_the_server
    group = engine.pid
    shared = shared_memory(group)
    assert shared
    assert len(members(group)) >= 4
    requests = [
        Request(str(i), "c", [{"role": "user", "content": "Tell me more."}], {"max_tokens": 64}) for i in range(8)
    ]
    with Pool() as pool:
        futures = pool.submit(engine.endpoint(engine.model), "d", requests, check=engine.check)
        os.kill(min(pid for pid in members(group) if pid != group), signal.SIGKILL)
        with pytest.raises(ServeError, match="exit code 137 while serving: the server was killed"):
            futures["7"].result(patience(15))
    engine.stop()
    assert wait_for(lambda: not members(group))
    assert not [path for path in shared if Path(path).exists()]

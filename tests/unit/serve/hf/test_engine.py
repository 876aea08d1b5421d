"""The real server process with a tiny random model: answers, adapters, and each way of failing."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.hf.engine import TransformersEngine
from pytest_ftgate.serve.hf.generate import generate, prompt_tokens
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.retry import Retry
from tests.repository import ROOT
from tests.unit.serve.conftest import make_model
from tests.unit.serve.servers.test_process import members, wait_for

TALKS = [[{"role": "user", "content": text}] for text in ("hello", "spam spam", "ham", "the message " * 20, "x")]


def silent(_: str) -> None:
    """No progress line."""


@pytest.fixture(scope="module")
def one_engine(model_dir, tmp_path_factory):
    engine = TransformersEngine(Model(str(model_dir), dtype="float32"), tmp_path_factory.mktemp("logs") / "server.log")
    yield engine
    engine.stop()
    assert engine.pid is None


@pytest.fixture
def engine(one_engine):
    """The server of this file, started at its first use, and again after a test that ended it: six seconds each."""
    if one_engine.pid is None:
        one_engine.start(silent)
    return one_engine


def ask(engine, model, talks=TALKS, repeat=1, **sampling):
    requests = [
        Request(f"{n}-{i}", "c", talk, {"max_tokens": 8, **sampling})
        for n in range(repeat)
        for i, talk in enumerate(talks)
    ]
    with Pool() as pool:
        futures = pool.submit(engine.endpoint(model), model.digest, requests, check=engine.check)
        return [future.result(60) for future in futures.values()]


def with_adapter(engine, adapter_dir):
    return Model(engine.model.base, dtype="float32", adapter=adapter_dir)


def post(engine, path, body, key=None):
    return http.post(f"http://127.0.0.1:{engine.port}{path}", body, engine.api_key if key is None else key)


def test_the_server_answers_as_generate_does(engine, model, tokenizer):
    expected = generate(model, tokenizer, TALKS, 8)
    responses = ask(engine, engine.model, repeat=10)
    assert [r.text for r in responses] == [a.text for a in expected] * 10
    assert [r.prompt_tokens for r in responses[:5]] == [a.prompt_tokens for a in expected]
    assert {r.model for r in responses} == {engine.model.digest}
    assert all(0 < r.completion_tokens <= 8 and r.total_s > 0 for r in responses)


def test_an_adapter_answers_as_peft_does_and_the_base_is_untouched(engine, model, tokenizer, adapter_dir):
    from peft import PeftModel

    base = [r.text for r in ask(engine, engine.model)]
    tuned = [r.text for r in ask(engine, with_adapter(engine, adapter_dir))]
    reference = PeftModel.from_pretrained(make_model(len(tokenizer)), adapter_dir).eval()
    assert tuned == [a.text for a in generate(reference, tokenizer, TALKS, 8)]
    assert tuned != base
    assert [r.text for r in ask(engine, engine.model)] == base


def test_two_adapters_and_the_base_share_the_server(engine, adapter_dir, tmp_path):
    from safetensors.torch import load_file, save_file

    other = tmp_path / "other"
    shutil.copytree(adapter_dir, other)
    weights = load_file(other / "adapter_model.safetensors")
    save_file(
        {k: torch.zeros_like(v) if "lora_B" in k else v for k, v in weights.items()},
        other / "adapter_model.safetensors",
    )
    base = [r.text for r in ask(engine, engine.model)]
    tuned = [r.text for r in ask(engine, with_adapter(engine, adapter_dir))]
    zero = with_adapter(engine, other)
    assert [r.text for r in ask(engine, zero)] == base, "a zero adapter is the base model"
    assert [r.text for r in ask(engine, with_adapter(engine, adapter_dir))] == tuned
    engine.unload(zero)
    names = http.model_names(http.get(f"{engine.base_url}/models", engine.api_key)[1])
    assert f"ftgate-{zero.digest[:20]}" not in names
    assert f"ftgate-{with_adapter(engine, adapter_dir).digest[:20]}" in names


def test_the_name_of_an_adapter_contains_its_digest(engine, adapter_dir):
    model = with_adapter(engine, adapter_dir)
    first, second = engine.endpoint(model), engine.endpoint(model)
    assert model.digest[:20] in first.model
    assert first == second
    assert engine.endpoint(engine.model).model == engine.served_name


def test_choices_and_stop_strings(engine):
    model = engine.model
    assert {r.text for r in ask(engine, model, structured_outputs={"choice": ["spam", "ham"]})} <= {"spam", "ham"}
    free = ask(engine, model, TALKS[:1])[0].text
    assert ask(engine, model, TALKS[:1], stop=[free[2:4]])[0].text == free[: free.index(free[2:4])]


def test_tokenize_gives_the_ids_of_the_chat_template(engine, tokenizer):
    status, said = post(engine, "/tokenize", {"model": engine.served_name, "messages": TALKS[0]})
    assert status == 200
    assert said["tokens"] == list(prompt_tokens(tokenizer, TALKS[0]))
    assert said["count"] == len(said["tokens"])
    text = post(engine, "/detokenize", {"tokens": said["tokens"]})
    assert text == (200, {"prompt": tokenizer.decode(said["tokens"], clean_up_tokenization_spaces=False)})
    without = post(engine, "/tokenize", {"messages": TALKS[0], "add_generation_prompt": False})[1]
    assert without["count"] < said["count"]


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"model": "other"}, 404, "does not exist"),
        ({"messages": []}, 400, "at least one entry"),
        ({"messages": [{"role": "user", "content": 5}]}, 400, "string 'role' and 'content'"),
        ({"max_tokens": 5000}, 400, "the limit is 512"),
        ({"max_tokens": -1}, 400, "max_tokens is -1"),
        ({"stream": True}, 400, "not supported by this server: stream"),
        ({"n": 2}, 400, "not supported by this server: n > 1"),
        ({"response_format": {"type": "json_object"}}, 400, "not supported by this server: response_format"),
        ({"structured_outputs": {"regex": "a"}}, 400, "not supported by this server: structured_outputs.regex"),
        ({"structured_outputs": {"choice": [""]}}, 400, "empty string in choices"),
        ({"temperature": "hot"}, 400, "could not convert"),
        ({"reasoning_effort": "low"}, 400, "not supported by this server: reasoning_effort"),
        ({"top_p": 0.9, "tools": [{}]}, 400, "not supported by this server: top_p, tools"),
        ({"chat_template_kwargs": {"enable_thinking": False}}, 400, "has no variable 'enable_thinking'"),
        ({"chat_template_kwargs": {"tokenize": False}}, 400, "has no variable 'tokenize'"),
        ({"chat_template_kwargs": ["bos_token"]}, 400, "must be an object"),
    ],
)
def test_requests_that_cannot_be_answered_are_refused(engine, change, status, text):
    body = {"model": engine.served_name, "messages": TALKS[0], "max_tokens": 4, **change}
    answer = post(engine, "/v1/chat/completions", body)
    assert answer[0] == status
    assert text in answer[1]["error"]["message"]
    assert ask(engine, engine.model, TALKS[:1])[0].finish_reason in {"stop", "length"}


def test_without_the_key_there_is_only_health(engine):
    assert http.get(f"http://127.0.0.1:{engine.port}/health")[0] == 200
    assert http.get(f"{engine.base_url}/models", "wrong")[0] == 401
    assert engine.api_key not in " ".join(engine.command())
    assert engine.api_key not in engine.log.read_text()


def test_the_thread_that_computes_does_not_starve_health(engine):
    """Were it answered only between two batches, there would be three answers."""
    requests = [Request(str(i), "c", TALKS[3], {"max_tokens": 200}) for i in range(64)]
    answers = 0
    with Pool() as pool:
        futures = pool.submit(engine.endpoint(engine.model), "d", requests)
        while not all(future.done() for future in futures.values()):
            assert http.get(f"http://127.0.0.1:{engine.port}/health")[0] == 200
            answers += 1
            time.sleep(0.01)
    assert answers >= 10


def test_another_base_or_precision_is_refused(engine):
    with pytest.raises(ServeError, match=r"not .*bfloat16"):
        engine.endpoint(Model(engine.model.base, dtype="bfloat16"))


def test_an_adapter_that_does_not_load_is_a_clear_error(engine, adapter_dir, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(adapter_dir, broken)
    (broken / "adapter_model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ServeError, match="cannot load") as caught:
        engine.endpoint(with_adapter(engine, broken))
    assert str(engine.log) in str(caught.value)
    assert engine.endpoint(with_adapter(engine, adapter_dir))


@pytest.mark.parametrize(
    ("base", "text"),
    [("/no/such/folder", "no such folder"), ("./gone", "no such folder"), ("{empty}", "no config.json")],
)
def test_a_wrong_path_needs_no_process_to_be_seen(tmp_path, base, text):
    engine = TransformersEngine(Model(base.format(empty=tmp_path)), tmp_path / "log")
    with pytest.raises(ServeError, match=text):
        engine.start(silent)
    assert engine.pid is None


def test_a_server_that_dies_while_starting_shows_its_last_lines(tmp_path, model_dir):
    spoiled = tmp_path / "spoiled"
    shutil.copytree(model_dir, spoiled)
    (spoiled / "config.json").write_text('{"model_type": "nonsense"}')
    engine = TransformersEngine(Model(str(spoiled)), tmp_path / "server.log")
    with pytest.raises(
        ServeError, match=r"ended with exit code 1 while starting\nlast lines of .*server\.log"
    ) as caught:
        engine.start(silent)
    assert "nonsense" in str(caught.value)
    assert engine.pid is None


@pytest.fixture
def ended(engine):
    """Nothing is left of the server that the test ended."""
    group = engine.pid
    yield
    engine.stop()
    assert wait_for(lambda: members(group) == [])


def test_killed_while_running_is_one_error_for_all_open_requests(engine, ended):
    requests = [Request(str(i), "c", TALKS[3], {"max_tokens": 100}) for i in range(200)]
    with Pool(retry=Retry(first_wait_s=0.05)) as pool:
        futures = list(pool.submit(engine.endpoint(engine.model), "d", requests, check=engine.check).values())
        futures[0].result(600)
        os.killpg(engine.pid, signal.SIGKILL)
        for future in futures[-100:]:
            with pytest.raises(ServeError, match="exit code 137 while serving"):
                future.result(120)
    with pytest.raises(ServeError, match="137"):
        engine.endpoint(engine.model) and engine.check()


def test_a_server_that_hangs_is_named_so(engine):
    """Seen by another one of its users, as what is found out once is kept."""
    user = copy.copy(engine)
    user.health_s = user.ending_s = 0.5  # it would never answer
    requests = [Request(str(i), "c", TALKS[0], {"max_tokens": 4}, timeout_s=0.5) for i in range(20)]
    os.killpg(engine.pid, signal.SIGSTOP)
    try:
        with Pool() as pool:
            futures = pool.submit(user.endpoint(user.model), "d", requests, check=user.check)
            for future in futures.values():
                with pytest.raises(ServeError, match="hangs"):
                    future.result(120)
    finally:
        os.killpg(engine.pid, signal.SIGCONT)


def test_the_server_ends_when_its_parent_lets_go_of_it(engine, ended):
    """Which the kernel does for a parent that dies, however it dies: see test_process."""
    group = engine.pid
    engine._process._process.stdin.close()
    assert wait_for(lambda: members(group) == [])


@pytest.mark.slow
def test_the_server_dies_with_its_parent(tmp_path, model_dir):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom pytest_ftgate.serve.model import Model\n"
        "from pytest_ftgate.serve.hf.engine import TransformersEngine\n"
        "engine = TransformersEngine(Model(sys.argv[1]), Path(sys.argv[2]))\n"
        "engine.start(lambda line: None)\nprint(engine.pid, flush=True)\ntime.sleep(600)\n"
    )
    argv = [sys.executable, "-c", code, str(model_dir), str(tmp_path / "log")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        group = int(parent.stdout.readline())
        assert members(group)
        parent.send_signal(signal.SIGKILL)
    assert wait_for(lambda: members(group) == [])

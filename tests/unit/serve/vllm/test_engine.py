"""The vLLM engine against a fake `vllm` command: what it is given, adapters, and each way of failing."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client import http
from pytest_ftgate.serve.client.pool import Pool, Request, Retry
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.hf.reference_logprobs import ReferenceLogprobs, TokenLogprobs, write_proof
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers import local as local_engine
from pytest_ftgate.serve.servers.fixture_handle import Server
from pytest_ftgate.serve.vllm import probe
from pytest_ftgate.serve.vllm.command import VllmSettings
from pytest_ftgate.serve.vllm.engine import VllmEngine
from pytest_ftgate.serve.vllm.failures import FAILURES
from tests.fake_vllm import make_executable
from tests.mock_openai import MockServer
from tests.repository import ROOT
from tests.unit.serve.servers.test_process import members, wait_for


@pytest.fixture
def make(tmp_path, monkeypatch):
    """`make(plan, arguments)` -> an engine that starts the fake; stopped at the end."""
    engines = []

    def engine(plan=None, *arguments, limit_s=60.0, model=None):
        monkeypatch.setenv("FAKE_VLLM", json.dumps(plan or {}))
        monkeypatch.setenv("FAKE_VLLM_RECORD", str(tmp_path / "record.json"))
        settings = VllmSettings(str(make_executable(tmp_path / "bin")), arguments, limit_s)
        base = model or Model(str(base_folder(tmp_path)), dtype="float32")
        made = VllmEngine(base, tmp_path / "logs" / "vllm.log", settings)
        made.grace_s = 0.5
        engines.append(made)
        return made

    yield engine
    for engine_made in engines:
        engine_made.stop()


def base_folder(tmp_path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text('{"max_position_embeddings": 512}')
    return folder


def make_adapter(folder: Path, rank: int = 8, seed: int = 1, b: float | None = None) -> Path:
    import numpy as np
    from safetensors.numpy import save_file

    draw = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank, "lora_alpha": 16, "peft_type": "LORA"}))
    matrices = {"x.lora_A.weight": draw.normal(size=(rank, 4)), "x.lora_B.weight": draw.normal(size=(4, rank))}
    if b is not None:
        matrices["x.lora_B.weight"][:] = b
    save_file({name: m.astype("float32") for name, m in matrices.items()}, folder / "adapter_model.safetensors")
    return folder


def silent(_: str) -> None:
    """No progress line."""


def record(tmp_path) -> dict:
    return json.loads((tmp_path / "record.json").read_text())


def test_it_starts_serves_and_leaves_nothing(make, tmp_path):
    engine = make()
    engine.start(silent)
    group = engine.pid
    assert Client(engine.endpoint(engine.model)).text("hello") == "hello"
    engine.stop()
    assert members(group) == []
    assert engine.pid is None


def test_what_vllm_is_given(make, tmp_path):
    engine = make({}, "--max-num-seqs", "7")
    engine.start(silent)
    seen = record(tmp_path)
    line = " ".join(seen["argv"])
    assert line.startswith(f"serve {engine.model.base} --served-model-name {engine.served_name} --host 127.0.0.1 ")
    assert "--enable-lora" in line
    assert "--max-lora-rank 8 --max-loras " in line
    assert "--dtype float32" in line
    assert line.endswith("--max-num-seqs 7")
    assert engine.api_key not in line
    assert seen["env"]["VLLM_API_KEY"] == engine.api_key
    assert seen["env"]["HF_HUB_OFFLINE"] == "1"
    assert seen["env"]["VLLM_NO_USAGE_STATS"] == "1"
    assert http.get(f"{engine.base_url}/models", "wrong")[0] == 401
    assert engine.api_key not in engine.log.read_text()


def test_flags_of_the_cpu_backend_are_not_given_to_another(make, tmp_path, monkeypatch):
    for version, expected in {"0.32.0+cpu": True, "0.32.0": False}.items():
        site = tmp_path / "lib" / "python3.11" / "site-packages"
        shutil.rmtree(site, ignore_errors=True)
        (site / f"vllm-{version}.dist-info").mkdir(parents=True)
        engine = make()
        line = " ".join(engine.command())
        assert engine.max_in_flight == (32 if expected else None)
        assert ("--enforce-eager" in line) is expected
        assert ("--block-size 32 --kv-cache-memory-bytes" in line) is expected
        assert ("--max-model-len 512" in line) is expected
        assert f"--max-loras {8 if expected else 2}" in line


def test_the_warm_up_asks_for_text_and_for_logprobs(make):
    with pytest.raises(ServeError, match=r"not responding: .*HTTP 500: EngineCore encountered an issue"):
        make({"broken": True}).start(silent)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.text)
def test_every_failure_of_the_table_is_one_clear_error(make, failure):
    engine = make({"say": f"(EngineCore pid=1) ERROR ValueError: 5 {failure.text} 9", "exit": 1})
    with pytest.raises(ServeError) as caught:
        engine.start(silent)
    told = str(caught.value).splitlines()
    assert told[0] == f"the vllm server ended with exit code 1 while starting: {failure.meaning}"
    assert told[1] == f"    (EngineCore pid=1) ERROR ValueError: 5 {failure.text} 9"
    assert told[2] == f"last lines of {engine.log}:"
    assert "    line 99: see the root cause above" in told
    assert told[-1] == failure.fix
    assert engine.pid is None


def test_an_unknown_failure_shows_the_last_lines(make):
    with pytest.raises(ServeError, match=r"exit code 3 while starting\nlast lines of(.|\n)*line 99"):
        make({"say": "something new", "exit": 3}).start(silent)


def test_a_missing_executable_says_how_to_get_it(tmp_path):
    engine = VllmEngine(Model(str(tmp_path)), tmp_path / "log", VllmSettings("/no/such/vllm"))
    with pytest.raises(ServeError, match=r"/no/such/vllm: command not found(.|\n)*--ftgate-vllm PATH(.|\n)*make vllm"):
        engine.start(silent)
    assert engine.pid is None


@pytest.mark.parametrize("argument", ["--port=1", "--api-key", "--served-model-name"])
def test_arguments_that_each_start_chooses_are_refused(argument):
    with pytest.raises(ServeError, match=r"set by the plugin(.|\n)*--ftgate-base-url"):
        VllmSettings("", (argument,))


def test_a_port_that_is_taken(make, monkeypatch):
    with MockServer() as other:
        monkeypatch.setattr(local_engine, "_free_port", lambda: other.port)
        with pytest.raises(ServeError, match="port taken by another process"):
            make().start(silent)


@pytest.mark.parametrize("plan", [{"hang": True}, {"deaf": True}], ids=["before listening", "at the first answer"])
def test_a_hang_at_start_up_ends_at_the_limit_with_all_processes(make, tmp_path, plan):
    begin, quick = time.monotonic(), make()
    quick.start(silent)
    quick.stop()
    limit_s = 2.0 + 2 * (time.monotonic() - begin)
    engine = make(plan, limit_s=limit_s)
    lines = []
    with pytest.raises(ServeError, match=rf"not ready within {limit_s:g} s(.|\n)*INFO starting"):
        engine.start(lines.append)
    told = "warming up" if "deaf" in plan else "starting"
    assert any(line.startswith(f"{told} the vllm server: ") for line in lines)
    assert not fakes(tmp_path)


def fakes(tmp_path) -> list:
    import psutil

    return [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])]


def test_killed_while_running(make):
    engine = make()
    engine.start(silent)
    group = engine.pid
    requests = [Request(str(i), "c", [{"role": "user", "content": "x"}], {"max_tokens": 1}) for i in range(50)]
    with Pool(retry=Retry(first_wait_s=0.05)) as pool:
        os.killpg(group, signal.SIGKILL)
        futures = pool.submit(engine.endpoint(engine.model), "d", requests, check=engine.check)
        with pytest.raises(ServeError, match=r"exit code 137 while serving: the server was killed(.|\n)*dmesg"):
            futures["49"].result(30)
    assert wait_for(lambda: members(group) == [])


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no /dev/shm")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_shared_memory_and_stubborn_children_are_gone(make, end):
    name = f"psm_{secrets.token_hex(4)}"
    engine = make({"shared": name})
    engine.start(silent)
    group = engine.pid
    assert Path("/dev/shm", name).exists()
    if end == "kill":
        os.killpg(group, signal.SIGKILL)
        assert wait_for(lambda: engine._process.exit_code() is not None)
    engine.stop()
    assert members(group) == []
    assert not Path("/dev/shm", name).exists()


@pytest.mark.parametrize("plan", [{}, {"hang": True}, {"shared": "psm_ftgatetest"}], ids=["up", "starting", "children"])
def test_the_death_of_pytest_ends_the_server(tmp_path, plan):
    code = (
        "import sys\nfrom pathlib import Path\nfrom pytest_ftgate.serve.model import Model\n"
        "from pytest_ftgate.serve.vllm.command import VllmSettings\n"
        "from pytest_ftgate.serve.vllm.engine import VllmEngine\nimport time\n"
        "engine = VllmEngine(Model(sys.argv[1]), Path(sys.argv[1], 'log'), VllmSettings(sys.argv[2]))\n"
        "engine.grace_s = 0.5\n"
        "engine.start(lambda line: print(engine.pid, flush=True))\n"
        "print(engine.pid, flush=True)\ntime.sleep(600)\n"
    )
    argv = [sys.executable, "-c", code, str(tmp_path), str(make_executable(tmp_path / "bin"))]
    env = {**os.environ, "FAKE_VLLM": json.dumps(plan)}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env) as parent:
        group = int(parent.stdout.readline())
        if "shared" in plan:
            assert wait_for(lambda: Path("/dev/shm/psm_ftgatetest").exists())
        assert members(group)
        parent.send_signal(signal.SIGKILL)
    assert wait_for(lambda: members(group) == [])
    assert not Path("/dev/shm/psm_ftgatetest").exists()


# --- adapters ---------------------------------------------------------------------------------------------------------


def tuned(engine, folder: Path) -> Model:
    return replace(engine.model, adapter=folder)


def served(engine) -> list[str]:
    return http.model_names(http.get(f"{engine.base_url}/models", engine.api_key)[1])


def test_adapters_are_loaded_once_under_their_digest(make, tmp_path):
    engine = make()
    engine.start(silent)
    a, b = (tuned(engine, make_adapter(tmp_path / name, seed=seed)) for seed, name in enumerate("ab"))
    lines = [engine.endpoint(model) for model in (a, b, a, engine.model)]
    assert [line.model for line in lines[:2]] == [f"ftgate-{model.digest[:20]}" for model in (a, b)]
    assert lines[0] == lines[2]
    assert sorted(served(engine)) == sorted({line.model for line in lines})
    engine.unload(a)
    assert lines[0].model not in served(engine)
    assert engine.endpoint(a) == lines[0]


@pytest.mark.parametrize("busy", [0, 2])
def test_one_slot_stays_empty_on_the_cpu(make, tmp_path, monkeypatch, busy):
    """What vLLM puts into the last slot is applied to the base model's requests."""
    monkeypatch.setattr("pytest_ftgate.serve.vllm.engine.runs_on_cpu", lambda executable: True)
    engine = make({"busy": busy}, "--max-loras", "3")
    engine.start(silent)
    first, second, third = (tuned(engine, make_adapter(tmp_path / f"a{i}", seed=i)) for i in range(3))
    engine.endpoint(first)
    engine.endpoint(second)
    engine.endpoint(first)
    group = engine.pid
    if busy:
        with pytest.raises(ServeError, match=r"for 2 adapters, one more requested, server busy(.|\n)*--max-loras"):
            engine.endpoint(third)
        return
    name = engine.endpoint(third).model
    assert engine.pid != group
    assert sorted(served(engine)) == sorted([engine.served_name, name])


def test_an_adapter_that_was_dropped_still_fills_its_slot(make, tmp_path, monkeypatch):
    monkeypatch.setattr("pytest_ftgate.serve.vllm.engine.runs_on_cpu", lambda executable: True)
    engine = make({}, "--max-loras=2")
    engine.start(silent)
    group, model = engine.pid, tuned(engine, make_adapter(tmp_path / "a"))
    engine.endpoint(model)
    engine.unload(model)
    engine.endpoint(model)
    assert engine.pid != group


def test_on_the_cpu_one_slot_is_too_few(make, monkeypatch):
    monkeypatch.setattr("pytest_ftgate.serve.vllm.engine.runs_on_cpu", lambda executable: True)
    with pytest.raises(ServeError, match="one slot stays empty"):
        make({}, "--max-loras", "1").start(silent)


def test_the_rank_is_the_next_allowed_value_of_what_is_expected(make, tmp_path):
    engine = make()
    for rank in (12, 4):
        engine.expect(tuned(engine, make_adapter(tmp_path / f"r{rank}", rank)))
    engine.start(silent)
    assert "--max-lora-rank 16" in " ".join(record(tmp_path)["argv"])


def test_a_higher_rank_starts_an_idle_server_again(make, tmp_path):
    engine = make()
    engine.start(silent)
    low, high = (tuned(engine, make_adapter(tmp_path / f"r{rank}", rank)) for rank in (8, 9))
    first, before = engine.endpoint(low), engine.pid
    assert Client(engine.endpoint(high)).text("hello") == "hello"
    assert engine.pid != before
    assert members(before) == []
    assert "--max-lora-rank 16" in " ".join(record(tmp_path)["argv"])
    assert engine.endpoint(low).model == first.model


def test_a_higher_rank_does_not_break_requests_on_their_way(make, tmp_path):
    engine = make({"busy": 3})
    engine.start(silent)
    with pytest.raises(ServeError, match=r"rank 8, rank 16 requested, server busy(.|\n)*raise --max-lora-rank"):
        engine.endpoint(tuned(engine, make_adapter(tmp_path / "r9", 9)))


def test_a_rank_above_what_the_user_allowed_is_refused_by_the_server(make, tmp_path):
    engine = make({}, "--max-lora-rank", "8")
    engine.start(silent)
    with pytest.raises(ServeError, match=r"rank 16 is greater than max_lora_rank 8(.|\n)*raise --max-lora-rank"):
        engine.endpoint(tuned(engine, make_adapter(tmp_path / "r16", 16)))


def test_an_adapter_that_is_ignored_is_found_out_and_unloaded(make, tmp_path):
    engine = make({"same": True})
    engine.start(silent)
    with pytest.raises(ServeError, match=r"all log-probabilities equal the base model's(.|\n)*target_modules"):
        engine.endpoint(tuned(engine, make_adapter(tmp_path / "a")))
    assert served(engine) == [engine.served_name]


def proof_of_the_fake(shift: float) -> ReferenceLogprobs:
    """What the fake says as an adapter (see `FakeVllm._completions`), each token less likely by `shift`."""
    tokens = tuple((1 + 2) % 50 + i for i in range(16))
    return ReferenceLogprobs(
        "float32", (TokenLogprobs((1, 2), tokens, tuple(-(token % 7) - 0.5 - shift for token in tokens)),)
    )


def test_an_adapter_is_held_against_what_its_trainer_saw(make, tmp_path):
    adapter = make_adapter(tmp_path / "a")
    write_proof(proof_of_the_fake(0.0), adapter)
    engine = make()
    engine.start(silent)
    engine.endpoint(replace(engine.model, adapter=adapter))
    assert engine.verified.startswith("log-probabilities of 16 tokens agree with the trained model within")


def test_an_adapter_that_computes_something_else_is_refused_and_unloaded(make, tmp_path):
    adapter = make_adapter(tmp_path / "a")
    write_proof(proof_of_the_fake(0.02), adapter)
    engine = make()
    engine.start(silent)
    model = replace(engine.model, adapter=adapter)
    with pytest.raises(ServeError, match=r"outputs differ from the trained model.*0\.02 nats(.|\n)*scaling"):
        engine.endpoint(model)
    assert http.model_names(http.get(f"{engine.base_url}/models", engine.api_key)[1]) == [engine.served_name]


def test_a_proof_at_another_precision_says_nothing(make, tmp_path):
    adapter = make_adapter(tmp_path / "a")
    write_proof(replace(proof_of_the_fake(9.0), dtype="bfloat16"), adapter)
    engine = make()
    engine.start(silent)
    engine.endpoint(replace(engine.model, adapter=adapter))
    assert engine.verified == ""


def test_a_near_tie_decided_otherwise_is_no_difference_beyond_that_token():
    said = TokenLogprobs((1,), (5, 6, 7), (-0.1, -0.7, -0.2))
    found = probe._agreement_with(ReferenceLogprobs("bfloat16", (said,)), [([5, 9, 9], [-0.1, -0.69, -5.0])])
    assert found.tokens == 2
    assert found.largest == pytest.approx(0.01)


def test_an_adapter_of_zeros_is_legal(make, tmp_path):
    engine = make()
    engine.start(silent)
    assert engine.endpoint(tuned(engine, make_adapter(tmp_path / "zero", b=0.0)))


def test_a_folder_without_an_adapter(make, tmp_path):
    engine = make()
    engine.start(silent)
    with pytest.raises(ServeError, match="adapter_config"):
        engine.endpoint(tuned(engine, tmp_path / "gone"))
    gone = make_adapter(tmp_path / "moved")
    model = tuned(engine, gone)
    digest = model.digest
    (gone / "adapter_config.json").rename(gone / "other.json")
    with pytest.raises(ServeError, match="adapter_config"):
        engine.endpoint(model)
    assert digest


def test_a_death_after_a_refused_adapter_is_not_told_as_the_refusal(make, tmp_path):
    engine = make({}, "--max-lora-rank", "8")
    engine.start(silent)
    with pytest.raises(ServeError, match="greater than max_lora_rank"):
        engine.endpoint(tuned(engine, make_adapter(tmp_path / "r16", 16)))
    os.killpg(engine.pid, signal.SIGTERM)
    assert wait_for(lambda: engine._process.exit_code() is not None)
    with pytest.raises(ServeError, match="ended with exit code") as caught:
        engine.check()
    assert "max_lora_rank" not in str(caught.value).splitlines()[0]


def test_the_handle_of_the_fixture(make, tmp_path):
    engine = make()
    engine.start(silent)
    server = Server(engine, engine.model, engine.log)
    assert server.address == engine.base_url
    assert server.client.text("hello") == "hello"
    assert server.load_adapter(make_adapter(tmp_path / "a")).endpoint.model.startswith("ftgate-")
    assert "INFO starting" in server.logs()
    with pytest.raises(ServeError, match="HTTP 404"):
        Client(replace(engine.endpoint(engine.model), model="other")).text("hello")

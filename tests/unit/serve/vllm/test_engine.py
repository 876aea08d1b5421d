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
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.retry import Retry
from pytest_ftgate.serve.servers import local as local_engine
from pytest_ftgate.serve.servers.fixture_handle import Server
from pytest_ftgate.serve.vllm.command import VllmSettings
from pytest_ftgate.serve.vllm.engine import VllmEngine
from pytest_ftgate.serve.vllm.failures import FAILURES
from tests.fake_vllm import make_executable
from tests.mock_openai import MockServer
from tests.repository import ROOT
from tests.unit.serve.servers.test_process import members, wait_for
from tests.unit.serve.vllm.adapters import make_adapter, record, silent


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


def test_the_chat_template_of_base_is_given_in_a_file(make):
    engine = make({}, "--chat-template", "the users own")
    assert engine.command()[-2:] == ["--chat-template", "the users own"]
    assert engine.command().count("--chat-template") == 1
    engine.model = replace(engine.model, chat=ChatFormat("{{ strftime_now('%Y') }}", "", "2026-02-09"))
    line = engine.command()
    file = Path(line[line.index("--chat-template") + 1])
    assert file.read_text() == '{{ "2026" }}'
    assert line[-2:] == ["--chat-template", "the users own"]
    assert engine.environment()["VLLM_SYSTEM_START_DATE"] == "2026-02-09"


def test_a_template_for_a_model_whose_prompts_vllm_writes_itself_is_refused(make):
    engine = make({})
    Path(engine.model.base, "config.json").write_text('{"model_type": "gpt_oss"}')
    assert engine.command()
    engine.model = replace(engine.model, chat=ChatFormat("{{ messages }}"))
    with pytest.raises(
        ServeError, match=r"gpt-oss by itself, and reads no chat template\n    remove \[base\] chat_temp"
    ):
        engine.command()


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


def test_it_calls_tools_only_if_it_is_started_so(tmp_path):
    arguments = ((), ("--enable-auto-tool-choice", "--tool-call-parser", "hermes"))
    offers = [VllmEngine(Model(str(tmp_path)), tmp_path / "log", VllmSettings("", some)).offers for some in arguments]
    assert ["tools" in some for some in offers] == [False, True]
    assert "tools" not in VllmEngine.offers


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
    assert told in lines
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


SHARED = f"psm_{secrets.token_hex(4)}"


@pytest.mark.parametrize("plan", [{}, {"hang": True}, {"shared": SHARED}], ids=["up", "starting", "children"])
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
            assert wait_for(lambda: Path("/dev/shm", SHARED).exists())
        assert members(group)
        parent.send_signal(signal.SIGKILL)
    assert wait_for(lambda: members(group) == [])
    assert not Path("/dev/shm", SHARED).exists()


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

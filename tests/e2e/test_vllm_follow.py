"""`ftgate serve` on real vLLM and MLflow: promoted and rolled back by another process while clients ask."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys

import aiohttp
import psutil
import pytest

from pytest_ftgate.registry import open_registry
from pytest_ftgate.registry.model_tags import tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.engine_identity import identity
from tests.e2e.patience import patience
from tests.e2e.vllm_models import BASE, make_adapter, need_vllm
from tests.e2e.workshop import wait_for
from tests.nginx_here import free_port

TASK, SWAPS = "sms_spam", 10
EVERY_S = 0.3
"""Between two requests: what vLLM bears on two cores beside loading adapters."""

BODY = {"model": TASK, "messages": [{"role": "user", "content": "Name a colour."}], "max_tokens": 6, "temperature": 0}

SCHEMA = {"type": "object", "properties": {"label": {"enum": ["ham", "spam"]}}, "required": ["label"]}
AS_SCHEMA = {"type": "json_schema", "json_schema": {"name": "label", "schema": SCHEMA}}
ALSO = (
    ("/v1/chat/completions", BODY | {"response_format": AS_SCHEMA, "max_tokens": 30, "logprobs": True}),
    ("/v1/completions", {"prompt": "Hi", "max_tokens": 2}),
    ("/v1/messages", {"messages": BODY["messages"], "max_tokens": 2}),
    ("/tokenize", {"messages": BODY["messages"]}),
)
"""What vLLM has beside plain chat."""


@pytest.fixture
def registry(tmp_path, no_tracking_server):
    """v1 and v2, random adapters; v2 is the champion."""
    need_vllm()
    found = open_registry(None, tmp_path / "state")
    for seed in (1, 2):
        model = Model(
            str(BASE),
            dtype="float32",
            adapter=make_adapter(tmp_path / f"adapter{seed}", seed),
            engine=identity("vllm"),
        )
        run = found.log_run(TASK, {}, {}, {}, {}, {})
        tags = {"verdict": "PROMOTE", "reason": "all checks passed", **tags_of(model)}
        version = found.add_version(TASK, model.adapter, adapter_digest(model.adapter), run, tags)
        found.promote(TASK, version.number, "all checks passed")
    return found


@pytest.fixture
def server(registry, tmp_path):
    """The command, with places for the base and every load: on the CPU a place is not used again."""
    port = free_port()
    arguments = ["--state-dir", str(registry.state_dir), "--port", str(port), "--follow", "0.5", "--grace", "0"]
    arguments += ["--vllm-args", f"--max-loras {SWAPS + 3}"]
    log = tmp_path / "serve.log"
    command = [sys.executable, "-m", "pytest_ftgate.cli.main", "serve", TASK, *arguments]
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            assert wait_for(lambda: http.get(f"{url}/ready")[0] == 200, 200, process), log.read_text()
            yield process, url, log
        finally:
            process.kill()


async def asked(session, url, *, stream=False):
    """(version of the header, text of the answer)."""
    async with session.post(f"{url}/v1/chat/completions", json=BODY | {"stream": stream}) as reply:
        raw = await reply.text()
        assert reply.status == 200, raw
        if not stream:
            said = json.loads(raw)
            assert said["model"] == TASK
            return reply.headers["X-Ftgate-Version"], said["choices"][0]["message"]["content"]
        assert raw.endswith("data: [DONE]\n\n")
        events = [json.loads(line[6:]) for line in raw.split("\n\n") if line.startswith("data: {")]
        assert {event["model"] for event in events} == {TASK}
        words = [choice["delta"].get("content") or "" for event in events for choice in event["choices"]]
        return reply.headers["X-Ftgate-Version"], "".join(words)


async def load_over_swaps(registry, url):
    """(the text of each version alone, all answers over ten swaps)."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=patience(120))) as session:
        alone = dict([await asked(session, url)])
        answers, swapping = [], True

        async def ask():
            tasks = []
            while swapping:
                tasks.append(asyncio.create_task(asked(session, url, stream=len(tasks) % 3 == 0)))
                await asyncio.sleep(EVERY_S)
            answers.extend(await asyncio.gather(*tasks))

        asking = asyncio.create_task(ask())
        for swap in range(SWAPS):
            move = registry.rollback if swap % 2 == 0 else lambda task, why: registry.promote(task, 2, why)
            wanted = (await asyncio.to_thread(move, TASK, "swapped")).number
            async with asyncio.timeout(patience(120)):
                while (await asyncio.to_thread(http.get, f"{url}/ready"))[1]["version"] != f"v{wanted}":
                    assert not asking.done()
                    await asyncio.sleep(0.2)
            alone.update([await asked(session, url)])
        swapping = False
        await asking
        return alone, answers


def test_ten_swaps_drop_and_mix_nothing_and_a_killed_server_leaves_nothing(registry, server):
    process, url, log = server
    alone, answers = asyncio.run(load_over_swaps(registry, url))
    assert set(alone) == {"v1", "v2"}
    assert alone["v1"] != alone["v2"], "two adapters that say the same would prove nothing"
    assert {version for version, _ in answers} == {"v1", "v2"}
    assert {(version, text) for version, text in answers} == set(alone.items()), log.read_text()
    for path, body in ALSO:
        status, said = http.post(url + path, body | {"model": TASK}, timeout_s=patience(60))
        assert (status, said.get("model", TASK)) == (200, TASK), said
        if "response_format" in body:  # random adapters may never come to the end of it
            text = "".join(said["choices"][0]["message"]["content"].split())
            assert text.startswith(('{"label":"ham"', '{"label":"spam"')), text
    metrics = http.get(f"{url}/metrics")[1]
    assert f"ftgate_swaps_total {SWAPS}.0" in metrics
    assert "vllm:num_requests_running" in metrics
    assert 'code="200"' in metrics
    assert not [line for line in metrics.splitlines() if line.startswith("ftgate_requests") and 'code="5' in line]
    print(f"\n{len(answers)} answers over {SWAPS} swaps\n{log.read_text()}")

    engines = psutil.Process(process.pid).children(recursive=True)
    assert engines
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert wait_for(lambda: not [one for one in engines if one.is_running() and one.status() != "zombie"])

"""nginx in front of a real server with two adapters: each user meets one of them, and the log says which."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_ftgate.cli.router_files import configuration, server_url
from pytest_ftgate.cli.router_route import Route, Served
from pytest_ftgate.gate.live.log import read_log
from pytest_ftgate.serve.hf.engine import TransformersEngine
from pytest_ftgate.serve.model import Model
from tests.e2e.vllm_models import BASE, make_adapter
from tests.nginx_here import ask, exposures_in, free_port, need_nginx, running_nginx

QUESTION = {"messages": [{"role": "user", "content": "Name a colour."}], "max_tokens": 8, "temperature": 0}


def said(url: str, model: str, user: str, key: str) -> tuple[str, str]:
    """The arm, "" without a router, and the answer."""
    status, headers, body = ask(url, user, QUESTION | {"model": model}, Authorization=f"Bearer {key}")
    assert status == 200, body
    return headers.get("X-Ftgate-Arm", ""), json.loads(body)["choices"][0]["message"]["content"]


def test_two_adapters_of_one_server_behind_nginx(tmp_path: Path) -> None:
    need_nginx()
    if not BASE.is_dir():
        pytest.skip(f"{BASE} is missing: make data")
    models = [Model(str(BASE), adapter=make_adapter(tmp_path / f"adapter{seed}", seed)) for seed in (1, 2)]
    engine = TransformersEngine(Model(str(BASE)), tmp_path / "server.log")
    engine.start(lambda _line: None)
    try:
        endpoints = [engine.endpoint(model) for model in models]
        key, server = endpoints[0].api_key, server_url(endpoints[0].base_url)
        alone = [said(server, endpoint.model, "", key)[1] for endpoint in endpoints]
        assert alone[0] != alone[1], "two adapters that say the same would prove nothing"

        port, log, written = free_port(), tmp_path / "exposures.jsonl", tmp_path / "ftgate.conf"
        versions = [Served(f"v{n}", endpoint.model, (server,)) for n, endpoint in enumerate(endpoints)]
        route = Route("colours", *versions, 0.5, models[1].digest[:16], listen=f"127.0.0.1:{port}", log=str(log))
        written.write_text(configuration(route))
        with running_nginx(tmp_path, written, port) as url:
            answers = [said(url, "colours", f"u{i}", key) for i in range(8)]
            again = [said(url, "colours", f"u{i}", key) for i in range(8)]
            assert ask(url, "u0", QUESTION | {"model": "colours"})[0] == 401, "the key is the servers' to check"
            rows = exposures_in(log, 16)
        assert answers == again
        assert set(answers) == {("champion", alone[0]), ("candidate", alone[1])}
        assert [row["arm"] for row in rows] == [arm for arm, _ in [*answers, *again]]
    finally:
        engine.stop()
    found = read_log(log, None, now=datetime.now(UTC), candidate=models[1].digest)
    assert (len(found.users), found.in_both) == (8, ())

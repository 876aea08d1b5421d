"""Control requests: (status, JSON) or (0, why), within one time limit, wherever they are sent from."""

from __future__ import annotations

import asyncio
import time

import pytest

from bench.faults.wire import GOOD, OK, FaultyServer, http
from pytest_ftgate.serve.client import control_http
from pytest_ftgate.serve.client.pool import Pool
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.engine import Endpoint
from tests.unit.serve.client.pooled import requests


def drip(wire, asked):
    wire.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b" " * 1000, 0.1)


@pytest.mark.parametrize("way", ["get", "post"])
def test_one_byte_at_a_time_does_not_renew_the_time_limit(way):
    with FaultyServer({"": drip}, models=drip) as server:
        begin = time.monotonic()
        if way == "get":
            found = control_http.get(f"{server.base_url}/models", timeout_s=1.0)
        else:
            found = control_http.post(f"{server.base_url}/load_lora_adapter", {"lora_name": "a"}, timeout_s=1.0)
    assert found == (control_http.UNREACHABLE, "no answer within 1 s")
    assert time.monotonic() - begin < 30


def test_no_more_is_read_than_an_answer_may_have():
    with FaultyServer(models=http(b" " * 50_000_000)) as server:
        status, said = control_http.get(f"{server.base_url}/models", timeout_s=30.0)
    assert (status, said) == (0, "the answer is larger than 16 MiB; not read any further")


def test_it_can_be_called_where_a_loop_runs():
    async def ask(client: Client) -> str:
        return client.text("hello")

    with FaultyServer() as server:
        assert asyncio.run(ask(Client(Endpoint(server.base_url, "mock")))) == OK


def test_what_is_no_json_is_a_text_and_an_error_keeps_its_status():
    with FaultyServer(models=http("boom \xff", 500)) as server:
        assert control_http.get(f"{server.base_url}/models") == (500, "boom \xff")


def test_all_requests_go_through_the_proxy_of_the_environment(monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with FaultyServer({"0": GOOD}) as proxy, Pool() as pool:
        monkeypatch.setenv("http_proxy", f"http://bob:hunter2@{proxy.address}")
        outside = "http://models.invalid/v1"
        assert control_http.model_names(control_http.get(f"{outside}/models", "sk-key")[1]) == ["mock"]
        (answer,) = pool.submit(Endpoint(outside, "mock", "sk-key"), "m", requests(1)).values()
        assert answer.result(60).text == OK
    assert [asked.path for asked in proxy.asked] == [f"{outside}/models", f"{outside}/chat/completions"]
    assert all(asked.headers["proxy-authorization"].startswith("Basic ") for asked in proxy.asked)

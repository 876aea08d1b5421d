"""Base URLs with a query, as Azure has them, and the headers that carry the key there, over real connections."""

from __future__ import annotations

import pytest

from bench.faults.wire import FaultyServer
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.serve.address import address_of, key_headers
from pytest_ftgate.serve.api.client import open_provider
from pytest_ftgate.serve.api.settings import read_settings
from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.servers.external import OpenAIEngine

QUERY = "?api-version=2024-10-21"
KEY = "sk-azure-0123456789"


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("http://h/v1", "http://h/v1/models"),
        ("http://h/v1/", "http://h/v1/models"),
        (f"https://h/openai/deployments/x{QUERY}", f"https://h/openai/deployments/x/models{QUERY}"),
        (f"https://h/openai/deployments/x/{QUERY}", f"https://h/openai/deployments/x/models{QUERY}"),
    ],
)
def test_the_query_of_a_base_url_ends_every_address(base, address):
    assert address_of(base, "/models") == address


def test_only_azure_is_sent_its_own_header():
    assert key_headers("http://h/v1", "") == {}
    assert key_headers("http://h/v1", KEY) == {"Authorization": f"Bearer {KEY}"}
    azure = key_headers(f"http://h/v1{QUERY}", KEY)
    assert azure == {"Authorization": f"Bearer {KEY}", "api-key": KEY}
    assert KEY not in repr(azure)


def test_everything_that_sends_requests_keeps_the_query_and_sends_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("A_KEY", KEY)
    with FaultyServer() as server, Pool() as pool:
        base_url = server.base_url + QUERY
        engine = OpenAIEngine(base_url, "mock", api_key=KEY)
        engine.start(lambda _: None)
        endpoint = engine.endpoint(engine.model)
        request = Request("k", "a", [{"role": "user", "content": "hi"}], {})
        assert pool.submit(endpoint, "m", [request])["k"].result(30).text == "ok"
        assert Client(endpoint).text("hi") == "ok"
        table = {"api": "openai", "base_url": base_url, "model": "m", "api_key_env": "A_KEY"}
        settings = read_settings(table, "[judge]")
        with open_provider(settings, tmp_path) as provider:
            ask = settings.ask([], [{"role": "user", "content": "hi"}])
            assert [reply.text for reply in provider.ask_all([ask])] == ["ok"]
    assert {asked.path for asked in server.asked} == {f"/v1/models{QUERY}", f"/v1/chat/completions{QUERY}"}
    assert {asked.headers["api-key"] for asked in server.asked} == {KEY}


def test_a_key_that_is_sent_may_still_be_told():
    """`ftgate serve` makes a key for its own server, asks that with it, and prints it."""
    key = "made-for-this-server-alone"
    assert key_headers("http://127.0.0.1:8000/v1", key)["Authorization"] == f"Bearer {key}"
    assert mask(f"Bearer {key}") == f"Bearer {key}"

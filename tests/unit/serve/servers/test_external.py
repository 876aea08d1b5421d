from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.proxy import proxy_for
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.external import OpenAIEngine, key_from_environment
from tests.mock_openai import MockServer


def silent(_: str) -> None:
    """No progress line."""


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    monkeypatch.delenv("FTGATE_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_it_attaches_and_hands_out_the_address():
    with MockServer(models=("m1", "m2")) as server:
        engine = OpenAIEngine(server.base_url + "/", "m2")
        engine.start(silent)
        endpoint = engine.endpoint(engine.model)
        engine.check()
        engine.stop()
    assert (endpoint.base_url, endpoint.model) == (server.base_url, "m2")


def test_the_digest_is_of_the_name_wherever_the_server_is():
    digests = {OpenAIEngine(url, "m").model.digest for url in ("http://a/v1", "http://b/v1")}
    assert digests == {Model("m", served=True).digest}


def test_an_unknown_model_lists_the_known_ones():
    with MockServer(models=("m1", "m2")) as server, pytest.raises(ServeError, match="no model 'x'; it serves m1, m2"):
        OpenAIEngine(server.base_url, "x").start(silent)


def test_a_refused_key_names_the_variables_and_not_the_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "wrong-secret")
    with MockServer(api_key="right") as server, pytest.raises(ServeError, match="FTGATE_API_KEY") as caught:
        OpenAIEngine(server.base_url, "mock").start(silent)
    assert "wrong-secret" not in str(caught.value) + repr(OpenAIEngine("http://x", "m"))


def test_no_server_says_what_to_check():
    with pytest.raises(ServeError, match="check --ftgate-base-url"):
        OpenAIEngine("http://127.0.0.1:9/v1", "m").start(silent)


def test_a_server_that_lists_no_models_is_fine():
    with MockServer(models=()) as server:
        OpenAIEngine(server.base_url, "m").start(silent)


def test_it_serves_nothing_else():
    with pytest.raises(ServeError, match="needs an engine that loads it"):
        OpenAIEngine("http://x/v1", "m").endpoint(Model("base", adapter=Path("a")))


def test_our_key_goes_before_openais(monkeypatch):
    monkeypatch.delenv("FTGATE_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert key_from_environment() == ""
    monkeypatch.setenv("OPENAI_API_KEY", "o")
    assert key_from_environment() == "o"
    monkeypatch.setenv("FTGATE_API_KEY", "f")
    assert key_from_environment() == "f"


def test_proxies_are_never_asked_for_this_machine(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy:1")
    monkeypatch.setenv("no_proxy", "inside.example")
    for here in ("127.0.0.1:80", "127.8.7.6", "localhost", "LocalHost.", "[::1]:80", "[::ffff:127.0.0.1]", "0.0.0.0"):
        assert proxy_for(f"http://{here}/v1") is None
    for elsewhere in ("127.0.0.1.example", "localhost.example", "10.0.0.1", "[2001:db8::1]"):
        assert proxy_for(f"http://{elsewhere}/v1") == "http://proxy:1"
    assert proxy_for("http://inside.example/v1") is None
    assert proxy_for("http://outside.example/v1") == "http://proxy:1"

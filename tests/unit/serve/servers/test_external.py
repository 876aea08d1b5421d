from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.key import key_from_environment
from pytest_ftgate.serve.client.proxy import proxy_for
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.external import OpenAIEngine
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


def refused(url: str, model: str = "mock") -> str:
    with pytest.raises(ServeError) as caught:
        OpenAIEngine(url, model).start(silent)
    return str(caught.value)


def test_an_unknown_model_lists_the_known_ones_with_the_nearest_first():
    with MockServer(models=("embed", "qwen3-8b", "gpt-4o")) as server:
        assert "no model 'gpt-4'; it serves gpt-4o, " in refused(server.base_url, "gpt-4")
    with MockServer(models=tuple(f"m{number}" for number in range(30))) as server:
        assert refused(server.base_url, "m29x").endswith(", ...")


def test_a_refused_key_names_its_variable_and_not_the_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "wrong-secret")
    with MockServer(api_key="right") as server:
        said = refused(server.base_url)
    assert "the server refused the API key (HTTP 401)" in said
    assert "a key was sent, from OPENAI_API_KEY; set FTGATE_API_KEY or OPENAI_API_KEY" in said
    assert "wrong-secret" not in said + repr(OpenAIEngine("http://x", "m"))


def test_a_key_that_is_missing_is_said_to_be(monkeypatch):
    with MockServer(api_key="right") as server:
        assert "no key was sent; set FTGATE_API_KEY or OPENAI_API_KEY" in refused(server.base_url)


def test_no_server_says_what_to_check():
    assert "connection refused); start the server, or check --ftgate-base-url" in refused("http://127.0.0.1:9/v1")


@pytest.mark.parametrize("path", ["", "/", "/v1/chat/completions", "/v1/models/", "/v1/completions"])
def test_an_address_with_the_wrong_path_is_told_the_right_one(path):
    with MockServer() as server:
        address = server.base_url.removesuffix("/v1")
        assert f"did you mean {server.base_url}? set --ftgate-base-url" in refused(address + path)


def test_an_address_without_a_scheme_is_told_one():
    with MockServer() as server:
        address = server.base_url.removeprefix("http://")
        assert f"no http:// or https:// before the address; did you mean {server.base_url}?" in refused(address)
    assert "begins with http:// or https://" in refused("ftp://127.0.0.1/v1")


class NoList(MockServer):
    """Answers, and lists no models anywhere."""

    async def _models(self, _: web.Request) -> web.Response:
        return web.Response(status=404)


def test_a_server_without_a_list_of_models_is_fine():
    with NoList() as server:
        OpenAIEngine(server.base_url, "m").start(silent)
        OpenAIEngine(server.base_url.removesuffix("/v1") + "/other", "m").start(silent)


def test_a_server_that_lists_no_models_is_fine():
    with MockServer(models=()) as server:
        OpenAIEngine(server.base_url, "m").start(silent)


class OwnedBy(MockServer):
    """Lists its model as the program `owner` does."""

    owner = "vllm"

    async def _models(self, _: web.Request) -> web.Response:
        cards = [{"id": name, "object": "model", "owned_by": self.owner} for name in self.models]
        return web.json_response({"object": "list", "data": cards})


@pytest.mark.parametrize("owner", ["vllm", "openai", 7])
def test_a_vllm_is_known_by_its_card(owner):
    with OwnedBy() as server:
        server.owner = owner
        engine = OpenAIEngine(server.base_url, "mock")
        engine.start(silent)
    assert ("neutral" in engine.offers) is (owner == "vllm")
    assert "neutral" not in OpenAIEngine(server.base_url, "mock").offers, "before it is asked, nothing is known"


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

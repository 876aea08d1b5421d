"""A paid API that repeats its key: it is in no reply, no file, and no error, by every way to ask."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import FtgateError, ProviderError
from pytest_ftgate.serve.api.client import open_provider
from tests.messages_server import Fault, MessagesServer
from tests.unit.serve.api.questions import QUICK, asks_of, settings_of

KEY = "sk-CANARY/of-an-api-0123"
STEERING = "\x1b[2J\n::error::hacked"
WAYS = {
    "anthropic": {},
    "streamed": {"stream": True},
    "schema": {"structured": "json_schema"},
    "openai": {"api": "openai"},
    "openai_schema": {"api": "openai", "structured": "json_schema"},
}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OWN_KEY", KEY)


def kept(folder):
    return "".join(file.read_text() for file in folder.rglob("*") if file.is_file())


def echo(_request):
    return {"reason": f"you sent {KEY}", "score": 4}


@pytest.mark.parametrize("way", WAYS)
def test_a_reply_that_repeats_it(tmp_path, way):
    with MessagesServer(echo) as server:
        settings = settings_of(server, api_key_env="OWN_KEY", **WAYS[way])
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1))
    assert KEY in str(server.headers)
    assert said.input == {"reason": "you sent ***", "score": 4}
    assert KEY not in said.text + kept(tmp_path)


def test_a_batch_that_repeats_it(tmp_path):
    with MessagesServer(echo) as server:
        settings = settings_of(server, api_key_env="OWN_KEY")
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1), batch=True)
    assert said.input == {"reason": "you sent ***", "score": 4}
    assert KEY not in kept(tmp_path)


def test_free_text_that_repeats_it(tmp_path):
    with MessagesServer(lambda _request: f"the key is {KEY}") as server:
        settings = settings_of(server, api_key_env="OWN_KEY")
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1, tool=None))
    assert said.text == "the key is ***"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(400, f"{'x' * 480}{KEY}{STEERING}"),
        Fault(raw=f'{{"padding": "{"x" * 170}", "you sent": "{KEY}"}}'),
        Fault(raw=f"{KEY}{STEERING}"),
    ],
)
def test_a_refusal_that_repeats_it_steers_nothing(tmp_path, way, fault):
    with MessagesServer(echo, lambda _text, _attempt: fault) as server:
        settings = settings_of(server, api_key_env="OWN_KEY", **WAYS[way])
        with open_provider(settings, tmp_path, QUICK) as provider:
            [said] = provider.ask_all(asks_of(settings, 1))
    assert said.kind == "failed"
    assert "CANARY" not in said.error + kept(tmp_path)
    assert said.error.isprintable()


def test_a_denial_that_repeats_it(tmp_path):
    with MessagesServer(echo, lambda _text, _attempt: Fault(401, f"{KEY}{STEERING}")) as server:
        settings = settings_of(server, api_key_env="OWN_KEY")
        with open_provider(settings, tmp_path, QUICK) as provider, pytest.raises(ProviderError) as caught:
            list(provider.ask_all(asks_of(settings, 1)))
    assert "CANARY" not in str(caught.value)
    assert "\n::" not in str(caught.value)


def test_one_with_a_line_end_is_named_and_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("OWN_KEY", f"{KEY}\n")
    with MessagesServer(echo) as server, pytest.raises(FtgateError, match="OWN_KEY is not a usable key") as caught:
        open_provider(settings_of(server, api_key_env="OWN_KEY"), tmp_path, QUICK)
    assert "CANARY" not in str(caught.value)
    assert not server.requests

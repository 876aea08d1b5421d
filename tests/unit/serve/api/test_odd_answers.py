"""The list of `python -m bench.faults`, answered to a provider: each is one reply, and all others are answered."""

from __future__ import annotations

import pytest

from bench.faults.bodies import plain
from bench.faults.wire import OK, FaultyServer, http
from pytest_ftgate.serve.api.client import open_provider
from pytest_ftgate.serve.api.request import ApiReply
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.retry import Retry
from tests.unit.serve.api.questions import PRICES

QUICK = Retry(attempts=4, timeouts=1, first_wait_s=0.05, longest_wait_s=0.2)
DENIED = {"401", "404"}
"""These end the whole run, as another test shows."""

FAULTS = [fault for fault in plain() if fault.name not in DENIED]
GOOD = [f"good {number}" for number in range(20)]
MESSAGE = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "mock",
    "content": [{"type": "text", "text": OK}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}


def settings_of(server: FaultyServer, api: str, key: str = "") -> Settings:
    url = server.base_url if api == "openai" else f"http://{server.address}"
    limits = {"max_tokens": 50, "timeout_s": 10.0, "concurrency": 32}
    return Settings(model="mock", api=api, base_url=url, prices=PRICES, api_key_env=key, **limits)


def replies(server: FaultyServer, api: str, texts: list[str], folder, key: str = "") -> dict[str, ApiReply]:
    settings = settings_of(server, api, key)
    asks = [settings.ask(["Answer."], [{"role": "user", "content": text}]) for text in texts]
    with open_provider(settings, folder, QUICK) as provider:
        return dict(zip(texts, provider.ask_all(asks), strict=True))


def test_an_openai_provider_gives_one_reply_to_each(tmp_path):
    with FaultyServer({fault.name: fault.reply for fault in FAULTS}) as server:
        found = replies(server, "openai", [fault.name for fault in FAULTS] + GOOD, tmp_path)
    for fault in FAULTS:
        reply = found[fault.name]
        (reply.text + reply.error).encode()
        good = fault.outcome == "answered" or fault.name == "JSON as events"  # which this transport never asks for
        assert (reply.text == OK and not reply.error) == good, (fault.name, reply)
    assert {found[text].text for text in GOOD} == {OK}
    (tmp_path / "answers.jsonl").read_text("utf-8")


def test_a_provider_by_the_sdk_gives_one_reply_to_each(tmp_path):
    good = {text: http(MESSAGE) for text in GOOD}
    with FaultyServer({fault.name: fault.reply for fault in FAULTS} | good) as server:
        found = replies(server, "anthropic", [fault.name for fault in FAULTS] + GOOD, tmp_path)
    for fault in FAULTS:
        assert found[fault.name].error.encode(), fault.name
    assert {found[text].text for text in GOOD} == {OK}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"content": [{"type": "text", "text": "ok \ud800"}]}, "answered"),
        ({"usage": {"input_tokens": 10**400, "output_tokens": -1}}, "answered"),
        ({"content": [{"type": "text", "text": 5}]}, "failed"),
        ({"content": None}, "failed"),
        ({"content": {"a": 1}}, "failed"),
        ({"usage": None}, "failed"),
        ({"stop_reason": None}, "failed"),
        ({"content": [{"type": "text", "text": "A" * 20_000_000}]}, "failed"),
        ({"stop_reason": "refusal"}, "refused"),
    ],
    ids=lambda value: str(value)[:40].encode("ascii", "replace").decode(),
)
def test_an_odd_message_is_one_reply(tmp_path, change, kind):
    with FaultyServer({"odd": http({**MESSAGE, **change})}) as server:
        reply = replies(server, "anthropic", ["odd"], tmp_path)["odd"]
    assert reply.kind == kind, reply
    (reply.text + reply.error).encode()


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_redirect_is_not_followed_with_the_key(tmp_path, api, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "sk-secret")
    with FaultyServer() as other:
        target = f"{other.base_url}/chat/completions"
        with FaultyServer({"q": http("", 307, headers={"Location": target})}) as server:
            found = replies(server, api, ["q"], tmp_path, "JUDGE_KEY")["q"]
    assert not other.asked
    assert len(server.asked) == 1
    assert "sk-secret" in str(server.asked[0].headers)
    assert f"redirects to '{target}'" in found.error


def test_a_judge_that_dies_ends_its_phase(tmp_path):
    settings = Settings(
        model="mock", api="openai", base_url="http://127.0.0.1:9/v1", prices=PRICES, api_key_env="", concurrency=8
    )
    asks = [settings.ask(["Answer."], [{"role": "user", "content": f"q{n}"}]) for n in range(300)]
    retry = Retry(attempts=3, first_wait_s=0.5, longest_wait_s=0.5)
    with open_provider(settings, tmp_path, retry) as provider:
        provider._sender.breaker.silent_s = 2.0
        found = list(provider.ask_all(asks))
    assert {reply.kind for reply in found} == {"failed"}
    assert found[-1].error.startswith("http://127.0.0.1:9/v1 no longer answers: nothing for ")
    assert provider.bill.attempts < 300, "not 3 for each"

"""A key that a server writes in JSON escapes, or across the end of what is kept, is masked in every field."""

import json

import pytest

from pytest_ftgate.files.secrets import remember
from pytest_ftgate.serve.client.completion import read_completion
from pytest_ftgate.serve.client.control_http import get
from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.client.reply_body import redirected
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.retry import RequestError
from pytest_ftgate.serve.servers.external import OpenAIEngine
from tests.mock_openai import Fault, MockServer

KEY = "sk-CANARY-0123456789abcdef"
ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in KEY)


@pytest.fixture(autouse=True)
def _known():
    remember(KEY)


def body(fingerprint: str, reason: str = '"stop"') -> bytes:
    choice = f'{{"message": {{"content": "ok"}}, "finish_reason": {reason}}}'
    return f'{{"choices": [{choice}], "system_fingerprint": "{fingerprint}"}}'.encode()


@pytest.mark.parametrize("before", ["", "x" * 70])
def test_in_the_fingerprint_of_an_answer(before):
    found = read_completion(body(before + ESCAPED))
    assert "sk-CA" not in json.dumps(found)
    assert "***" in found["fingerprint"]


def test_in_a_finish_reason_and_in_the_target_of_a_redirect():
    with pytest.raises(RequestError) as raised:
        read_completion(body("", f'"{"y" * 70}{ESCAPED}"'))
    assert "sk-CA" not in raised.value.text
    assert "sk-CA" not in redirected(302, "http://x/" + "z" * 485 + KEY).text


class Leaking(MockServer):
    """Lists a model whose root is the key."""

    async def _models(self, _):
        from aiohttp import web

        listed = f'{{"data": [{{"id": "mock", "root": "{ESCAPED}"}}]}}'
        return web.Response(text=listed, content_type="application/json")


def test_in_the_list_of_models():
    with Leaking(lambda _: Fault(text="ok")) as server:
        status, said = get(f"{server.base_url}/models")
        assert (status, said["data"][0]["root"]) == (200, "***")
        engine = OpenAIEngine(server.base_url, "mock", api_key=KEY)
        engine.start(lambda _: None)
        assert engine.endpoint(engine.model).fingerprint == "root=***"


@pytest.mark.parametrize("stream", [False, True])
def test_in_answer_reasoning_and_tool_calls(stream):
    said = {
        "content": f"ok {KEY}",
        "reasoning": f"Hm, {KEY}.",
        "tool_calls": [{"index": 0, "function": {"name": "f", "arguments": json.dumps({"key": KEY})}}],
    }
    choice = {"message": said, "delta": said, "finish_reason": "stop"}
    text = json.dumps({"choices": [choice]}).replace(KEY, ESCAPED)
    headers = {"Content-Type": "text/event-stream"} if stream else {}
    fault = Fault(body=f"data: {text}\n\n" if stream else text, headers=headers)
    with MockServer(lambda _: fault) as server, Pool() as pool:
        request = Request("k", "a", [{"role": "user", "content": "q"}], {})
        response = pool.submit(Endpoint(server.base_url, "mock", KEY), "m", [request])["k"].result(30)
    assert (response.text, response.reasoning) == ("ok ***", "Hm, ***.")
    assert json.loads(response.tool_calls[0]["arguments"]) == {"key": "***"}

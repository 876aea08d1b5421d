"""What a judge behind an OpenAI API answers -> its verdict: read as the answers of the model under test are."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.serve.api.openai_transport import parsed_reply
from pytest_ftgate.serve.api.parse import ParsedReply
from pytest_ftgate.serve.api.request import Usage
from pytest_ftgate.serve.retry import RequestError

VERDICT = {"score": 4}
TEXT = json.dumps(VERDICT)


def read(message: object, tools: bool = False, usage: object = None) -> ParsedReply:
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
    return parsed_reply(json.dumps(body).encode("utf-8-sig"), tools)


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        f"<think>Is it {{4}}?</think>\n{TEXT}",
        f"Is it 4?</think>\n{TEXT}",
        [{"type": "thinking", "thinking": "Is it 4?"}, {"type": "text", "text": TEXT}],
        f"<|channel|>analysis<|message|>4?<|end|><|start|>assistant<|channel|>final<|message|>{TEXT}",
    ],
)
def test_a_judge_may_think_before_its_verdict(content):
    assert read({"content": content, "reasoning_content": "4?"}).input == VERDICT


@pytest.mark.parametrize("arguments", [TEXT, VERDICT])
@pytest.mark.parametrize("message", [{}, {"content": None}, {"content": "I call it."}])
def test_a_verdict_in_a_tool_call(arguments, message):
    call = {"function": {"name": "verdict", "arguments": arguments}}
    assert read({**message, "tool_calls": [call]}, tools=True).input == VERDICT
    assert read({**message, "function_call": call["function"]}, tools=True).input == VERDICT


@pytest.mark.parametrize("call", [7, {}, {"function": 7}])
def test_a_call_of_nothing_is_malformed_and_asked_again(call):
    with pytest.raises(RequestError) as caught:
        read({"tool_calls": [call]}, tools=True)
    assert (caught.value.kind, caught.value.billed) == ("malformed", True)


@pytest.mark.parametrize(
    "usage", [None, [], 7, {"prompt_tokens": -1, "completion_tokens": "9"}, {"prompt_tokens": 1e999}]
)
def test_usage_that_is_no_number_is_unknown(usage):
    assert read({"content": TEXT}, usage=usage).usage == Usage()

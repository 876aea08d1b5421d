"""Messages as servers write them -> text, reasoning and tool calls."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.serve.client.completion import read_completion
from pytest_ftgate.serve.retry import RequestError

CALL = {"id": "c1", "type": "function", "function": {"name": "lookup", "arguments": '{"q": "x"}'}}
CALLED = {"name": "lookup", "arguments": '{"q": "x"}'}


def read(message: object, reason: object = "stop") -> dict:
    return read_completion(json.dumps({"choices": [{"message": message, "finish_reason": reason}]}).encode())


@pytest.mark.parametrize("message", [{"content": None}, {"content": ""}, {}])
def test_tool_calls_stand_beside_an_empty_answer_or_none(message):
    found = read({"role": "assistant", **message, "tool_calls": [CALL]}, "tool_calls")
    assert (found["text"], found["tool_calls"]) == ("", (CALLED,))
    assert (found["finish_reason"], found["stop_reason"]) == ("stop", "tool_calls")


def test_a_call_of_the_older_api_is_one():
    assert read({"content": None, "function_call": CALLED})["tool_calls"] == (CALLED,)


@pytest.mark.parametrize(
    ("arguments", "text"), [({"q": "größer"}, '{"q": "größer"}'), (None, ""), ("", ""), ("no json", "no json")]
)
def test_arguments_are_text_whatever_the_server_writes(arguments, text):
    call = {"function": {"name": "lookup", "arguments": arguments}}
    assert read({"tool_calls": [call]})["tool_calls"] == ({"name": "lookup", "arguments": text},)


@pytest.mark.parametrize("call", [{}, 7, {"function": None}, {"function": {}}, {"function": {"name": 7}}, "lookup"])
def test_a_call_of_nothing_is_no_answer(call):
    with pytest.raises(RequestError, match="no chat completion"):
        read({"content": "", "tool_calls": [call]})


@pytest.mark.parametrize(
    ("message", "reasoning"),
    [
        ({"reasoning_content": "Hmm."}, "Hmm."),
        ({"reasoning": "Hmm."}, "Hmm."),
        ({"reasoning_content": "Hmm.", "reasoning": "Hmm."}, "Hmm."),
        ({"reasoning_content": None, "reasoning": "Hmm."}, "Hmm."),
        ({"reasoning": [{"type": "text", "text": "Hmm."}]}, "Hmm."),
        ({"reasoning": {"effort": "low"}}, ""),
        ({"reasoning_content": 7}, ""),
        ({}, ""),
    ],
)
def test_reasoning_beside_the_answer(message, reasoning):
    found = read({"content": "42", **message})
    assert (found["text"], found["reasoning"]) == ("42", reasoning)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "thinking", "thinking": "Hmm."},
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hmm."}]},
        {"type": "reasoning", "text": "Hmm."},
    ],
)
def test_reasoning_among_the_parts_of_a_content(part):
    found = read({"content": [part, {"type": "text", "text": "42"}]})
    assert (found["text"], found["reasoning"]) == ("42", "Hmm.")


def test_a_message_that_says_nothing_at_all_is_none():
    with pytest.raises(RequestError, match="no chat completion"):
        read({"role": "assistant"})


def test_a_byte_order_mark_before_the_body_is_passed_over():
    raw = json.dumps({"choices": [{"message": {"content": "ok"}}]}).encode("utf-8-sig")
    assert read_completion(raw)["text"] == "ok"


@pytest.mark.parametrize("given", ["stop", "eos", "STOP", "length", None])
def test_the_servers_own_word_for_the_end_is_kept(given):
    assert read({"content": "ok"}, given)["stop_reason"] == (given or "")

"""Streamed answers over the real pool, from a server that speaks server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.client.sampling import sampling
from pytest_ftgate.serve.client.stream import read_stream
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.response import Response
from pytest_ftgate.serve.retry import RequestError, Retry
from tests.mock_openai import Fault, MockServer

QUICK = Retry(attempts=2, first_wait_s=0.01)


def ask(answer: Callable[..., str | Fault], stream: bool = True, **server: float) -> tuple[Response, Pool]:
    body = sampling(max_tokens=8, stream=stream, offers=frozenset({"stream"}))
    with MockServer(answer, **server) as mock, Pool(retry=QUICK) as pool:
        request = Request("k", "a", [{"role": "user", "content": "x y"}], body)
        response = pool.submit(Endpoint(mock.base_url, "mock"), "m", [request])["k"].result(10)
    return response, pool


def test_a_stream_gives_the_same_answer_and_the_time_to_its_first_token():
    plain, _ = ask(lambda messages: "one two  three", stream=False)
    response, _ = ask(lambda messages: "one two  three", token_delay_s=0.2)
    assert (response.text, response.finish_reason) == (plain.text, plain.finish_reason) == ("one two  three", "stop")
    assert (response.prompt_tokens, response.completion_tokens) == (2, 3)
    assert plain.ttft_s == 0
    assert 0.15 < response.ttft_s < response.total_s - 0.2


def test_a_cut_off_stream_says_so():
    assert ask(lambda messages: Fault(text="and then", finish_reason="length"))[0].finish_reason == "length"


def test_a_stream_that_breaks_off_is_sent_again():
    answers = iter([Fault(text="one two three", break_off=True), "whole answer"])
    response, pool = ask(lambda messages: next(answers))
    assert (response.text, response.attempts) == ("whole answer", 2)
    assert pool.counts["connection"] == pool.counts["retries"] == 1


def test_an_error_before_the_stream_is_read_as_ever():
    response, pool = ask(lambda messages: Fault(status=400, text="bad request"))
    assert response.broken
    assert "bad request" in response.error
    assert pool.counts["refused"] == 1


async def lines(*given: bytes) -> AsyncIterator[bytes]:
    for line in given:
        yield line


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ([b'data: {"choices": [{"delta": {"content": "a"}}]}'], "connection", "ended early"),
        ([], "connection", "ended early"),
        ([b'data: {"error": {"message": "out of memory"}}'], "server_error", "out of memory"),
        ([b"data: <html>"], "refused", "<html>"),
    ],
)
def test_a_stream_that_is_none(given, kind, said):
    with pytest.raises(RequestError, match=said) as caught:
        asyncio.run(read_stream(lines(*given), 0.0))
    assert caught.value.kind == kind


def test_comments_and_empty_lines_are_passed_over():
    given = [b": ping", b"", b"event: x", b'data: {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}']
    assert asyncio.run(read_stream(lines(*given), 0.0))["text"] == "a"


def read(*given: bytes) -> dict:
    return asyncio.run(read_stream(lines(*given), 0.0))


def chunk(delta: object, finish: object = None, **more: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}).encode()


def test_the_lines_of_one_event_are_one_text():
    given = [b'data: {"choices": [{"delta":', b'data: {"content": "a"},', b'data:"finish_reason": "stop"}]}', b""]
    assert read(*given)["text"] == "a"


def test_events_without_a_blank_line_between_them_are_several():
    assert read(chunk({"content": "a"}), chunk({"content": "b"}, "stop"), b"data: [DONE]")["text"] == "ab"


def test_a_byte_order_mark_begins_no_event():
    assert read(b"\xef\xbb\xbf" + chunk({"content": "a"}, "stop"))["text"] == "a"


@pytest.mark.parametrize(
    "last", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": None}, 7, {"prompt_tokens": -1}]
)
def test_an_empty_usage_at_the_end_does_not_wipe_the_true_one(last):
    true = {"prompt_tokens": 3, "completion_tokens": 2}
    found = read(chunk({"content": "a"}, "stop", usage=true), b"", chunk({}, usage=last))
    assert (found["prompt_tokens"], found["completion_tokens"]) == (3, 2)


def test_the_usage_of_a_stream_that_counts_up_is_the_last():
    chunks = [chunk({"content": "a"}, "stop", usage={"prompt_tokens": 3, "completion_tokens": n}) for n in (1, 2)]
    assert read(chunks[0], b"", chunks[1])["completion_tokens"] == 2


def test_reasoning_comes_beside_the_answer():
    found = read(
        chunk({"reasoning_content": "H"}), b"", chunk({"reasoning": "mm"}), b"", chunk({"content": "a"}, "stop")
    )
    assert (found["text"], found["reasoning"], found["stop_reason"]) == ("a", "Hmm", "stop")
    assert found["ttft_s"] > 0


@pytest.mark.parametrize("places", [(0, 0, 0), (None, None, None)])
def test_a_tool_call_comes_bit_by_bit(places):
    functions = [{"name": "lookup", "arguments": ""}, {"arguments": '{"q": '}, {"arguments": '"x"}'}]
    calls = [
        {"function": function} | ({} if place is None else {"index": place})
        for place, function in zip(places, functions, strict=True)
    ]
    given = [line for call in calls for line in (chunk({"tool_calls": [call]}), b"")]
    found = read(*given, chunk({}, "tool_calls"))
    assert found["tool_calls"] == ({"name": "lookup", "arguments": '{"q": "x"}'},)
    assert (found["text"], found["finish_reason"], found["stop_reason"]) == ("", "stop", "tool_calls")


def test_several_tool_calls_keep_their_order():
    calls = [{"index": n, "function": {"name": name, "arguments": "{}"}} for n, name in ((1, "second"), (0, "first"))]
    found = read(chunk({"tool_calls": calls}, "tool_calls"))
    assert [call["name"] for call in found["tool_calls"]] == ["first", "second"]


def test_a_streamed_call_without_a_name_is_no_answer():
    with pytest.raises(RequestError, match="without a name"):
        read(chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}, "tool_calls"))

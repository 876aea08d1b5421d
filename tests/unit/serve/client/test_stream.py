"""Streamed answers over the real pool, from a server that speaks server-sent events."""

from __future__ import annotations

import asyncio
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

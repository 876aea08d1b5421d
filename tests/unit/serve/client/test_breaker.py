"""A server that dies ends its phase; one that is only slow, busy or restarting does not."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.serve.client.breaker import Breaker
from pytest_ftgate.serve.client.pool import Pool
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.retry import RequestError, Retry
from tests.mock_openai import Fault, MockServer
from tests.unit.serve.client.pooled import requests

REFUSED = RequestError("connection", "connection refused")
GATEWAY = RequestError("server_error", "HTTP 503: no upstream", status=503)
LATE = RequestError("timeout", "no answer within 60 s")


def silent(breaker: Breaker, error: RequestError, times: int, since_s: float, timeout_s: float = 60.0) -> bool:
    """Whether it is open after so many requests that were given up, the first of them sent `since_s` ago."""
    for _ in range(times):
        breaker.failed(error, time.monotonic() - since_s, timeout_s, given_up=True)
    return bool(breaker.reason)


@pytest.mark.parametrize(
    ("error", "times", "since_s", "opens"),
    [
        (REFUSED, 5, 31, True),
        (REFUSED, 4, 1000, False),  # too few to tell a server from a request
        (REFUSED, 500, 29, False),  # it may be restarting
        (LATE, 5, 179, False),  # a server that is late with everything is asked on, three time limits long
        (LATE, 5, 181, True),
        (GATEWAY, 500, 119, False),  # the server behind it may be loading its weights
        (GATEWAY, 5, 121, True),
    ],
)
def test_it_opens_after_so_many_requests_and_so_long_a_silence(error, times, since_s, opens):
    assert silent(Breaker("http://x/v1"), error, times, since_s) is opens


def test_any_answer_is_a_sign_of_life():
    for sign in (
        lambda b: b.answered(),
        lambda b: b.failed(RequestError("rate_limited", "HTTP 429"), 0.0, 60, given_up=True),
    ):
        breaker = Breaker("http://x/v1")
        assert not silent(breaker, REFUSED, 4, 100)
        sign(breaker)
        assert not silent(breaker, REFUSED, 100, 100), "the silence begins with the last answer"


def test_attempts_that_are_tried_again_are_no_request_given_up():
    breaker = Breaker("http://x/v1")
    for _ in range(100):
        breaker.failed(REFUSED, time.monotonic() - 100, 60.0, given_up=False)
    assert not breaker.reason


def test_a_server_that_dies_ends_its_phase_with_one_reason():
    """1,000 requests of 3 attempts with half a second between them would take minutes."""
    answered = iter(range(100))
    dies = lambda _: "fine" if next(answered, None) is not None else Fault(drop=True)  # noqa: E731
    retry = Retry(attempts=3, first_wait_s=0.5, longest_wait_s=0.5)
    with MockServer(dies) as server, Pool(8, retry, silent_s=2.0) as pool:
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(1000))
        responses = [answer.result(60) for answer in pending.values()]
    texts = [response.text for response in responses]
    assert texts.count("fine") == 100
    unsent = [response for response in responses if not response.attempts]
    assert len(unsent) > 800
    assert {response.finish_reason for response in unsent} == {"error"}
    (reason,) = {response.error for response in unsent}
    assert reason.startswith(f"{server.base_url} no longer answers: nothing for ")
    assert len(server.requests) < 200


def test_who_submits_anew_tries_the_server_anew():
    dead = [True]
    with (
        MockServer(lambda _: Fault(drop=True) if dead else "fine") as server,
        Pool(8, Retry(attempts=1), silent_s=0.0) as pool,
    ):
        endpoint = Endpoint(server.base_url, "mock")
        first = [answer.result(60) for answer in pool.submit(endpoint, "d", requests(50)).values()]
        assert not first[-1].attempts
        dead.clear()
        second = [answer.result(60) for answer in pool.submit(endpoint, "d", requests(50)).values()]
    assert {response.text for response in second} == {"fine"}


def test_a_server_that_refuses_is_not_dead():
    with MockServer(lambda _: Fault(status=400)) as server, Pool(8, Retry(attempts=1), silent_s=0.0) as pool:
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(100))
        assert all(answer.result(60).attempts == 1 for answer in pending.values())


DENIED = RequestError("denied", "HTTP 401: wrong key", status=401)


def test_the_first_denial_of_a_server_that_never_answered_is_a_doubt_and_an_answer_lifts_it():
    breaker = Breaker("http://x/v1")
    breaker.failed(DENIED, 0.0, 60, given_up=True)
    assert breaker.doubt is DENIED
    breaker.answered()
    breaker.deny()
    assert (breaker.doubt, breaker.reason) == (None, "")


def test_one_that_has_answered_must_deny_several_in_a_row():
    """A firewall before a model may forbid one prompt; a key that was withdrawn forbids all."""
    breaker = Breaker("http://x/v1")
    breaker.answered()
    for _ in range(4):
        breaker.failed(DENIED, 0.0, 60, given_up=True)
        assert breaker.doubt is None
    breaker.failed(DENIED, 0.0, 60, given_up=True)
    breaker.deny()
    assert breaker.reason == "not asked: the server refused the API key (HTTP 401)"
    assert breaker.denied


def test_a_filtered_answer_is_one():
    breaker = Breaker("http://x/v1")
    breaker.failed(DENIED, 0.0, 60, given_up=True)
    breaker.failed(RequestError("filtered", "the server filtered the answer"), 0.0, 60, given_up=True)
    assert breaker.doubt is None


def test_a_gateway_whose_server_died_ends_the_phase_too():
    with MockServer(lambda _: Fault(status=503)) as server, Pool(8, Retry(attempts=1), silent_s=0.0) as pool:
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(100))
        assert "HTTP 503" in [answer.result(60) for answer in pending.values()][-1].error
    assert len(server.requests) < 100

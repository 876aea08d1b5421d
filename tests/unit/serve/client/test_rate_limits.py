"""Servers that take so many requests a second and no more: the whole pool keeps to it, and every request is answered."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.serve.client.pace import Pace
from pytest_ftgate.serve.client.pool import Pool
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.retry import Retry
from tests.mock_openai import Fault, MockServer, too_many
from tests.unit.serve.client.pooled import QUICK, first_then, requests, run


class Bucket:
    """Takes `burst` requests at once and `rate` more in each second; turns the others away."""

    def __init__(self, rate: float, headers: dict[str, str], burst: int = 5) -> None:
        self.rate, self.headers, self.burst, self.left, self.at = rate, headers, burst, float(burst), time.monotonic()

    def __call__(self, messages: list[dict[str, str]]) -> str | Fault:
        now = time.monotonic()
        self.left, self.at = min(self.burst, self.left + (now - self.at) * self.rate), now
        if self.left < 1:
            return Fault(status=429, text="slow down", headers=self.headers)
        self.left -= 1
        return messages[-1]["content"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "0.5"},
        {"retry-after-ms": "250"},
        {"x-ratelimit-reset-requests": "200ms"},
        {},
        {"Retry-After": "0"},
    ],
)
def test_a_server_that_limits_the_rate_answers_all(headers):
    """120 requests at 40 a second, each with less time than all of them take."""
    with MockServer(Bucket(40, headers)) as server, Pool(64, Retry(longest_wait_s=0.5)) as pool:
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(120, timeout_s=4.0))
        responses = [answer.result(120) for answer in pending.values()]
        assert [response.text for response in responses] == [str(number) for number in range(120)]
        assert pool.limits["limited"] == pool.counts["rate_limited"] == pool.counts["retries"]
        assert pool.limits["limited_ms"] > 0
        assert pool.limits["window_to"] <= 4 < pool.limits["window_from"]
    assert responses[-1].queue_s > 1, "the wait for a turn is no time of the model's"


def test_one_that_is_turned_away_stops_all_the_others():
    with MockServer(first_then(*[too_many("1.5")] * 16)) as server, Pool(64) as pool:
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(100))
        assert {answer.result(60).text for answer in pending.values()} == {"fine"}
        assert len(server.requests) == 116
        assert 1400 < pool.limits["limited_ms"] < 20_000, "the pauses of all are one"


def test_a_used_up_limit_stops_the_pool_before_it_is_turned_away():
    begun = []

    def answer(messages):
        begun.append(time.monotonic())
        used_up = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s"}
        return Fault(text="last", headers=used_up if messages[-1]["content"] == "0" else {})

    with MockServer(answer) as server, Pool(1) as pool:
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(2))
        assert [each.result(60).text for each in pending.values()] == ["last", "last"]
    assert begun[1] - begun[0] > 0.9


def test_a_server_that_turns_all_away_ends_its_phase_when_the_time_is_over():
    said = []
    with MockServer(lambda _: too_many("3600")) as server, Pool(64, say=said.append) as pool:
        begin = time.monotonic()
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(400, timeout_s=1.0))
        responses = [answer.result(60) for answer in pending.values()]
    assert time.monotonic() - begin < 30
    assert len(server.requests) < 100
    why = "rate limited for longer than timeout_s (1 s)"
    assert {response.finish_reason for response in responses} == {"error"}
    assert {response.error for response in responses if not response.attempts} == {f"not asked: {why}"}
    assert sum(response.error.startswith(f"{why}: HTTP 429: ") for response in responses) >= 1
    assert said == [f"ftgate: {server.base_url}: {why}"]


def test_a_request_that_is_always_turned_away_is_not_measured_and_holds_up_no_other():
    """Such as one with more tokens than a minute may have."""
    with MockServer(lambda m: too_many("0.2") if m[0]["content"] == "1" else "fine") as server:
        responses, counts = run(server, 60, timeout_s=1.5)
    assert [response.text for response in responses].count("fine") == 59
    assert responses[1].error.startswith("rate limited for longer than timeout_s (1.5 s): HTTP 429")
    assert (counts["finished"], counts["failed"]) == (59, 1)


def test_no_credit_is_said_once_and_nothing_more_is_asked():
    no_credit = Fault(status=429, text="You exceeded your current quota (insufficient_quota)")
    said = []
    with MockServer(lambda _: no_credit) as server, Pool(8, QUICK, say=said.append) as pool:
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(100))
        responses = [answer.result(60) for answer in pending.values()]
    assert len(server.requests) == 8
    assert responses[-1].error == "not asked: the account has no credit left (HTTP 429)"
    assert len(said) == 1
    assert "the account has no credit left (HTTP 429)" in said[0]


def test_a_server_of_unknown_depth_gets_few_requests_at_first_and_one_of_our_own_all():
    for ours, most in ((False, 16), (True, 64)):
        with MockServer(lambda _: Fault(delay_s=20)) as server, Pool(64) as pool:
            pool.submit(Endpoint(server.base_url, "mock", ours=ours), "d", requests(100))
            deadline = time.monotonic() + 30
            while len(server.requests) < most and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(0.3)
            assert server.most_in_flight == most
            pool.cancel()


def test_the_window_of_a_server_that_answers_grows_to_all_that_is_allowed():
    with MockServer(delay_s=0.1) as server, Pool(64) as pool:
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(300))
        assert all(answer.result(60).text for answer in pending.values())
    assert server.most_in_flight == 64


def test_requests_are_sent_at_the_pace_that_is_set():
    begun = []
    with MockServer(lambda _: begun.append(time.monotonic()) or "fine") as server, Pool(64) as pool:
        endpoint = Endpoint(server.base_url, "mock")
        pending = pool.submit(endpoint, "d", requests(12), pace=Pace(requests_per_minute=600))
        assert all(answer.result(60).text == "fine" for answer in pending.values())
    assert begun[-1] - begun[0] > 0.9, "11 of them a tenth of a second after another"


def test_a_server_that_takes_nothing_ends_its_set_at_the_time_limit_and_no_pause_is_longer_than_the_run():
    """Its pauses double; the last would go on for as long again."""
    with MockServer(lambda _: too_many("1")) as server, Pool(64) as pool:
        begin = time.monotonic()
        pending = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(10, timeout_s=9.0))
        assert all(answer.result(60).broken for answer in pending.values())
        took_s = time.monotonic() - begin
        assert pool.limits["limited_ms"] <= 1000 * took_s
    assert 8.9 < took_s < 14

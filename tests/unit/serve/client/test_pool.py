"""The pool against the mock server: order, window, each way of ending."""

from __future__ import annotations

import concurrent.futures
import socket
import sys
import threading
import time

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.pool import Pool
from pytest_ftgate.serve.engine import Endpoint
from tests.mock_openai import Fault, MockServer
from tests.unit.serve.client.pooled import requests, run, wait_for_all


def test_each_request_gets_its_answer():
    with MockServer() as server:
        responses, counts = run(server, 200)
    assert [r.text for r in responses] == [str(i) for i in range(200)]
    assert [r.case_id for r in responses] == [f"c{i}" for i in range(200)]
    assert {(r.model, r.finish_reason, r.attempts) for r in responses} == {("digest", "stop", 1)}
    assert counts == {"finished": 200}


def test_the_body_has_model_messages_and_sampling():
    with MockServer() as server:
        run(server)
    assert server.requests == [{"model": "mock", "messages": [{"role": "user", "content": "0"}], "max_tokens": 4}]


def test_requests_are_sent_in_order_and_within_the_window():
    with MockServer(delay_s=0.01) as server, Pool(concurrency=7) as pool:
        futures = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(70))
        wait_for_all(futures.values())
    sent = [int(body["messages"][0]["content"]) for body in server.requests]
    assert server.most_in_flight == 7
    assert all(abs(place - number) < 7 for place, number in enumerate(sent))


def test_an_engine_may_narrow_the_window_and_its_time_limit_starts_with_sending():
    with MockServer(delay_s=0.4) as server, Pool(concurrency=64) as pool:
        futures = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(12, timeout_s=1.2), max_in_flight=3)
        responses = [future.result(9) for future in futures.values()]
    assert server.most_in_flight == 3
    assert {r.finish_reason for r in responses} == {"stop"}
    assert responses[-1].queue_s >= 1.2


def test_a_second_submit_follows_the_first():
    with MockServer(delay_s=0.01) as server, Pool(concurrency=2) as pool:
        endpoint = Endpoint(server.base_url, "mock")
        first = pool.submit(endpoint, "d1", requests(4))
        second = pool.submit(endpoint, "d2", requests(4))
        assert [f.result(9).model for f in (*first.values(), *second.values())] == ["d1"] * 4 + ["d2"] * 4
    assert server.most_in_flight == 2


def test_a_slow_case_does_not_hold_up_the_others():
    def answer(messages):
        return Fault(text="slow", delay_s=2.0) if messages[0]["content"] == "0" else "quick"

    with MockServer(answer) as server, Pool(concurrency=4) as pool:
        futures = list(pool.submit(Endpoint(server.base_url, "mock"), "d", requests(30)).values())
        wait_for_all(futures[1:])
        assert not futures[0].done()
        assert futures[0].result(60).text == "slow"


def test_times_and_tokens_are_filled():
    begin = time.monotonic()
    with MockServer(lambda messages: "two words", delay_s=0.1) as server, Pool(concurrency=1) as pool:
        a, b = [f.result(60) for f in pool.submit(Endpoint(server.base_url, "mock"), "d", requests(2)).values()]
    passed = time.monotonic() - begin
    assert min(a.total_s, b.total_s) >= 0.1
    assert a.total_s + b.total_s < passed
    assert 0.1 <= b.queue_s < passed
    assert a.queue_s < b.queue_s
    assert (a.prompt_tokens, a.completion_tokens) == (1, 2)


def test_on_done_comes_before_the_result():
    seen = []
    with MockServer() as server:
        responses, _ = run(
            server, 5, on_done=lambda done: seen.extend((request.key, response) for request, response in done)
        )
    assert sorted(seen, key=lambda pair: pair[0]) == [(f"k{i}", r) for i, r in enumerate(responses)]


def test_a_journal_that_cannot_be_written_is_not_hidden():
    def full(*_):
        raise OSError(28, "No space left on device")

    with MockServer() as server, pytest.raises(OSError, match="No space"):
        run(server, on_done=full)


def test_a_dead_server_ends_all_requests_at_once():
    def check():
        raise ServeError("the server ended with exit code 137")

    with socket.socket() as unused, Pool() as pool:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        begin = time.monotonic()
        futures = pool.submit(Endpoint(url, "m"), "d", requests(300), check=check)
        for future in futures.values():
            with pytest.raises(ServeError, match="137"):
                future.result(20)
    assert time.monotonic() - begin < 60, "one of them alone would try for minutes"


def test_cancel_drops_what_waits_and_what_is_under_way():
    with MockServer(delay_s=20) as server, Pool(concurrency=3) as pool:
        futures = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(10))
        while len(server.requests) < 3:
            time.sleep(0.01)
        pool.cancel()
        for future in futures.values():
            with pytest.raises(concurrent.futures.CancelledError):
                future.result(1)
    assert len(server.requests) == 3


def test_a_pool_works_again_after_cancel():
    with MockServer() as server, Pool() as pool:
        endpoint = Endpoint(server.base_url, "mock")
        pool.submit(endpoint, "d", requests(5))
        pool.cancel()
        assert next(iter(pool.submit(endpoint, "d", requests(1)).values())).result(5).text == "0"


def test_python_switches_threads_faster_while_requests_are_under_way():
    usual = sys.getswitchinterval()
    with MockServer() as server, Pool() as pool:
        assert sys.getswitchinterval() == usual
        wait_for_all(pool.submit(Endpoint(server.base_url, "mock"), "d", requests(2)).values())
        assert sys.getswitchinterval() < usual
    assert sys.getswitchinterval() == usual


def test_leaving_the_context_ends_thread_and_futures():
    futures = {}

    def interrupted(server):
        with Pool() as pool:
            futures.update(pool.submit(Endpoint(server.base_url, "mock"), "d", requests(3)))
            raise KeyboardInterrupt

    with MockServer(delay_s=20) as server:
        with pytest.raises(KeyboardInterrupt):
            interrupted(server)
        assert all(future.done() for future in futures.values())
        assert "ftgate-pool" not in {thread.name for thread in threading.enumerate()}


def test_a_pool_that_was_never_used_has_no_thread():
    with Pool() as pool:
        assert pool._thread is None


def test_a_key_that_comes_twice_is_sent_once():
    with MockServer() as server, Pool() as pool:
        futures = pool.submit(Endpoint(server.base_url, "mock"), "d", requests(2) + requests(2))
        assert [f.result(9).text for f in futures.values()] == ["0", "1"]
    assert len(server.requests) == 2


def test_the_key_is_sent_and_never_shown():
    with MockServer(api_key="secret-key") as server:
        (response,), _ = run(server)
        endpoint = Endpoint(server.base_url, "mock", "secret-key")
    assert response.text == "0"
    assert "secret-key" not in repr(endpoint)


def test_an_empty_window_is_refused():
    with pytest.raises(ValueError, match="1 or more"):
        Pool(concurrency=0)


def test_two_golden_sets_share_the_narrow_window_of_their_engine():
    with MockServer(delay_s=0.02) as server, Pool(concurrency=20) as pool:
        endpoint, asked = Endpoint(server.base_url, "mock"), requests(20)
        first = pool.submit(endpoint, "d", asked[:10], max_in_flight=2)
        second = pool.submit(endpoint, "d", asked[10:], max_in_flight=2)
        wait_for_all([*first.values(), *second.values()])
    assert server.most_in_flight == 2

"""What a pool asks again, how long it waits, and what is an answer, a timeout or an error in the end."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.pool import Pool
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.retry import Retry
from tests.mock_openai import Fault, MockServer, broken, cut_off, too_many
from tests.unit.serve.client.pooled import QUICK, first_then, requests, run


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (too_many("0.05"), "rate_limited"),
        (Fault(status=429), "rate_limited"),
        (broken(500), "server_error"),
        (broken(503), "server_error"),
        (Fault(drop=True), "connection"),
    ],
)
def test_passing_trouble_is_retried_and_counted(fault, kind):
    with MockServer(first_then(fault, fault)) as server:
        (response,), counts = run(server)
    assert (response.text, response.attempts) == ("fine", 3)
    assert counts == {kind: 2, "retries": 2, "finished": 1}


def test_the_time_limit_is_for_all_attempts_together():
    """Half of it is gone when the server fails, and the second attempt has the other half."""
    with MockServer(first_then(Fault(status=500, delay_s=1.0), Fault(delay_s=60))) as server:
        begin = time.monotonic()
        (response,), counts = run(server, timeout_s=2.0)
    assert time.monotonic() - begin < 30
    assert (response.finish_reason, response.error, response.attempts) == ("timeout", "no answer within 2 s", 2)
    assert counts == {"server_error": 1, "timeout": 1, "retries": 1, "failed": 1}


def test_who_has_no_time_left_is_not_asked_again():
    with MockServer(lambda _: Fault(status=500, delay_s=1.0)) as server:
        (response,), _ = run(server, timeout_s=1.2, retry=Retry(attempts=50, first_wait_s=1.0))
    assert (response.finish_reason, response.error, response.attempts) == ("error", response.error, 1)
    assert response.error.startswith("HTTP 500")


def test_retry_after_is_waited_for():
    with MockServer(first_then(too_many("0.4"))) as server:
        begin = time.monotonic()
        (response,), _ = run(server)
    passed = time.monotonic() - begin
    assert passed >= response.queue_s + response.total_s
    assert response.queue_s >= 0.4, "the wait is not the server's time to answer"


def test_retry_after_is_capped():
    with MockServer(first_then(too_many("3600"))) as server:
        (response,), _ = run(server)
    assert response.text == "fine"


def test_a_case_that_always_times_out_is_a_timeout_and_not_measured():
    with MockServer(lambda _: Fault(delay_s=5)) as server:
        (response,), counts = run(server, timeout_s=0.1)
    assert (response.finish_reason, response.text, response.attempts) == ("timeout", "", 1)
    assert response.broken
    assert counts["timeout"] == 1


def ask_ours(server: MockServer, check, timeout_s: float) -> tuple[object, dict[str, int]]:
    """The answer, or what is raised, of a server that the plugin started."""
    with Pool(retry=QUICK) as pool:
        endpoint = Endpoint(server.base_url, "mock", ours=True)
        (future,) = pool.submit(endpoint, "d", requests(1, timeout_s), check=check).values()
        return future.exception(60) or future.result(60), pool.counts


def test_a_server_of_our_own_that_is_alive_is_waited_for():
    looked = []
    with MockServer(first_then(Fault(delay_s=1.0))) as server:
        response, counts = ask_ours(server, lambda: looked.append(1), timeout_s=0.2)
    assert (response.finish_reason, response.attempts) == ("stop", 1)
    assert len(looked) >= 2, "it was asked whether it is alive"
    assert counts["timeout"] == 0


def test_a_server_of_our_own_that_is_gone_is_not_waited_for():
    def gone():
        raise ServeError("the server hangs")

    with MockServer(lambda _: Fault(delay_s=30)) as server:
        error, _ = ask_ours(server, gone, timeout_s=0.2)
    assert str(error) == "the server hangs"


def test_a_server_of_our_own_is_not_waited_for_without_end():
    with MockServer(lambda _: Fault(delay_s=30)) as server:
        response, counts = ask_ours(server, lambda: None, timeout_s=0.02)
    assert (response.finish_reason, response.error, counts["timeout"]) == ("timeout", "no answer within 0.4 s", 1)


@pytest.mark.parametrize("fault", [broken(500), Fault(drop=True)])
def test_what_never_works_is_an_error_of_its_case_alone(fault):
    with MockServer(lambda messages: fault if messages[0]["content"] == "1" else "fine") as server:
        responses, counts = run(server, 3)
    assert [r.finish_reason for r in responses] == ["stop", "error", "stop"]
    assert responses[1].broken
    assert responses[1].error
    assert responses[1].attempts == QUICK.attempts
    assert (counts["finished"], counts["failed"]) == (2, 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "refused"),
        (401, "denied"),
        (402, "denied"),
        (403, "denied"),
        (404, "denied"),
        (405, "denied"),
        (408, "refused"),
        (422, "refused"),
    ],
)
def test_other_client_errors_are_never_retried(status, kind):
    with MockServer(lambda _: Fault(status=status, text="no secret-key here")) as server:
        (response,), counts = run(server)
    assert len(server.requests) == 1
    assert f"HTTP {status}" in response.error
    assert "secret-key" not in response.error
    assert counts == {kind: 1, "failed": 1}


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"choices": []}', '{"choices": [{"message": {}}]}'])
def test_an_answer_that_is_no_completion_says_so(body):
    with MockServer(lambda _: Fault(body=body)) as server:
        (response,), _ = run(server)
    assert "no chat completion" in response.error


def test_an_empty_answer_and_a_cut_off_answer_are_answers():
    with MockServer(first_then("", cut_off("and"))) as server:
        responses, _ = run(server, 2)
    assert sorted((r.text, r.finish_reason) for r in responses) == [("", "stop"), ("and", "length")]


def test_a_filtered_answer_is_not_the_models_and_is_not_asked_for_again():
    with MockServer(lambda _: Fault(text="I", finish_reason="content_filter")) as server:
        (response,), counts = run(server)
    assert (response.text, response.finish_reason, response.attempts) == ("", "error", 1)
    assert response.error == "the server filtered the answer (finish_reason 'content_filter')"
    assert counts == {"filtered": 1, "failed": 1}


def test_an_answer_that_the_server_broke_off_is_asked_for_again():
    with MockServer(first_then(Fault(text="f", finish_reason="abort"))) as server:
        (response,), counts = run(server)
    assert (response.text, response.attempts) == ("fine", 2)
    assert counts == {"server_error": 1, "retries": 1, "finished": 1}


def test_a_redirect_is_not_followed_and_says_where_it_leads():
    with MockServer() as other:
        away = Fault(status=307, headers={"Location": f"{other.base_url}/chat/completions"})
        with MockServer(lambda _: away) as server:
            (response,), counts = run(server)
    assert other.requests == []
    assert f"HTTP 307: redirects to '{other.base_url}/chat/completions'" in response.error
    assert counts == {"refused": 1, "failed": 1}

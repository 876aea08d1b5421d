"""The list of `python -m bench.faults`, answered to one pool at the same time as good answers."""

from __future__ import annotations

import pytest

from bench.faults.bodies import Fault, plain
from bench.faults.streams import streamed
from bench.faults.wire import OK, FaultyServer
from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.response import Response
from pytest_ftgate.serve.retry import Retry

FAULTS = [*plain(), *streamed()]
GOOD = [f"good {number}" for number in range(50)]
QUICK = Retry(attempts=4, timeouts=1, first_wait_s=0.05, longest_wait_s=0.2)
LIMIT_S = 15.0


def request(text: str, stream: bool) -> Request:
    return Request(text, text, [{"role": "user", "content": text}], {"stream": stream}, LIMIT_S)


@pytest.fixture(scope="module")
def responses() -> dict[str, Response]:
    requests = [request(fault.name, fault.stream) for fault in FAULTS] + [request(text, False) for text in GOOD]
    with FaultyServer({fault.name: fault.reply for fault in FAULTS}) as server, Pool(64, QUICK) as pool:
        pending = pool.submit(Endpoint(server.base_url, "mock", "sk-key"), "m", requests)
        return {key: answer.result(120) for key, answer in pending.items()}


def outcome(response: Response) -> str:
    if response.finish_reason in {"error", "timeout"}:
        return "unmeasured"
    return "answered" if (response.text, response.finish_reason) == (OK, "stop") else "wrong"


def test_no_two_faults_have_one_name():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 94


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_each_is_what_it_should_be(responses, fault: Fault):
    response = responses[fault.name]
    assert outcome(response) == fault.outcome, response
    assert bool(response.error) == (fault.outcome == "unmeasured")
    (response.text + response.error).encode()  # it can be written down
    assert len(response.error) < 1000
    assert 0 <= response.prompt_tokens + response.completion_tokens < 2**63


def test_all_others_are_answered(responses):
    assert {responses[text].text for text in GOOD} == {OK}


@pytest.mark.parametrize("name", ["50 megabytes", "gzip of 300 megabytes", "stream of blanks without a line"])
def test_no_more_is_read_than_an_answer_may_have(responses, name):
    assert responses[name].error == "the answer is larger than 16 MiB; not read any further"

"""Requests through a pool that waits shortly, to a mock server."""

from __future__ import annotations

from pytest_ftgate.serve.client.pool import Pool, Request
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.retry import Retry
from tests.mock_openai import MockServer

QUICK = Retry(attempts=4, timeouts=2, first_wait_s=0.02, longest_wait_s=0.5)


def wait_for_all(answers) -> None:
    for answer in answers:
        answer.exception(30)


def requests(n: int, timeout_s: float = 60.0) -> list[Request]:
    return [
        Request(f"k{i}", f"c{i}", [{"role": "user", "content": str(i)}], {"max_tokens": 4}, timeout_s) for i in range(n)
    ]


def run(server: MockServer, n: int = 1, timeout_s: float = 60.0, retry: Retry = QUICK, **options):
    """(responses in order, counts)"""
    with Pool(retry=retry) as pool:
        futures = pool.submit(
            Endpoint(server.base_url, "mock", "secret-key"), "digest", requests(n, timeout_s), **options
        )
        return [future.result(30) for future in futures.values()], pool.counts


def first_then(*faults, answer="fine"):
    """The faults one after another, then the answer."""
    left = list(faults)
    return lambda messages: left.pop(0) if left else answer

"""A paid API that limits the rate: all questions wait together and are answered; one that takes none ends them all."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.serve.api.client import open_provider
from pytest_ftgate.serve.retry import Retry
from tests.messages_server import Fault, MessagesServer
from tests.unit.serve.api.questions import asks_of, good, settings_of


class Bucket:
    """Takes five requests at once and `rate` more in each second."""

    def __init__(self, rate: float) -> None:
        self.rate, self.left, self.at = rate, 5.0, time.monotonic()

    def __call__(self, text: str, attempt: int) -> Fault | None:
        now = time.monotonic()
        self.left, self.at = min(5.0, self.left + (now - self.at) * self.rate), now
        if self.left < 1:
            return Fault(429, "slow down", {"Retry-After": "0.25"})
        self.left -= 1
        return None


@pytest.mark.parametrize("api", ["anthropic", "openai"])
def test_all_questions_are_answered_however_often_they_are_turned_away(tmp_path, api):
    with MessagesServer(good, faults=Bucket(20)) as server:
        settings = settings_of(server, api=api)
        with open_provider(settings, tmp_path, Retry(attempts=2)) as provider:
            said = list(provider.ask_all(asks_of(settings, 60)))
        assert {one.kind for one in said} == {"answered"}
        assert provider.bill.troubles["rate_limited"] == provider.bill.retries > 0


def test_an_api_that_takes_none_is_given_up_once(tmp_path):
    limited = Fault(429, "slow down", {"Retry-After": "3600"})
    with MessagesServer(good, faults=lambda text, attempt: limited) as server:
        settings = settings_of(server, timeout_s=2.0)
        begin = time.monotonic()
        with open_provider(settings, tmp_path, Retry()) as provider:
            said = list(provider.ask_all(asks_of(settings, 200)))
    assert time.monotonic() - begin < 60
    assert {one.kind for one in said} == {"failed"}
    assert "rate limited for longer than timeout_s (2 s): HTTP 429" in said[-1].error
    assert len(server.requests) < 100

"""What the tests of the provider ask, and for how much."""

from __future__ import annotations

import time

from pytest_ftgate.serve.api.request import Tool
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.api.token_prices import Prices
from pytest_ftgate.serve.retry import Retry
from tests.messages_server import text_of

SCORE = Tool(
    "verdict",
    "Give the verdict.",
    {
        "type": "object",
        "properties": {"reason": {"type": "string"}, "score": {"enum": [1, 2, 3, 4, 5]}},
        "required": ["reason", "score"],
        "additionalProperties": False,
    },
)
QUICK = Retry(attempts=8, timeouts=3, first_wait_s=0.001, longest_wait_s=0.01)
PATIENT = Retry(attempts=50, timeouts=50, first_wait_s=0.001, longest_wait_s=0.01)
PRICES = Prices(1.0, 5.0, 0.1, 1.25)


def until(happened, most_s=120.0):
    """Wait for what another thread does."""
    end = time.monotonic() + most_s
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def settings_of(server, **more):
    url = server.openai_url if more.get("api") == "openai" else server.url
    return Settings(base_url=url, prices=PRICES, **{"max_tokens": 50, "poll_s": 0.01, **more})


def asks_of(settings, count, tool=SCORE, start=0):
    return [
        settings.ask(["You are a judge.", "Rubric."], [{"role": "user", "content": f"answer {n}"}], tool)
        for n in range(start, start + count)
    ]


def wordy(request):
    return {"reason": "so " * 200, "score": 4}


def good(request):
    return {"reason": f"about {text_of(request)}", "score": 4}

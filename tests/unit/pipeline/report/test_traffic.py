"""What the end of a run says of its requests."""

from __future__ import annotations

from pytest_ftgate.pipeline.report.traffic import traffic_lines
from pytest_ftgate.serve.client.window import Window
from pytest_ftgate.serve.retry import RequestError, Retry


def lines(counts: dict[str, int]) -> list[str]:
    return list(traffic_lines([], counts))


def test_every_kind_of_trouble_is_named():
    counts = {"finished": 3, "failed": 2, "retries": 4, "overloaded": 4, "denied": 1, "filtered": 1}
    assert lines(counts) == ["requests: 3 answered, 2 failed, 4 retries (4 overloaded, 1 denied, 1 filtered)"]


def test_a_server_that_limited_the_rate_is_named_with_what_it_cost():
    limits = {"limited": 73, "limited_ms": 18_200, "window_from": 64, "window_to": 4}
    assert lines({"finished": 80, "retries": 73, "rate_limited": 73} | limits) == [
        "requests: 80 answered, 0 failed, 73 retries (73 rate limited)",
        "rate limited: 73 times by the server, 18 s waited; window 64 -> 4; set [request] requests_per_minute",
    ]
    assert "; about 240 answers a minute; set" in lines(limits | {"answered_per_minute": 240})[-1]


def test_a_window_tells_what_the_line_needs():
    window = Window(64, 64, Retry())
    assert window.to_json() == {}
    window.limited(RequestError("rate_limited", "HTTP 429", 2.0), 0.0, 60.0)
    for _ in range(30):
        window.answered()
    (_, told) = lines(window.to_json())
    assert told.startswith("rate limited: once by the server, 0 s waited; window 64 -> 32; about ")

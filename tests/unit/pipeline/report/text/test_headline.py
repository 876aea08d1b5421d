"""How a run ended in a few words: the badge of shields.io."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_ftgate.pipeline.report.run_report import RunReport
from pytest_ftgate.pipeline.report.text.headline import badge


def score(name: str, value: float = 0.943, **more: Any) -> dict[str, Any]:
    metric = {"name": "accuracy", "value": value, "lower": 0.911, "upper": 0.964, "n": 300}
    return {"set": name, "title": "base", "n": 300, "failed": 0, "unscored": 0, "metrics": [metric | more]}


def of(code: int, **more: Any) -> tuple[str, str, str]:
    found = badge(RunReport(run="r", at=0.0, seconds=1.0, code=code, **more))
    assert set(found) == {"schemaVersion", "label", "message", "color"}
    assert found["schemaVersion"] == 1
    return found["label"], found["message"], found["color"]


def verdict(kind: str, version: int | None = 3, **more: Any) -> dict[str, Any]:
    return {"task": "sms_spam", "verdict": kind, "version": version} | more


def test_a_plain_run_shows_its_score_with_the_interval():
    assert of(0, scores=[score("sms_spam")]) == ("sms_spam", "94.3 % [91.1, 96.4]", "brightgreen")
    assert of(10, scores=[score("a", lower=None, upper=None)]) == ("a", "94.3 %", "yellow")
    assert of(1, scores=[score("a"), score("b", 0.5)]) == ("a, b", "94.3 %, 50.0 %", "red")
    assert of(1, scores=[score(name) for name in "abcd"])[:2] == ("ftgate", "94.3 %, 94.3 %, 94.3 % and 1 more")
    assert of(11) == ("ftgate", "INTEGRITY", "red")
    assert of(1, sets=[{"set": "a"}]) == ("a", "FAILED", "red"), "nothing was graded"


@pytest.mark.parametrize(
    ("found", "code", "message", "color"),
    [
        (verdict("PROMOTE"), 0, "PROMOTED v3", "brightgreen"),
        (verdict("PROMOTE", proposed=True), 0, "PROPOSED v3", "brightgreen"),
        (verdict("UNCHANGED"), 0, "UNCHANGED v3", "brightgreen"),
        (verdict("HOLD", None), 10, "HOLD", "yellow"),
        (verdict("REJECT"), 1, "REJECT v3", "red"),
    ],
)
def test_a_training_shows_its_verdict(found: dict[str, Any], code: int, message: str, color: str):
    assert of(code, verdicts=[found], scores=[score("sms_spam")]) == ("sms_spam", message, color)


def test_a_canary_shows_what_it_found():
    night = {"task": "sms_spam", "version": 2, "kind": "drift", "reason": "worse", "lines": []}
    assert of(12, nights=[night]) == ("sms_spam", "DRIFT v2", "red")

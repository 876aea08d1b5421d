"""What a run leaves as its report."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.plugin.report.collector import ReportCollector
from pytest_ftgate.plugin.report.made import WITH_TEXTS, made


def wrong(number):
    facts = {"set": "mail", "case": f"c{number}", "outcome": {"outcome": "grade", "reason": f"found {number}"}}
    told = (("ftgate", json.dumps(facts)), ("ftgate_question", f"question {number}"), ("ftgate_answer", "x" * 100))
    return pytest.TestReport(f"mail::c{number}", ("f", 0, "c"), {}, "failed", "", "call", user_properties=told)


def test_a_run_with_very_many_wrong_answers_keeps_the_texts_of_the_first():
    report = made(
        ReportCollector(train=False, wrong=[wrong(n) for n in range(WITH_TEXTS + 2)], failed=WITH_TEXTS + 2), 1
    )
    assert len(report.wrong) == WITH_TEXTS + 2
    last, after = report.wrong[WITH_TEXTS - 1 : WITH_TEXTS + 1]
    assert (last["question"], after["question"]) == (f"question {WITH_TEXTS - 1}", "")
    assert (after["case"], after["reason"], after["answer"]) == (f"c{WITH_TEXTS}", f"found {WITH_TEXTS}", "")


def test_secrets_are_masked_once_for_all_that_is_made_of_it(monkeypatch):
    monkeypatch.setenv("FTGATE_API_KEY", "secret-key-of-this-test")
    report = made(ReportCollector(train=False, unasked=["mail: not asked: bad key secret-key-of-this-test"]), 1)
    assert report.unasked == ["mail: not asked: bad key ***"]

"""What pytest shows of a case, an answer and a grade in an assertion: one short line."""

from __future__ import annotations

import pytest

from pytest_ftgate.golden.case import make_case
from pytest_ftgate.graders.value import Failure, Grade, Unscored
from pytest_ftgate.serve.response import Response

LONG = "How do I export the data of my project? " * 50
CASE = make_case({"input": LONG, "expected": "question", "slices": {"lang": "en"}}, 3, "t002")
ANSWER = Response("t002", "0" * 64, "bug\n::error::owned\n" * 99, "length", reasoning=LONG, tool_calls=({"name": "f"},))


@pytest.mark.parametrize("value", [CASE, ANSWER, Grade(0.5, LONG, "exact@1", passed=False)])
def test_one_line(value: object) -> None:
    text = repr(value)
    assert len(text) < 400
    assert text.isprintable()
    assert "::error" not in text


def test_what_matters_is_there() -> None:
    assert "'t002', 'How do I export" in repr(CASE)
    assert "expected='question'" in repr(CASE)
    assert repr(Response("t002", "0" * 64, "question")) == "Response('question')"
    assert "finish_reason='length'" in repr(ANSWER)
    assert repr(Grade(1.0, "question", "exact@1", passed=True)) == "Grade(1.0, 'question', passed=True)"


def test_only_a_passed_grade_is_true() -> None:
    assert Grade(1.0, "", "exact@1", passed=True)
    for other in (Grade(0.9, "", "exact@1", passed=False), Unscored("", "none"), Failure("", "request")):
        assert not other

"""(spec, expected, answer) -> Outcome, as short as a test wants it."""

from __future__ import annotations

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import Outcome, compile_grader, grade_case
from pytest_ftgate.serve.response import Response


def judge(kind: str, expected: object, answer: str, /, **options: object) -> Outcome:
    grader = compile_grader({"kind": kind, **options})
    return grade_case([grader], Case("a1", "question", expected), Response("a1", "model", answer))


def value(kind: str, expected: object, answer: str, /, **options: object) -> float:
    return judge(kind, expected, answer, **options).value

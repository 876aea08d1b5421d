"""Case of a run record -> lines for a person: the question, what was expected, the answers and their grades."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.golden.case import answer_text
from pytest_ftgate.graders.value import Grade, Outcome
from pytest_ftgate.serve.response import call_text

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import CaseRecord
    from pytest_ftgate.serve.response import Response

WIDTH = 11
CUT = 400
"""Characters of a text that is cut."""


def case_lines(case: CaseRecord, path: str) -> Iterator[str]:
    """All of a case, nothing cut. path: of the file of the cases."""
    slices = "".join(f"  {name}={value}" for name, value in case.slices.items())
    yield f"{case.id}  {state(case)}{slices}  {path}:{case.line}"
    yield from block("question", case.question)
    if case.expected is not None:
        yield from block("expected", answer_text(case.expected))
    several = len(case.answers) > 1
    for number, answer in enumerate(case.answers, 1):
        yield from _answer(answer, f" {number}" if several else "")
        if number <= len(case.repeats):
            yield from block("grade", _grade(case.repeats[number - 1]))
    if case.outcome is not None:
        yield from block("grade", _grade(case.outcome))


def state(case: CaseRecord) -> str:
    """passed, MISSED, or why there is no grade."""
    if isinstance(case.outcome, Grade):
        return "passed" if case.outcome.passed else "MISSED"
    return "not graded" if case.outcome is None else case.outcome.to_json()["outcome"]


def block(title: str, text: str) -> Iterator[str]:
    """A text behind its title; its further lines below."""
    first, *rest = text.split("\n")
    yield f"  {title + ':':<{WIDTH}}{first}".rstrip()
    yield from (f"  {'':<{WIDTH}}{line}".rstrip() for line in rest)


def cut(text: str, most: int = CUT) -> str:
    """The beginning and the end of a long text."""
    half = (most - 5) // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"


def _answer(answer: Response, number: str) -> Iterator[str]:
    if answer.reasoning:
        yield from block("reasoning", answer.reasoning)
    if answer.text or not answer.tool_calls:
        yield from block(f"answer{number}", answer.text or f"none: {answer.error or answer.finish_reason}")
    for call in answer.tool_calls:
        yield from block(f"tool{number}", call_text(call))
    if answer.finish_reason == "length":
        yield from block("", "(cut off at max_tokens)")


def _grade(outcome: Outcome) -> str:
    value = f"{outcome.value:g}, " if isinstance(outcome, Grade) else ""
    return f"{value}{one_line(outcome.reason)} ({outcome.grader})"

"""(Evaluation, case) -> lines for a person: what was asked, what was answered, what was expected, and what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.files.escape import printable
from pytest_ftgate.files.excerpt import CHARACTERS, excerpt
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.golden.question import question_text
from pytest_ftgate.graders.answer import NoJsonError, json_of
from pytest_ftgate.graders.grade import Grade
from pytest_ftgate.pipeline.report.text_diff import differences

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.serve.response import Response

SHORT = 300
"""Characters of a reasoning, which is rarely read."""
_LABEL = 11
_WIDE = 80
"""Characters from which JSON is shown over several lines."""


def case_lines(evaluation: Evaluation, case: Case, *, whole: bool) -> Iterator[str]:
    """Question, answer (of several repeats each, with what it was worth), expected value, differences.

    whole: else long texts are cut in the middle. Raises Unmeasured.
    """
    answers, repeats = evaluation.responses.of(case), evaluation.repeats(case)
    yield from _block(_asked(case), question_of(evaluation.responses.prompt, case, answers[0].turns), whole=whole)
    origin = " (from the cache)" if evaluation.responses.is_cached(case) else ""
    if not repeats:
        yield from _answer(answers[0], f"answer{origin}", whole=whole)
    for number, (answer, repeat) in enumerate(zip(answers, repeats, strict=False), 1):
        worth = "passed" if isinstance(repeat, Grade) and repeat.passed else repeat.reason
        yield f"  repeat {number} of {len(answers)}{origin}: {worth}"
        yield from (f"  {line}" for line in _answer(answer, "answer", whole=whole))
    if case.expected is not None:
        yield from _block("expected", expected_text(case.expected), whole=whole)
    if not repeats:
        yield from _differences(case, answers[0].text, whole=whole)


def question_of(prompt: Prompt, case: Case, turns: Sequence[str] = ()) -> str:
    """The last turn that the user sends; of a script the dialogue up to it. turns: the model's answers before it."""
    return question_text(prompt, case.input, turns)


def expected_text(expected: object) -> str:
    """A text as it is, anything else as JSON, over several lines if it is long."""
    if isinstance(expected, str):
        return expected
    line = json.dumps(expected, ensure_ascii=False)
    return line if len(line) <= _WIDE else json.dumps(expected, ensure_ascii=False, indent=2)


def answer_text_of(response: Response) -> str:
    """The answer; where there is no text, the functions it calls, else "(no answer)", "(empty)" or quoted blanks."""
    if response.text.strip():
        return response.text
    if response.broken:
        return "(no answer)"
    return response.calls or (repr(response.text) if response.text else "(empty)")


def _answer(response: Response, label: str, *, whole: bool) -> Iterator[str]:
    if response.reasoning:
        yield from _block("reasoning", response.reasoning, whole=whole, characters=SHORT)
    yield from _block(label, answer_text_of(response), whole=whole)
    if response.text.strip() and response.tool_calls:
        yield from _block("calls", response.calls, whole=whole)


def _asked(case: Case) -> str:
    turns = 1 if isinstance(case.input, str) or hasattr(case.input, "keys") else len(case.input)
    return f"question, turn {turns}" if turns > 1 else "question"


def _differences(case: Case, answer: str, *, whole: bool) -> Iterator[str]:
    expected = expected_text(case.expected)
    found = answer if isinstance(case.expected, str) else _as_json(answer)
    how, lines = differences(expected, found)
    if lines:
        yield from _block(f"diff ({how})", "\n".join(lines), whole=whole)


def _as_json(answer: str) -> str:
    try:
        return expected_text(json_of(answer))
    except NoJsonError:
        return answer


def _block(label: str, text: str, *, whole: bool, characters: int = CHARACTERS) -> Iterator[str]:
    """One line beside its label, several below it."""
    shown = printable(text) if whole else excerpt(text, characters, hint="-vv shows all")
    first, *more = shown.strip("\n").split("\n")
    if not more:
        yield f"  {label + ':':<{_LABEL}} {first}"
        return
    yield f"  {label}:"
    yield from (f"    {line}" for line in [first, *more])

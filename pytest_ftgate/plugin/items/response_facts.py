"""(Evaluation, case) -> what a report says of its answers: JSON values for JUnit, lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytest_ftgate.graders.grade import Grade

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.golden.case import Case


def answer_facts(evaluation: Evaluation, case: Case) -> dict[str, Any]:
    """Seconds of the slowest repeat, tokens of all; the grade of each repeat if there are several."""
    answers = evaluation.responses.of(case)
    facts: dict[str, Any] = {
        "total_s": round(max(answer.total_s for answer in answers), 4),
        "completion_tokens": sum(answer.completion_tokens for answer in answers),
    }
    if ttft := max(answer.ttft_s for answer in answers):
        facts["ttft_s"] = round(ttft, 4)
    if repeats := evaluation.repeats(case):
        facts["repeats"] = [repeat.value if isinstance(repeat, Grade) else None for repeat in repeats]
    if evaluation.responses.is_cached(case):
        facts["cached"] = True
    return facts


def answer_lines(evaluation: Evaluation, case: Case) -> Iterator[str]:
    """The answer; of several repeats each, with what it was worth."""
    origin = " (from the cache)" if evaluation.responses.is_cached(case) else ""
    answers, repeats = evaluation.responses.of(case), evaluation.repeats(case)
    if not repeats:
        yield f"  answer:   {answers[0].text!r}{origin}"
    for number, (answer, repeat) in enumerate(zip(answers, repeats, strict=False), 1):
        worth = "passed" if isinstance(repeat, Grade) and repeat.passed else repeat.reason
        yield f"  repeat {number}:   {answer.text!r}{origin}: {worth}"

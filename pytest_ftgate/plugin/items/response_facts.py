"""(Evaluation, case) -> what a report says of its answers: JSON values and texts for JUnit and the summaries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.excerpt import excerpt
from pytest_ftgate.graders.grade import Grade
from pytest_ftgate.pipeline.report.shown_case import answer_text_of, expected_text, question_of

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.golden.case import Case

KEPT = 2_000
"""Characters of a question, an answer or an expected value that a report carries."""


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


def exchange(evaluation: Evaluation, case: Case) -> Iterator[tuple[str, str]]:
    """What was asked, answered and expected, as properties of a case that is not right; long texts are cut."""
    answers = evaluation.responses.of(case)
    yield "ftgate_question", excerpt(question_of(evaluation.responses.prompt, case, answers[0].turns), KEPT, KEPT)
    yield "ftgate_answer", excerpt("\n\n".join(map(answer_text_of, answers)), KEPT, KEPT)
    if case.expected is not None:
        yield "ftgate_expected", excerpt(expected_text(case.expected), KEPT, KEPT)

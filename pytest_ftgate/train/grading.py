"""(case, answer of a model in the trainer) -> its grade, by the row's own graders or the golden set's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import (
    Failure,
    Grade,
    Grader,
    GraderError,
    Unscored,
    case_fault,
    compile_grader,
    grade_case,
)
from pytest_ftgate.graders.nested import kinds_in
from pytest_ftgate.serve.client.reasoning import split
from pytest_ftgate.serve.hf.row import Answer
from pytest_ftgate.serve.response import Response
from pytest_ftgate.train.call_text import calls_in
from pytest_ftgate.train.job import Grading

JUDGED = "a grader asks a judge, which is not asked for each answer that is drawn\n    use graders that need no judge"
UNGRADED = "neither the row nor the golden set has a grader\n    give the golden set a [[grader]], or the row `graders`"


def compiled(specs: Sequence[Mapping[str, Any]]) -> list[Grader]:
    """The graders of these specs, each compiled once in this process. Raises GraderError."""
    return [_compiled(json.dumps(spec, sort_keys=True)) for spec in specs]


@lru_cache(maxsize=1024)
def _compiled(spec: str) -> Grader:
    return compile_grader(json.loads(spec))


def unrewardable(grading: Grading, case: Case) -> str:
    """Why no answer to the case can be graded while training; "" if it can."""
    specs = case.graders or grading.graders
    if not specs:
        return UNGRADED
    try:
        if any("judge" in kinds_in(spec) for spec in specs):
            return JUDGED
        return case_fault(compiled(specs), case)
    except GraderError as error:
        return str(error)


class AnswerGrader:
    """Grades what was answered to rows. kind: of rows, as an error names them, and in place of the model's name."""

    def __init__(self, grading: Grading, kind: str) -> None:
        self._grading, self._kind = grading, kind

    def __call__(self, case: Case, answer: Answer, path: str) -> Grade:
        """An answer that cannot be judged counts as wrong. path: of the row.

        Raises TrainError with file and line if a grader breaks.
        """
        broken = f"{path}:{case.line}: cannot grade the {self._kind} row"
        try:
            graders = compiled(case.graders or self._grading.graders)
        except GraderError as error:
            raise TrainError(f"{broken}: {error}") from None
        outcome = grade_case(graders, case, self._response(case, answer))
        if isinstance(outcome, Failure):
            raise TrainError(f"{broken}: {outcome.grader}: {outcome.reason}")
        return Grade(0.0, outcome.reason, outcome.grader, passed=False) if isinstance(outcome, Unscored) else outcome

    def _response(self, case: Case, answer: Answer) -> Response:
        reasoning, text = split(answer.text, keeps=self._grading.reasoning == "keep")
        text, calls = calls_in(text) if case.tools else (text, [])
        return Response(
            case_id=case.id,
            model=self._kind,
            text=text,
            reasoning=reasoning,
            tool_calls=tuple({"name": call["name"], "arguments": json.dumps(call["arguments"])} for call in calls),
            finish_reason=answer.finish_reason,
            completion_tokens=answer.completion_tokens,
        )

"""Evaluation -> the cases of its record: what came and was graded so far; asks, waits for and grades nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_ftgate.evaluate.lock import lock_path
from pytest_ftgate.evaluate.records.record import CaseRecord, Facts, Record
from pytest_ftgate.files.digest import digest_of, file_digest
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import PromptError
from pytest_ftgate.golden.question import question_text

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case, Prompt


def record_of(evaluation: Evaluation, model: str, title: str, variant: str = "") -> Record | None:
    """None if nothing was measured. model, title, variant: see `Facts`; what an evaluation does not know is empty."""
    cases = tuple(_cases(evaluation))
    results = [result for case in cases if (result := case.result).measured]
    if not any(not answer.broken for case in cases for answer in case.answers):
        return None
    suite, prompt = evaluation.suite, evaluation.responses.prompt
    price = suite.golden.price
    facts = Facts(
        model=model,
        title=title,
        variant=variant,
        set=suite.name,
        path=shown(suite.golden.cases_path),
        digest=evaluation.model_digest,
        prompt=prompt.to_json(),
        prompt_digest=prompt.digest,
        request=evaluation.responses.settings | {"repeats": suite.golden.request.repeats},
        graders=graders_digest(suite),
        cases_digest=digest_of(sorted([case.id, case.digest] for case in suite.cases)),
        lock=_lock(suite),
        price=(price.input_per_million, price.output_per_million) if price else None,
        cases=len(suite.cases),
        n=len(results),
        passed=sum(bool(result.passed) for result in results),
        score=fmean(result.value or 0.0 for result in results) if results else None,
        lines=len(cases),
    )
    return Record(facts, cases)


def _cases(evaluation: Evaluation) -> Iterator[CaseRecord]:
    responses, so_far = evaluation.responses, evaluation.outcomes_so_far
    for case in evaluation.suite.cases:
        answers = responses.so_far(case)
        outcome = so_far.get(case.id)
        if not answers and outcome is None:
            continue
        yield CaseRecord(
            case.id,
            case.digest,
            input_digest(case),
            case.line,
            _question(responses.prompt, case, answers[0].turns if answers else ()),
            case.expected,
            answers,
            outcome,
            () if outcome is None else evaluation.repeats(case),
            case.slices,
            case.cluster,
            case.must_pass,
            cached=responses.is_cached(case),
        )


def input_digest(case: Case) -> str:
    """Of what a case asks, as `CaseRecord.input` has it."""
    return digest_of(case.input)[:16]


def _question(prompt: Prompt, case: Case, turns: Sequence[str]) -> str:
    try:
        return question_text(prompt, case.input, turns)
    except PromptError:
        return ""


def graders_digest(suite: Suite) -> str:
    """Digest of all that grades an answer, apart from what a case expects. Labels only sum grades up: F1, confusion."""
    golden = suite.golden
    code = {module: file.digest for module, file in suite.code.items()}
    judge = golden.judge.to_json() if golden.judge else None
    return digest_of({"graders": list(golden.graders), "judge": judge, "code": code})


def _lock(suite: Suite) -> str:
    try:
        return file_digest(lock_path(suite.golden.path))
    except OSError:
        return ""

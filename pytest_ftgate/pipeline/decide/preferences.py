"""(golden set, candidate, champion) -> the gate checks `judge` and `human`: whose answers are better, by both.

Both look at the same pairs: the candidate's answer and the champion's to every case that both have answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_ftgate.annotation.collected_answers import texts_of
from pytest_ftgate.annotation.verdicts import Asked, Blind, blind, read_verdicts
from pytest_ftgate.errors import FtgateError, MetricError
from pytest_ftgate.files.text import shown
from pytest_ftgate.gate.checks.human import human_check
from pytest_ftgate.gate.checks.judge import preference_check, unscored_check
from pytest_ftgate.gate.checks.result import CheckResult, points
from pytest_ftgate.golden.paths import LABELS, VERDICTS, beside, set_argument
from pytest_ftgate.graders.llm_judge import judges_among, question_of
from pytest_ftgate.judge.labels import answer_digest

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.gate.checks.admission import Admission
    from pytest_ftgate.golden.spec import Human
    from pytest_ftgate.judge.pairwise import Comparison
    from pytest_ftgate.judge.spec import JudgeSpec
    from pytest_ftgate.pipeline.run import PipelineRun


@dataclass(frozen=True, slots=True)
class Both:
    """Texts of two models by the case's id. missing: cases that only the champion has answered."""

    candidate: Mapping[str, str]
    champion: Mapping[str, str]
    missing: tuple[str, ...]


def compare_answers(suite: Suite, tested: Evaluation, run: PipelineRun) -> None:
    """Have the judge compare the answers of candidate and champion to all cases, once in a run. Raises FtgateError."""
    both = _both(suite, tested, run)
    if both is None or suite.golden.judge is None or run.judge_client is None or suite.name in run.compared:
        return
    from pytest_ftgate.judge.pairwise import compare

    reference, cases = suite.golden.judge.rubric.reference, {case.id: case for case in suite.cases}
    run.compared[suite.name] = compare(
        run.judge_client(suite),
        {
            name: question_of(reference, suite.prompt, cases[name], text, both.champion[name])
            for name, text in both.candidate.items()
        },
    )


def judge_of(suite: Suite, tested: Evaluation, run: PipelineRun, delta: float) -> CheckResult | None:
    """The judge on all pairs in both orders, debiased by people; None before `compare_answers`. Raises FtgateError."""
    both = _both(suite, tested, run)
    if both is None or suite.golden.judge is None or suite.name not in run.compared:
        return None
    spec = suite.golden.judge
    pairs = run.compared[suite.name].of(both.candidate)
    _check_answered(pairs)
    people = _people(suite, both)
    differences = pairs.differences | dict.fromkeys(both.missing, -1.0)
    check = preference_check(
        differences, people.differences(both.missing), _admission(suite, spec), delta, tried=run.tried(suite)
    )
    check = unscored_check(check, pairs.unscored, len(pairs.asked))
    biases = [*_biases(pairs, both), *_kinship(spec, run)]
    numbers = dict(check.numbers) | _shares(pairs)
    return replace(check, numbers=numbers, reason="; ".join([check.reason, *biases]))


def human_of(suite: Suite, tested: Evaluation, run: PipelineRun, delta: float) -> CheckResult | None:
    """People's blind verdicts on these very answers; a hold until all that were planned are there."""
    both = _both(suite, tested, run)
    if both is None or suite.golden.human is None:
        return None
    found = _people(suite, both)
    wanted = max(suite.golden.human.verdicts, found.planned)
    if len(found.values) < wanted:
        command = f"ftgate judge label {_place(suite)} --candidate{_same_draw(found, suite.golden.human)}"
        reason = f"human: {len(found.values)} of {wanted} blind verdicts on these answers are there; {command}"
        return CheckResult("human", "hold", {"n": float(len(found.values))}, reason)
    check = human_check(found.values, delta, tried=run.tried(suite))
    return replace(check, reason=f"{check.reason}; by {', '.join(found.by) or 'no one: all answers are equal'}")


def _same_draw(found: Blind, human: Human) -> str:
    """The flags by which a person goes on with the draw that was begun."""
    seed = f" --seed {found.seed}" if found.seed else ""
    return seed + (f" --count {found.planned}" if found.planned > human.verdicts else "")


def unadmitted_of(suite: Suite) -> CheckResult | None:
    """A hold where cases of the set are graded by a judge that is not admitted; None if there is none. FileFaults."""
    graded = sum(bool(judges_among(suite.graders_of(case))) for case in suite.cases)
    if not graded or suite.golden.judge is None:
        return None
    admission = _admission(suite, suite.golden.judge)
    if admission.admitted:
        return None
    what = f"the judge grades {graded} of {len(suite.cases)} cases of {suite.name} and is not admitted"
    return CheckResult("admission", "hold", {"n": float(graded)}, f"admission: {what}: {'; '.join(admission.reasons)}")


def _both(suite: Suite, tested: Evaluation, run: PipelineRun) -> Both | None:
    champion = run.references.champion(suite)
    if champion is None:
        return None
    theirs = texts_of(suite, run.answers_of(suite, champion.version, now=champion.now))
    own = texts_of(suite, tested.to_json())
    shared = [case_id for case_id in tested.results if case_id in theirs]
    missing = tuple(case_id for case_id in shared if case_id not in own)
    return Both({case_id: own[case_id] for case_id in shared if case_id in own}, theirs, missing)


def _people(suite: Suite, both: Both) -> Blind:
    """What people said of these very answers, in a draw of as many as [human] wants. Raises FileFaults."""
    cases = {case.id: case.digest for case in suite.cases}
    asked = {
        name: Asked(cases[name], answer_digest(text), answer_digest(both.champion[name]))
        for name, text in both.candidate.items()
    }
    least = suite.golden.human.verdicts if suite.golden.human else 1
    return blind(read_verdicts(beside(suite.golden.path, VERDICTS)), asked, least)


def _admission(suite: Suite, spec: JudgeSpec) -> Admission:
    """By the labels and the judge.lock next to the set. Raises FileFaults."""
    from pytest_ftgate.judge.labels import current, read_labels
    from pytest_ftgate.judge.lock import FILE, admission_of, read_judge_lock

    path, cases = beside(suite.golden.path, LABELS), {case.id: case.digest for case in suite.cases}
    labels = current(read_labels(path), cases) if path.exists() else ()
    lock = read_judge_lock(beside(suite.golden.path, FILE))
    return admission_of(spec, labels, lock, f"ftgate judge calibrate {_place(suite)}")


def _place(suite: Suite) -> str:
    """The set as an argument of a command."""
    return shown(set_argument(suite.golden.path))


def _check_answered(pairs: Comparison) -> None:
    """A server that does not answer, or a budget that is spent, says nothing of the models. Raises FtgateError."""
    for pair in pairs.pairs.values():
        if pair.broken:
            raise FtgateError(f"judge: not every pair could be judged: {pair.reason}")


def _biases(pairs: Comparison, both: Both) -> Iterator[str]:
    """What is known to mislead a judge, as far as it can be measured on these pairs."""
    from pytest_ftgate.judge.bias import length_controlled

    asked = pairs.asked
    lengths = [(len(both.candidate[name]), len(both.champion[name])) for name in asked]
    try:
        yield f"flip rate {100 * pairs.flip_rate:.3g} % of {len(asked)} pairs"
        found = length_controlled([float(pair.difference or 0) for pair in asked.values()], lengths)
    except MetricError:
        return
    controlled = points(found.controlled)
    yield f"where answers differ {points(found.plain)} points by its own word, {controlled} at equal length"


def _shares(pairs: Comparison) -> dict[str, float]:
    try:
        return {"flip_rate": pairs.flip_rate, "unscored": float(pairs.unscored)}
    except MetricError:
        return {"unscored": float(pairs.unscored)}


def _kinship(spec: JudgeSpec, run: PipelineRun) -> Iterator[str]:
    from pytest_ftgate.judge.bias import same_family_warnings

    yield from (f"warning: {text}" for text in same_family_warnings(spec.models, [run.pipeline.base.model]))

"""`ftgate judge calibrate GOLDEN`: labels.jsonl, the set's judge -> how far they agree, and judge.lock."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import SET, registry_options, say
from pytest_ftgate.cli.judge_options import judge_client_of, judge_options, spec_of
from pytest_ftgate.cli.numbers import whole
from pytest_ftgate.errors import FtgateError, MetricError

if TYPE_CHECKING:
    from pytest_ftgate.annotation.collected_answers import Given
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.judge.calibration import Calibration
    from pytest_ftgate.judge.client import JudgeClient
    from pytest_ftgate.judge.labels import Label
    from pytest_ftgate.judge.pairwise import Comparison
    from pytest_ftgate.judge.prompt import Question
    from pytest_ftgate.judge.spec import JudgeSpec
    from pytest_ftgate.metrics.base import Metric

PAIRS = 50


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate judge`."""
    parser = kinds.add_parser(
        "calibrate",
        parents=[registry_options(), judge_options()],
        help="measure the agreement of a judge with human labels; exit code 1 if it is not admitted to the gate",
    )
    parser.add_argument("golden", type=Path, metavar="GOLDEN", help=SET)
    parser.add_argument(
        "--pairs",
        type=whole(0),
        default=PAIRS,
        metavar="N",
        help=f"maximum number of answer pairs judged in both orders (default {PAIRS})",
    )
    parser.set_defaults(run=calibrate)


def calibrate(args: argparse.Namespace) -> int:
    """Ask the judge about every labelled answer, compare, keep. FtgateError if there is nothing to compare."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.judge.calibration import admission, by_criterion
    from pytest_ftgate.judge.calibration import calibrate as calibrating
    from pytest_ftgate.judge.lock import FILE, JudgeLock, write_judge_lock
    from pytest_ftgate.pipeline.discovery import golden_file

    suite = load_suite(golden_file(args.golden))
    spec = spec_of(suite)
    labels = _labels(args, suite)
    by_criterion(spec, labels)
    given = _given(args, suite, labels)
    with judge_client_of(args, spec, suite.name) as judge_client:
        levels = _known_before(suite, spec) | _levels(spec, judge_client, labels, {
            place: _question(spec, suite, each) for place, each in given.items()
        })  # fmt: skip
        pairs = _orders(judge_client, suite, spec, given, args.pairs)
    found = calibrating(spec, labels, levels)
    if unknown := len({label.key for label in labels} - set(levels)):
        say(
            f"{unknown} labels refer to answers found neither in {args.state_dir} nor in the registry: counted as wrong"
        )
    lock = JudgeLock(spec.digest, list(spec.models), levels, len(pairs.asked), pairs.flips)
    path = write_judge_lock(_beside(suite, FILE), lock)
    for line in _report(found, pairs):
        say(line)
    admitted = admission(found, spec)
    say("admitted: the judge counts in the gate" if admitted.admitted else "not admitted: its gate check is advisory:")
    for reason in admitted.reasons:
        say(f"  {reason}")
    say(f"{path}: written for judge {spec.digest[:8]} ({spec.title})")
    return 0 if admitted.admitted else 1


def _labels(args: argparse.Namespace, suite: Suite) -> tuple[Label, ...]:
    from pytest_ftgate.golden.paths import LABELS
    from pytest_ftgate.judge.labels import current, read_labels

    path, cases = _beside(suite, LABELS), {case.id: case.digest for case in suite.cases}
    if not path.exists():
        raise FtgateError(f"{path} not found; label answers first: ftgate judge label {args.golden}")
    labels = read_labels(path, cases)
    found = current(labels, cases)
    if old := len(labels) - len(found):
        say(f"{path}: ignored {old} labels of cases edited since")
    if not found:
        raise FtgateError(f"{path}: no labels for the current cases; label answers: ftgate judge label {args.golden}")
    return found


def _beside(suite: Suite, name: str) -> Path:
    from pytest_ftgate.golden.paths import beside

    return beside(suite.golden.path, name)


def _given(args: argparse.Namespace, suite: Suite, labels: tuple[Label, ...]) -> dict[tuple[str, str], Given]:
    """The labelled answers by (digest of the case, of the answer). FtgateError if none is known here."""
    from pytest_ftgate.cli.judge_label import pool_of

    wanted = {(label.case, label.answer) for label in labels}
    found = {key: each for each in pool_of(args, suite) if (key := (each.case.digest, each.answer)) in wanted}
    if not found:
        raise FtgateError(
            f"{suite.name}: none of the {len(wanted)} labelled answers is in {args.state_dir} or in the registry"
        )
    return found


def _levels(
    spec: JudgeSpec,
    judge_client: JudgeClient,
    labels: tuple[Label, ...],
    questions: Mapping[tuple[str, str], Question],
) -> dict[str, str | None]:
    """What the judge says by the key of each label, of those whose answer is known."""
    from pytest_ftgate.judge.client import NoVerdict

    only = spec.rubric.criteria[0].name
    judgements = dict(zip(questions, judge_client.judgements(list(questions.values())), strict=True))
    broken = next((each for each in judgements.values() if isinstance(each, NoVerdict) and each.broken), None)
    if broken is not None:
        raise FtgateError(f"the judge failed to answer, nothing written: {broken.why}")
    levels: dict[str, str | None] = {}
    for label in labels:
        judgement = judgements.get((label.case, label.answer))
        if judgement is not None:
            levels[label.key] = None if isinstance(judgement, NoVerdict) else judgement[label.criterion or only]
    return levels


def _known_before(suite: Suite, spec: JudgeSpec) -> dict[str, str | None]:
    """What this very judge said when it was calibrated before, perhaps where other answers are known."""
    from pytest_ftgate.judge.lock import FILE, read_judge_lock

    lock = read_judge_lock(_beside(suite, FILE))
    return dict(lock.verdicts) if lock and lock.judge == spec.digest else {}


def _question(spec: JudgeSpec, suite: Suite, *given: Given) -> Question:
    from pytest_ftgate.graders.llm_judge import question_of

    texts = [each.text for each in given]
    return question_of(spec.rubric.reference, suite.prompt, given[0].case, *texts)


def _orders(
    judge_client: JudgeClient, suite: Suite, spec: JudgeSpec, given: Mapping[tuple[str, str], Given], most: int
) -> Comparison:
    """Pairs of labelled answers to one case, one of each case first, in both orders."""
    from pytest_ftgate.judge.pairwise import compare

    by_case: dict[str, list[Given]] = {}
    for each in given.values():
        by_case.setdefault(each.case.digest, []).append(each)
    pairs = [pair for some in by_case.values() for pair in combinations(some[:2], 2)]
    chosen = {f"{number}": _question(spec, suite, *pair) for number, pair in enumerate(pairs[: max(0, most)])}
    return compare(judge_client, chosen)


def _report(found: list[Calibration], pairs: Comparison) -> Iterator[str]:
    for each in found:
        yield f"{each.criterion}: {each.labels} labelled answers, {each.judged} of them judged"
        yield from (_told(metric) for metric in each.metrics)
        yield from (f"  {problem}" for problem in each.problems)
        if each.people is not None:
            yield _told(each.people) + "  between people"
    yield from _order_line(pairs)


def _told(metric: Metric) -> str:
    return f"  {metric.name:<14} {metric.value:6.3f}  [{metric.lower:.3f}, {metric.upper:.3f}]  n = {metric.n}"


def _order_line(pairs: Comparison) -> Iterator[str]:
    try:
        rate = pairs.flip_rate
    except MetricError:
        yield "  order consistency: not measured, no case has two labelled answers"
    else:
        yield f"  order consistency {1 - rate:.3f}: {pairs.flips} of {len(pairs.asked)} pairs flip with the order"

"""`ftgate judge label GOLDEN`: answers -> a person's labels; with --candidate, two models -> a person's verdicts."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.annotation_files import at_work, lines_of, open_book, write_lines
from pytest_ftgate.cli.common import SET, has_registry, open_existing, registry_options, say, task_name
from pytest_ftgate.cli.data_review import review_options
from pytest_ftgate.cli.judge_pairs import NEWEST, PAIRS, compare
from pytest_ftgate.cli.numbers import whole
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.annotation.collected_answers import Given
    from pytest_ftgate.annotation.decision_log import DecisionLog
    from pytest_ftgate.annotation.labelling import Criterion
    from pytest_ftgate.evaluate.suite import Suite

LABELS = 120
YES_NO = ("yes", "no")


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate judge`."""
    parser = kinds.add_parser(
        "label",
        parents=[registry_options()],
        help="label answers blind, or compare two models blind with --candidate",
    )
    parser.add_argument("golden", type=Path, metavar="GOLDEN", help=SET)
    parser.add_argument(
        "--candidate",
        nargs="?",
        const=NEWEST,
        metavar="vN",
        help="compare this version with the champion, for the gate check `human` (default: the newest)",
    )
    parser.add_argument(
        "--task",
        type=task_name,
        metavar="TASK",
        help="task in the registry (default: name of the golden set)",
    )
    parser.add_argument(
        "--count",
        type=whole(1),
        metavar="N",
        help=f"number of random answers ({LABELS}), or of pairs ([human] verdicts, else {PAIRS})",
    )
    parser.add_argument(
        "--rare", type=whole(0), default=0, metavar="N", help="plus N answers that fail the graders of the set"
    )
    parser.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, metavar="N", help="random seed (default 0)")
    parser.add_argument("--criterion", default="", metavar="NAME", help="criterion of the rubric")
    parser.add_argument("--question", default="", metavar="TEXT", help="question to ask (default: from the rubric)")
    parser.add_argument(
        "--classes",
        type=_classes,
        metavar="A,B",
        help="labels to choose from (default: the rubric's levels, else yes,no)",
    )
    review_options(parser)
    parser.set_defaults(run=label)


def _classes(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def label(args: argparse.Namespace) -> int:
    """Draw, show, write. FtgateError if there is nothing to judge."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import golden_file

    suite = load_suite(golden_file(args.golden))
    if args.count is not None and args.count < 1:
        raise FtgateError(f"--count {args.count}: expected 1 or more")
    return compare(args, suite) if args.candidate else _label(args, suite)


def _label(args: argparse.Namespace, suite: Suite) -> int:
    from pytest_ftgate.annotation.labelling import label_items, label_lines, label_plan, label_task, merged
    from pytest_ftgate.annotation.sampling import settled_plan
    from pytest_ftgate.golden.paths import LABELS as FILE
    from pytest_ftgate.golden.paths import beside

    criterion = _criterion(args, suite)
    pool = pool_of(args, suite)
    items = label_items(suite, pool, criterion)
    sizes = (args.count or LABELS, args.rare)
    file = beside(suite.golden.path, FILE)
    before = lines_of(file, "label")
    asked: dict[str, Any] = {"what": "labels", "golden": suite.digest, "criterion": criterion.name}
    asked |= {"seed": args.seed, "sizes": list(sizes)}
    with open_book(args, suite, "labels") as decision_log:
        plan = settled_plan(
            decision_log, asked, lambda: label_plan(pool, _missed(suite, pool) if args.rare else (), sizes, args.seed)
        )
        plans = [record["plan"] for record in decision_log.records if _is_of(record, asked)]
        known = _keys_of(plans, criterion)
        wanted = [items[key] for key in _keys_of([plan], criterion) if key in items]
        queue = at_work(args, label_task(suite, criterion), wanted, decision_log)
        made = {key: each for key, each in _all_decided(decision_log).items() if key in known}
        lines = list(label_lines(plans, made, criterion))
        touched = [key for key in known if any(record.get("item") == key for record in decision_log.records)]
        write_lines(file, merged(before, lines, queue.by, touched))
    say(f"{file}: {len(lines)} labels by {queue.by}, {sum(line['random'] for line in lines)} of them random")
    return 0


def _criterion(args: argparse.Namespace, suite: Suite) -> Criterion:
    """What is asked: by the rubric of the set's judge, else by --question and --classes."""
    from pytest_ftgate.annotation.labelling import Criterion, of_rubric

    if suite.golden.judge is not None and not args.question and args.classes is None:
        return of_rubric(suite.golden.judge.rubric.criteria, args.criterion)
    return Criterion(args.criterion, args.question or "Is the answer correct?", args.classes or YES_NO)


def pool_of(args: argparse.Namespace, suite: Suite) -> list[Given]:
    """Every answer that a model has given to the set as it is. FtgateError if there is none."""
    from pytest_ftgate.annotation.collected_answers import distinct, from_journal, from_results
    from pytest_ftgate.evaluate.journal import Journal

    found = list(from_journal(suite, Journal(args.state_dir, suite.name, say)))
    if has_registry(args):
        registry = open_existing(args)
        for task in registry.tasks():
            for version in registry.versions(task):
                found += from_results(suite, registry.results(version, suite.name))
    if not found:
        raise FtgateError(
            f"{suite.name}: no answers to the current golden set in {args.state_dir} or in the registry\n"
            f"    evaluate a model first: pytest {args.golden}"
        )
    return distinct(found)


def _missed(suite: Suite, pool: Iterable[Given]) -> list[Given]:
    """The answers that the set's own graders find wrong."""
    from pytest_ftgate.graders.grade import Grade, grade_case
    from pytest_ftgate.serve.response import Response

    found = []
    for each in pool:
        outcome = grade_case(suite.graders_of(each.case), each.case, Response(each.case.id, "", each.text))
        if isinstance(outcome, Grade) and not outcome.passed:
            found.append(each)
    return found


def _is_of(record: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    plan = record.get("plan")
    return isinstance(plan, dict) and plan.get("criterion") == asked["criterion"]


def _keys_of(plans: Iterable[Mapping[str, Any]], criterion: Criterion) -> list[str]:
    from pytest_ftgate.judge.labels import judged_key

    return [judged_key(row["case"], row["answer"], criterion.name) for plan in plans for row in plan["rows"]]


def _all_decided(decision_log: DecisionLog) -> Mapping[str, Any]:
    from pytest_ftgate.annotation.review_queue import decided

    return decided(decision_log.records)

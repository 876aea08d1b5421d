"""`ftgate judge label GOLDEN --candidate`: two models, the same cases -> blind verdicts, for check `human`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pytest_ftgate.cli.annotation_files import at_work, lines_of, open_book, write_lines
from pytest_ftgate.cli.common import open_existing, say, version_number
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.registry import Registry, Version

PAIRS = 100
NEWEST = "newest"


def compare(args: argparse.Namespace, suite: Suite) -> int:
    """Draw, show, write verdicts.jsonl. FtgateError if there are not two models with answers to the same cases."""
    from pytest_ftgate.annotation.collected_answers import texts_of
    from pytest_ftgate.annotation.pairs import merged, pair_items, pair_lines, pair_plan, pair_task
    from pytest_ftgate.annotation.sampling import settled_plan
    from pytest_ftgate.gate.checks.human import LEAST_VERDICTS
    from pytest_ftgate.golden.paths import VERDICTS, beside

    registry = open_existing(args)
    candidate, champion = _versions(args, registry, suite)
    new, old = (texts_of(suite, registry.results(version, suite.name)) for version in (candidate, champion))
    file = beside(suite.golden.path, VERDICTS)
    before = lines_of(file, "verdict")
    count = args.count or (suite.golden.human.verdicts if suite.golden.human else PAIRS)
    asked = {"what": "pairs", "seed": args.seed, "count": count}
    asked |= {"candidate": candidate.digest, "champion": champion.digest, "golden": suite.digest}
    with open_book(args, suite, "verdicts") as decision_log:
        plan = settled_plan(decision_log, asked, lambda: pair_plan(suite, new, old, count, args.seed))
        if not plan["rows"]:
            raise FtgateError(
                f"{candidate} and {champion} have no common cases of the current {suite.name}\n"
                "    measure both again: pytest GOLDENS --train"
            )
        items = pair_items(suite, new, old, plan)
        same = len(plan["rows"]) - len(items)
        say(f"{len(plan['rows'])} cases drawn; {same} with identical answers count as ties, {len(items)} to judge")
        queue = at_work(args, pair_task(suite), items, decision_log)
        lines = list(pair_lines(plan, queue.decisions, queue.by, args.seed))
        write_lines(file, merged(before, lines, queue.by, plan))
    rest = len(plan["rows"]) - len(lines)
    say(f"{file}: {len(lines)} of {len(plan['rows'])} verdicts by {queue.by}" + (f"; {rest} to go" if rest else ""))
    if len(plan["rows"]) < LEAST_VERDICTS:
        say(f"the gate check `human` needs {LEAST_VERDICTS} cases, only {plan['pool']} are available")
    return 0


def _versions(args: argparse.Namespace, registry: Registry, suite: Suite) -> tuple[Version, Version]:
    """(candidate, champion). FtgateError if there are not two different ones."""
    tasks = registry.tasks()
    task = args.task or (tasks[0] if len(tasks) == 1 else suite.name)
    champion, versions = registry.champion(task), registry.versions(task)
    if champion is None:
        raise FtgateError(
            f"{task} has no champion to compare with; choose another --task ({', '.join(tasks) or 'none'})"
        )
    number = versions[-1].number if args.candidate == NEWEST else _number(args.candidate)
    candidate = registry.version(task, number)
    if candidate.number == champion.number:
        raise FtgateError(f"v{number} is the champion of {task}; choose another version: --candidate vN")
    return candidate, champion


def _number(text: str) -> int:
    try:
        return version_number(text)
    except argparse.ArgumentTypeError as error:
        raise FtgateError(f"--candidate: {error}") from None

"""`ftgate compare A B`: is B better than A? The paired difference, and the cases that B fixed and broke."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import state_option
from pytest_ftgate.cli.numbers import share
from pytest_ftgate.cli.paged import output_options, show, show_json
from pytest_ftgate.gate.exit_code import EXIT_CODES, kind_of, worst

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import Record
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.gate.checks.result import CheckResult
    from pytest_ftgate.pipeline.comparison.pairing import Paired

_RUN = "run id or its beginning, last, last~1, a name, a model, a prompt variant, a golden set, or an exported file"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        parents=[state_option(), output_options()],
        help="compare two runs, models, prompts or golden sets case by case",
    )
    parser.add_argument("then", metavar="A", help=f"the earlier: {_RUN}")
    parser.add_argument("now", metavar="B", help="the later, named alike")
    parser.add_argument("--set", default="", metavar="SET", help="only this golden set: its path or name")
    parser.add_argument("--all", action="store_true", help="show all fixed and broken cases, and their texts whole")
    parser.add_argument(
        "--max-drop",
        type=share,
        metavar="SHARE",
        help="end with exit code 10 unless B is shown not to have lost as much, e.g. 0.03; with 1 if it has",
    )
    parser.set_defaults(run=compare_runs)


def compare_runs(args: argparse.Namespace) -> int:
    """Print what differs, set by set; the exit code of --max-drop."""
    from pytest_ftgate.cli.compare_text import comparison_lines
    from pytest_ftgate.evaluate.records.find import find, set_name
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.pipeline.comparison.compare import compare
    from pytest_ftgate.pipeline.comparison.facts import comparison_json
    from pytest_ftgate.pipeline.comparison.pairing import paired

    store, golden = RecordStore(args.state_dir), set_name(args.set) if args.set else ""
    chosen = paired(find(store, args.then, golden), find(store, args.now, golden))
    sides = [(store.read(then), store.read(now)) for then, now in chosen.pairs]
    found = [(compare(now, then), _check(now, then, args)) for then, now in sides]
    new = [] if args.max_drop is None else list(_new(chosen, args.then, store))
    if args.json:
        show_json([comparison_json(each, check) for each, check in found])
    else:
        lines = (line for each, check in found for line in comparison_lines(each, check, everything=args.all))
        told = (f"  {'ADVISORY' if each.advisory else each.status.upper()} {each.reason}" for each in new)
        show((*lines, *_lonely(chosen), *told), args)
    checks = [*(check for _, check in found if check is not None), *(each for each in new if not each.advisory)]
    return EXIT_CODES[worst(map(kind_of, checks))]


def _lonely(chosen: Paired) -> Iterator[str]:
    """What is compared with nothing."""
    from pytest_ftgate.pipeline.comparison.pairing import prompt_of

    for side, records in (("A", chosen.only_then), ("B", chosen.only_now)):
        for each in records:
            yield f"{each.facts.set}: {prompt_of(each.facts)}: only in {side}, not compared"


def _new(chosen: Paired, then: str, store: RecordStore) -> Iterator[CheckResult]:
    """A check for each golden set of the later run that the earlier one did not have."""
    from pytest_ftgate.pipeline.comparison.new_set import new_set_check

    compared = {new.facts.set for _, new in chosen.pairs}
    lacking = {each.facts.set: each for each in chosen.only_now if each.facts.set not in compared}
    gone = [store.read(each) for each in chosen.only_then if each.facts.set not in compared] if lacking else []
    for golden, each in lacking.items():
        yield new_set_check(then, golden, (case.input for case in store.read(each).cases), gone)


def _check(now: Record, then: Record, args: argparse.Namespace) -> CheckResult | None:
    from pytest_ftgate.pipeline.comparison.drop import check_of_records

    return None if args.max_drop is None else check_of_records(now, then, args.max_drop)

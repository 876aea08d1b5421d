"""`ftgate compare A B`: is B better than A? The paired difference, and the cases that B fixed and broke."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import state_option
from pytest_ftgate.cli.numbers import share
from pytest_ftgate.cli.paged import output_options, show, show_json
from pytest_ftgate.errors import RecordError
from pytest_ftgate.gate.exit_code import EXIT_CODES, kind_of, worst

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import Record
    from pytest_ftgate.evaluate.records.store import RecordStore, Stored
    from pytest_ftgate.gate.checks.result import CheckResult

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

    store, golden = RecordStore(args.state_dir), set_name(args.set) if args.set else ""
    sides = _paired(find(store, args.then, golden), find(store, args.now, golden), store)
    found = [(compare(now, then), _check(now, then, args)) for then, now in sides]
    if args.json:
        show_json([comparison_json(each, check) for each, check in found])
    else:
        lines = (line for each, check in found for line in comparison_lines(each, check, everything=args.all))
        show(lines, args)
    return EXIT_CODES[worst(kind_of(check) for _, check in found if check is not None)]


def _paired(then: list[Stored], now: list[Stored], store: RecordStore) -> list[tuple[Record, Record]]:
    """Records of the same set; of two different sets if each side has one. Raises RecordError."""
    if len(then) == len(now) == 1:
        return [(store.read(then[0]), store.read(now[0]))]
    sides = (then, now)
    first = [{each.facts.set: each for each in reversed(side)} for side in sides]
    shared = [name for name in first[0] if name in first[1]]
    several = [name for name in shared if any(sum(s.facts.set == name for s in side) > 1 for side in sides)]
    if several:
        raise RecordError(
            f"the run asked several models or prompts of {several[0]}: name one of them instead of the run"
        )
    if not shared:
        sets = " and ".join(", ".join(sorted({each.facts.set for each in side})) for side in sides)
        raise RecordError(f"no golden set in common: {sets}; choose one run of one set each, see ftgate runs")
    return [(store.read(first[0][name]), store.read(first[1][name])) for name in shared]


def _check(now: Record, then: Record, args: argparse.Namespace) -> CheckResult | None:
    from pytest_ftgate.pipeline.comparison.drop import check_of_records

    return None if args.max_drop is None else check_of_records(now, then, args.max_drop)

"""`ftgate drift inputs LOG`: has production begun to ask something else? Exit code 12 if it has."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import record_reading, say, say_table, state_option, task_name
from pytest_ftgate.cli.live_options import check_pipeline
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.data.drift.finding import Comparison
    from pytest_ftgate.data.drift.inputs import Inputs
    from pytest_ftgate.evaluate.suite import Suite

DRIFT = 12


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("drift", help="compare production inputs with training data and golden sets")
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    inputs_parser = kinds.add_parser(
        "inputs",
        parents=[state_option()],
        help="test length, vocabulary and labels, and train a domain classifier",
    )
    inputs_parser.add_argument(
        "--task",
        type=task_name,
        metavar="TASK",
        help='record drift in the audit log as an alarm of TASK, which [retrain] on = "drift" answers',
    )
    inputs_parser.add_argument(
        "--pipelines", type=Path, default=Path("pipelines"), metavar="DIR", help="where TASK is (default: pipelines)"
    )
    inputs_parser.add_argument(
        "log",
        type=Path,
        metavar="LOG",
        help='JSON lines {"input": ..., "output": ... (optional)}, OpenAI requests, or vLLM\'s own log',
    )
    inputs_parser.add_argument("--train", type=Path, metavar="FILE", help="training rows to compare with")
    inputs_parser.add_argument("--goldens", type=Path, metavar="DIR", help="golden set, or folder of golden sets")
    inputs_parser.add_argument(
        "--label",
        default="",
        metavar="PATH",
        help="dotted path of the label in an answer (default: [label] of the golden set)",
    )
    inputs_parser.set_defaults(run=inputs)


def inputs(args: argparse.Namespace) -> int:
    """Compare, print, 12 if anything differs. FtgateError for files that cannot be read."""
    from pytest_ftgate.data.drift.compare import compare
    from pytest_ftgate.data.drift.inputs import golden_inputs, read_log, read_training

    if not args.train and not args.goldens:
        raise FtgateError("nothing to compare with; pass --train FILE, --goldens DIR or both")
    if args.task:
        check_pipeline(args)
    suites = _suites(args.goldens) if args.goldens else []
    label = args.label or next((suite.golden.label.path for suite in suites if suite.golden.label), "")
    log = read_log(args.log, label, say)
    record_reading(args, "drift inputs", [args.train] if args.train else [])
    others = [read_training(args.train, label)] if args.train else []
    if suites:
        others.append(golden_inputs((_label_path(suite), suite.cases) for suite in suites))
    tested = compare(log, others)
    code = _report(log, others, tested)
    if code == DRIFT and args.task:
        _alarm(args, [each for each in tested if each.found])
    return code


def _alarm(args: argparse.Namespace, found: Sequence[Comparison]) -> None:
    from pytest_ftgate.registry.audit import record

    reason = ", ".join(f"{each.name} ({each.against}): p {each.adjusted:.2g}" for each in found)
    record(args.state_dir, "alarm", args.task, {"reason": f"drift of inputs: {reason}"})
    say(f"recorded as an alarm of {args.task}")


def _label_path(suite: Suite) -> str:
    return suite.golden.label.path if suite.golden.label else ""


def _suites(folder: Path) -> list[Suite]:
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import golden_files

    return [load_suite(path) for path in golden_files(folder)]


def _report(log: Inputs, others: Sequence[Inputs], tested: Sequence[Comparison]) -> int:
    sizes = ", ".join(f"{len(each.texts):,} of {each.name}" for each in others)
    say(f"{len(log.texts):,} production inputs compared with {sizes}")
    say_table([("reference", "test", "p", "Holm p", "", "difference"), *_rows(tested)], indent="  ")
    for how in dict.fromkeys(f"{each.name}: {each.how}" for each in tested):
        say(f"  {how}")
    found = [f"{each.name} ({each.against})" for each in tested if each.found]
    if found:
        say(f"DRIFT: production inputs differ in {', '.join(found)}")
        return DRIFT
    say("no drift: no significant difference (family-wise level .05)")
    return 0


def _rows(tested: Sequence[Comparison]) -> Iterator[tuple[str, ...]]:
    for each in tested:
        yield each.against, each.name, f"{each.p:.2g}", f"{each.adjusted:.2g}", "!" if each.found else "", each.told

"""`ftgate ab analyse`: what live users say of a candidate; `ftgate router` shows it to them."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say, say_table, task_name
from pytest_ftgate.cli.numbers import real
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.gate.live.analysis import Finding
    from pytest_ftgate.gate.live.plan import Ab

CODES = {"better": 0, "worse": 1, "continue": 10, "withheld": 11}
"""Exit code of each decision, as of pytest's verdicts."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser("ab", help="A/B tests of a candidate on live traffic")
    parts = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_analyse(parts)


def _add_analyse(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser(
        "analyse", help="analyse the outcomes so far; exit code 0 better, 1 worse, 10 undecided, 11 invalid split"
    )
    parser.add_argument(
        "exposures", type=Path, metavar="EXPOSURES", help="JSON lines: user, arm, at, optionally outcome"
    )
    parser.add_argument("--outcomes", type=Path, metavar="FILE", help="JSON lines: user, outcome, optionally at")
    parser.add_argument(
        "--task",
        type=task_name,
        metavar="TASK",
        help="read share, outcome, window and margin from [ab] of this pipeline",
    )
    parser.add_argument(
        "--share", type=share_of_users, metavar="SHARE", help="share of users routed to the candidate, e.g. 0.05"
    )
    parser.add_argument("--margin", type=_margin, metavar="SHARE", help="accepted loss in mean outcome (default 0)")
    parser.add_argument(
        "--window-hours",
        type=real(0, 87_600),
        metavar="H",
        help="outcome window after a user's first exposure (default 24)",
    )
    parser.add_argument("--candidate", default="", metavar="DIGEST", help="use exposures of this candidate only")
    parser.add_argument("--pipelines", type=Path, default=Path("pipelines"), metavar="DIR", help="default: pipelines")
    parser.set_defaults(run=analyse)


def analyse(args: argparse.Namespace) -> int:
    """Read, check the split, decide. Raises FileFaults with every fault of the files."""
    from pytest_ftgate.gate.live.analysis import analyse as decide
    from pytest_ftgate.gate.live.log import read_log

    plan = _plan(args)
    found = read_log(
        args.exposures,
        plan.outcomes,
        now=datetime.now(UTC),
        kind=plan.outcome,
        window_hours=plan.window_hours,
        candidate=args.candidate,
    )
    if not found.users:
        raise FtgateError(f"{args.exposures}: no exposures{f' of {args.candidate}' if args.candidate else ''} found")
    finding = decide(found, plan.share, plan.margin)
    _tell(finding)
    return CODES[finding.decision]


def _plan(args: argparse.Namespace) -> Ab:
    """[ab] of the task, if one is named, with what the options say instead."""
    from dataclasses import replace

    from pytest_ftgate.gate.live.plan import Ab

    said = {name: getattr(args, name) for name in ("share", "margin", "window_hours", "outcomes")}
    said = {name: value for name, value in said.items() if value is not None}
    if args.task:
        return replace(plan_of(args.pipelines, args.task), **said)
    if args.share is None:
        raise FtgateError("the share of users routed to the candidate is missing: --share 0.05, or --task TASK")
    return Ab(**said)


def plan_of(pipelines: Path, task: str) -> Ab:
    """[ab] of a task's pipeline. Raises FtgateError if there is none."""
    from pytest_ftgate.pipeline.config import read_pipeline

    path = pipelines / task / "pipeline.toml"
    plan = read_pipeline(path).ab
    if plan is None:
        raise FtgateError(f"{path}: no [ab] section; add [ab] with share = 0.05")
    return plan


def _tell(finding: Finding) -> None:
    from pytest_ftgate.gate.checks.live import told

    candidate, champion = finding.users
    total = candidate + champion
    rows = [("split", f"{candidate:,} of {total:,} users were routed to the candidate, {_shares(finding)}")]
    silent = total - finding.waiting - sum(finding.counted)
    rows.append(
        ("counted", f"{sum(finding.counted):,} users, {finding.waiting:,} pending, {silent:,} without an outcome")
    )
    rows += [("problem", problem) for problem in finding.problems]
    if finding.decided_at or finding.decision == "continue":
        rows.append(
            ("bounds", f"[{100 * finding.lower:+.1f}, {100 * finding.upper:+.1f}] points (95 % one-sided bounds)")
        )
    say_table(rows, indent="  ")
    say(f"{finding.decision.upper()}: {told(finding)}" if not finding.problems else "WITHHELD: invalid split")


def _shares(finding: Finding) -> str:
    share = 100 * finding.users[0] / sum(finding.users)
    return f"{share:.2f} %, configured {100 * finding.share:g} % (p = {finding.p_split:.2g})"


def share_of_users(text: str) -> float:
    """Text -> share in (0, 1), as an argument of a command."""
    return _between(text, 0.0, 1.0, "a share in (0, 1), e.g. 0.05 for 5 %")


def _margin(text: str) -> float:
    return 0.0 if text in ("0", "0.0") else _between(text, 0.0, 1.0, "0 or a share below 1, e.g. 0.02 for 2 points")


def _between(text: str, low: float, high: float, wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = low
    if not low < value < high:
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return value

"""`ftgate ab analyse`, `ftgate ab router`: what live users say of a candidate, and the router that shows it to them."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import open_existing, registry_options, say, say_table, task_name, version_number
from pytest_ftgate.cli.numbers import real
from pytest_ftgate.errors import FtgateError, RegistryError
from pytest_ftgate.files.atomic import write_text

if TYPE_CHECKING:
    from pytest_ftgate.cli.ab_router import Split
    from pytest_ftgate.gate.live.analysis import Finding
    from pytest_ftgate.gate.live.plan import Ab
    from pytest_ftgate.registry import Registry, Version

CODES = {"better": 0, "worse": 1, "continue": 10, "withheld": 11}
"""Exit code of each decision, as of pytest's verdicts."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser("ab", help="A/B tests of a candidate on live traffic")
    parts = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_analyse(parts)
    _add_router(parts)


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
        "--share", type=_share, metavar="SHARE", help="share of users routed to the candidate, e.g. 0.05"
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


def _add_router(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser(
        "router", parents=[registry_options()], help="write a router configuration with sticky users (nginx, LiteLLM)"
    )
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument(
        "--server", required=True, metavar="URL", help="server of the champion, and of the candidate by default"
    )
    parser.add_argument("--candidate-server", metavar="URL", help="server of the candidate (default: the champion's)")
    parser.add_argument("--candidate", type=version_number, metavar="vN", help="default: the newest version")
    parser.add_argument("--kind", choices=("nginx", "litellm"), default="nginx", help="default: nginx")
    parser.add_argument("--share", type=_share, metavar="SHARE", help="default: share of [ab] in the pipeline")
    parser.add_argument(
        "--user-header", default="X-User", metavar="NAME", help="header with the user id (default X-User)"
    )
    parser.add_argument("--listen", default="127.0.0.1:8080", metavar="ADDRESS", help="default: 127.0.0.1:8080")
    parser.add_argument(
        "--log",
        default="/var/log/nginx/ftgate_exposures.jsonl",
        metavar="FILE",
        help="exposure log, a path on the nginx host (default /var/log/nginx/ftgate_exposures.jsonl)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    parser.add_argument("--pipelines", type=Path, default=Path("pipelines"), metavar="DIR", help="default: pipelines")
    parser.set_defaults(run=router)


def router(args: argparse.Namespace) -> int:
    """Name both versions, write the configuration."""
    from pytest_ftgate.cli.ab_router import configuration

    text = configuration(_split(args), args.kind)
    if args.out is None:
        sys.stdout.write(text)
        return 0
    write_text(args.out, text)
    say(f"{args.out}: written; test it: nginx -t" if args.kind == "nginx" else f"{args.out}: written")
    return 0


def _split(args: argparse.Namespace) -> Split:
    from pytest_ftgate.cli.ab_router import Served, Split, server_url
    from pytest_ftgate.registry.model_tags import name_of
    from pytest_ftgate.registry.version import MODEL

    champion, candidate = _versions(open_existing(args), args.task, args.candidate)
    url = server_url(args.server)
    other = server_url(args.candidate_server) if args.candidate_server else url
    return Split(
        args.task,
        Served(f"v{champion.number}", name_of(champion), url),
        Served(f"v{candidate.number}", name_of(candidate), other),
        args.share or plan_of(args.pipelines, args.task).share,
        candidate.tags[MODEL][:16],
        args.user_header,
        args.listen,
        args.log,
    )


def _versions(registry: Registry, task: str, number: int | None) -> tuple[Version, Version]:
    """Champion and candidate. Raises RegistryError where there are not two models to compare."""
    champion = registry.champion(task)
    if champion is None:
        raise RegistryError(f"{task} has no champion yet to compare a candidate with")
    candidate = registry.version(task, number) if number else registry.versions(task)[-1]
    if candidate.number == champion.number:
        raise RegistryError(
            f"{champion} is the champion; choose another version with --candidate vN (see `ftgate history {task}`)"
        )
    return champion, candidate


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


def _share(text: str) -> float:
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

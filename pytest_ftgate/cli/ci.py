"""`ftgate ci github`, `gitlab`: settings -> workflows. Adds the other commands of `ftgate ci`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from pytest_ftgate.cli import ci_changed, ci_comment, ci_retrain
from pytest_ftgate.cli.ci_changed import add_folders
from pytest_ftgate.cli.ci_drop import drop_lines
from pytest_ftgate.cli.ci_files import COMPARING, EXTRAS, RETRAINING, TRAINING, install, write_files
from pytest_ftgate.cli.ci_needs import needs_of, sets_below
from pytest_ftgate.cli.ci_retrain import has_promoters, retrained
from pytest_ftgate.cli.common import say
from pytest_ftgate.cli.numbers import share
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.cron import cron_problem
from pytest_ftgate.pipeline.live.retrain import crons_of


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser("ci", help="continuous integration workflows")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    told = "promotion gate, nightly canary, retraining; of a served model: comparison"
    _add_github(kinds.add_parser("github", help=f"write GitHub Actions workflows: {told}"))
    _add_gitlab(kinds.add_parser("gitlab", help=f"write GitLab CI files: {told}"))
    ci_retrain.add(kinds)
    ci_changed.add(kinds)
    ci_comment.add(kinds)


def _add_github(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path(".github/workflows"), metavar="DIR", help="default %(default)s"
    )
    parser.add_argument(
        "--runner", type=_labels, default="self-hosted,gpu", metavar="LABELS", help="labels of the GPU runner"
    )
    parser.add_argument(
        "--branch", default="main", help="train, gate and promote on pushes to this branch (default main)"
    )
    parser.add_argument("--cron", type=_cron, default="17 3 * * *", help="canary schedule, UTC (default %(default)s)")
    parser.add_argument(
        "--minutes",
        type=_minutes,
        metavar="N",
        help="job timeout per pipeline in minutes (default 720; of a served model 60)",
    )
    _add_served(parser)
    _add_shared(parser)
    parser.set_defaults(run=github)


def _add_gitlab(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path(".gitlab"), metavar="DIR", help="default %(default)s")
    parser.add_argument(
        "--minutes", type=_minutes, metavar="N", help="job timeout in minutes (default 720; of a served model 60)"
    )
    parser.add_argument(
        "--runner", type=_labels, default="gpu", metavar="TAGS", help="tags of the GPU runner (default gpu)"
    )
    _add_served(parser)
    _add_shared(parser)
    parser.set_defaults(run=gitlab)


def _add_served(parser: argparse.ArgumentParser) -> None:
    instead = ": write the workflow of a served model instead, which compares pull requests with the main branch"
    parser.add_argument("--base-url", default="", metavar="URL", help=f"its address{instead}")
    parser.add_argument("--model", default="", metavar="NAME", help="the served model")
    parser.add_argument(
        "--max-drop", type=share, default=0.03, metavar="SHARE", help="that may be lost (default 0.03, 3 points)"
    )


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--python", default="3.11", metavar="VERSION", help="default 3.11")
    parser.add_argument(
        "--install",
        default="",
        metavar="COMMAND",
        help=f"default: {install(*EXTRAS)}; of a served model {install()}; with the extras that the golden sets need",
    )
    parser.add_argument("--force", action="store_true", help="overwrite workflows edited by hand")
    add_folders(parser)


def github(args: argparse.Namespace) -> int:
    """Write the workflows: those that train, or the one of a served model."""
    if bool(args.base_url) != bool(args.model):
        raise FtgateError("--base-url URL and --model NAME belong together: the workflow asks this served model")
    pipelines = [] if args.model else retrained(Path(args.pipelines))
    args.crons, args.retrain, args.promoters = crons_of(pipelines), bool(pipelines), has_promoters(args)
    names = COMPARING if args.model else (*TRAINING, *([RETRAINING] if args.retrain else []))
    return _write("github", names, args)


def gitlab(args: argparse.Namespace) -> int:
    """Write the files that .gitlab-ci.yml includes: that of a served model, or gate, and canary with retraining."""
    if bool(args.base_url) != bool(args.model):
        raise FtgateError("--base-url URL and --model NAME belong together: the file asks this served model")
    names = COMPARING if args.model else TRAINING
    args.crons, args.retrain = [], not args.model and bool(retrained(Path(args.pipelines)))
    args.promoters = has_promoters(args)
    return _write("gitlab", names, args)


def _write(host: str, names: Iterable[str], args: argparse.Namespace) -> int:
    sets = sets_below(Path(args.goldens))
    args.needs = needs_of(sets)
    code = write_files(host, names, args)
    args.needs.tell(args.install)
    for line in drop_lines(sets, args.max_drop) if args.model else ():
        say(line)
    return code


def _labels(text: str) -> str:
    labels = [label.strip() for label in text.split(",")]
    if not all(labels):
        raise argparse.ArgumentTypeError(f"{text!r} has an empty label; write self-hosted,gpu")
    return ",".join(labels)


def _cron(text: str) -> str:
    if problem := cron_problem(text):
        raise argparse.ArgumentTypeError(f"{text!r} {problem}: '17 3 * * *'")
    return text


def _minutes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 7200:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes from 1 to 7200 (five days)")
    return int(text)

"""`ftgate leakage TRAIN... --goldens DIR`: rows -> what of the golden sets stands in them; exit code 0 or 11."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.commands.common import STATE_DIR, say
from pytest_ftgate.errors import LeakageError, SelfTestError

if TYPE_CHECKING:
    from pytest_ftgate.leakage.report import Report
    from pytest_ftgate.suite import Suite

LEAKED = 11


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("leakage", help="which goldens stand in training data; exit code 11 if one does")
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="TRAIN",
        help="training rows: .jsonl, .json, .csv, .parquet, or a folder of Hugging Face datasets",
    )
    parser.add_argument(
        "--goldens", type=Path, default=Path("goldens"), metavar="DIR", help="golden set, or a folder of them"
    )
    parser.add_argument("--strict", action="store_true", help="suspects count as leaks")
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="scan on a Ray cluster: HOST:PORT of its head, auto, or local",
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path(STATE_DIR),
        metavar="DIR",
        help=f"with --ray: where finished files are remembered (default {STATE_DIR})",
    )
    parser.set_defaults(run=leakage)


def leakage(args: argparse.Namespace) -> int:
    """Check, tell, and say by the exit code whether the data may be trained on."""
    from pytest_ftgate.leakage.report import COLOURS, MARKS
    from pytest_ftgate.suite import load_suite

    suites = [load_suite(path) for path in golden_files(args.goldens)]
    try:
        report = _report(args, suites)
    except SelfTestError as error:
        say(f"INTEGRITY: {error}")
        return LEAKED
    say(report.describe(COLOURS if sys.stdout.isatty() and "NO_COLOR" not in os.environ else MARKS))
    return LEAKED if report.blocking(strict=args.strict) else 0


def _report(args: argparse.Namespace, suites: Sequence[Suite]) -> Report:
    if args.ray is None:
        from pytest_ftgate.leakage.own import check_own

        return check_own(args.files, suites)
    from pytest_ftgate.leakage.cluster.journal import Journal
    from pytest_ftgate.leakage.cluster.scan import scan_on_ray

    journal = Journal(args.state_dir / "leakage" / "finished.jsonl")
    done = scan_on_ray(args.files, suites, args.ray, journal)
    say(f"ray: {done.pieces:,} pieces scanned; {done.finished:,} of {done.files:,} files were finished before")
    return done.report


def golden_files(path: Path) -> list[Path]:
    """The golden sets at or below a path. Raises LeakageError if there is none."""
    from pytest_ftgate.catalogue import Catalogue, is_golden

    found = [path] if path.is_file() and is_golden(path) else list(Catalogue((path,), ()).golden_paths.values())
    if not found:
        raise LeakageError(f"{path}: there is no golden set here; name a set, or a folder of sets: --goldens DIR")
    return found

"""`ftgate lock PATH...`: golden sets as they are now -> their golden.lock."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_ftgate.cli.common import say


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("lock", help="accept the current golden sets: write golden.lock")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="folder, golden.toml or single-file set")
    parser.add_argument(
        "--delta",
        type=_share,
        metavar="SHARE",
        help="non-inferiority margin of the champion check, 0 to 1, e.g. 0.03 (default: unchanged)",
    )
    parser.set_defaults(run=lock)


def lock(args: argparse.Namespace) -> int:
    """Write the locks; all sets are read first, so that a faulty one leaves every lock as it was."""
    from pytest_ftgate.evaluate.lock import read_lock, write_lock
    from pytest_ftgate.evaluate.suite import load_suite

    for path, suite in [(path, load_suite(path)) for path in args.paths]:
        written = write_lock(path, suite, args.delta)
        held = read_lock(path)
        margin = f", margin {held.delta * 100:g} points" if held else ""
        say(f"{written}: {len(suite.cases):,} cases of {suite.name}{margin}")
    return 0


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1 (3 points = 0.03)")
    return value

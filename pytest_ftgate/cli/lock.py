"""`ftgate lock PATH...`: golden sets as they are now -> their golden.lock."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import SETS, STATE_DIR, say
from pytest_ftgate.registry.audit import record

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.lock import Lock
    from pytest_ftgate.evaluate.suite import Suite


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("lock", help="accept the current golden sets: write golden.lock")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=SETS)
    parser.add_argument(
        "--delta",
        type=_share,
        metavar="SHARE",
        help="non-inferiority margin of the champion check, 0 to 1, e.g. 0.03 (default: unchanged)",
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path(STATE_DIR),
        metavar="DIR",
        help=f"state folder whose audit log records it, if the folder exists (default {STATE_DIR})",
    )
    parser.set_defaults(run=lock)


def lock(args: argparse.Namespace) -> int:
    """Print what is accepted, record it, write it.

    All sets are read first, so that a faulty one leaves every lock as it was. The audit log comes before the lock: if
    it cannot be written, nothing is accepted.
    """
    from pytest_ftgate.evaluate.lock import read_lock, renewed, write
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import golden_files

    suites = [(path, load_suite(path)) for given in args.paths for path in golden_files(given)]
    locks = [(path, suite, read_lock(path), renewed(path, suite, args.delta)) for path, suite in suites]
    for path, suite, before, now in locks:
        for line in _accepted(suite, before, now, args.delta):
            say(f"  {line}")
        if before and now != before and not args.state_dir.is_dir():
            say(f"  {suite.name}: in no audit log: no state folder {args.state_dir} here (--state-dir DIR)")
        elif now != before and args.state_dir.is_dir():
            record(args.state_dir, "lock", suite.name, {"changes": list(now.history[-1].changes), "seal": now.seal})
        say(f"{write(path, now)}: {len(suite.cases):,} cases of {suite.name}, margin {now.delta * 100:g} points")
    return 0


def _accepted(suite: Suite, before: Lock | None, now: Lock, delta: float | None) -> Iterator[str]:
    """What the new lock accepts that the one before did not, in words."""
    if now == before:
        yield f"{suite.name}: nothing has changed since the last lock"
    else:
        yield from (f"{suite.name}: accepts {change}" for change in now.history[-1].changes)
    asked = suite.golden.gate.delta if suite.golden.gate else None
    if delta is None and asked is not None and asked != now.delta:
        stays = f"the margin of golden.lock stays {now.delta:g}"
        yield f"{suite.name}: delta = {asked:g} of [gate] is not used: {stays}; to change it: --delta {asked:g}"


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1 (3 points = 0.03)")
    return value

"""`ftgate canary TASK`: the nights of a champion; with --rebase, new reference runs for the nights to come."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import open_existing, say, say_table, task_name, version_number
from pytest_ftgate.cli.model_options import asking, asking_options
from pytest_ftgate.errors import FtgateError, LockError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.canary.history import Night
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.registry.search import Logged


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("canary", parents=[asking_options()], help="canary history of a champion")
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument(
        "--rebase", default="", metavar="REASON", help="record new reference runs; restarts the canary history"
    )
    parser.add_argument("--version", type=version_number, metavar="vN", help="default: the champion")
    parser.add_argument("--goldens", type=Path, default=Path("goldens"), metavar="DIR", help="default: goldens")
    parser.set_defaults(run=canary)


def canary(args: argparse.Namespace) -> int:
    """Print the nights, or record new reference runs."""
    return _rebase(args) if args.rebase else _nights(args)


def _nights(args: argparse.Namespace) -> int:
    from pytest_ftgate.pipeline.canary.store import nights_of, production_of, reference_of

    registry = open_existing(args)
    version = registry.version(args.task, args.version) if args.version else registry.champion(args.task)
    if version is None:
        raise FtgateError(
            f"{args.task} has no champion; tasks in the registry: {', '.join(registry.tasks()) or 'none'}"
        )
    reference = reference_of(registry, version)
    if reference is None:
        raise FtgateError(f"{version} has no reference runs; record them: ftgate canary {args.task} --rebase REASON")
    expected = reference.expected
    say(f"{version}: reference {expected.score:.3f} ({expected.k} runs, n = {expected.n}; {reference.reason})")
    nights = nights_of(registry, reference, version)
    if nights:
        say_table([("night", "score", "z", "finding", "reason"), *_rows(nights)])
    else:
        say("no canary runs yet; start one: pytest --canary")
    if looks := production_of(registry, version):
        say("labelled production inputs:")
        say_table([("night", "score", "95 % interval", "n", "goldens", "finding"), *map(_look, looks)])
    return 0


def _look(run: Logged) -> tuple[str, ...]:
    seen = run.metrics
    between = f"{seen['lower']:.3f} to {seen['upper']:.3f}"
    counted = f"{seen['n']:.0f}", f"{seen['goldens']:.3f}"
    return run.tags["ftgate.night"], f"{seen['score']:.3f}", between, *counted, run.tags["finding"]


def _rows(nights: list[tuple[Night, Logged]]) -> Iterator[tuple[str, ...]]:
    """By date; dates without a night between two others are shown as gaps."""
    before = None
    for night, run in sorted(nights, key=lambda each: (each[0].day, each[1].ended_s)):
        if before and (gap := (night.day - before).days - 1) > 0:
            yield ("", "", "", "", f"missing nights: {gap}")
        before = night.day
        found, reason = run.tags.get("finding", ""), run.tags.get("reason", "")
        yield str(night.day), f"{night.score:.3f}", f"{run.metrics.get('z', 0.0):+.1f}", found, reason


def _rebase(args: argparse.Namespace) -> int:
    from pytest_ftgate.pipeline.canary.run import CanaryRun
    from pytest_ftgate.pipeline.discovery import Catalogue

    open_existing(args)
    catalogue = Catalogue((args.goldens,), (args.pipelines,))
    if args.task not in catalogue.pipeline_paths:
        known = ", ".join(catalogue.pipeline_paths) or "none"
        raise FtgateError(f"no pipeline {args.task!r} in {args.pipelines}; available: {known}")
    pipeline: Pipeline = catalogue.pipeline(args.task)
    suites = [_locked(catalogue.golden_path(name)) for name in pipeline.panel_goldens]
    with asking(args) as runtime:
        version, reference = CanaryRun(pipeline, suites, runtime).rebase(args.rebase)
    expected = reference.expected
    say(
        f"{version}: new reference {expected.score:.3f} ({expected.k} runs, n = {expected.n}); canary history restarted"
    )
    return 0


def _locked(path: Path) -> Suite:
    """The golden set of a file, as its lock holds it. Raises FileFaults."""
    from pytest_ftgate.evaluate.lock import compare, read_lock
    from pytest_ftgate.evaluate.suite import load_suite

    suite, lock = load_suite(path), read_lock(path)
    if lock is not None and (faults := compare(suite, lock)):
        raise LockError(faults)
    return suite

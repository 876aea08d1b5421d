"""`ftgate live propose`: labelled inputs -> new golden cases and new training rows, never both."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say
from pytest_ftgate.cli.live_label import labelled_inputs
from pytest_ftgate.cli.live_options import live_options, pipeline_of, say_counts, suites_of
from pytest_ftgate.cli.numbers import whole
from pytest_ftgate.errors import FtgateError, JournalError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.live.propose import Earlier, Proposals
    from pytest_ftgate.pipeline.live.store import LiveStore

SHARE = 0.5


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate live`."""
    parser = kinds.add_parser(
        "propose",
        parents=[live_options()],
        help="write labelled inputs as new golden cases and new training rows; none, nor its like, is ever in both",
    )
    parser.add_argument(
        "--golden-share", type=_share, default=SHARE, metavar="SHARE", help=f"for the golden set (default {SHARE})"
    )
    parser.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, metavar="N", help="random seed (default 0)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="a new folder (default: STATE/live/TASK/proposals-N)")
    parser.set_defaults(run=live_propose)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to 1")
    return value


def live_propose(args: argparse.Namespace) -> int:
    """Split, remember, write. Golden set and training data stay as they are."""
    from pytest_ftgate.pipeline.data_access import record_access
    from pytest_ftgate.pipeline.live.rounds import check_free, finish, keep
    from pytest_ftgate.pipeline.live.store import LiveStore

    pipeline = pipeline_of(args)
    suites = suites_of(args, pipeline)
    if args.out:
        check_free(args.out)
    with LiveStore(args.state_dir, args.task) as store:
        for folder in finish(store):
            say(f"{folder}: written now; an earlier run was interrupted")
        record_access(args.state_dir, pipeline, "live propose", suites)
        found = _propose(args, store, suites, pipeline)
        folder_ = keep(store, found, args.out)
    _tell(found, folder_, suites[0])
    return 0


def _propose(args: argparse.Namespace, store: LiveStore, suites: list[Suite], pipeline: Pipeline) -> Proposals:
    from pytest_ftgate.pipeline.live.propose import Plan, propose

    found, _ = labelled_inputs(args.state_dir, args.task, suites[0])
    if not found:
        raise FtgateError(f"{args.task}: nothing labelled; run: ftgate live label --task {args.task}")
    plan = Plan(args.golden_share, args.seed)
    return propose(found, suites, pipeline.data_files, _earlier(args, store), plan)


def _earlier(args: argparse.Namespace, store: LiveStore) -> Earlier:
    """Of this task; and cases and rows of the tasks that share a golden set with it, so that none is on both sides."""
    from pytest_ftgate.pipeline.discovery import Catalogue
    from pytest_ftgate.pipeline.live.store import LiveStore

    catalogue = Catalogue((args.goldens,), (args.pipelines,))
    sharing = {name for golden in catalogue.sets_of(args.task) for name in catalogue.pipelines_of(golden)}
    found = _proposed(store)
    for name in sorted(sharing - {args.task}):
        other = _proposed(LiveStore(args.state_dir, name))
        found = replace(found, cases=(*found.cases, *other.cases), rows=(*found.rows, *other.rows))
    return found


def _proposed(store: LiveStore) -> Earlier:
    from pytest_ftgate.pipeline.live.propose import earlier_of

    try:
        return earlier_of(store.proposed())
    except (KeyError, TypeError) as error:
        file = store.folder / "proposed.jsonl"
        raise JournalError(f"{file}: not a line of proposals ({error!r}); restore the file") from None


def _tell(found: Proposals, folder: Path | None, suite: Suite) -> None:
    from pytest_ftgate.files.text import shown
    from pytest_ftgate.golden.paths import set_argument
    from pytest_ftgate.pipeline.live.rounds import CASES, TRAIN

    if folder is None:
        say("nothing new to propose")
    file, argument = shown(suite.golden.cases_path), shown(set_argument(suite.golden.path))
    if found.golden:
        say(f"{folder}/{CASES}: {len(found.golden)} golden cases")
        say(f"  look through them, add them to {file}, then: ftgate lock {argument}")
    if found.train:
        say(f"{folder}/{TRAIN}: {len(found.train)} training rows; add the file to [data] train of pipeline.toml")
    if found.neither:
        say("for neither side:")
        say_counts(dict(Counter(found.neither.values())))

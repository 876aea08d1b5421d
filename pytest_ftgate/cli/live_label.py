"""`ftgate live label`: sampled inputs -> people's labels, in the terminal or on the page of `ftgate judge label`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.annotation_files import at_work, open_book
from pytest_ftgate.cli.common import say
from pytest_ftgate.cli.data_review import review_options
from pytest_ftgate.cli.live_options import live_options, pipeline_of, suites_of
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.annotation.review_queue import Decision
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.live.labelling import Labelled

KIND = "live"


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate live`."""
    parser = kinds.add_parser(
        "label", parents=[live_options()], help="label the sampled inputs; continues where it stopped"
    )
    parser.add_argument("--all", action="store_true", help="also show inputs that other people have labelled")
    review_options(parser)
    parser.set_defaults(run=live_label)


def live_label(args: argparse.Namespace) -> int:
    """Show what nobody has decided, keep the decisions, write the labelled inputs."""
    from pytest_ftgate.files.atomic import write_text
    from pytest_ftgate.pipeline.live.labelling import as_lines, live_items, live_task
    from pytest_ftgate.pipeline.live.store import LiveStore

    pipeline = pipeline_of(args)
    suites = suites_of(args, pipeline)
    suite = suites[0]
    store = LiveStore(args.state_dir, args.task)
    inputs = [each for each in store.sampled() if each.golden == suite.name]
    if not inputs:
        raise FtgateError(
            f"{args.task}: nothing sampled for {suite.name}; run: ftgate live sample LOG --task {args.task}"
        )
    with open_book(args, suite, KIND) as book:
        others = {key for made in _decisions(args.state_dir, suite, book.path) for key in made}
        shown = [each for each in inputs if args.all or each.key not in others]
        at_work(args, live_task(suite), live_items(suite, shown), book)
    pairs = [labelled_inputs(args.state_dir, args.task, each) for each in suites]
    found = [each for agreed, _ in pairs for each in agreed]
    disputed = [key for _, others_say in pairs for key in others_say]
    write_text(store.labelled_file, as_lines(found))
    say(f"{store.labelled_file}: {len(found)} of {len(store.sampled())} inputs labelled")
    if disputed:
        say(f"{len(disputed)} left out, as people disagree: {', '.join(key[:12] for key in disputed[:5])}")
    return 0


def labelled_inputs(state_dir: Path, task: str, suite: Suite) -> tuple[list[Labelled], list[str]]:
    """What people labelled alike of the inputs of a set, and the keys on which they disagree. Raises JournalError."""
    from pytest_ftgate.pipeline.live.labelling import labelled
    from pytest_ftgate.pipeline.live.store import LiveStore

    inputs = [each for each in LiveStore(state_dir, task).sampled() if each.golden == suite.name]
    return labelled(suite, inputs, _decisions(state_dir, suite))


def _decisions(state_dir: Path, suite: Suite, own: Path | None = None) -> list[Mapping[str, Decision]]:
    """Of each person but the one whose file is `own`."""
    from pytest_ftgate.annotation.review_queue import decided
    from pytest_ftgate.files.append_log import objects

    files = sorted((state_dir / "review").glob(f"{suite.name}.{KIND}.*.jsonl"))
    return [decided(list(objects(file, "decision"))) for file in files if file != own]

"""`ftgate data dedup IN... OUT`: training data -> a copy with one row of each group of equal or near ones."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import console, record_reading, say
from pytest_ftgate.cli.data_columns import add_column, columns_in
from pytest_ftgate.cli.numbers import real

if TYPE_CHECKING:
    from pytest_ftgate.data.dedup.dedup import Deduplicated, Job


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command below `ftgate data`."""
    parser = kinds.add_parser("dedup", help="write a JSON Lines copy with one row of each group of equal or near rows")
    parser.add_argument("files", nargs="+", type=Path, metavar="IN", help="same formats as check")
    parser.add_argument("out", type=Path, metavar="OUT", help="output file, replaced atomically")
    parser.add_argument(
        "--threshold",
        type=real(0.7, 1),
        default=0.8,
        metavar="X",
        help="least similarity of near rows, 0.7 to 1: Jaccard index of character 5-grams (default 0.8)",
    )
    parser.add_argument(
        "--by",
        choices=("row", "question"),
        default="row",
        help="what must be near: question and answer, or the question whatever the answer is (default row)",
    )
    parser.add_argument(
        "--keep", choices=("first", "longest"), default="first", help="which row of a group is written (default first)"
    )
    parser.add_argument(
        "--against",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="also drop rows that are near to a row of this file, which is not written (repeatable)",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write each dropped row and the row that stands for it, as JSON Lines",
    )
    parser.add_argument(
        "--ray", metavar="ADDRESS", help="compare on a Ray cluster: HOST:PORT of its head node, auto or local"
    )
    add_column(parser)
    parser.set_defaults(run=dedup)


def dedup(args: argparse.Namespace) -> int:
    """Write the copy, and tell how many rows it lost."""
    from pytest_ftgate.data.dedup.dedup import Job
    from pytest_ftgate.data.readers.json_line import check_target

    for written in filter(None, (args.out, args.report)):
        check_target(written)
    columns = columns_in(args)
    record_reading(args, "data dedup", args.files)
    job = Job(args.files, args.out, args.against, args.report, args.by, args.keep, args.threshold, columns)
    done = _done(job, args.ray)
    counts = done.counts
    dropped = f"{counts.equal:,} equal and {counts.near:,} near rows dropped"
    say(f"{args.out}: {counts.written:,} rows of {counts.read:,}; {dropped}")
    if done.note:
        say(f"  {done.note}")
    if done.resumed:
        say(f"  resumed: {done.resumed:,} pieces of work were already done")
    return 0


def _done(job: Job, address: str | None) -> Deduplicated:
    from pytest_ftgate.data.dedup.dedup import deduplicate

    if address is None:
        return deduplicate(job, progress=console().progress)
    from pytest_ftgate.leakage.cluster.workers import ray_workers

    with ray_workers(address) as workers:
        return deduplicate(job, workers, console().progress)

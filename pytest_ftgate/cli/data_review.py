"""`ftgate data review FILE`: synthetic rows -> a person's decisions, and a file of the rows that may train."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from pytest_ftgate.cli.common import record_reading, say
from pytest_ftgate.errors import FtgateError


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate data`."""
    parser = kinds.add_parser("review", help="accept, edit or reject synthetic rows; only reviewed rows are trained on")
    parser.add_argument("file", type=Path, metavar="FILE", help='rows with "synthetic": true; not modified')
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="output with the accepted rows, overwritten on each run (default: X.reviewed.jsonl)",
    )
    review_options(parser)
    parser.set_defaults(run=review)


def review_options(parser: argparse.ArgumentParser) -> None:
    """What every command that a person works at takes."""
    parser.add_argument("--web", action="store_true", help="review in a local web page instead of the terminal")
    parser.add_argument("--by", default="", metavar="NAME", help="pseudonym of the reviewer (default: login name)")


def review(args: argparse.Namespace) -> int:
    """Show what waits, keep the decisions in FILE.review.jsonl, write the file that may train."""
    from pytest_ftgate.annotation.decision_log import DecisionLog
    from pytest_ftgate.annotation.review_queue import ReviewQueue
    from pytest_ftgate.cli.review.rows import review_items, review_task, write_reviewed
    from pytest_ftgate.cli.review.run import run_review
    from pytest_ftgate.data.readers.json_line import check_target

    out = args.out or args.file.with_name(f"{args.file.stem}.reviewed.jsonl")
    if out.absolute() == args.file.absolute():
        raise FtgateError(f"{out}: --out must differ from FILE, which is not modified")
    check_target(out)
    record_reading(args, "data review", [args.file])
    items = review_items(args.file)
    with DecisionLog(args.file.with_name(f"{args.file.name}.review.jsonl")) as decision_log:
        queue = ReviewQueue(review_task(args.file), items, decision_log, args.by)
        try:
            run_review(queue, say, web=args.web)
        finally:
            say(_told(write_reviewed(args.file, queue.decisions, out), out))
    return 0


def _told(counts: Counter[str], out: Path) -> str:
    taken = {"accepted": "accepted", "edited": "edited", "kept": "not synthetic"}
    left = {"rejected": "rejected", "unreviewed": "unreviewed"}
    written, without = (
        ", ".join(f"{counts[key]} {words}" for key, words in names.items() if counts[key]) or "none"
        for names in (taken, left)
    )
    return f"{out}: {sum(counts[key] for key in taken)} rows ({written}); dropped: {without}"

"""`ftgate ci comment`: the report of a run -> one comment on the pull or merge request, which later runs update."""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say, state_option
from pytest_ftgate.cli.report import kept_report
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

LARGEST = 100_000_000
"""Bytes of a file with a report."""


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate ci`."""
    parser = kinds.add_parser(
        "comment", parents=[state_option()], help="write a run's report as a comment on the pull or merge request"
    )
    parser.add_argument(
        "of_run", nargs="?", default="last", metavar="RUN", help="last (default), last~1, a run id or its beginning"
    )
    parser.add_argument(
        "--run-file", type=Path, metavar="FILE", help="of a run elsewhere: what it wrote with --ftgate-run-file"
    )
    parser.add_argument(
        "--name", type=_name, metavar="NAME", help="each name has a comment of its own, e.g. the pipeline"
    )
    parser.add_argument("--print", action="store_true", dest="only_print", help="print the comment, ask no host")
    parser.set_defaults(run=comment)


def comment(args: argparse.Namespace) -> int:
    """Create it, or update the one that is there. A job that may not write, or has no request, says so and ends 0."""
    from pytest_ftgate.cli.ci_hosts import NothingToCommentError, comments_of

    mark = f"<!-- pytest-ftgate{f': {args.name}' if args.name else ''} -->\n"
    body = mark + _page(args)
    if args.only_print:
        say(body)
        return 0
    try:
        comments = comments_of(os.environ)
    except NothingToCommentError as reason:
        say(f"no comment: {reason}")
        return 0
    known = comments.mine(mark)
    address = comments.update(known, body) if known else comments.create(body)
    say(f"comment on {comments.where} {'updated' if known else 'created'}: {address}")
    return 0


def _page(args: argparse.Namespace) -> str:
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.pipeline.report.text.markdown import COMMENT, page

    if args.run_file is None:
        return page(kept_report(RecordStore(args.state_dir), args.of_run), COMMENT)
    try:
        return page(_read(args.run_file), COMMENT)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        raise FtgateError(
            f"{shown(args.run_file)}: not the report of a run; expected the run file that pytest wrote"
        ) from None


def _read(path: Path) -> RunReport:
    """It was written on another machine, maybe by the code of a pull request: nothing in it is trusted."""
    from pytest_ftgate.pipeline.report.run_report import FORMAT, RunReport

    try:
        if path.stat().st_size > LARGEST:
            raise FtgateError(f"{shown(path)}: larger than {LARGEST:,} bytes, which no report is")
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise FtgateError(f"{shown(path)}: cannot be read: {error.strerror or error}") from None
    if data["format"] != FORMAT:
        raise ValueError
    return RunReport.from_json(data)


def _name(text: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,100}", text) or "--" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of letters, digits, . _ and single -")
    return text

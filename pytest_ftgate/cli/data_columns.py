"""`--column prompt=Frage` of the commands that read training rows: keys that the rows name otherwise."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.data.readers.renamed import Columns


def add_column(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        type=_pair,
        metavar="KEY=NAME",
        help="read the column NAME as KEY, as in --column prompt=Frage (repeatable)",
    )


def columns_in(args: argparse.Namespace) -> Columns:
    """What the option says. Raises FtgateError for a key that nothing reads, or one given twice."""
    from pytest_ftgate.data.readers.renamed import columns_of

    try:
        return columns_of(args.column)
    except ValueError as error:
        raise FtgateError(f"--column: {error}") from None


def _pair(text: str) -> tuple[str, str]:
    key, equals, name = text.partition("=")
    if not (key and equals and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=NAME, such as prompt=Frage")
    return key, name

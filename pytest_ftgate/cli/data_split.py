"""`ftgate data split FILE... --out DIR`: training data -> train, validation, test; exit code 1 if groups straddle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import record_reading, say, say_table
from pytest_ftgate.cli.data_columns import add_column, columns_in
from pytest_ftgate.cli.numbers import whole

if TYPE_CHECKING:
    from pytest_ftgate.data.split.part import Shares


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command below `ftgate data`."""
    parser = kinds.add_parser(
        "split", help="split into train, validation and test: no duplicates across splits, stable as rows are added"
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help=".jsonl, .json, .csv (.gz, .bz2, .xz, .zst), .parquet or a dataset folder",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the splits and split.lock")
    parser.add_argument(
        "--shares", type=_shares, metavar="N/N/N", help="train/validation/test (default: of split.lock, else 80/10/10)"
    )
    parser.add_argument(
        "--seed", type=whole(0, 2**32 - 1), metavar="N", help="random seed (default: that of split.lock, or 0)"
    )
    add_column(parser)
    parser.set_defaults(run=split)


def split(args: argparse.Namespace) -> int:
    """Split, tell, and say by the exit code whether something stands on two sides."""
    from pytest_ftgate.data.split.report import notes_of, table_of
    from pytest_ftgate.data.split.split import split_data

    record_reading(args, "data split", args.files)
    done = split_data(args.files, args.out, args.shares, args.seed, columns_in(args))
    say(f"split: {args.out}")
    say_table(table_of(done), indent="  ")
    for note in notes_of(done):
        say(note)
    return 1 if done.apart else 0


def _shares(text: str) -> Shares:
    from pytest_ftgate.data.split.part import parse_shares

    try:
        return parse_shares(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

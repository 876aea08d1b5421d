"""`ftgate data check FILE...`: training data -> a line for each check; exit code 0, or 1 if one found an error.

`ftgate data redact IN... OUT`: training data -> a copy without personal data and keys.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli import data_dedup, data_generate, data_review, data_split
from pytest_ftgate.cli.common import record_reading, say
from pytest_ftgate.cli.data_columns import add_column, columns_in
from pytest_ftgate.cli.numbers import whole
from pytest_ftgate.data.checks import CHECKS
from pytest_ftgate.errors import DataError, Fault, FtgateError
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.data.checks.label_counts import LabelCounts
    from pytest_ftgate.data.checks.perplexity import Perplexity
    from pytest_ftgate.data.checks.special_tokens import FindSpecial
    from pytest_ftgate.data.readers.renamed import Columns
    from pytest_ftgate.data.readers.row import DataRow

ALLOWABLE = tuple(name for name in CHECKS if name not in ("schema", "validation"))
"""Checks whose errors may be warnings here: all but those of rows that cannot be read, and of pipelines alone."""
MAX_LENGTH = 1024
"""Tokens; the default of a pipeline's train.max_length."""
SAMPLED = 200
"""Rows whose perplexity is looked at."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("data", help="check, redact, deduplicate, generate, review and split training data")
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    check = kinds.add_parser("check", help="check format, duplicates, labels, personal data ...; exit code 1 on errors")
    check.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help=".jsonl, .json, .csv (.gz, .bz2, .xz, .zst), .parquet or a dataset folder",
    )
    check.add_argument("--model", type=Path, metavar="DIR", help="model whose tokenizer counts the tokens")
    check.add_argument(
        "--max-length",
        type=whole(1),
        metavar="N",
        help=f"maximum row length in tokens, with --model (default {MAX_LENGTH})",
    )
    check.add_argument(
        "--goldens", type=Path, metavar="DIR", help="check against these golden sets too: format, coverage and leakage"
    )
    check.add_argument(
        "--perplexity",
        type=whole(1),
        nargs="?",
        const=SAMPLED,
        default=0,
        metavar="N",
        help=f"list perplexity outliers under --model in a sample of N rows (default {SAMPLED})",
    )
    check.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=ALLOWABLE,
        help="report findings of this check as warnings (repeatable)",
    )
    add_column(check)
    check.set_defaults(run=check_data)
    redact = kinds.add_parser("redact", help="write a JSON Lines copy with personal data and keys removed")
    redact.add_argument("files", nargs="+", type=Path, metavar="IN", help="same formats as check")
    redact.add_argument("out", type=Path, metavar="OUT", help="output file, replaced atomically")
    redact.add_argument(
        "--drop", action="store_true", help="drop affected rows instead of masking (<EMAIL>, <PHONE>, ...)"
    )
    add_column(redact)
    redact.set_defaults(run=redact_data)
    data_dedup.add(kinds)
    data_generate.add(kinds)
    data_review.add(kinds)
    data_split.add(kinds)


def check_data(args: argparse.Namespace) -> int:
    """Check, tell, and say by the exit code whether something is wrong."""
    from pytest_ftgate.data.checks.all_checks import every_check
    from pytest_ftgate.data.checks.report import lines_of
    from pytest_ftgate.data.checks.run import inspect

    goldens = _marginals(args.goldens) if args.goldens else None
    longest, perplexity = args.max_length or MAX_LENGTH, _perplexity(args) if args.perplexity else None
    tokens_of, special = _of_tokenizer(args)
    checks = every_check(tokens_of, longest, goldens, perplexity=perplexity, special=special)
    _check_there(args.files)
    record_reading(args, "data check", args.files)
    inspection = inspect(_entries(args.files, columns_in(args)), checks, args.allow)
    for line in lines_of(inspection, len(args.files)):
        say(line)
    if args.model is None and inspection.rows:
        say("  truncated rows and special tokens not checked: needs --model DIR")
    leaked = args.goldens is not None and _leaked(args.files, args.goldens)
    return 1 if inspection.failed or leaked else 0


def redact_data(args: argparse.Namespace) -> int:
    """Write the copy, and tell how many rows it changed or lost."""
    from pytest_ftgate.data.pii import national
    from pytest_ftgate.data.pii.redact import write_redacted
    from pytest_ftgate.data.readers.json_line import check_target

    check_target(args.out)
    record_reading(args, "data redact", args.files)
    done = write_redacted(args.files, args.out, drop=args.drop, columns=columns_in(args))
    verb = "dropped" if done.dropped else "redacted"
    say(f"{args.out}: {done.written:,} rows of {done.read:,}; {done.changed:,} {verb} for personal data or keys")
    if not national.can_find():
        say(f"  {national.NOTE}")
    return 0


def _check_there(files: Sequence[Path]) -> None:
    """Raises DataError for files that are not there: a mistake of the command, not a finding in the data."""
    what = "not found; expected a file of training rows"
    missing = [Fault(shown(path), 0, what) for path in files if not path.exists()]
    if missing:
        raise DataError(missing)


def _entries(files: Sequence[Path], columns: Columns) -> Iterator[DataRow | Fault]:
    from pytest_ftgate.data.readers.reader import read_entries
    from pytest_ftgate.data.readers.unseen import with_unseen

    entries = (entry for path in files for entry in read_entries(path, columns))
    return with_unseen(entries, columns, "--column")


def _of_tokenizer(args: argparse.Namespace) -> tuple[Callable[[DataRow], int] | None, FindSpecial | None]:
    """What counts the tokens of a row, and what finds the special ones in its text."""
    if args.model is None:
        if args.max_length is not None:
            raise FtgateError("--max-length needs --model DIR")
        return None, None
    from pytest_ftgate.data.checks.special_tokens import special_in
    from pytest_ftgate.data.checks.tokens import tokenizer_in, tokens_in

    tokenizer = tokenizer_in(args.model, "counting tokens")
    return tokens_in(tokenizer), special_in(tokenizer)


def _perplexity(args: argparse.Namespace) -> Perplexity:
    if args.model is None:
        raise FtgateError("--perplexity needs --model DIR")
    from pytest_ftgate.data.checks.perplexity import Perplexity
    from pytest_ftgate.serve.precision import native_dtype
    from pytest_ftgate.train.perplexity import losses_in

    return Perplexity(losses_in(args.model, native_dtype(), args.max_length or MAX_LENGTH), args.perplexity)


def _marginals(goldens: Path) -> LabelCounts:
    """Counts of the golden sets; what their cases say stays there."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import golden_files
    from pytest_ftgate.pipeline.label_counts import label_counts_of

    return label_counts_of([load_suite(path) for path in golden_files(goldens)])


def _leaked(files: Sequence[Path], goldens: Path) -> bool:
    """Tell what of the golden sets stands in the rows. LeakageError if the files cannot be compared."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.leakage.user_check import check_own
    from pytest_ftgate.pipeline.discovery import golden_files

    report = check_own(files, [load_suite(path) for path in golden_files(goldens)])
    say(report.describe())
    return bool(report.leaks)

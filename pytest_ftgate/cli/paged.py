"""Long output: in a pager where a person reads it, else printed."""

from __future__ import annotations

import argparse
import os
import pydoc
import sys
from collections.abc import Iterable

from pytest_ftgate.cli.common import say
from pytest_ftgate.files.escape import printable, printable_json


def output_options() -> argparse.ArgumentParser:
    """A parent parser with --json and --no-pager."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--json", action="store_true", help="print JSON")
    options.add_argument("--no-pager", action="store_true", help="print at once, also to a terminal (else: PAGER)")
    return options


def show(lines: Iterable[str], args: argparse.Namespace) -> None:
    """Print lines, escaped and without secrets; in the pager of the user if stdout is a terminal."""
    text = "\n".join(lines)
    if args.no_pager or not sys.stdout.isatty():
        say(text)
        return
    os.environ.setdefault("LESS", "FRX")
    pydoc.pager(f"{printable(text)}\n")


def show_json(value: object) -> None:
    """Print a JSON value."""
    say(printable_json(value))

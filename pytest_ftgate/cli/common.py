"""What all commands share: where the registry is, and how they print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.ini import ini_path, ini_text
from pytest_ftgate.errors import RecordError, RegistryError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.files.names import HELP, name_problem
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.progress import Console
    from pytest_ftgate.registry import Registry
    from pytest_ftgate.registry.access.cipher import Cipher
    from pytest_ftgate.registry.promotion_lock import Claim

STATE_DIR = ".ftgate"
SET = "golden set: its folder or file"
SETS = "golden set (its folder or file), or folder of golden sets"
_MOST_DIGITS = 9
"""Of the number of a version."""


def say(line: str = "") -> None:
    """Print a line, or several: escaped, and without secrets."""
    sys.stdout.write(f"{printable(line)}\n")
    sys.stdout.flush()


def console() -> Console:
    """Where a long command shows that it goes on: the error stream, so that a pipe gets the result alone."""
    from pytest_ftgate.pipeline.progress import Console

    def line(text: str) -> None:
        sys.stderr.write(f"{printable(text)}\n")
        sys.stderr.flush()

    return Console(sys.stderr, line)


def write_page(path: Path, text: str) -> None:
    """An HTML page, in the place of what was there. Raises RecordError."""
    from pytest_ftgate.pipeline.report.html.document import write

    try:
        write(path, text)
    except OSError as error:
        raise RecordError(f"{shown(path)}: cannot be written: {error.strerror or error}") from None


def say_table(rows: Sequence[Sequence[str]], indent: str = "") -> None:
    """Print rows in aligned columns, without a header of its own."""
    for line in table(rows, indent):
        say(line)


def table(rows: Sequence[Sequence[str]], indent: str = "") -> Iterator[str]:
    """Rows -> lines of aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()


def state_option() -> argparse.ArgumentParser:
    """A parent parser with --state-dir."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--state-dir", type=Path, default=Path(STATE_DIR), metavar="DIR", help=f"state folder (default {STATE_DIR})"
    )
    return options


def registry_options() -> argparse.ArgumentParser:
    """A parent parser with --state-dir and --tracking-uri."""
    options = argparse.ArgumentParser(add_help=False, parents=[state_option()])
    options.add_argument(
        "--tracking-uri",
        metavar="URI",
        help="MLflow store, or hf://ORG/NAME (default MLFLOW_TRACKING_URI, else SQLite in the state folder)",
    )
    options.add_argument(
        "--verify-key",
        type=Path,
        metavar="FILE",
        help="public key (PEM); refuse adapters without a valid signature (default: ini ftgate_verify_key)",
    )
    return options


def record_reading(args: argparse.Namespace, purpose: str, files: Iterable[Path]) -> None:
    """In the audit log of the project, if there is one: that this command reads files of rows, and for what."""
    from pytest_ftgate.pipeline.data_access import record_files

    record_files(getattr(args, "state_dir", Path(STATE_DIR)), purpose, files)


def has_registry(args: argparse.Namespace) -> bool:
    """Whether there is a registry; asks without importing MLflow."""
    from pytest_ftgate.registry import exists

    return exists(args.tracking_uri, args.state_dir)


def open_existing(args: argparse.Namespace) -> Registry:
    """The registry that the options name. RegistryError if there is none: a question never creates one."""
    if not has_registry(args):
        raise RegistryError(
            f"no registry in {args.state_dir}: nothing has been promoted yet\n"
            "    Run `pytest GOLDENS --train` first, or pass --state-dir DIR or --tracking-uri URI"
        )
    from pytest_ftgate.registry import Keys, open_registry

    opened = open_registry(args.tracking_uri, args.state_dir, Keys(None, verify_key(args), cipher()))
    return replace(opened, on_wait=_say_waiting, promoter_key=promoter_key(args))


def key_option() -> argparse.ArgumentParser:
    """A parent parser with --key."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="private key (PEM) of a promoter (default: ini ftgate_promoter_key, else FTGATE_PROMOTER_KEY)",
    )
    return options


def cipher() -> Cipher:
    """The ini options ftgate_encrypt and ftgate_decrypt of the project, else FTGATE_ENCRYPT and FTGATE_DECRYPT."""
    from pytest_ftgate.registry.access.cipher import Cipher, from_environment

    ini = Cipher(ini_text("ftgate_encrypt", Path.cwd()), ini_text("ftgate_decrypt", Path.cwd()))
    return from_environment(ini)


def promoter_key(args: argparse.Namespace) -> Path | None:
    """--key, else the ini option ftgate_promoter_key, else the file that FTGATE_PROMOTER_KEY names."""
    from pytest_ftgate.registry.access.right import key_file

    given: Path | None = getattr(args, "key", None)
    return key_file(given or ini_path("ftgate_promoter_key", Path.cwd()))


def verify_key(args: argparse.Namespace) -> Path | None:
    """--verify-key, else the ini option ftgate_verify_key of the project that the command runs in."""
    given: Path | None = args.verify_key
    return given or ini_path("ftgate_verify_key", Path.cwd())


def _say_waiting(claim: Claim) -> None:
    say(f"waiting for the lock held by {claim}")


def task_name(text: str) -> str:
    """A task, as an argument of a command; refused if no task can be called so."""
    if problem := name_problem(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a valid task name: it {problem}; {HELP}")
    return text


def version_number(text: str) -> int:
    """v3 or 3 -> 3, as an argument of a command."""
    digits = text.removeprefix("v")
    if not digits.isdecimal() or len(digits) > _MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a version, expected v2 or 2")
    return int(digits)

"""Arguments of the command `ftgate` -> exit code: 0 done, 2 a mistake that is explained in one message, 11 what is not
what was recorded.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_ftgate import __version__
from pytest_ftgate.cli import (
    ab,
    advise,
    audit,
    backup,
    canary,
    ci,
    compare,
    cost,
    data,
    diff,
    doctor,
    drift,
    export,
    export_cases,
    import_cases,
    init,
    judge,
    leakage,
    live,
    lock,
    new_case,
    noise,
    power,
    promote,
    promoters,
    pull,
    push,
    ray,
    reconcile,
    report,
    router,
    runs,
    serve,
    show,
    status_history_rollback,
    tradeoff,
    view,
)
from pytest_ftgate.cli.ini import import_folders
from pytest_ftgate.cli.own_options import in_own_options
from pytest_ftgate.errors import FtgateError, IntegrityError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.gate.exit_code import EXIT_CODES, Kind

FAMILIES = (
    init,
    import_cases,
    show,
    runs,
    report,
    compare,
    new_case,
    lock,
    noise,
    power,
    status_history_rollback,
    promote,
    promoters,
    push,
    pull,
    diff,
    audit,
    backup,
    ab,
    doctor,
    serve,
    reconcile,
    router,
    canary,
    drift,
    live,
    leakage,
    data,
    judge,
    ci,
    advise,
    cost,
    ray,
    export,
    export_cases,
    tradeoff,
    view,
)


def main(argv: Sequence[str] | None = None, *, prog: str = "ftgate") -> int:
    """Run one command; `argv` is without the program's name, by default that of the process. prog: name in usage."""
    args = make_parser(prog).parse_args(argv)
    _add_import_folders()
    try:
        return int(args.run(args))
    except IntegrityError as error:
        _complain(error, args)
        return EXIT_CODES[Kind.INTEGRITY]
    except FtgateError as error:
        _complain(error, args)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _complain(error, args)
        return 2


def _complain(error: Exception, args: argparse.Namespace) -> None:
    """Print an error in the options that the command has."""
    sys.stderr.write(printable(f"ftgate: {in_own_options(str(error), args)}\n"))


def _add_import_folders() -> None:
    """Let python graders be imported from where pytest imports them."""
    folders = [str(path) for path in import_folders(Path.cwd())]
    sys.path[:0] = [path for path in folders if path not in sys.path]


def make_parser(prog: str = "ftgate") -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Manage golden sets, training data and champions of pytest-ftgate. Train and test with pytest.",
    )
    told = "show the version, and a conflicting pytest plugin if one is installed"
    parser.add_argument("--version", action=_Version, nargs=0, dest=argparse.SUPPRESS, help=told)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for family in FAMILIES:
        family.add(commands)
    return parser


class _Version(argparse.Action):
    """Prints the version and, where another package's pytest plugin takes our name, what to do about it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from pytest_ftgate.cli.other_ftgate import installed

        sys.stdout.write(f"pytest-ftgate {__version__}\n")
        if other := installed():
            sys.stdout.write(f"{other}\n")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())

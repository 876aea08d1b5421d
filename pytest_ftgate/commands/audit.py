"""`ftgate audit show`, `ftgate audit verify`: the audit log of the state folder, printed and checked."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from pytest_ftgate.audit import AuditLog, log
from pytest_ftgate.audit.check import check_lines
from pytest_ftgate.audit.entry import read_entry
from pytest_ftgate.commands.common import registry_options, say, say_table

if TYPE_CHECKING:
    from pytest_ftgate.audit import Entry

BROKEN = 11
"""Exit code of a log that is not to be trusted, as of a run that is not."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    audit = commands.add_parser("audit", help="who promoted, overrode, rolled back or read which data, and when")
    deeds = audit.add_subparsers(metavar="show|verify", required=True)

    show_parser = deeds.add_parser("show", parents=[registry_options()], help="print the audit log")
    show_parser.add_argument("task", nargs="?", metavar="TASK", help="one task; default: all")
    show_parser.set_defaults(run=show)

    verify_parser = deeds.add_parser(
        "verify", parents=[registry_options()], help="find every line that was edited, removed or moved (exit code 11)"
    )
    verify_parser.set_defaults(run=verify)


def show(args: argparse.Namespace) -> int:
    """Print the lines of a task, or all."""
    lines, _ = _log(args).lines()
    entries = [entry for line in lines if (entry := read_entry(line))]
    rows = [_row(entry) for entry in entries if args.task in (None, entry.task)]
    if rows:
        say_table([("line", "at", "by", "kind", "task", "what"), *rows])
    else:
        say(f"{_log(args).path}: no line{f' of {args.task}' if args.task else ''} yet")
    return 0


def verify(args: argparse.Namespace) -> int:
    """Check the chain; 11 if a line is not what was written."""
    path = _log(args).path
    lines, torn = _log(args).lines()
    findings = check_lines(lines, torn)
    for found in findings:
        say(f"{path}:{found.line}: {found.text}")
    grave = sum(found.grave for found in findings)
    say(f"{path}: {len(lines)} lines, {f'{grave} findings' if grave else 'whole'}")
    return BROKEN if grave else 0


def _log(args: argparse.Namespace) -> AuditLog:
    return AuditLog(args.state_dir / log.FILE)


def _row(entry: Entry) -> tuple[str, ...]:
    facts = ", ".join(f"{key} {_shown(value)}" for key, value in entry.what.items() if value not in (None, ""))
    return str(entry.line), entry.at, entry.by, entry.kind, entry.task, facts


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

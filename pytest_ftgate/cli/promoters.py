"""`ftgate promoters TASK`: who may move the champion of a task, by their keys."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_ftgate.cli.common import key_option, open_existing, registry_options, say, say_table, task_name
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.registry.access.promoter_key import shown


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "promoters",
        parents=[registry_options(), key_option()],
        help="show or set whose keys may promote, roll back and override",
    )
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument(
        "--set",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="public keys (PEM) of all promoters from now on; signed with --key, by a promoter of before",
    )
    parser.add_argument("--reason", default="by hand", help="recorded in the audit log (default: by hand)")
    parser.set_defaults(run=promoters)


def promoters(args: argparse.Namespace) -> int:
    """Print the list in force, after writing a new one if there is --set."""
    registry = open_existing(args)
    if args.task not in (known := registry.recorded_tasks()):
        raise FtgateError(f"no task {args.task!r} in the registry; available: {', '.join(known) or 'none'}")
    new: list[Path] = args.set or []
    standing = registry.set_promoters(args.task, new, args.reason) if new else registry.standing(args.task)
    if not standing.promoters:
        say(f"{args.task}: no promoters on record; everybody who can write to the registry may move the champion")
        return 0
    now = standing.promoters[-1]
    say(f"{args.task}: these keys may promote, roll back and override")
    say_table([(shown([key]), key) for key in now.keys], indent="  ")
    say(f"  written down by {shown([now.signed.key])}: {now.reason}")
    return 0

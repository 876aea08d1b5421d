"""`ftgate view`: one HTML page of all runs that this machine keeps: trends, promotions, and a link to each report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import has_registry, open_existing, registry_options, say, write_page
from pytest_ftgate.errors import FtgateError, RecordError
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE = "view.html"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "view",
        parents=[registry_options()],
        help="write one HTML page of all runs of this machine: trends of each set, promotions, reports",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"or a folder (default: {FILE} in the state folder)")
    parser.set_defaults(run=view)


def view(args: argparse.Namespace) -> int:
    """Write the page and say where it is."""
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.pipeline.report.html.view import view as page

    store = RecordStore(args.state_dir)
    if not store.folder.is_dir():
        raise RecordError(
            f"no runs in {shown(store.folder)} yet: each run of pytest that asks a golden set is kept there"
        )
    path = args.out or args.state_dir / FILE
    path = path / FILE if path.is_dir() else path
    text = page(store, _moves(args), path.absolute())
    write_page(path, text)
    say(f"{shown(path)} written; open it in a browser: it needs no server")
    return 0


def _moves(args: argparse.Namespace) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Of each task, as the audit log has them; a registry that does not answer is a line, and the rest is shown."""
    from pytest_ftgate.registry.audit.moves import told_moves

    if not has_registry(args):
        return {}
    try:
        registry = open_existing(args)
        return {task: told_moves(registry.log, task) for task in registry.recorded_tasks()}
    except FtgateError as error:
        say(f"the page has no promotions: {error}")
        return {}

"""`ftgate report RUN`: the HTML page of a run that is kept on this machine, made again from its records."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say, state_option, write_page
from pytest_ftgate.errors import RecordError
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.pipeline.report.run_report import RunReport


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "report", parents=[state_option()], help="write the HTML report of a run again: one file that opens offline"
    )
    parser.add_argument(
        "of_run",
        nargs="?",
        default="last",
        metavar="RUN",
        help="last (default), last~1, a run id or its beginning, a name, a model, a prompt variant or a golden set",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="or a folder (default: report.html in the folder of the run)"
    )
    parser.set_defaults(run=report)


def report(args: argparse.Namespace) -> int:
    """Write the page and say where it is."""
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.pipeline.report.html.document import FILE, document

    store = RecordStore(args.state_dir)
    found = kept_report(store, args.of_run)
    path = args.out or store.folder / found.run / FILE
    path = path / FILE if path.is_dir() else path
    text = document(store, found)
    write_page(path, text)
    say(f"{shown(path)} written ({len(text.encode()) / 1000:,.0f} kB); it holds questions and answers of the run")
    return 0


def kept_report(store: RecordStore, name: str) -> RunReport:
    """The report of a run by its id, its place or its name, or of the newest run of a model, a prompt or a set.

    Raises RecordError.
    """
    from pytest_ftgate.evaluate.records.find import runs_called
    from pytest_ftgate.pipeline.report import run_report

    runs = run_report.kept(store)
    chosen = runs_called(store, name, runs) or _newest(store, name, runs)
    if len(chosen) > 1:
        raise RecordError(f"{len(chosen)} runs begin with {name!r}: {', '.join(chosen[:5])}; name one of them")
    if not chosen or (found := run_report.read(store, chosen[0])) is None:
        kept = f"; there are: {', '.join(runs[:5])}{', ...' if len(runs) > 5 else ''}" if runs else ""
        raise RecordError(f"no report of a run {name!r} is kept in {shown(store.folder)}{kept}; run pytest first")
    return found


def _newest(store: RecordStore, name: str, kept: Sequence[str]) -> list[str]:
    """The newest run with a report of what is called so, none if nothing is. kept: all runs with a report."""
    from pytest_ftgate.evaluate.records.find import kinds_of

    runs = {stored.facts.run for of_kind in kinds_of(store, name).values() for stored in of_kind}
    return [run for run in kept if run in runs][:1]

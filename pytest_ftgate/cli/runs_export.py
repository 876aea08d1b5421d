"""`ftgate runs export RUN FILE [--to FORM]`: a run -> a file for another machine, or for another tool."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say, state_option
from pytest_ftgate.cli.export_cases import finish
from pytest_ftgate.cli.ini import ini_paths
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.store import RecordStore

RECORD, PREFERENCES = "record", "preferences"
FORMS = (RECORD, "junit", "inspect", PREFERENCES)
_SUFFIXES = {"junit": (".xml",), "inspect": (".jsonl",), PREFERENCES: (".jsonl",)}
_KEPT = "it holds questions and answers, so keep it where these may be"


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate runs`."""
    out = kinds.add_parser("export", parents=[state_option()], help="write a run into a file, for any machine or tool")
    out.add_argument("of_run", metavar="RUN", help="last, last~1, a run id or its beginning, a name, a model")
    out.add_argument("file", type=Path, metavar="FILE", help="all golden sets of the run")
    out.add_argument(
        "--to",
        choices=FORMS,
        default=RECORD,
        metavar="FORM",
        help="record (default; --ftgate-against reads it), junit (XML), inspect (JSON Lines, a sample for each "
        "answer), or preferences (with --against: JSON Lines of chosen and rejected answers for DPO)",
    )
    out.add_argument("--set", default="", metavar="SET", help="only this golden set: its path or name")
    out.add_argument(
        "--against", metavar="RUN", help="preferences: the other run; pairs are made of the cases fixed and broken"
    )
    for name in ("goldens", "pipelines"):
        out.add_argument(
            f"--{name}", type=Path, metavar="DIR", help=f"preferences: what may not be learnt (default: ftgate_{name})"
        )
    out.add_argument("--partial", action="store_true", help="preferences: write the other pairs if some cannot be made")
    out.set_defaults(run=export_run)


def export_run(args: argparse.Namespace) -> int:
    """Write all records of a run."""
    from pytest_ftgate.evaluate.records.find import find, set_name
    from pytest_ftgate.evaluate.records.store import RecordStore

    if (args.against is not None) != (args.to == PREFERENCES):
        raise FtgateError("--to preferences and --against RUN belong together: pairs are made of two runs")
    if args.to != RECORD:
        from pytest_ftgate.pipeline.exporting.exported import check_target

        check_target(args.file, _SUFFIXES[args.to])
    store, golden = RecordStore(args.state_dir), set_name(args.set) if args.set else ""
    if args.to == PREFERENCES:
        return _preferences(args, store, golden)
    records = [store.read(stored) for stored in find(store, args.of_run, golden)]
    if args.to != RECORD:
        from pytest_ftgate.pipeline.exporting.results import inspect_results, junit

        found = junit(records) if args.to == "junit" else inspect_results(records)
        return finish(found, args.file, "case", _KEPT, partial=True)
    from pytest_ftgate.evaluate.records import files
    from pytest_ftgate.pipeline.comparison.compare import counted

    files.export(args.file, records)
    sets = ", ".join(f"{record.facts.set} ({counted(len(record.cases))})" for record in records)
    say(f"{args.file} written: {sets}; {_KEPT}")
    return 0


def _preferences(args: argparse.Namespace, store: RecordStore, golden: str) -> int:
    from pytest_ftgate.evaluate.records.find import find
    from pytest_ftgate.pipeline.comparison.pairing import paired
    from pytest_ftgate.pipeline.discovery import Catalogue
    from pytest_ftgate.pipeline.exporting.preferences import preferences

    chosen = paired(find(store, args.against, golden), find(store, args.of_run, golden))
    catalogue = Catalogue(*(_folders(args, name) for name in ("goldens", "pipelines")))
    pairs = [(store.read(then), store.read(now)) for then, now in chosen.pairs]
    found = preferences(pairs, catalogue)
    if not catalogue.pipeline_paths:
        say(f"no pipeline in {', '.join(map(shown, catalogue.pipelines))}: whether one gates these cases is not known")
    return finish(found, args.file, "pair", 'train on them: [train] method = "dpo"', partial=args.partial)


def _folders(args: argparse.Namespace, name: str) -> tuple[Path, ...]:
    given: Path | None = getattr(args, name)
    return (given,) if given else tuple(ini_paths(f"ftgate_{name}", Path.cwd(), name))

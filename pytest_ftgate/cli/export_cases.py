"""`ftgate export-cases SET --to FORM OUT`: a golden set -> a file of promptfoo, Inspect, or plain rows."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import SET, record_reading, say
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.exporting.exported import Exported

FORMS = {
    "promptfoo": "run it: promptfoo eval -c {out}, once it names a provider",
    "inspect": "read it in a task: dataset = json_dataset({out!r})",
    "jsonl": "one row for each case",
}
"""Form -> what to do with the file."""
SUFFIXES = {"promptfoo": (".yaml", ".yml"), "inspect": (".jsonl",), "jsonl": (".jsonl",)}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("export-cases", help="write the cases of a golden set for another tool")
    parser.add_argument("set", type=Path, metavar="SET", help=SET)
    parser.add_argument(
        "--to",
        required=True,
        nargs=2,
        action=_To,
        metavar=("FORM", "OUT"),
        help="promptfoo (YAML), inspect or jsonl (JSON Lines); and a new file for it",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="write what the form can carry, and end with 0 although something is lost",
    )
    parser.set_defaults(run=export_cases)


def export_cases(args: argparse.Namespace) -> int:
    """Write the file and print what it lacks; 1, and no file, if something is lost without --partial."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import golden_file
    from pytest_ftgate.pipeline.exporting.exported import check_target

    check_target(args.out, SUFFIXES[args.form])
    suite = load_suite(golden_file(args.set))
    record_reading(args, f"export-cases to {args.form}", [suite.golden.cases_path])
    found = _exported(suite, args.form)
    return finish(found, args.out, "case", FORMS[args.form].format(out=shown(args.out)), partial=args.partial)


def finish(found: Exported, out: Path, unit: str, then: str, *, partial: bool) -> int:
    """Save what was exported, print what is lost, and return the exit code. unit: what is counted, in the singular."""
    from pytest_ftgate.pipeline.exporting.exported import save

    written = save(out, found, partial=partial)
    for fault in found.lost:
        say(str(fault))
    things = f"{_counted(len(found.lost), 'thing')} cannot be carried over"
    if not written:
        say(f"{things}; nothing written")
        say(f"    --partial writes the {_counted(found.carried, unit)} that can be")
        return 1
    lost = f"; {things}" if found.lost else ""
    say(f"{shown(out)}: {_counted(found.carried, unit)}{lost}; {then}")
    return 0


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _exported(suite: Suite, form: str) -> Exported:
    if form == "promptfoo":
        from pytest_ftgate.pipeline.exporting.promptfoo import promptfoo_config

        return promptfoo_config(suite)
    from pytest_ftgate.pipeline.exporting.samples import inspect_samples, plain_rows

    return inspect_samples(suite) if form == "inspect" else plain_rows(suite)


class _To(argparse.Action):
    """A form and a file, as `args.form` and `args.out`."""

    def __call__(self, _parser: object, namespace: argparse.Namespace, values: Any, _option: object = None) -> None:
        form, out = values
        if form not in FORMS:
            raise argparse.ArgumentError(self, f"{form!r} is not one of {', '.join(FORMS)}")
        namespace.form, namespace.out, namespace.to = form, Path(out), values

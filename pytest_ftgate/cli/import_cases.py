"""`ftgate import KIND SOURCE OUT`: files of another tool -> a golden set; 1 if something could not be carried over."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say
from pytest_ftgate.cli.import_kind import ImportKind
from pytest_ftgate.cli.import_others import OTHER_KINDS

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.importing.imported import Imported


def _promptfoo(args: argparse.Namespace) -> Imported:
    from pytest_ftgate.pipeline.importing.promptfoo import read_promptfoo

    return read_promptfoo(args.source)


def _table(args: argparse.Namespace) -> Imported:
    from pytest_ftgate.pipeline.importing.table import mapping_of, read_table

    return read_table(args.source, mapping_of(args.map), args.template)


def _table_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--map",
        required=True,
        metavar="KEY=COLUMN,...",
        help="which column is which key of a case: input=question,expected=outputs.answer,slice.lang=language",
    )
    parser.add_argument(
        "--template",
        default="",
        metavar="TEXT",
        help="Jinja2 template of the question, such as 'Sum up: {{ text }}'; needed where the input is an object",
    )


KINDS: Mapping[str, ImportKind] = MappingProxyType(
    {
        "promptfoo": ImportKind("a promptfoo configuration", "promptfooconfig.yaml, .yml or .json", _promptfoo),
        "table": ImportKind(
            "rows of any file, an export of LangSmith or Braintrust too",
            ".csv, .tsv, .jsonl, .json, .parquet or a dataset folder",
            _table,
            _table_options,
        ),
        **OTHER_KINDS,
    }
)
"""By the name that the command gives them."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("import", help="make a golden set from another tool's files; exit code 1 on losses")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    for name, kind in KINDS.items():
        one = kinds.add_parser(name, help=kind.help)
        one.add_argument("source", type=Path, metavar="SOURCE", help=kind.source)
        one.add_argument("out", type=Path, metavar="OUT", help="new folder of the golden set, such as goldens/NAME")
        one.add_argument("--partial", action="store_true", help="write what can be carried over, with exit code 0")
        kind.options(one)
        one.set_defaults(run=partial(import_cases, kind))


def import_cases(kind: ImportKind, args: argparse.Namespace) -> int:
    """Read, print what would be lost, write the rest if that is wanted, and print what to do next."""
    from pytest_ftgate.pipeline.importing.write import check_target, write_golden_set

    check_target(args.out)
    imported = kind.read(args)
    for fault in imported.lost:
        say(str(fault))
    if imported.lost and not args.partial:
        say(f"{_things(len(imported.lost))} cannot be carried over; nothing written")
        if imported.cases:
            say("    --partial writes the other cases and graders")
        return 1
    if not imported.cases:
        say(f"{args.source}: no case that can be carried over; nothing written")
        return 1
    _report(args.out, write_golden_set(imported, args.out), imported)
    return 0


def _report(out: Path, suite: Suite, imported: Imported) -> None:
    from pytest_ftgate.golden.spec import ALL_PROMPTS

    lost = f"; {_things(len(imported.lost))} not carried over" if imported.lost else ""
    variants = len(suite.golden.variants)
    prompts = f", {variants + 1} prompts" if variants else ""
    say(f"{out}: {len(suite.cases):,} case{'' if len(suite.cases) == 1 else 's'}{prompts}{lost}")
    for note in imported.notes:
        say(f"  {note}")
    folder = shlex.quote(str(out))
    say("next:")
    say(f"  ftgate lock {folder}")
    every = f" --ftgate-prompt {ALL_PROMPTS}" if variants else ""
    say(f"  pytest {folder} --ftgate-base-url http://localhost:8000/v1 --ftgate-model NAME{every}")


def _things(number: int) -> str:
    return f"{number:,} thing{'' if number == 1 else 's'}"

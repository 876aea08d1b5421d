"""`ftgate tradeoff TASK [vN]`: what each form of a version costs and loses, measured side by side on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import open_existing, say, say_table, task_name, version_number
from pytest_ftgate.cli.model_options import asking, own_engine_options
from pytest_ftgate.cli.numbers import whole
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version

FORMS = "bf16,int8,nf4,gguf:Q8_0,gguf:Q4_K_M"
LEAST = 100
"""Cases: with fewer a form can hardly be told from the first."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    told = "measure size, memory, speed and quality of a version's forms side by side"
    parser = commands.add_parser("tradeoff", parents=[own_engine_options()], help=told)
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument("version", type=version_number, nargs="?", metavar="vN", help="default: the champion")
    parser.add_argument(
        "--forms",
        type=lambda text: text.split(","),
        default=FORMS.split(","),
        metavar="FORM,...",
        help=f"the first is what the others are compared with (default {FORMS}); also f32 and f16",
    )
    parser.add_argument("--limit", type=whole(1, 10**6), metavar="N", help="cases of each golden set, drawn by a seed")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the tables to FILE.md or FILE.json too")
    parser.add_argument("--goldens", type=Path, default=Path("goldens"), metavar="DIR", help="default: goldens")
    parser.set_defaults(run=tradeoff)


def tradeoff(args: argparse.Namespace) -> int:
    """Measure each form, then print one table for each golden set."""
    from pytest_ftgate.evaluate.drawn import drawn
    from pytest_ftgate.pipeline.production.task_sets import task_sets
    from pytest_ftgate.pipeline.production.tradeoff import Tradeoff
    from pytest_ftgate.pipeline.production.tradeoff_table import HEAD, cells, rows
    from pytest_ftgate.pipeline.progress import Console

    _check_out(args.out)
    version = _version(args, open_existing(args))
    with task_sets(args.task, args.goldens, args.pipelines, args.state_dir) as sets, asking(args) as runtime:
        suites = [drawn(suite, args.limit) for suite in sets.suites]
        engine = args.engine or version.tags.get("ftgate.engine", "").partition(" ")[0] or "transformers"
        measured = list(
            Tradeoff(runtime.settings, Console(sys.stderr, say), version, suites, engine).measure(args.forms)
        )
        found = {suite.name: list(rows(measured, suite, sets.deltas[suite.name])) for suite in suites}
    for suite in suites:
        say(f"{version} on {len(suite.cases)} cases of {suite.name}:")
        say_table([HEAD, *map(cells, found[suite.name])], "  ")
        if len(suite.cases) < LEAST:
            say(f"  only {len(suite.cases)} cases: small differences cannot be seen")
    if args.out:
        _write(args.out, version, found)
        say(f"written to {args.out}")
    return 0


def _version(args: argparse.Namespace, registry: Registry) -> Version:
    version = registry.version(args.task, args.version) if args.version else registry.champion(args.task)
    if version is None:
        raise FtgateError(f"{args.task} has no champion; name a version: ftgate tradeoff {args.task} vN")
    return version


def _check_out(path: Path | None) -> None:
    if path is not None and path.suffix not in {".md", ".json"}:
        raise FtgateError(
            f"--out {path}: found {path.suffix or 'no suffix'!r}, expected a file that ends in .md or .json"
        )


def _write(path: Path, version: Version, found: dict[str, list[Any]]) -> None:
    from pytest_ftgate.files.atomic import write_text
    from pytest_ftgate.pipeline.production.tradeoff_table import markdown

    if path.suffix == ".json":
        write_text(
            path, json.dumps({"version": str(version), "digest": version.digest, "sets": found}, indent=1) + "\n"
        )
        return
    parts = [f"{version} on {rows[0]['n']} cases of {name}:\n\n{markdown(rows)}" for name, rows in found.items()]
    write_text(path, "\n".join(parts))

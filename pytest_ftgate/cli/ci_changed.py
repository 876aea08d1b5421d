"""`ftgate ci changed`: paths of changed files on standard input -> the pipelines that they concern, as JSON."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.golden.paths import CASES_FILE, FOLDER_FILE

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.discovery import Catalogue


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate ci`."""
    parser = kinds.add_parser("changed", help="read changed paths from stdin, print affected pipelines as JSON")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--all", action="store_true", help="all pipelines, regardless of changes")
    what.add_argument("--only", metavar="NAME", help="this pipeline only; an error if it does not exist")
    add_folders(parser)
    parser.set_defaults(run=changed)


def add_folders(parser: argparse.ArgumentParser) -> None:
    """--goldens and --pipelines."""
    parser.add_argument("--goldens", type=_folder, default="goldens", metavar="DIR", help="default goldens")
    parser.add_argument("--pipelines", type=_folder, default="pipelines", metavar="DIR", help="default pipelines")


def changed(args: argparse.Namespace) -> int:
    """Print a JSON list of the pipelines that the changed files concern."""
    from pytest_ftgate.pipeline.discovery import Catalogue

    catalogue = Catalogue((Path(args.goldens).absolute(),), (Path(args.pipelines).absolute(),))
    known = list(catalogue.pipeline_paths)
    if args.only is not None and args.only not in known:
        raise FtgateError(f"no pipeline {args.only!r} in {args.pipelines}; available: {', '.join(known)}")
    if args.all or args.only is not None:
        say(json.dumps([args.only] if args.only is not None else known))
        return 0
    named = [Path(line.strip()).absolute() for line in sys.stdin if line.strip()]
    found = {name for path in named for name in _concerned(path, catalogue)}
    say(json.dumps([name for name in known if name in found]))
    return 0


def _concerned(path: Path, catalogue: Catalogue) -> Iterable[str]:
    """The pipelines that read a file: its own, those that its golden set gates, or all for a file that is shared."""
    [goldens], [pipelines] = catalogue.goldens, catalogue.pipelines
    if path.is_relative_to(pipelines):
        own = path.relative_to(pipelines).parts
        return [own[0]] if len(own) > 1 else catalogue.pipeline_paths
    if not path.is_relative_to(goldens):
        return []
    sets = [name for name, file in catalogue.golden_paths.items() if path == file or _beside(path, file)]
    return (
        [pipeline for name in sets for pipeline in catalogue.pipelines_of(name)] if sets else catalogue.pipeline_paths
    )


def _beside(path: Path, golden: Path) -> bool:
    return golden.name in (FOLDER_FILE, CASES_FILE) and path.is_relative_to(golden.parent)


def _folder(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a folder in the repository; allowed: letters, digits, . _ - /"
        )
    return text.rstrip("/")

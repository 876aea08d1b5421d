"""What the commands `ftgate live` share: task, golden set, folders."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say, state_option, task_name
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.config import Pipeline


def live_options() -> argparse.ArgumentParser:
    """A parent parser."""
    options = argparse.ArgumentParser(add_help=False, parents=[state_option()])
    options.add_argument("--task", type=task_name, required=True, metavar="TASK", help="pipeline whose model answered")
    options.add_argument(
        "--golden", default="", metavar="NAME", help="golden set that the inputs belong to (default: first of the task)"
    )
    options.add_argument("--goldens", type=Path, default=Path("goldens"), metavar="DIR", help="default: goldens")
    options.add_argument("--pipelines", type=Path, default=Path("pipelines"), metavar="DIR", help="default: pipelines")
    return options


def pipeline_of(args: argparse.Namespace) -> Pipeline:
    """The pipeline of --task. Raises FtgateError, PipelineError."""
    from pytest_ftgate.pipeline.discovery import Catalogue

    check_pipeline(args)
    return Catalogue((args.goldens,), (args.pipelines,)).pipeline(args.task)


def check_pipeline(args: argparse.Namespace) -> None:
    """Raises FtgateError for a --task without a pipeline in --pipelines."""
    from pytest_ftgate.pipeline.discovery import Catalogue

    names = Catalogue((), (args.pipelines,)).pipeline_paths
    if args.task not in names:
        raise FtgateError(f"no pipeline {args.task!r} in {args.pipelines}; available: {', '.join(names) or 'none'}")


def suites_of(args: argparse.Namespace, pipeline: Pipeline) -> list[Suite]:
    """The golden sets of the pipeline, that of --golden first. Raises FtgateError, GoldenError."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import Catalogue

    first = args.golden or pipeline.goldens[0]
    if first not in pipeline.goldens:
        raise FtgateError(f"--golden {first}: not a golden set of {pipeline.name}: {', '.join(pipeline.goldens)}")
    catalogue = Catalogue((args.goldens,), (args.pipelines,))
    names = dict.fromkeys([first, *catalogue.sets_of(pipeline.name)])
    return [load_suite(catalogue.golden_path(name)) for name in names]


def keep_private(state_dir: Path) -> None:
    """Production inputs are never committed by accident."""
    from pytest_ftgate.files.git_ignore import make_ignored

    make_ignored(state_dir)


def say_counts(counts: dict[str, int], indent: str = "  ") -> None:
    """A line for each."""
    for name, count in counts.items():
        say(f"{indent}{count:,} {name}")

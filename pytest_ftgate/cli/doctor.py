"""`ftgate doctor PIPELINE`: whether a run of `--train` can work on this machine, line by line, with what to change.

Exit code 0, or 1 if an error was found.
"""

from __future__ import annotations

import argparse
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import registry_options, say
from pytest_ftgate.cli.own_options import in_own_options
from pytest_ftgate.errors import FtgateError, PipelineError
from pytest_ftgate.files.escape import printable_json
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.doctor.finding import Finding

WIDTH = 110
"""Signs of a line that is printed."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    told = "check machine, memory, disk, base model and tracking before --train; exit code 1 on errors"
    parser = commands.add_parser("doctor", parents=[registry_options()], help=told)
    parser.add_argument("pipeline", metavar="PIPELINE", help="name of a pipeline, its folder, or its pipeline.toml")
    parser.add_argument("--goldens", type=Path, default=Path("goldens"), metavar="DIR", help="default: goldens")
    parser.add_argument("--pipelines", type=Path, default=Path("pipelines"), metavar="DIR", help="default: pipelines")
    parser.add_argument(
        "--engine",
        choices=("transformers", "vllm"),
        default="transformers",
        help="as --ftgate-engine (default %(default)s)",
    )
    parser.add_argument("--vllm", default="", metavar="FILE", help="path of the vllm executable")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=doctor)


def doctor(args: argparse.Namespace) -> int:
    """Examine, and say what was found."""
    from pytest_ftgate.pipeline.config import read_pipeline
    from pytest_ftgate.pipeline.doctor.examine import examine
    from pytest_ftgate.pipeline.doctor.finding import Level, faulty, warning
    from pytest_ftgate.pipeline.doctor.patient import Patient
    from pytest_ftgate.serve.device import this_device

    try:
        pipeline = read_pipeline(_file(args))
    except PipelineError as wrong:
        if args.json:
            say(printable_json([asdict(faulty("pipeline", fault)) for fault in wrong.faults]))
        raise
    suites, problem = _suites(args, pipeline)
    patient = Patient(
        pipeline=pipeline,
        device=this_device(),
        state_dir=args.state_dir,
        suites=suites,
        engine=args.engine,
        vllm=args.vllm,
        tracking_uri=args.tracking_uri or "",
    )
    findings = examine(patient)
    findings += [warning("goldens", problem.splitlines()[0], "pass --goldens DIR")] if problem else []
    if args.json:
        say(printable_json([asdict(finding) for finding in findings]))
    else:
        for line in lines(shown(pipeline.path), findings):
            say(line)
    return 1 if any(finding.level is Level.ERROR for finding in findings) else 0


def _file(args: argparse.Namespace) -> Path:
    """The pipeline.toml that is meant. Raises FtgateError that names what there is."""
    from pytest_ftgate.pipeline.discovery import PIPELINE_FILE, Catalogue

    given = Path(args.pipeline)
    if given.is_file():
        return given
    if (given / PIPELINE_FILE).is_file():
        return given / PIPELINE_FILE
    paths = Catalogue((), (args.pipelines,)).pipeline_paths
    if args.pipeline not in paths:
        known = ", ".join(paths) or "none"
        raise FtgateError(f"no pipeline {args.pipeline!r} in {args.pipelines}; available: {known}")
    return paths[args.pipeline]


def _suites(args: argparse.Namespace, pipeline: Pipeline) -> tuple[tuple[Suite, ...], str]:
    """The golden sets that gate it; or none, and why."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import Catalogue

    catalogue = Catalogue((args.goldens,), (args.pipelines,))
    try:
        return tuple(load_suite(catalogue.golden_path(name)) for name in pipeline.goldens), ""
    except FtgateError as error:
        return (), in_own_options(str(error), args)


def lines(path: str, findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each finding, and below it what to change."""
    levels, topics = max(len(each.level) for each in findings), max(len(each.topic) for each in findings)
    yield path
    for finding in findings:
        head = f"  {finding.level:<{levels}}  {finding.topic:<{topics}}  "
        indent = " " * len(head)
        yield from textwrap.wrap(head + finding.text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
        if finding.fix:
            yield from textwrap.wrap(
                f"-> {finding.fix}",
                WIDTH,
                initial_indent=indent,
                subsequent_indent=indent + "   ",
                break_on_hyphens=False,
            )
    counted = Counter(str(finding.level) for finding in findings)
    told = [f"{counted[level]} {level}{'s' * (counted[level] > 1)}" for level in ("error", "warning") if counted[level]]
    yield ", ".join(told) or "no problem found"

"""`ftgate noise PATH`: one model asked twice -> the share of its answers that differ, kept beside the set's lock."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import SETS, say
from pytest_ftgate.cli.model_options import asking, asking_options
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.noise import Noise
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.targets import Target


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "noise", parents=[asking_options()], help="measure how much a model's answers vary between identical runs"
    )
    parser.add_argument("path", type=Path, metavar="PATH", help=SETS)
    parser.add_argument(
        "--target", default="", metavar="TARGET", help="base, champion or vN; default: champion, else base"
    )
    parser.set_defaults(run=noise)


def noise(args: argparse.Namespace) -> int:
    """Ask twice, compare, keep the shares. FtgateError if there is nothing to compare."""
    from pytest_ftgate.evaluate.noise import write_noise
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import golden_files

    suites = [(path, load_suite(path)) for path in golden_files(args.path)]
    with asking(args) as runtime:
        targets = [_target(args, suite, runtime) for _, suite in suites]
        for (path, suite), target in zip(suites, targets, strict=True):
            found = _noise(suite, target, runtime, args.concurrency)
            say(f"{write_noise(path, found)}: {found}")
    return 0


def _noise(suite: Suite, target: Target, runtime: Runtime, concurrency: int) -> Noise:
    from pytest_ftgate.evaluate.noise import Noise, compare

    say(f"{suite.name}: running {target.title} twice, {concurrency} requests in flight")
    first, second = (_measured(suite, target, runtime, number) for number in (1, 2))
    cases, grades, texts = compare(first, second)
    if not cases:
        raise FtgateError(f"{suite.name}: no case was measured in both runs; check the server log")
    shares = grades / cases, texts / cases
    return Noise(target.digest, runtime.settings.engine, concurrency, cases, *shares, suite.settings_digest)


def _target(args: argparse.Namespace, suite: Suite, runtime: Runtime) -> Target:
    from pytest_ftgate.pipeline.discovery import Catalogue
    from pytest_ftgate.pipeline.targets import Target, base_target
    from pytest_ftgate.serve.model import Model, own_model

    if runtime.settings.engine == "openai":
        return Target(f"{args.model}, served at {args.base_url}", Model(args.model, served=True))
    if args.model:
        return base_target(runtime.engines.as_served(own_model(args.model, "--base-url")))
    task, pipeline = Catalogue((), (args.pipelines,)).pipeline_for(suite.name)
    return runtime.targets.named(args.target, task, runtime.engines.as_served(pipeline.base_model))


def _measured(suite: Suite, target: Target, runtime: Runtime, number: int) -> Evaluation:
    """All cases asked anew, and all answered; nothing is journalled or taken from a cache."""
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.journal import Journal
    from pytest_ftgate.evaluate.responses import Responses

    with tempfile.TemporaryDirectory(prefix="ftgate-noise-") as folder, Journal(Path(folder), "run") as journal:
        evaluation = Evaluation(Responses(suite, target.digest, journal))
        runtime.ask(evaluation, suite.cases, target)
        say(f"  run {number}: {len(evaluation.outcomes)} cases answered")
    return evaluation

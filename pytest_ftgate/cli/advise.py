"""`ftgate advise TASK`: what prompts alone reach, and whether the gap to the target is worth a fine-tune."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.advise_options import reference_options, reference_settings
from pytest_ftgate.cli.common import say, task_name
from pytest_ftgate.cli.model_options import asking, asking_options
from pytest_ftgate.cli.numbers import real, share, whole
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.data.readers.row import DataRow
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.advice.findings import Findings
    from pytest_ftgate.pipeline.advice.measure import Measured, Measuring
    from pytest_ftgate.pipeline.advice.prompts import Way
    from pytest_ftgate.pipeline.advice.reference import Reference
    from pytest_ftgate.pipeline.advice.worth import Worth
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.targets import Target

SHOTS, LIMIT = 4, 300


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    told = "measure what prompts alone reach, and say whether a fine-tune is worth it"
    parser = commands.add_parser("advise", parents=[asking_options(), reference_options()], help=told)
    parser.add_argument("task", type=task_name, metavar="TASK", help="name of the pipeline")
    parser.add_argument(
        "--target", type=share, metavar="SCORE", help="what is good enough, 0 to 1 (default: floors of the gate)"
    )
    parser.add_argument(
        "--few-shot",
        type=whole(0, 100),
        metavar="N",
        help=f"training rows in the few-shot prompt (default: [baseline] few_shot, else {SHOTS}; 0 = none)",
    )
    parser.add_argument(
        "--limit",
        type=whole(0, 10**6),
        default=LIMIT,
        metavar="N",
        help=f"validation rows, and cases of each golden set, at most (default {LIMIT}; 0 = all)",
    )
    parser.add_argument(
        "--requests-per-day", type=real(0), metavar="N", help="expected volume, for the comparison with an API's price"
    )
    parser.add_argument("--prices", type=Path, default=Path("prices.toml"), metavar="FILE", help="default: prices.toml")
    parser.add_argument("--goldens", type=Path, default=Path("goldens"), metavar="DIR", help="default: goldens")
    parser.set_defaults(run=advise)


def advise(args: argparse.Namespace) -> int:
    """Measure, say what was measured, and what follows from it."""
    from pytest_ftgate.cli.advise_text import tell
    from pytest_ftgate.evaluate.drawn import drawn
    from pytest_ftgate.pipeline.advice.aim import aims_of
    from pytest_ftgate.pipeline.advice.measure import measure
    from pytest_ftgate.pipeline.advice.rules import advise as advise_on
    from pytest_ftgate.pipeline.advice.validation import validation_suite
    from pytest_ftgate.pipeline.data_access import record_access
    from pytest_ftgate.pipeline.production.task_sets import task_sets

    with task_sets(args.task, args.goldens, args.pipelines, args.state_dir) as sets, asking(args) as runtime:
        pipeline, first = sets.pipeline, sets.suites[0]
        aims = {suite.name: list(aims_of(suite, args.target)) for suite in sets.suites}
        *_, path = pipeline.data_files
        rows = validation_suite(first, path, pipeline.data.columns, f"{args.task}-validation")
        runtime.open_state()
        record_access(args.state_dir, pipeline, "advise", sets.suites)
        suites, validation = [drawn(suite, args.limit) for suite in sets.suites], drawn(rows, args.limit)
        measuring, ways = _measuring(args, runtime, pipeline, [*sets.suites, rows])
        with _reference(args) as reference:
            _begin(args, measuring, [(validation, rows), *zip(suites, sets.suites, strict=True)], ways)
            if reference is not None:
                _check_price(args, reference, [validation, *suites])
            measured = measure(measuring, suites, validation, ways, aims)
            answered = _asked(reference, [validation, *suites], runtime)
        unasked = {
            part.name: len(whole.cases) - len(part.cases) for part, whole in zip(suites, sets.suites, strict=True)
        }
        there = _training_rows(pipeline)
        used = min(there, pipeline.data.max_rows or there)
        found = _findings(args, measured, suites, used, answered)
        found = replace(found, unasked=unasked, left_out=there - used)
        tell(found, advise_on(found.situation), args.prices)
    return 0


def _findings(
    args: argparse.Namespace, measured: Measured, suites: Sequence[Suite], rows: int, answered: dict[str, Evaluation]
) -> Findings:
    from pytest_ftgate.pipeline.advice.findings import Findings
    from pytest_ftgate.pipeline.advice.worth import a_month

    volume = None if args.requests_per_day is None else a_month(args.requests_per_day)
    worth = _worth(args, measured, suites[0])
    return Findings(measured, suites, rows, answered, args.reference or "", worth, volume)


def _worth(args: argparse.Namespace, measured: Measured, suite: Suite) -> Worth | str:
    """By the tokens of the zero-shot prompt, which is what a fine-tuned model is asked with."""
    from pytest_ftgate.pipeline.advice.worth import worth
    from pytest_ftgate.pipeline.cost.price_file import read_prices
    from pytest_ftgate.pipeline.cost.usage import usage_of

    if not args.prices.is_file():
        return ""
    zero, *others = [usage_of(each.responses.traffic) for each in measured.goldens[suite.name].values()]
    return worth(read_prices(args.prices), zero, others[0] if others else None, reference_settings(args))


def _measuring(
    args: argparse.Namespace, runtime: Runtime, pipeline: Pipeline, asked: Sequence[Suite]
) -> tuple[Measuring, Sequence[Way]]:
    """asked: golden sets and validation rows; what they ask is no example. The first has the prompts."""
    from pytest_ftgate.errors import PipelineError
    from pytest_ftgate.pipeline.advice.measure import Measuring
    from pytest_ftgate.pipeline.advice.prompts import FLAG, Way, prompt_of, ways_of
    from pytest_ftgate.pipeline.evaluations import Evaluations

    first, rows = asked[0], _examples(pipeline, asked)
    named = FLAG if args.few_shot is not None else "baseline.few_shot"
    written = args.few_shot if args.few_shot is not None else pipeline.baseline.few_shot
    shots = written if written or args.few_shot is not None else SHOTS

    target = _target(args, runtime, pipeline)
    choices = pipeline.baseline.choices if "choice" in runtime.engines.offers(target.model) else ()
    measuring = Measuring(
        runtime,
        Evaluations(runtime),
        target,
        choices,
        lambda suite, way: prompt_of(suite, way, rows, pipeline.seed, named),
        args.limit,
    )
    try:
        prompt_of(first, Way(shots=shots), rows, pipeline.seed, named)
    except PipelineError as error:
        if written:
            raise
        say(f"no few-shot prompt: {str(error).splitlines()[0]}")
        shots = 0
    return measuring, ways_of(first, shots)


def _examples(pipeline: Pipeline, asked: Sequence[Suite]) -> list[DataRow]:
    """The training rows that ask nothing that the model is asked: an example that holds the answer proves nothing."""
    from pytest_ftgate.data.readers.reader import read_rows
    from pytest_ftgate.pipeline.advice.prompts import apart

    files = [path for kind, path in pipeline.data.files.items() if kind.startswith("train")]
    rows = [row for path in files for row in read_rows(path, pipeline.data.columns)]
    kept = apart(rows, asked)
    if left_out := len(rows) - len(kept):
        say(f"{left_out:,} training rows ask what a case or validation row asks: none of them is an example")
    return kept


def _training_rows(pipeline: Pipeline) -> int:
    from pytest_ftgate.data.readers.contents import contents

    files = [path for kind, path in pipeline.data.files.items() if kind.startswith("train")]
    return sum(contents(path).rows for path in files)


def _target(args: argparse.Namespace, runtime: Runtime, pipeline: Pipeline) -> Target:
    from pytest_ftgate.pipeline.targets import Target, base_target
    from pytest_ftgate.serve.model import Model, own_model

    if runtime.settings.engine == "openai":
        return Target(f"{args.model}, served at {args.base_url}", Model(args.model, served=True))
    base = own_model(args.model, "--base-url") if args.model else pipeline.base_model
    return base_target(runtime.engines.as_served(base))


def _begin(
    args: argparse.Namespace, measuring: Measuring, parts: Sequence[tuple[Suite, Suite]], ways: Sequence[Way]
) -> None:
    """parts: what is asked of each set, and the whole set; the validation rows come first."""
    target = measuring.target
    (asked, rows), *goldens = parts
    sets = ", ".join(f"{_part(*part)} cases of {part[0].name}" for part in goldens)
    model = target.title if target.model.served else Path(target.model.base).name
    say(f"base model {model}: {_part(asked, rows)} validation rows with {len(ways)} prompts, {sets}")
    if measuring.choices:
        say(f"answers are held to the choices of [baseline]: {', '.join(measuring.choices)}")
    if args.reference:
        say(f"{args.reference} is sent these rows and cases, at most ${args.reference_budget:g}")


def _part(asked: Suite, whole: Suite) -> str:
    every = f"{len(whole.cases):,}"
    return every if len(asked.cases) == len(whole.cases) else f"{len(asked.cases):,} of {every}"


@contextmanager
def _reference(args: argparse.Namespace) -> Iterator[Reference | None]:
    """The reference model of --reference, opened; None without one."""
    from pytest_ftgate.pipeline.advice.reference import Reference
    from pytest_ftgate.serve.api.client import open_provider

    settings = reference_settings(args)
    with ExitStack() as opened:
        if settings is None:
            yield None
        else:
            yield Reference(settings, opened.enter_context(open_provider(settings, args.state_dir / "advise")))


def _check_price(args: argparse.Namespace, reference: Reference, suites: Sequence[Suite]) -> None:
    from pytest_ftgate.pipeline.advice.reference import holds_personal_data, unaskable

    asked = [(suite, suite.prompt) for suite in suites if not unaskable(suite)]
    dollars = reference.estimate(asked)
    if dollars > args.reference_budget:
        raise FtgateError(
            f"asking {args.reference} may cost about ${dollars:.2f}, more than --reference-budget "
            f"{args.reference_budget:g}; nothing was sent\n    raise it, or ask fewer cases: --limit N"
        )
    if personal := sum(holds_personal_data(case) for suite, _ in asked for case in suite.cases):
        say(f"  {personal:,} of them hold personal data or secrets; see ftgate data redact")


def _asked(reference: Reference | None, suites: Sequence[Suite], runtime: Runtime) -> dict[str, Evaluation]:
    """What the reference answered, by name of the set."""
    from pytest_ftgate.pipeline.advice.reference import unaskable

    found: dict[str, Evaluation] = {}
    for suite in suites if reference is not None else ():
        if why := unaskable(suite):
            say(f"{suite.name}: the reference model is not asked: {why}")
        elif reference is not None:
            found[suite.name] = reference.evaluation(suite, suite.prompt, runtime.journal(suite))
    return found

"""(panel, model) -> one grade for each case and run, asked anew: no journal and no cache answers for the model."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.evaluation import Evaluation
from pytest_ftgate.evaluate.journal import Journal
from pytest_ftgate.evaluate.responses import Responses
from pytest_ftgate.graders.grade import Grade
from pytest_ftgate.pipeline.canary.reference import RUNS, PanelCase, Reference

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.pipeline.canary.panel import Panel
    from pytest_ftgate.pipeline.canary.reference import Asked
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.targets import Target

LEAST_MEASURED = 0.95
"""Share of the panel that all reference runs must have graded."""


class Answered(NamedTuple):
    """grade: 0 to 1, None if there is none. text: what the model said."""

    grade: float | None
    text: str


Run = dict[str, Answered]
"""One run of the panel by the case's key."""


def ask_night(panel: Panel, target: Target, runtime: Runtime, draw: int) -> Run:
    """One answer to each case. draw: sets the order of the questions and, above temperature 0, the seed of each."""
    return ask_runs(panel, target, runtime, [draw], "canary")[0]


def ask_reference(panel: Panel, asked: Asked, target: Target, runtime: Runtime, reason: str) -> Reference:
    """The reference runs. Raises FtgateError if too few cases were graded in every run."""
    runs = ask_runs(panel, target, runtime, range(1, RUNS + 1), "reference runs")
    cases = [(suite, case) for suite, found in panel for case in found]
    known = [found for suite, case in cases if (found := _panel_case(suite, case, runs))]
    if not cases or len(known) < LEAST_MEASURED * len(cases):
        raise FtgateError(
            f"only {len(known)} of {len(cases)} panel cases were answered in time and graded in all "
            f"{RUNS} reference runs"
        )
    return Reference(asked, tuple(known), reason)


def _panel_case(suite: Suite, case: Case, runs: Sequence[Run]) -> PanelCase | None:
    """None if a run has no grade for the case."""
    found = [run[key_of(suite, case)].grade for run in runs]
    grades = tuple(grade for grade in found if grade is not None)
    return PanelCase(suite.name, case.id, case.digest, grades) if len(grades) == len(runs) else None


def key_of(suite: Suite, case: Case) -> str:
    """As `PanelCase.key`."""
    return f"{suite.name}::{case.id}"


def ask_runs(panel: Panel, target: Target, runtime: Runtime, draws: Iterable[int], label: str) -> list[Run]:
    """The answers of each run. Every run asks in an order of its own, so that a case meets other neighbours in a batch.

    Raises ServeError if the server cannot be started or dies.
    """
    with tempfile.TemporaryDirectory(prefix="ftgate-canary-") as folder, Journal(Path(folder), "runs") as journal:
        runs = [[_planned(suite, cases, target, journal, draw) for suite, cases in panel] for draw in draws]
        asked = [evaluation for run in runs for evaluation in run]
        sent = sum(runtime.ask(each, each.suite.cases, target) for each in asked)
        with runtime.console.progress(label, sent) as advance:
            while (done := sum(each.responses.done for each in asked)) < sent:
                advance(done, "")
                time.sleep(0.05)
        return [_answers(run) for run in runs]


def _planned(suite: Suite, cases: Sequence[Case], target: Target, journal: Journal, draw: int) -> Evaluation:
    """A measurement of some cases in the order of a draw, with that draw's seed."""
    shuffled = random.Random(draw).sample(list(cases), len(cases))  # noqa: S311 - an order, no secret
    request = replace(suite.golden.request, repeats=1, seed=suite.golden.request.seed + draw)
    part = replace(suite, cases=tuple(shuffled), golden=replace(suite.golden, request=request))
    return Evaluation(Responses(part, target.digest, journal))


def _answers(run: Sequence[Evaluation]) -> Run:
    found: Run = {}
    for evaluation in run:
        for case in evaluation.suite.cases:
            outcome, response = evaluation.outcome(case), evaluation.responses.first(case)
            grade = outcome.value if isinstance(outcome, Grade) else None
            found[key_of(evaluation.suite, case)] = Answered(grade, response.answer)
    return found

"""Golden sets of a run -> Evaluations of the model under test: planned, asked, and summed up at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.reuse import changed_answers
from pytest_ftgate.files.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.pipeline.discovery import Catalogue
    from pytest_ftgate.pipeline.response_source import ResponseSource
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.targets import Target
    from pytest_ftgate.pipeline.training_runs import TrainingRuns
    from pytest_ftgate.serve.model import Model
    from pytest_ftgate.serve.servers.fixture_handle import Server


_RESUME = "; select them too, or take the answers of earlier runs with --ftgate-resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderTest:
    """Which model a plain run tests, and where its answers may come from.

    target: "base", "champion", "vN" or "". regrade: "" or the run whose journal is graded again. resume: take what the
    journal holds under the same digests.
    """

    target: str
    regrade: str
    resume: bool


class EvaluationRun:
    """Under `--train` the candidates, whose requests the stages send; else the model under test."""

    def __init__(
        self, asked: UnderTest, catalogue: Catalogue, training: TrainingRuns, runtime: Callable[[], Runtime]
    ) -> None:
        self._asked, self._catalogue, self._training, self._new_runtime = asked, catalogue, training, runtime
        self._known: dict[str, tuple[Evaluation, Target]] = {}
        self._summed_up = False
        self.plan_later: Callable[[], None] | None = None

    @property
    def _runtime(self) -> Runtime:
        return self._new_runtime()

    def of(self, suite: Suite) -> Evaluation:
        """The model under test on a golden set. On a worker of xdist the first call sends the requests."""
        if self.plan_later is not None:
            plan, self.plan_later = self.plan_later, None
            plan()
        return self._of(suite)[0]

    def missing(self, suite: Suite) -> str:
        """Why nothing can be decided on a set: "12 of 300 cases not measured in this run"; "" if all were asked."""
        unmeasured = len(suite.cases) - len(self.of(suite).outcomes)
        if not unmeasured:
            return ""
        where = "in the journal that --ftgate-regrade grades" if self._asked.regrade else "in this run"
        hint = "" if self._asked.regrade or self._asked.resume else _RESUME
        return f"{unmeasured} of {len(suite.cases)} cases not measured {where}{hint}"

    def changed(self, suite: Suite) -> str:
        """How it shows that answers which this run would take from the journal were edited; "" if it does not."""
        return changed_answers(self.of(suite).responses.changed_lines)

    def unchanged(self, suite: Suite) -> bool:
        """Whether the training gave the champion itself, so that there is nothing to measure."""
        run = self._training.of(suite)
        return run is not None and run.unchanged

    def plan(self, asks: Iterable[tuple[Suite, Iterable[Case]]]) -> None:
        """Send the requests of a plain run; those of `--train` are sent by its stages. Raises FtgateError."""
        wanted = list(asks)
        if self._asked.regrade:
            self._regrade(wanted)
            return
        wanted = [(suite, cases) for suite, cases in wanted if not self._training.gated_by(suite.name)]
        for suite, _ in wanted:
            self._runtime.engines.expect(self._of(suite)[1].model)
        for suite, cases in wanted:
            evaluation, target = self._of(suite)
            self._runtime.console.line(f"ftgate: {suite.name}: asking {target.title}{_precision(target)}")
            self._source.ask(evaluation, cases, target)

    def scores(self) -> Iterator[dict[str, Any]]:
        """How good the answers were that this run has graded by now, of each golden set; see `report.scores`."""
        from pytest_ftgate.pipeline.report.scores import scores

        if not self._summed_up:
            yield from (scores(self._decides(evaluation), _called(target)) for evaluation, target in self.tested)

    def _decides(self, evaluation: Evaluation) -> Evaluation:
        """Without the cases that leaked and were dropped."""
        run = self._training.of(evaluation.suite)
        return evaluation.without(run.leaked.left_out(evaluation.suite)) if run else evaluation

    def sum_up(self) -> Iterator[dict[str, Any]]:
        """Once: what came and how fast, of each golden set; new answers into the cache, grades for later runs."""
        if self._summed_up:
            return
        self._summed_up = True
        yield from [self._source.sum_up(evaluation) for evaluation, _ in self.tested]
        for evaluation, target in self.tested:
            self._remember(evaluation, target)

    @property
    def tested(self) -> list[tuple[Evaluation, Target]]:
        """The golden sets of this run with what each was asked, so far: of candidates, and of the model under test."""
        candidates = [
            (run.candidate_of(suite), run.candidate)
            for run in self._training
            if run.manifest is not None and not run.unchanged
            for suite in run.sets
        ]
        return [*candidates, *self._known.values()]

    def server(self) -> Server:
        """The server of `base_model`, started if need be. Raises FtgateError."""
        from pytest_ftgate.pipeline.targets import base_target
        from pytest_ftgate.serve.servers.fixture_handle import Server

        model = self.base_model()
        engine = self._runtime.started(base_target(model))
        return Server(engine, model, getattr(engine, "log", None))

    def base_model(self) -> Model:
        """The model that was named on the command line, else the one of all pipelines. Raises FtgateError."""
        from pytest_ftgate.serve.model import Model

        settings = self._runtime.settings
        if settings.model:
            return Model(settings.model, served=settings.engine == "openai")
        names = list(self._training.names or self._catalogue.pipeline_paths)
        models = {self._catalogue.pipeline(name).base_model for name in names}
        if len(models) != 1:
            raise FtgateError(
                f"which model? {len(names)} pipelines here have {len(models)}; name one with --ftgate-model FOLDER"
            )
        return models.pop()

    @cached_property
    def _source(self) -> ResponseSource:
        from pytest_ftgate.pipeline.response_source import ResponseSource

        return ResponseSource(self._runtime, self._runtime.console.line)

    def _of(self, suite: Suite) -> tuple[Evaluation, Target]:
        run = self._training.of(suite)
        if run is not None:
            return run.candidate_of(suite), run.candidate
        if suite.name not in self._known:
            self._known[suite.name] = self._new(suite)
        return self._known[suite.name]

    def _new(self, suite: Suite) -> tuple[Evaluation, Target]:
        from pytest_ftgate.evaluate.evaluation import Evaluation
        from pytest_ftgate.evaluate.responses import Responses

        journal = self._runtime.journal(suite)
        if self._asked.regrade:
            from pytest_ftgate.pipeline.regrade import regraded

            named = self._target(suite).digest if self._runtime.settings.model else ""
            return regraded(suite, journal, self._asked.regrade, named)
        target = self._target(suite)
        return Evaluation(Responses(suite, target.digest, journal, reuse=self._asked.resume)), target

    def _target(self, suite: Suite) -> Target:
        """The model that this run tests on a golden set. Raises FtgateError."""
        from pytest_ftgate.pipeline.targets import Target, base_target
        from pytest_ftgate.serve.model import Model

        settings = self._runtime.settings
        if settings.engine == "openai":
            title = f"{settings.model}, served at {settings.base_url}"
            return Target(title, Model(settings.model, served=True))
        if settings.model:
            return base_target(Model(settings.model))
        task, pipeline = self._catalogue.pipeline_for(suite.name)
        return self._runtime.targets.named(self._asked.target, task, pipeline.base_model)

    def _regrade(self, asks: Iterable[tuple[Suite, Iterable[Case]]]) -> None:
        """Look up what the journal holds, send nothing. Raises JournalError."""
        for suite, cases in asks:
            evaluation, target = self._of(suite)
            missing = evaluation.responses.missing(cases)
            lacking = f"; answers it lacks: {len(missing)}" if missing else ""
            self._runtime.console.line(f"ftgate: {suite.name}: grading the journal of {target.title} again{lacking}")

    def _remember(self, evaluation: Evaluation, target: Target) -> None:
        """What a model got on all cases, so that the next collection knows how often two models disagree."""
        from pytest_ftgate.pipeline.discordance import remember

        if evaluation.graded:
            title = target.title if target.version else f"{target.title} {target.digest[:8]}"
            state_dir = self._runtime.settings.state_dir
            try:
                remember(state_dir, evaluation.suite.name, target.digest, title, evaluation.values)
            except OSError as error:
                self._runtime.console.line(f"ftgate: the results are not kept for `ftgate power`: {error}")


def _called(target: Target) -> str:
    """The title; a base model that we serve ourselves, whose title is only "base", with its name."""
    if target.model.served or target.version:
        return target.title
    folder = Path(target.model.base)
    return f"{target.title} ({shown(folder) if folder.is_absolute() else target.model.base})"


def _precision(target: Target) -> str:
    """The precision of a model that we serve ourselves, for the line that says what is asked."""
    return "" if target.model.served else f", in {target.model.dtype}"

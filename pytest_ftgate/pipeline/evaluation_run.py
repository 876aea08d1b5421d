"""Golden sets of a run -> Evaluations of the model under test: planned, asked, and summed up at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError, ServeError
from pytest_ftgate.evaluate.reuse import changed_answers
from pytest_ftgate.files.text import shown
from pytest_ftgate.judge.spec import JudgeError
from pytest_ftgate.pipeline.model_under_test import ModelUnderTest, UnderTest
from pytest_ftgate.pipeline.run_judges import check_judge
from pytest_ftgate.pipeline.unasked import NotAsked, UnaskedSets

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


_RESUME = "; select them too, or take the answers of earlier runs with --ftgate-resume"


class EvaluationRun:
    """Under `--train` the candidates, whose requests the stages send; else the model under test.

    note: prints a line that a quiet run leaves out.
    """

    def __init__(
        self,
        asked: UnderTest,
        catalogue: Catalogue,
        training: TrainingRuns,
        runtime: Callable[[], Runtime],
        note: Callable[[str], None],
    ) -> None:
        self._note = note
        self._asked, self._training, self._new_runtime = asked, training, runtime
        self.model = ModelUnderTest(asked.target, catalogue, training, runtime)
        self._known: dict[str, tuple[Evaluation, Target]] = {}
        self._down: dict[Model, ServeError] = {}
        self._announced: set[str] = set()
        self._summed_up = False
        self.unasked = UnaskedSets()
        self.plan_later: Callable[[], None] | None = None

    @property
    def _runtime(self) -> Runtime:
        return self._new_runtime()

    def of(self, suite: Suite) -> Evaluation:
        """The model under test on a golden set. On a worker of xdist the first call sends the requests.

        Raises NotAsked if it was to be asked and could not be.
        """
        if self.plan_later is not None:
            plan, self.plan_later = self.plan_later, None
            plan()
        self.unasked.check(suite)
        return self._of(suite)[0]

    def check_asked(self, suite: Suite, case: Case) -> None:
        """Wait for the answers to a case. Raises NotAsked if the server died or denied all before it was asked."""
        evaluation, target = self._of(suite)
        unasked = any(answer.unasked for answer in evaluation.responses.of_or_none(case))
        if unasked and (reason := self._runtime.stopped(target.digest)):
            self.unasked.stop(suite, reason)

    def missing(self, suite: Suite) -> str:
        """Why nothing can be decided on a set: "12 of 300 cases not measured in this run"; "" if all were asked."""
        try:
            unmeasured = len(suite.cases) - len(self.of(suite).outcomes)
        except NotAsked as error:
            whom = "judge" if isinstance(error.__cause__, JudgeError) else "model"
            return f"{len(suite.cases)} of {len(suite.cases)} cases not measured: the {whom} could not be asked"
        if not unmeasured:
            return ""
        where = "in the journal that --ftgate-regrade grades" if self._asked.regrade else "in this run"
        hint = "" if self._asked.regrade or self._asked.resume else _RESUME
        return f"{unmeasured} of {len(suite.cases)} cases not measured {where}{hint}"

    def changed(self, suite: Suite) -> str:
        """How it shows that answers which this run would take from the journal were edited; "" if it does not."""
        return "" if suite in self.unasked else changed_answers(self.of(suite).responses.changed_lines)

    def unchanged(self, suite: Suite) -> bool:
        """Whether the training gave the champion itself, so that there is nothing to measure."""
        run = self._training.of(suite)
        return run is not None and run.unchanged

    def plan(self, asks: Iterable[tuple[Suite, Sequence[Case]]], graded: Collection[str]) -> None:
        """Send the requests of a plain run; those of `--train` are sent by its stages.

        A golden set whose model, or judge, cannot be asked is noted in `unasked`, and hides no other. graded: titles of
        the sets of which more is wanted than the answers.
        """
        wanted = [
            (suite, cases)
            for suite, cases in asks
            if suite.title not in graded or self._try(suite, partial(check_judge, suite, cases))
        ]
        if self._asked.regrade:
            for suite, cases in wanted:
                self._try(suite, partial(self._look_up, suite, cases))
        else:
            wanted = [(suite, cases) for suite, cases in wanted if not self._training.gated_by(suite.name)]
            wanted.sort(key=lambda asked: self._place(asked[0]))
            ready = [(suite, cases) for suite, cases in wanted if self._try(suite, partial(self._expect, suite))]
            for suite, cases in ready:
                self._try(suite, partial(self._send, suite, cases))
        for line in self.unasked.lines():
            self._runtime.console.line(f"ftgate: {line}")

    def _try(self, suite: Suite, step: Callable[[], None]) -> bool:
        """Whether the step could be done; else the set is noted with the reason."""
        try:
            step()
        except FtgateError as error:
            self.unasked.add([suite], error)
            return False
        return True

    def _expect(self, suite: Suite) -> None:
        self._runtime.expect(*self._of(suite))

    def _send(self, suite: Suite, cases: Iterable[Case]) -> None:
        """Start the engine if need be and ask. An engine that did not start is not started for the next set again."""
        evaluation, target = self._of(suite)
        base = replace(target.model, adapter=None)
        if base in self._down:
            raise self._down[base]
        self._make_room(suite, target)
        if target.title not in self._announced:
            self._announced.add(target.title)
            self._note(f"ftgate: asking {target.title}{_precision(target)}")
        try:
            self._source.ask(evaluation, cases, target)
        except ServeError as error:
            if self._runtime.engines.running(target.model) is None:
                self._down[base] = self.model.explained(error)
                raise self._down[base] from None
            raise

    def scores(self) -> Iterator[dict[str, Any]]:
        """How good the answers were that this run has graded by now, of each golden set; see `report.scores`."""
        from pytest_ftgate.pipeline.report.scores import scores

        if not self._summed_up:
            yield from (scores(self._decides(evaluation), _called(target)) for evaluation, target in self.tested)

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

    def _decides(self, evaluation: Evaluation) -> Evaluation:
        """Without the cases that leaked and were dropped."""
        run = self._training.of(evaluation.suite)
        return evaluation.without(run.leaked.left_out(evaluation.suite)) if run else evaluation

    def sum_up(self) -> Iterator[dict[str, Any]]:
        """Once: what came and how fast, of each golden set; new answers into the cache, grades for later runs."""
        if self._summed_up:
            return
        self._summed_up = True
        tested = self.tested
        yield from [self._source.sum_up(evaluation) for evaluation, _ in tested]
        for evaluation, target in tested:
            self._remember(evaluation, target)

    def columns(self) -> Iterator[dict[str, Any]]:
        """Of each golden set that was asked in several columns: their numbers, and what differs from the first."""
        from pytest_ftgate.pipeline.columns import compare_columns

        asked: dict[str, list[Evaluation]] = {}
        for evaluation, _ in self._known.values():
            if evaluation.suite.column:
                asked.setdefault(evaluation.suite.name, []).append(evaluation)
        yield from (compare_columns(sorted(each, key=self._number)) for each in asked.values() if len(each) > 1)

    def _number(self, evaluation: Evaluation) -> int:
        """Of a column among those of its set, whatever was asked first."""
        columns = self._runtime.settings.combinations.columns(evaluation.suite.golden)
        return columns.index(evaluation.suite.column)

    def _place(self, suite: Suite) -> int:
        """Of a set's model among those of the run: what one of them is asked is asked together."""
        models = self._runtime.settings.combinations.models
        return models.index(suite.column.model) if suite.column and suite.column.model else 0

    def _make_room(self, suite: Suite, target: Target) -> None:
        """Of several models that we serve ourselves one is in memory at a time: wait for the one before, stop it."""
        if self._place(suite) == 0 or target.model.served or self._runtime.engines.running(target.model):
            return
        for evaluation, _ in self._known.values():
            list(evaluation.responses.arrived(wait=True))
        self._runtime.engines.stop_and_free()

    @cached_property
    def _source(self) -> ResponseSource:
        from pytest_ftgate.pipeline.response_source import ResponseSource

        return ResponseSource(self._runtime, self._runtime.console.line)

    def _of(self, suite: Suite) -> tuple[Evaluation, Target]:
        run = self._training.of(suite)
        if run is not None:
            return run.candidate_of(suite), run.candidate
        if suite.title not in self._known:
            self._known[suite.title] = self._new(suite)
        return self._known[suite.title]

    def _new(self, suite: Suite) -> tuple[Evaluation, Target]:
        from pytest_ftgate.evaluate.evaluation import Evaluation
        from pytest_ftgate.evaluate.responses import Responses

        journal = self._runtime.journal(suite)
        if self._asked.regrade:
            from pytest_ftgate.pipeline.regrade import regraded

            named = self.model.target(suite).digest if self._runtime.settings.model else ""
            return regraded(suite, journal, self._asked.regrade, named)
        target = self.model.target(suite)
        return Evaluation(Responses(suite, target.digest, journal, reuse=self._asked.resume)), target

    def _look_up(self, suite: Suite, cases: Iterable[Case]) -> None:
        """What the journal holds of the cases; sends nothing. Raises JournalError."""
        from pytest_ftgate.pipeline.regrade import check_any

        evaluation, target = self._of(suite)
        missing = check_any(evaluation, list(cases), self._runtime.journal(suite))
        lacking = f"; answers it lacks: {missing}" if missing else ""
        self._note(f"ftgate: {suite.title}: grading the journal of {target.title} again{lacking}")

    def _remember(self, evaluation: Evaluation, target: Target) -> None:
        """What a model got on all cases, so that the next collection knows how often two models disagree.

        Nothing of a regrade, which is no second model, nothing of a model that gave hardly an answer, and nothing of
        another prompt.
        """
        from pytest_ftgate.pipeline.discordance import answered, remember

        variant = evaluation.suite.column.variant if evaluation.suite.column else ""
        if evaluation.graded and not self._asked.regrade and not variant and answered(evaluation):
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

"""Options -> FtgateSession: the one object of a run, kept in `config.stash`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.errors import Fault, FileFaults, FtgateError, LockError
from pytest_ftgate.pipeline.discovery import Catalogue
from pytest_ftgate.plugin.gc_freeze import Sight
from pytest_ftgate.plugin.report.collector import ReportCollector

if TYPE_CHECKING:
    from pytest_ftgate.data.checks.label_counts import LabelCounts
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.noise import Noise
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.gate.checks.result import CheckResult
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.judge.client import JudgeClient
    from pytest_ftgate.judge.pool import Judges
    from pytest_ftgate.pipeline.canary.run import CanaryRun
    from pytest_ftgate.pipeline.decide.sensitivity import Sensitivity
    from pytest_ftgate.pipeline.progress import Console
    from pytest_ftgate.pipeline.response_source import ResponseSource
    from pytest_ftgate.pipeline.run import PipelineRun
    from pytest_ftgate.pipeline.runtime import Runtime, Target
    from pytest_ftgate.pipeline.stages.check_data import DataChecks
    from pytest_ftgate.plugin.options import Options
    from pytest_ftgate.serve.model import Model
    from pytest_ftgate.serve.servers.fixture_handle import Server

KEY: pytest.StashKey[FtgateSession] = pytest.StashKey()


class FtgateSession:
    """What the items of a run share: golden sets, models under test, checks judged, verdicts."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config = config
        self.options = options
        self.catalogue = Catalogue(options.goldens, options.pipelines)
        self.training: tuple[str, ...] = ()
        self.watching: tuple[str, ...] = ()
        self.notes: list[str] = []
        self.suites: dict[str, Suite] = {}
        self._rollouts: dict[str, PipelineRun] = {}
        self._data_checks: dict[Path, DataChecks] = {}
        self.deltas: dict[str, float] = {}
        self.noises: dict[str, Noise] = {}
        self.checks: dict[str, dict[str, CheckResult | None]] = {}
        self.tally = ReportCollector(options.train, options.canary)
        self.sight = Sight()
        self.plan_later: Callable[[], None] | None = None
        self.collected: set[Path] = set()
        self._by_path: dict[Path, Suite] = {}
        self._measured: dict[str, tuple[Evaluation, Target]] = {}
        self._summed_up = False

    def write_markdown(self, code: int) -> None:
        """The summary of a run that tested a model, if a file or a CI job asks for it. code: of the run's end."""
        asked, job = self.options.markdown, os.environ.get("GITHUB_STEP_SUMMARY", "")
        if not (asked or job):
            return
        from pytest_ftgate.plugin.report.markdown import page, write

        text = page(self.tally, time.monotonic() - self.tally.begun, code)
        try:
            write(self.config.invocation_params.dir / (asked or job), text, append=not asked)
        except OSError as error:
            self.console.line(f"ftgate: the Markdown summary could not be written: {error}")

    # --- golden sets -------------------------------------------------------------------------------------------------

    def suite(self, path: Path) -> Suite:
        """The golden set of a file, loaded once and held against its lock. Raises FileFaults."""
        if path not in self._by_path:
            from pytest_ftgate.evaluate.suite import judged, load_suite, priced

            suite = load_suite(path)
            self._check_lock(suite)
            self._check_name(suite)
            suite = priced(suite, self.options.price)
            suite = judged(suite, lambda: self.judge_client_of(suite))
            self._by_path[path] = self.suites[suite.name] = suite
        return self._by_path[path]

    @cached_property
    def judges(self) -> Judges:
        """The language models that judge in this run; nothing is opened before one is asked."""
        from pytest_ftgate.judge.pool import Judges
        from pytest_ftgate.plugin.items.confirm import confirmer

        options, xdist = self.options, getattr(self.config, "workerinput", {})
        worker, budget = xdist.get("workerid", ""), options.judge_budget
        alone = not worker or bool(self.catalogue.golden_paths)  # else all workers ask, and a folder has one writer
        return Judges(
            options.state_dir / "judge" / ("" if alone else worker),
            budget=budget if alone or budget is None else budget / xdist["workercount"],
            batch=options.judge_batch,
            confirm=confirmer(self.config),
        )

    def _kin(self, fact: dict[str, Any]) -> dict[str, list[str]]:
        """A warning where a judge and the base of the pipelines that its golden sets gate are the same model."""
        from pytest_ftgate.judge.bias import same_family_warnings

        names = {pipeline for name in fact["names"] for pipeline in self.catalogue.pipelines_of(name)}
        return {"kin": sorted(same_family_warnings(fact["models"], self._bases(names)))}

    def _bases(self, pipelines: Iterable[str]) -> set[str]:
        """The base models of pipelines; one with a fault has none, and is told of where it is used."""
        found = set()
        for name in pipelines:
            with suppress(FtgateError):
                found.add(self.catalogue.pipeline(name).base.model)
        return found

    @property
    def judges_untrusted(self) -> bool:
        """Whether a judge of this run, of a golden set or a test, gave so few verdicts that the run is INTEGRITY."""
        return "judges" in self.__dict__ and self.judges.untrusted

    def judge_client_of(self, suite: Suite) -> JudgeClient:
        """The judge client of a golden set's [judge]. Raises FtgateError if the set has none."""
        if suite.golden.judge is None:
            raise FtgateError(f"{self.shown(suite.golden.path)} has no [judge], which names the model and the criteria")
        return self.judges.judge_client(suite.golden.judge, suite.name)

    def sees(self, suite: Suite) -> str:
        """What the set can see: "300 cases can resolve about 6 points; a 3-point regression needs 1,100"."""
        from pytest_ftgate.evaluate.lock import default_delta
        from pytest_ftgate.pipeline.discordance import recalled
        from pytest_ftgate.pipeline.power import sight

        delta = self.deltas.get(suite.name, default_delta(len(suite.cases)))
        seen = sight(suite, delta, recalled(self.options.state_dir, suite.name)).line()
        noise = self.noises.get(suite.name)
        return f"{seen}; {noise.of(suite)}" if noise else seen

    def forecasts(self) -> Iterator[str]:
        """How long each pipeline that this run trains will take, as far as it can be told before it begins."""
        from pytest_ftgate.pipeline.forecast import forecast

        for name in self.training:
            with suppress(FtgateError):  # a fault of its data is told by the stage that meets it
                run = self.run(name)
                if found := forecast(run.pipeline, run.sets):
                    yield f"ftgate: {name}: {found.line()}"

    def suite_named(self, name: str) -> Suite:
        """The golden set of that name, from the folders of `ftgate_goldens`. Raises FtgateError."""
        return self.suites[name] if name in self.suites else self.suite(self.catalogue.golden_path(name))

    def _check_name(self, suite: Suite) -> None:
        other = self.suites.get(suite.name)
        if other is not None:
            raise FileFaults(
                [
                    Fault(
                        self.shown(suite.golden.path),
                        0,
                        f"a set called {suite.name!r} stands already in {self.shown(other.golden.path)}",
                        "rename one of them",
                    )
                ]
            )

    def _check_lock(self, suite: Suite) -> None:
        from pytest_ftgate.evaluate.lock import compare, read_lock
        from pytest_ftgate.evaluate.noise import read_noise, widened

        lock, noise = read_lock(suite.golden.path), read_noise(suite.golden.path)
        if noise is not None:
            self.noises[suite.name] = noise
        if lock is not None:
            self.deltas[suite.name] = widened(lock.delta, noise)
            if faults := compare(suite, lock):
                raise LockError(faults)
        elif pipelines := self.catalogue.pipelines_of(suite.name):
            path = self.shown(suite.golden.path)
            fix = f"look at it, then: ftgate lock {self.shown(suite.golden.path.parent)}"
            raise LockError([Fault(path, 0, f"gates the pipeline {pipelines[0]} and has no golden.lock", fix)])

    def shown(self, path: Path) -> str:
        """The path as a user would type it."""
        return os.path.relpath(path, self.config.invocation_params.dir)

    # --- pipelines ---------------------------------------------------------------------------------------------------

    def pipeline_of(self, golden: str) -> str:
        """The pipeline that this run trains and a golden set gates; "" if none."""
        gated = self.catalogue.pipelines_of(golden) if self.training else []
        return next((name for name in self.training if name in gated), "")

    def trains(self, path: Path) -> bool:
        """True for the pipeline.toml of a pipeline that this run trains."""
        return any(self.catalogue.pipeline_paths[name] == path for name in self.training)

    def run(self, name: str) -> PipelineRun:
        """The pipeline run of a pipeline that this run trains, with its golden sets. Raises FileFaults, FtgateError."""
        if name not in self._rollouts:
            from pytest_ftgate.pipeline.run import PipelineRun

            pipeline = self.catalogue.pipeline(name)
            suites = tuple(self.suite_named(golden) for golden in pipeline.goldens)
            forgetting = pipeline.policy.forgetting
            general = self.suite_named(forgetting.golden) if forgetting else None
            self._rollouts[name] = PipelineRun(
                pipeline, suites, self.runtime, general, leak=self.options.leak, judge_client=self.judge_client_of
            )
        return self._rollouts[name]

    def data_checks(self, path: Path) -> DataChecks:
        """The checks of the data of a pipeline.toml. Raises PipelineError with all its faults."""
        if path not in self._data_checks:
            from pytest_ftgate.pipeline.config import read_pipeline
            from pytest_ftgate.pipeline.stages.check_data import DataChecks

            pipeline = read_pipeline(path)
            first, marginals = pipeline.goldens[0], partial(self._marginals, pipeline.goldens)
            checks = DataChecks(pipeline, lambda: self.suite_named(first).prompt, marginals, self.options.state_dir)
            self._data_checks[path] = checks
        return self._data_checks[path]

    def _marginals(self, goldens: Sequence[str]) -> LabelCounts:
        """Counts of golden sets, for the checks of training data, which never see a case."""
        from pytest_ftgate.pipeline.stages.label_counts import label_counts_of

        return label_counts_of([self.suite_named(name) for name in goldens])

    def pipeline_run_of(self, suite: Suite) -> PipelineRun | None:
        """The pipeline run that a golden set gates in this run, None in a plain run."""
        name = self.pipeline_of(suite.name)
        return self.run(name) if name else None

    def watch(self, name: str) -> CanaryRun:
        """The canary of a pipeline, with the golden sets of its panel. Raises FileFaults, FtgateError."""
        from pytest_ftgate.pipeline.canary.run import CanaryRun

        pipeline = self.catalogue.pipeline(name)
        return CanaryRun(pipeline, [self.suite_named(golden) for golden in pipeline.panel_goldens], self.runtime)

    # --- models and measurements -------------------------------------------------------------------------------------

    @cached_property
    def console(self) -> Console:
        """Where long steps show progress: the terminal, or nowhere on a worker."""
        from pytest_ftgate.pipeline.progress import Console, silent

        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            return silent()

        def line(text: str) -> None:
            reporter.ensure_newline()
            reporter.write_line(text)

        return Console(reporter._tw._file, line)

    @cached_property
    def runtime(self) -> Runtime:
        """Engines, pool, journals and registry of this run."""
        from pytest_ftgate.pipeline.runtime import Runtime, Settings

        options = self.options
        return Runtime(
            Settings(
                options.state_dir,
                options.engine,
                options.base_url,
                options.model,
                options.concurrency,
                options.tracking_uri,
                options.vllm,
                options.vllm_args,
                options.cache,
                options.cache_url,
                signing_key=options.signing_key,
                verify_key=options.verify_key,
            ),
            self.console,
        )

    def close(self) -> None:
        """Keep what was learned, stop what was started; nothing is started just to be stopped."""
        with ExitStack() as closing:
            closing.callback(self._close_judges)
            if "runtime" in self.__dict__:
                closing.callback(self.runtime.close)
                self._sum_up()

    def _close_judges(self) -> None:
        """Their counts and bills for the summary, then the end of them, whatever happens."""
        if "judges" in self.__dict__:
            judges = self.__dict__.pop("judges")
            try:
                self.tally.judges += [fact | self._kin(fact) for fact in judges.facts()]
            finally:
                judges.close()

    def _sum_up(self) -> None:
        """Once: what came and how fast, for the summary; new answers into the cache."""
        if self._summed_up:
            return
        self._summed_up = True
        candidates = [
            (run.candidate_of(suite), run.candidate)
            for run in self._rollouts.values()
            if run.manifest is not None and not run.unchanged
            for suite in run.sets
        ]
        tested = [*candidates, *self._measured.values()]
        self.tally.traffic += [self.recall.sum_up(evaluation) for evaluation, _ in tested]
        for evaluation, target in tested:
            self._remember(evaluation, target)
        self.tally.counts.update(self.runtime.counts)

    def _remember(self, evaluation: Evaluation, target: Target) -> None:
        """What a model got on all cases, so that the next collection knows how often two models disagree."""
        from pytest_ftgate.pipeline.discordance import remember

        if evaluation.graded:
            title = target.title if target.version else f"{target.title} {target.digest[:8]}"
            remember(self.options.state_dir, evaluation.suite.name, target.digest, title, evaluation.values)

    @cached_property
    def recall(self) -> ResponseSource:
        """Journal, cache and model, in the order in which they are asked."""
        from pytest_ftgate.pipeline.response_source import ResponseSource

        return ResponseSource(self.runtime, self.console.line)

    def evaluation(self, suite: Suite) -> Evaluation:
        """The model under test on a golden set. On a worker of xdist the first call sends the requests."""
        if self.plan_later is not None:
            plan, self.plan_later = self.plan_later, None
            plan()
        return self._evaluation(suite)[0]

    def _evaluation(self, suite: Suite) -> tuple[Evaluation, Target]:
        run = self.pipeline_run_of(suite)
        if run is not None:
            return run.candidate_of(suite), run.candidate
        if suite.name not in self._measured:
            self._measured[suite.name] = self._new_evaluation(suite)
        return self._measured[suite.name]

    def _new_evaluation(self, suite: Suite) -> tuple[Evaluation, Target]:
        from pytest_ftgate.evaluate.evaluation import Evaluation
        from pytest_ftgate.evaluate.responses import Responses

        journal = self.runtime.journal(suite)
        if self.options.regrade:
            from pytest_ftgate.pipeline.regrade import regraded

            return regraded(suite, journal, self.options.regrade)
        target = self.target(suite)
        return Evaluation(Responses(suite, target.digest, journal)), target

    def target(self, suite: Suite) -> Target:
        """The model that this run tests on a golden set. Raises FtgateError."""
        from pytest_ftgate.pipeline.runtime import Target, base_target
        from pytest_ftgate.serve.model import Model

        if self.options.engine == "openai":
            return Target(
                f"{self.options.model}, served at {self.options.base_url}", Model(self.options.model, served=True)
            )
        if self.options.model:
            return base_target(Model(self.options.model))
        task, pipeline = self.catalogue.pipeline_for(suite.name)
        return self.runtime.target(self.options.target, task, pipeline.base_model)

    # --- planning ----------------------------------------------------------------------------------------------------

    def plan(self, asks: Iterable[tuple[Suite, Iterable[Case]]]) -> None:
        """Send the requests of a plain run; those of `--train` are sent by its stages."""
        wanted = list(asks)
        if self.options.regrade:
            self._regrade(wanted)
            return
        for suite, _ in wanted:
            if not self.pipeline_of(suite.name):
                self.runtime.expect(self._evaluation(suite)[1])
        for suite, cases in wanted:
            if not self.pipeline_of(suite.name):
                evaluation, target = self._evaluation(suite)
                self.console.line(f"ftgate: {suite.name}: asking {target.title}{_precision(target)}")
                self.recall.ask(evaluation, cases, target, resume=self.options.resume)

    def _regrade(self, asks: Iterable[tuple[Suite, Iterable[Case]]]) -> None:
        """Look up what the journal holds, send nothing. Raises JournalError."""
        for suite, cases in asks:
            evaluation, target = self._evaluation(suite)
            missing = evaluation.responses.missing(cases, reuse=True)
            lacking = f"; answers it lacks: {len(missing)}" if missing else ""
            self.console.line(f"ftgate: {suite.name}: grading the journal of {target.title} again{lacking}")

    def server(self) -> Server:
        """The server of `base_model`, started if need be. Raises FtgateError."""
        from pytest_ftgate.pipeline.runtime import base_target
        from pytest_ftgate.serve.servers.fixture_handle import Server

        model = self.base_model()
        engine = self.runtime.started(base_target(model))
        return Server(engine, model, getattr(engine, "log", None))

    def base_model(self) -> Model:
        """The model that was named on the command line, else the one of all pipelines. Raises FtgateError."""
        from pytest_ftgate.serve.model import Model

        if self.options.model:
            return Model(self.options.model, served=self.options.engine == "openai")
        names = list(self.training or self.catalogue.pipeline_paths)
        models = {self.catalogue.pipeline(name).base_model for name in names}
        if len(models) != 1:
            raise FtgateError(
                f"which model? {len(names)} pipelines here have {len(models)}; name one with --ftgate-model FOLDER"
            )
        return models.pop()

    def missing(self, suite: Suite) -> str:
        """Why nothing can be decided on a set yet: "12 of 300 cases not measured"; "" if all are measured."""
        run = self.pipeline_run_of(suite)
        if run is not None and run.unchanged:
            return "unchanged: the candidate is the champion"
        unmeasured = len(suite.cases) - len(self.evaluation(suite).outcomes)
        return f"{unmeasured} of {len(suite.cases)} cases not measured" if unmeasured else ""

    # --- the gate ----------------------------------------------------------------------------------------------------

    def checks_of(self, suite: Suite) -> list[str]:
        """The checks that judge a set in this run, in order."""
        from pytest_ftgate.gate.live.plan import live_set
        from pytest_ftgate.pipeline.decide.evidence import checks_of

        name = self.pipeline_of(suite.name)
        live = bool(name) and live_set(self.catalogue.pipeline_paths[name]) == suite.name
        return checks_of(suite, train=bool(name), general=self.is_general(suite), live=live)

    def is_general(self, suite: Suite) -> bool:
        """True for a set that this run measures for [forgetting] alone: its floors and must_pass decide nothing."""
        name = self.pipeline_of(suite.name)
        return bool(name) and self.catalogue.general_of(name) == suite.name

    def judge(self, suite: Suite, check: str) -> CheckResult | None:
        """Judge one check and keep it for the verdict; None if it does not apply."""
        from pytest_ftgate.pipeline.decide.evidence import judge

        tested = self.evaluation(suite) if check == "must-pass" else self.judged(suite)
        judged = judge(check, suite, tested, self.pipeline_run_of(suite), self.deltas.get(suite.name, 0.0))
        if judged is not None and check in {"champion", "anchor"} and (noise := self.noises.get(suite.name)):
            judged = replace(judged, reason=f"{judged.reason}; {noise.of(suite)}")
        self.checks.setdefault(suite.name, {})[check] = judged
        return judged

    def judged(self, suite: Suite) -> Evaluation:
        """The model under test on the cases that decide: all but leaked ones that --ftgate-leak=drop-case drops."""
        run, tested = self.pipeline_run_of(suite), self.evaluation(suite)
        return tested.without(run.exposed.left_out(suite)) if run else tested

    def judge_beside(self, suite: Suite, check: str) -> dict[str, CheckResult]:
        """The check on all cases, and on the clean ones, where these are not what decides; by the part's title."""
        delta = self.deltas.get(suite.name, 0.0)
        return self.beside.judge(check, suite, self.evaluation(suite), self.pipeline_run_of(suite), delta)

    @cached_property
    def beside(self) -> Sensitivity:
        """What the gate would say of other parts of the sets that leaked."""
        from pytest_ftgate.pipeline.decide.sensitivity import Sensitivity

        return Sensitivity()

    def decide(self, run: PipelineRun) -> Verdict | None:
        """The verdict over a candidate, None while a check is missing; a hold where a judge grades that nobody
        admitted.

        Raises FileFaults if the labels or the lock of such a judge cannot be read.
        """
        from pytest_ftgate.gate.verdict import decide
        from pytest_ftgate.pipeline.decide.preferences import unadmitted_of

        checks: list[CheckResult] = []
        for suite in run.sets:
            judged = self.checks.get(suite.name, {})
            if set(self.checks_of(suite)) - set(judged):
                return None
            if suite in run.deciding:
                judged = judged | {"admission": unadmitted_of(suite)}
                self.checks[suite.name] = judged
            checks += filter(None, judged.values())
        return decide(checks)


def _precision(target: Target) -> str:
    """The precision of a model that we serve ourselves, for the line that says what is asked."""
    return "" if target.model.served else f", in {target.model.dtype}"

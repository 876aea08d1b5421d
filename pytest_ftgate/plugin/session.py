"""Options -> FtgateSession: the one object of a run, kept in `config.stash`; what it holds is made when first used."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import fields
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.discovery import Catalogue
from pytest_ftgate.pipeline.evaluation_run import EvaluationRun
from pytest_ftgate.pipeline.golden_sets import GoldenSets
from pytest_ftgate.pipeline.model_under_test import UnderTest
from pytest_ftgate.pipeline.run_judges import RunJudges
from pytest_ftgate.pipeline.training_runs import TrainingRuns
from pytest_ftgate.plugin.gc_freeze import Freeze
from pytest_ftgate.plugin.judges import open_judges
from pytest_ftgate.plugin.report.collector import ReportCollector

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.canary.run import CanaryRun
    from pytest_ftgate.pipeline.comparison.against import Against
    from pytest_ftgate.pipeline.decide.gate_run import GateRun
    from pytest_ftgate.pipeline.live.production_run import ProductionRun
    from pytest_ftgate.pipeline.progress import Console
    from pytest_ftgate.pipeline.run_records import RunRecords
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.stages.check_data import DataChecks
    from pytest_ftgate.plugin.options import Options

KEY: pytest.StashKey[FtgateSession] = pytest.StashKey()


class FtgateSession:
    """What the items of a run share.

    notes: lines for the header. watching: pipelines of `--canary`. collected: golden files that are ours. weighed:
    names of the golden sets whose whole gate is selected in this run. made: under --train or --canary, all items
    of ours before anything was deselected.
    """

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config, self.options = config, options
        self.catalogue = Catalogue(options.goldens, options.pipelines)
        self.watching: tuple[str, ...] = ()
        self.notes: list[str] = []
        self.weighed: frozenset[str] = frozenset()
        self.made: list[pytest.Item] = []
        self.collected: set[Path] = set()
        self.reports = ReportCollector(options.train, options.canary)
        self.freeze = Freeze()
        self.judges = RunJudges(self.catalogue, lambda: open_judges(config, options, self.catalogue), self.shown)
        client_of = self.judges.client_of
        self.golden_sets = GoldenSets(self.catalogue, options.price, client_of, self.shown, options.combinations)
        self.training = TrainingRuns(self.catalogue, self.golden_sets, lambda: self.runtime, options.leak, client_of)
        asked = UnderTest(target=options.target, regrade=options.regrade, resume=options.resume)
        self.evaluations = EvaluationRun(asked, self.catalogue, self.training, lambda: self.runtime, self.note)
        self.against = self._against()
        self._production: dict[str, ProductionRun] | None = None
        self._data_checks: dict[Path, DataChecks] = {}

    @cached_property
    def gate(self) -> GateRun:
        """The checks of this run."""
        from pytest_ftgate.pipeline.decide.gate_run import GateRun

        return GateRun(self.golden_sets, self.training, self.evaluations, self.against)

    def _against(self) -> Against | None:
        """The run that --ftgate-against names, looked up. Raises FtgateError."""
        if not self.options.against:
            return None
        from pytest_ftgate.evaluate.records.store import RecordStore
        from pytest_ftgate.pipeline.comparison.against import Against

        found = Against(RecordStore(self.options.state_dir), self.options.against, self.options.max_drop)
        found.look_up()
        return found

    @cached_property
    def records(self) -> RunRecords:
        """Keeps what this run measured."""
        from pytest_ftgate.pipeline.run_records import RunRecords

        args, say = map(str, self.config.invocation_params.args), self.console.line
        return RunRecords(self.options.state_dir, self.options.rootdir, args, say, self.against)

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

        return Console(reporter._tw._file, line, still=self.config.get_verbosity() < 0)

    def note(self, text: str) -> None:
        """Print a line that -q leaves out."""
        if self.config.get_verbosity() >= 0:
            self.console.line(text)

    @cached_property
    def runtime(self) -> Runtime:
        """Engines, request pool, journals and registry of this run."""
        from pytest_ftgate.pipeline.runtime import Runtime
        from pytest_ftgate.pipeline.settings import Settings

        return Runtime(
            Settings(**{each.name: getattr(self.options, each.name) for each in fields(Settings)}), self.console
        )

    def note_made(self, item: pytest.Item) -> None:
        """Remember an item, where none may be left out."""
        if self.options.train or self.options.canary:
            self.made.append(item)

    def shown(self, path: Path) -> str:
        """The path as a user would type it."""
        return os.path.relpath(path, self.config.invocation_params.dir)

    def data_checks(self, path: Path) -> DataChecks:
        """The checks of the data of a pipeline.toml. Raises PipelineError with all its faults."""
        if path not in self._data_checks:
            from pytest_ftgate.pipeline.config import read_pipeline
            from pytest_ftgate.pipeline.label_counts import label_counts_of
            from pytest_ftgate.pipeline.stages.check_data import DataChecks

            pipeline = read_pipeline(path)
            named = self.golden_sets.named
            self._data_checks[path] = DataChecks(
                pipeline,
                lambda: named(pipeline.goldens[0]).prompt,
                lambda: label_counts_of([named(name) for name in pipeline.goldens]),
                self.options.state_dir,
            )
        return self._data_checks[path]

    def canary_run(self, name: str) -> CanaryRun:
        """The canary of a pipeline, with the golden sets of its panel. Raises FileFaults, FtgateError."""
        from pytest_ftgate.pipeline.canary.run import CanaryRun

        pipeline = self.catalogue.pipeline(name)
        return CanaryRun(pipeline, [self.golden_sets.named(golden) for golden in pipeline.panel_goldens], self.runtime)

    def production_run(self, name: str) -> ProductionRun | None:
        """The labelled production inputs of a pipeline, where --live names a file; None if the file has none of it.

        Raises FileFaults for lines that are none, and for a file that has inputs of no pipeline that is watched.
        """
        if self.options.live is None:
            return None
        from pytest_ftgate.pipeline.live.production_run import production_runs

        if self._production is None:
            runs = [self.canary_run(each) for each in self.watching]
            self._production = production_runs(self.options.live, runs, self.golden_sets.named)
        return self._production.get(name)

    def close(self) -> None:
        """Keep what was learned, stop what was started; nothing is started just to be stopped."""
        with ExitStack() as closing:
            closing.callback(partial(self.judges.close, self.reports.judges))
            if "runtime" in self.__dict__:
                closing.callback(self.runtime.close)
                self.reports.scores += self.evaluations.scores()
                self.reports.traffic += self.evaluations.sum_up()
                self.reports.columns += self.evaluations.columns()
                self.reports.changed += self.records.keep(self.evaluations.tested)
                self.reports.counts.update(self.runtime.counts)
                self.reports.unasked = list(self.evaluations.unasked.lines())
                self._report()

    def _report(self) -> None:
        """What a report says of the golden sets and the trainings; nothing of it is asked again."""
        from pytest_ftgate.pipeline.report.sets import set_fact, trained

        tested = {evaluation.suite.title: evaluation.suite for evaluation, _ in self.evaluations.tested}
        runs = list(self.training)
        try:
            watched = any(night["kind"] != "none" for night in self.reports.nights)
            if not (self.reports.told and (tested or runs or watched)):
                return
            self.reports.about |= self.records.about
            folder = self.options.state_dir / "records" / self.reports.about["run"]
            for each in tested.values():
                seen, gates = (
                    self.golden_sets.seen(each, self.options.state_dir),
                    self.catalogue.pipelines_of(each.name),
                )
                self.reports.sets.append(set_fact(each, seen, gates))
            self.reports.pipelines += [trained(run, folder) for run in runs]
        except (FtgateError, OSError) as error:
            self.console.line(f"ftgate: no report of this run is kept: {error}")

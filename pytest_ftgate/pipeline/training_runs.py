"""Names of pipelines that a run trains -> PipelineRuns, and which golden set belongs to which of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.judge.client import JudgeClient
    from pytest_ftgate.pipeline.discovery import Catalogue
    from pytest_ftgate.pipeline.golden_sets import GoldenSets
    from pytest_ftgate.pipeline.run import PipelineRun
    from pytest_ftgate.pipeline.runtime import Runtime


class TrainingRuns:
    """names: the pipelines that `--train` trains, in order; none in a plain run. leak: --ftgate-leak."""

    def __init__(
        self,
        catalogue: Catalogue,
        golden_sets: GoldenSets,
        runtime: Callable[[], Runtime],
        leak: str,
        judge_client: Callable[[Suite], JudgeClient],
    ) -> None:
        self._catalogue, self._golden_sets, self._runtime = catalogue, golden_sets, runtime
        self._leak, self._judge_client = leak, judge_client
        self._runs: dict[str, PipelineRun] = {}
        self.names: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[PipelineRun]:
        """Those that were made so far."""
        return iter(self._runs.values())

    def run(self, name: str) -> PipelineRun:
        """The run of a pipeline, with its golden sets. Raises FileFaults, FtgateError."""
        if name not in self._runs:
            from pytest_ftgate.pipeline.base_chat import check_requests
            from pytest_ftgate.pipeline.rewards import check_rewards
            from pytest_ftgate.pipeline.run import PipelineRun

            pipeline = self._catalogue.pipeline(name)
            suites = tuple(self._golden_sets.named(golden) for golden in pipeline.goldens)
            check_requests(pipeline.chat, suites)
            check_rewards(pipeline.tuning, suites)
            forgetting = pipeline.policy.forgetting
            general = self._golden_sets.named(forgetting.golden) if forgetting else None
            self._runs[name] = PipelineRun(
                pipeline, suites, self._runtime(), general, leak=self._leak, judge_client=self._judge_client
            )
        return self._runs[name]

    def trains(self, path: Path) -> bool:
        """True for the pipeline.toml of a pipeline that this run trains."""
        return any(self._catalogue.pipeline_paths[name] == path for name in self.names)

    def gated_by(self, golden: str) -> str:
        """The pipeline that this run trains and a golden set gates; "" if none."""
        gated = self._catalogue.pipelines_of(golden) if self.names else []
        return next((name for name in self.names if name in gated), "")

    def of(self, suite: Suite) -> PipelineRun | None:
        """The run that a golden set gates, None in a plain run."""
        name = self.gated_by(suite.name)
        return self.run(name) if name else None

    def is_general(self, suite: Suite) -> bool:
        """True for a set that this run measures for [forgetting] alone: its floors and must_pass decide nothing."""
        name = self.gated_by(suite.name)
        return bool(name) and self._catalogue.general_of(name) == suite.name

    def is_live(self, suite: Suite) -> bool:
        """True for the set with which the exposures of an A/B test are judged."""
        from pytest_ftgate.gate.live.plan import live_set

        name = self.gated_by(suite.name)
        return bool(name) and live_set(self._catalogue.pipeline_paths[name]) == suite.name

    def forecasts(self) -> Iterator[str]:
        """How long each will take, as far as that can be known before it begins."""
        from pytest_ftgate.pipeline.forecast import forecast

        for name in self.names:
            with suppress(FtgateError):  # a fault of its data is reported by the stage that meets it
                run = self.run(name)
                if found := forecast(run.pipeline, run.sets):
                    yield f"ftgate: {name}: {found.line()}"

"""A pipeline on its way from data to a verdict: what it was given, and what each stage has found.

Each stage is a function in `pipeline.stages` and sets one field; what is worked out of the fields is below them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.evaluations import Evaluations
from pytest_ftgate.pipeline.golden_reuse import tried
from pytest_ftgate.pipeline.leaked_cases import LeakedCases
from pytest_ftgate.pipeline.question_sketch import sketch_of
from pytest_ftgate.pipeline.references import References
from pytest_ftgate.pipeline.targets import Target, base_target

if TYPE_CHECKING:
    from pytest_ftgate.data.lineage import Lineage
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.golden.case import Prompt
    from pytest_ftgate.judge.client import JudgeClient
    from pytest_ftgate.judge.pairwise import Comparison
    from pytest_ftgate.leakage.report import Report
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.registry import Version
    from pytest_ftgate.serve.model import Model
    from pytest_ftgate.train.manifest import Manifest


class Stopped(FtgateError):  # noqa: N818 - a decision, not an error
    """A stage has already decided: a leak (INTEGRITY), or not one answer that can be read (REJECT)."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.reason)


@dataclass(frozen=True, slots=True)
class PreparedData:
    """The pipeline on the rows that may be trained. lineage: of its files. origins: file -> the user's own file."""

    pipeline: Pipeline
    lineage: Lineage
    origins: Mapping[Path, str]


@dataclass(frozen=True, slots=True)
class LeakageResult:
    """What leaked and stopped nothing. report: on the sets that gate. cases: what the gate leaves out."""

    report: Report
    cases: LeakedCases


@dataclass(frozen=True, slots=True)
class Baseline:
    """The base model has been asked. champion: what production serves now, None if nothing was ever promoted."""

    champion: Version | None


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What the fixture `training_run` hands out.

    adapter: the folder of the best epoch. curves: name ("loss", "validation", ...) -> (step, value) pairs.
    """

    manifest: Manifest
    adapter: Path
    curves: Mapping[str, Sequence[tuple[int, float]]]


@dataclass
class PipelineRun:
    """One pipeline and its golden sets in one run.

    source: the pipeline as written. suites: the golden sets that gate it. general: the set of general skills that
    [forgetting] names, if any. leak: --ftgate-leak, what a leak does. judge_client: of a set's [judge]; None where no
    judge can be asked. machine_lacks: why this machine cannot do it, "" if it can. data ... manifest: results of the
    stages, None before them. leaking: what the leakage check found, also where it stopped the run. compared: candidate
    and champion by the judge, by name of the set. seconds: that each stage took.
    """

    source: Pipeline
    suites: tuple[Suite, ...]
    runtime: Runtime
    general: Suite | None = None
    leak: str = "error"
    judge_client: Callable[[Suite], JudgeClient] | None = None
    machine_lacks: str | None = None
    data: PreparedData | None = None
    leakage: LeakageResult | None = None
    baseline: Baseline | None = None
    manifest: Manifest | None = None
    leaking: Report | None = None
    compared: dict[str, Comparison] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def stages_done(self) -> dict[str, bool]:
        """Whether each stage that a promotion rests on has left its result."""
        results = {"leakage": self.leakage, "baseline": self.baseline, "fine-tune": self.manifest}
        return {name: result is not None for name, result in results.items()}

    @property
    def name(self) -> str:
        """The task: the name of the pipeline's folder, and of its model in the registry."""
        return self.source.name

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline on the rows that may be trained, as far as they are known by now."""
        return self.data.pipeline if self.data else self.source

    @property
    def sets(self) -> tuple[Suite, ...]:
        """All golden sets that the candidate is measured on."""
        return (*self.suites, self.general) if self.general else self.suites

    @property
    def deciding(self) -> tuple[Suite, ...]:
        """The golden sets with a check that decides: all but an advisory set of general skills."""
        forgetting = self.source.policy.forgetting
        return self.sets if forgetting and forgetting.required else self.suites

    @property
    def leaked(self) -> LeakedCases:
        """The cases that are in training rows; none before the leakage check."""
        return self.leakage.cases if self.leakage else LeakedCases()

    @property
    def champion(self) -> Version | None:
        """What production serves, as the baseline stage found it."""
        return self.baseline.champion if self.baseline else None

    @property
    def unchanged(self) -> bool:
        """True if what was trained is what production already serves."""
        return self.manifest is not None and self.champion is not None and self.champion.digest == self.manifest.digest

    @property
    def data_lineage(self) -> Lineage:
        """Of what was trained, or of what this run would train; empty before the first stage."""
        trained = self.manifest.lineage if self.manifest else {}
        return trained or (self.data.lineage if self.data else {})

    @property
    def training_run(self) -> TrainingRun:
        """For tests in Python. Raises FtgateError before the fine-tune has run."""
        if self.manifest is None:
            raise FtgateError(f"{self.name}: there is no training run yet; the stage fine-tune has not run")
        return TrainingRun(self.manifest, self.manifest.adapter, self.manifest.curves)

    # --- models ------------------------------------------------------------------------------------------------------

    @property
    def base(self) -> Model:
        """The untuned model at the serving precision, as this run serves it. Raises FtgateError."""
        return self.runtime.engines.as_served(self.source.base_model)

    @cached_property
    def candidate(self) -> Target:
        """What this run trained. Raises FtgateError before the fine-tune has run."""
        if self.manifest is None:
            raise FtgateError(f"{self.name}: there is no candidate yet; the stage fine-tune has not run")
        from pytest_ftgate.serve.model import tuned

        return Target("candidate", tuned(self.base, self.manifest.adapter))

    @cached_property
    def champion_target(self) -> Target:
        """What production serves, as a target. Raises FtgateError if there is no champion."""
        return self.runtime.targets.named("champion", self.name, self.base)

    @cached_property
    def evaluations(self) -> Evaluations:
        """Of all models of this run."""
        return Evaluations(self.runtime)

    def candidate_of(self, suite: Suite) -> Evaluation:
        """The candidate on a golden set."""
        return self.evaluations.of(suite, self.candidate)

    def champion_of(self, suite: Suite) -> Evaluation:
        """The champion on a golden set, in this run."""
        return self.evaluations.of(suite, self.champion_target)

    def baseline_of(self, suite: Suite) -> Evaluation:
        """The base model with its best prompt; on general skills with the set's own, as the candidate is asked."""
        target = base_target(self.base)
        if suite == self.general:
            return self.evaluations.of(suite, target)
        choices = self.source.baseline.choices if "choice" in self.runtime.engines.offers(target.model) else ()
        return self.evaluations.of(suite, target, self._few_shot[suite.name], choices)

    @cached_property
    def _few_shot(self) -> Mapping[str, Prompt]:
        """The baseline's prompt for each set, with examples of the training rows."""
        from pytest_ftgate.data.readers.reader import read_rows
        from pytest_ftgate.pipeline.few_shot import examples

        k = self.source.baseline.few_shot
        files = self.pipeline.data.files if k else {}
        rows = [row for kind, path in files.items() if kind.startswith("train") for row in read_rows(path)]
        return {
            suite.name: replace(
                suite.prompt,
                examples=(*suite.prompt.examples, *examples(suite.prompt, rows, k, self.source.seed)),
            )
            for suite in self.suites
        }

    def answers_of(self, suite: Suite, version: Version, *, now: bool) -> dict[str, Any]:
        """A version's answers, as `Evaluation.to_json`: frozen, or (now) those the champion gave in this run."""
        return self.champion_of(suite).to_json() if now else self.runtime.registry.results(version, suite.name)

    @cached_property
    def references(self) -> References:
        """What else the candidate is compared with; to be asked for after the baseline stage."""
        registry, left_out = self.runtime.registry, self.leaked.left_out
        return References(self.champion, registry, lambda: self.versions, self.champion_of, left_out, self.base.engine)

    @cached_property
    def versions(self) -> list[Version]:
        """All registered versions of the task before this run has added its own, oldest first."""
        return self.runtime.registry.versions(self.name)

    def tried(self, suite: Suite) -> int:
        """Candidates tried in this promotion round on a golden set, this one included."""
        digest = self.manifest.digest if self.manifest else ""
        judged = self.runtime.registry.judged_since_move(self.name)
        return tried(self.versions, self.champion, sketch_of(suite.cases), digest, judged)

    # --- reporting ---------------------------------------------------------------------------------------------------

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Record how long a stage took, in seconds."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - begun

    def say(self, text: str) -> None:
        """Print lines below the name of the stage."""
        for line in text.splitlines():
            self.runtime.console.line(f"  {line}")

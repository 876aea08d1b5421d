"""(pipeline, its golden sets) -> a candidate, measured: the stages of `--train`, each resumable.

Nothing here knows pytest; `items.pipeline` turns the stages into items.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.lineage import Lineage, line_of, stepped
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.evaluation import Evaluation
from pytest_ftgate.evaluate.responses import Responses
from pytest_ftgate.files.text import shown
from pytest_ftgate.gate.verdict import Kind, Result, Verdict
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.pipeline.data_access import record_access
from pytest_ftgate.pipeline.golden_reuse import tried
from pytest_ftgate.pipeline.leaked_cases import LeakedCases, TooFewLeft
from pytest_ftgate.pipeline.references import References
from pytest_ftgate.pipeline.runtime import Runtime, Target, base_target

if TYPE_CHECKING:
    from pytest_ftgate.data.near.rows import Row
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.judge.client import JudgeClient
    from pytest_ftgate.leakage.check import Report
    from pytest_ftgate.pipeline.canary.reference import Reference
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.progress import Advance
    from pytest_ftgate.registry import Version
    from pytest_ftgate.serve.model import Model
    from pytest_ftgate.serve.response import Response
    from pytest_ftgate.train.job import TrainJob
    from pytest_ftgate.train.manifest import Manifest

SMOKE_CASES = 10


class Stopped(FtgateError):  # noqa: N818 - a decision, not an error
    """A stage has already decided: a leak (INTEGRITY), or not one answer that can be read (REJECT)."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.reason)


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
    """One pipeline on its way from data to a verdict.

    suites: the golden sets that gate it. general: the set of general skills that [forgetting] names, if any.
    leak: --ftgate-leak, what a leak does. exposed: the cases that stand in training rows. judge_client: of a set's
    [judge]; None where no judge can be asked. lineage: of the data, empty before the first stage.
    """

    pipeline: Pipeline
    suites: tuple[Suite, ...]
    runtime: Runtime
    general: Suite | None = None
    manifest: Manifest | None = None
    leaks: Report | None = None
    leak: str = "error"
    judge_client: Callable[[Suite], JudgeClient] | None = None
    exposed: LeakedCases = field(default_factory=LeakedCases)
    champion: Version | None = None
    reference: Reference | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    lineage: Lineage = field(default_factory=dict)
    _origins: dict[Path, str] = field(default_factory=dict)
    _evaluations: dict[tuple[str, str], Evaluation] = field(default_factory=dict)
    _candidate: Target | None = None

    @property
    def name(self) -> str:
        """The task: the name of the pipeline's folder, and of its model in the registry."""
        return self.pipeline.name

    @property
    def sets(self) -> tuple[Suite, ...]:
        """All golden sets that the candidate is measured on."""
        return (*self.suites, self.general) if self.general else self.suites

    @property
    def deciding(self) -> tuple[Suite, ...]:
        """The golden sets with a check that decides: all but an advisory set of general skills."""
        forgetting = self.pipeline.policy.forgetting
        return self.sets if forgetting and forgetting.required else self.suites

    @property
    def unchanged(self) -> bool:
        """True if what was trained is what production already serves."""
        return self.manifest is not None and self.champion is not None and self.champion.digest == self.manifest.digest

    # --- stages ------------------------------------------------------------------------------------------------------

    def check_leakage(self) -> None:
        """Compare training and validation rows with every golden. Raises Stopped(INTEGRITY) on a leak.

        General skills are compared apart from the others, whose templates they do not share; a leak into an advisory
        set is told and stops nothing.
        """
        self._prepare()
        record_access(self.runtime.settings.state_dir, self.pipeline, "leakage", self.sets)
        self.leaks = self._leaks_of(self.suites)
        if self.general is None:
            return
        self._leaks_of((self.general,), stop=self.general in self.deciding)

    def _prepare(self) -> None:
        """Once, whichever stage comes first: from then on the pipeline is on the rows that may be trained."""
        if self.lineage:
            return
        from pytest_ftgate.pipeline.stages.prepare_data import prepared

        files, folder = self.pipeline.data_files, self.runtime.settings.state_dir
        if self.pipeline.data.pii != "error":
            record_access(folder, self.pipeline, f"pii: {self.pipeline.data.pii}")
        self.pipeline, self.lineage = prepared(self.pipeline, folder / "runs" / self.name / "prepared")
        self._origins = dict(zip(self.pipeline.data_files, map(shown, files), strict=True))
        self._say(f"data: {line_of(self.lineage)}")

    def _leaks_of(self, suites: Sequence[Suite], *, stop: bool = True) -> Report:
        report, found = self._compared(suites)
        blocks = stop and bool(report.blocking(strict=self.leak == "strict"))
        if blocks and not self.leak.startswith("drop"):
            raise Stopped(Verdict(Kind.INTEGRITY, (), report.describe()))
        self._say(report.describe())
        if blocks and self.leak == "drop-row":
            self.pipeline = self._without(found)
            return self._leaks_of(suites)
        if blocks:
            self._drop_cases(report, suites)
        self.exposed.tolerate(report)
        return report

    def _drop_cases(self, report: Report, suites: Sequence[Suite]) -> None:
        try:
            self.exposed.drop(report.leaks, suites)
        except TooFewLeft as error:
            raise Stopped(Verdict(Kind.INTEGRITY, (), f"{error}\n{report.describe()}")) from None
        for line in self.exposed.told(suites):
            self._say(line)

    def _without(self, found: Mapping[str, Collection[int]]) -> Pipeline:
        """The pipeline with copies of its data files that lack the leaked rows; the files themselves stay."""
        from pytest_ftgate.leakage.drop_rows import write_clean

        copies, folder = [], self.runtime.settings.state_dir / "runs" / self.name / "clean"
        for kind, path in zip(("train", "validation"), self.pipeline.data_files, strict=True):
            origin = self._origins.get(path, shown(path))
            lines = found.get(origin, ())
            copies.append(write_clean(path, lines, folder / kind) if lines else path)
            if lines:
                self.lineage = stepped(self.lineage, kind, "leaked goldens", copies[-1])
                self._say(f"dropped {len(lines):,} leaked rows of {origin}: this run uses {shown(copies[-1])}")
        return replace(self.pipeline, data=replace(self.pipeline.data, train=copies[0], validation=copies[1]))

    def _compared(self, suites: Sequence[Suite]) -> tuple[Report, Mapping[str, Collection[int]]]:
        """The report, and the lines that leak, by file."""
        from pytest_ftgate.data.near.rows import read_rows
        from pytest_ftgate.errors import SelfTestError
        from pytest_ftgate.leakage.check import find_leaks

        found: dict[str, set[int]] = {}

        def keep(row: Row, verdict: str) -> None:
            if verdict == "leak":
                found.setdefault(row.path, set()).add(row.line)

        cases = {suite.name: suite.cases for suite in suites}
        rows = (
            replace(row, path=self._origins.get(path, row.path))
            for path in self.pipeline.data_files
            for row in read_rows(path)
        )
        try:
            return find_leaks(cases, rows, keep), found
        except SelfTestError as error:
            raise Stopped(Verdict(Kind.INTEGRITY, (), str(error))) from None

    def measure_baseline(self) -> None:
        """The untuned model with its best prompt on every golden set; answers of earlier runs are taken as they are."""
        self._prepare()
        warm = threading.Thread(target=self._open_registry, daemon=True)
        warm.start()
        target = base_target(self.base)
        for suite in self.sets:
            evaluation = self._baseline_of(suite)
            self._ask_all(evaluation, target, f"baseline {suite.name}")
            self._say_score(evaluation, "base")
        warm.join()
        self.champion = self.runtime.champion(self.name)

    def fine_tune(self) -> None:
        """Train in a process of its own, after the servers have given their memory back."""
        from pytest_ftgate.train.launch import train

        self._prepare()
        job = self.pipeline.job(self.suites[0].prompt.to_json(), self._grading(self.suites[0]), self.lineage)
        record_access(self.runtime.settings.state_dir, self.pipeline, "fine-tune")
        out_dir = self.runtime.settings.state_dir / "runs" / self.name / job.digest[:16]
        self._compare_tokens(job, out_dir)
        self.runtime.stop_engines()
        with self.runtime.console.progress("fine-tune", None) as advance:
            self.manifest = train(job, out_dir, _Narrator(self._say, advance))

    def _compare_tokens(self, job: TrainJob, out_dir: Path) -> None:
        """Before anything is trained, if the base model is still served; `serve` compares in any case."""
        from pytest_ftgate.train.launch import finished
        from pytest_ftgate.train.preview import preview
        from pytest_ftgate.train.token_check import check_tokens

        engine = self.runtime.running(base_target(self.base))
        if engine is not None and finished(job, out_dir) is None:
            count = check_tokens(engine.endpoint(self.base), preview(job, out_dir))
            self._say(f"the server reads {count} training rows in the very tokens they will be trained in")

    def serve(self) -> None:
        """Serve the adapter and ask the first ten goldens. Raises Stopped(REJECT) if not one answer can be read."""
        if self.unchanged:
            self._say("the candidate is the champion; nothing to serve")
            return
        self._expect_champion()
        suite = self.suites[0]
        evaluation = self.candidate_of(suite)
        cases = suite.cases[:SMOKE_CASES]
        self._ask(evaluation, cases, self.candidate, "smoke test")
        self._check_tokens()
        readable = sum(evaluation.readable(case) for case in cases)
        self._say(f"smoke test: {readable} of {len(cases)} answers can be read")
        if not readable:
            answer = evaluation.responses.first(cases[0]).text
            raise Stopped(
                Verdict(
                    Kind.REJECT, (), f"smoke test: not one of {len(cases)} answers can be read; the first: {answer!r}"
                )
            )
        self._ask_candidate()

    def _expect_champion(self) -> None:
        """If the champion must be measured again, one server answers for both: it is started for the higher rank."""
        if any(map(self.references.champion_is_stale, self.suites)):
            self.runtime.expect(self._champion_target)

    def _check_tokens(self) -> None:
        """Training and serving must give the same token ids. Raises ServeError that shows both."""
        from pytest_ftgate.train.job import TOKENS_FILE
        from pytest_ftgate.train.token_check import check_tokens

        if self.manifest is not None:
            engine = self.runtime.started(self.candidate)
            endpoint = engine.endpoint(self.candidate.model)
            if engine.verified:
                self._say(engine.verified)
            count = check_tokens(endpoint, self.manifest.path.with_name(TOKENS_FILE))
            self._say(f"the server reads {count} training rows in the very tokens they were trained in")

    def _ask_candidate(self) -> None:
        """Send every golden to the candidate; returns at once, the answers come while the items run."""
        for suite in self.sets:
            self.runtime.ask(self.candidate_of(suite), suite.cases, self.candidate, reuse=True)

    @property
    def data_lineage(self) -> Lineage:
        """Of what was trained, or of what this run would train; empty before the first stage."""
        return (self.manifest.lineage if self.manifest else {}) or self.lineage

    @property
    def training_run(self) -> TrainingRun:
        """For tests in Python. Raises FtgateError before the fine-tune has run."""
        if self.manifest is None:
            raise FtgateError(f"{self.name}: there is no training run yet; the stage fine-tune has not run")
        return TrainingRun(self.manifest, self.manifest.adapter, self.manifest.curves)

    # --- models ------------------------------------------------------------------------------------------------------

    @property
    def base(self) -> Model:
        """The untuned model at the serving precision."""
        return self.pipeline.base_model

    @property
    def candidate(self) -> Target:
        """What this run trained."""
        if self.manifest is None:
            raise FtgateError(f"{self.name}: there is no candidate yet; the stage fine-tune has not run")
        if self._candidate is None:
            from pytest_ftgate.serve.model import tuned

            self._candidate = Target("candidate", tuned(self.base, self.manifest.adapter))
        return self._candidate

    def candidate_of(self, suite: Suite) -> Evaluation:
        """The candidate on a golden set."""
        return self._measure(suite, self.candidate)

    def base_results(self, suite: Suite) -> dict[str, Result]:
        """The baseline's results on a golden set."""
        return self._baseline_of(suite).results

    def base_traffic(self, suite: Suite) -> dict[str, list[Response]]:
        """The baseline's answers on a golden set, as of `Evaluation.traffic`."""
        return self._baseline_of(suite).responses.traffic

    def base_answers(self, suite: Suite) -> dict[str, Any]:
        """The baseline's answers on a golden set, as `Evaluation.to_json` gives them."""
        return self._baseline_of(suite).to_json()

    def answers_of(self, suite: Suite, version: Version, *, now: bool) -> dict[str, Any]:
        """A version's answers, as `Evaluation.to_json`: frozen, or (now) those the champion gave in this run."""
        if now:
            return self._measure(suite, self._champion_target).to_json()
        return self.runtime.registry.results(version, suite.name)

    @cached_property
    def references(self) -> References:
        """What else the candidate is held against."""
        return References(self)

    @cached_property
    def versions(self) -> list[Version]:
        """All registered versions of the task before this run has added its own, oldest first."""
        return self.runtime.registry.versions(self.name)

    def tried(self, suite: Suite) -> int:
        """Candidates tried in this promotion round on a golden set, this one included."""
        digest = self.manifest.digest if self.manifest else ""
        return tried(self.versions, self.champion, suite.name, suite.digest, digest)

    def measure_champion(self, suite: Suite) -> dict[str, Result]:
        """The champion's results on a golden set, asked now."""
        target = self._champion_target
        evaluation = self._measure(suite, target)
        self._ask_all(evaluation, target, f"champion {suite.name}")
        return evaluation.results

    @cached_property
    def _champion_target(self) -> Target:
        return self.runtime.target("champion", self.name, self.base)

    def _measure(self, suite: Suite, target: Target) -> Evaluation:
        key = (suite.name, target.digest)
        if key not in self._evaluations:
            self._evaluations[key] = Evaluation(Responses(suite, target.digest, self.runtime.journal(suite)))
        return self._evaluations[key]

    def _baseline_of(self, suite: Suite) -> Evaluation:
        """The base model with its best prompt; on general skills with the set's own, as the candidate is asked."""
        if suite == self.general:
            return self._measure(suite, base_target(self.base))
        key, target = (suite.name, "baseline"), base_target(self.base)
        if key not in self._evaluations:
            self._evaluations[key] = Evaluation(
                Responses(
                    suite,
                    self.base.digest,
                    self.runtime.journal(suite),
                    prompt=self._few_shot(suite.prompt),
                    choices=self.pipeline.baseline.choices if "choice" in self.runtime.offers(target) else (),
                )
            )
        return self._evaluations[key]

    def _few_shot(self, prompt: Prompt) -> Prompt:
        from pytest_ftgate.data.readers.reader import read_rows
        from pytest_ftgate.pipeline.stages.few_shot import examples

        k = self.pipeline.baseline.few_shot
        rows = list(read_rows(self.pipeline.train_file)) if k else []
        return replace(prompt, examples=(*prompt.examples, *examples(prompt, rows, k, self.pipeline.seed)))

    # --- telling -----------------------------------------------------------------------------------------------------

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Record how long a stage took, in seconds."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - begun

    def _say(self, text: str) -> None:
        for line in text.splitlines():
            self.runtime.console.line(f"  {line}")

    def _say_score(self, evaluation: Evaluation, who: str) -> None:
        for name, options in evaluation.suite.metrics:
            metric = evaluation.metric(**options)
            self._say(
                f"{who} on {evaluation.suite.name}: {name} {metric.value:.3f} [{metric.lower:.3f}, {metric.upper:.3f}]"
            )

    def _ask_all(self, evaluation: Evaluation, target: Target, label: str) -> None:
        self._ask(evaluation, evaluation.suite.cases, target, label)

    def _ask(self, evaluation: Evaluation, cases: Sequence[Any], target: Target, label: str) -> None:
        sent = self.runtime.ask(evaluation, cases, target, reuse=True)
        if not sent:
            return
        with self.runtime.console.progress(label, sent) as advance:
            while (done := evaluation.responses.done) < sent:
                advance(done, "")
                time.sleep(0.2)
            advance(done, "")

    def _open_registry(self) -> None:
        """The import and the migrations take seconds: meanwhile the base model answers."""
        self.runtime.registry.prepare()

    def _grading(self, suite: Suite) -> dict[str, Any]:
        golden = suite.golden
        label = {"path": golden.label.path, "values": list(golden.label.values)} if golden.label else None
        return {
            "graders": [
                dict(spec) for spec in golden.graders if spec["kind"] != "judge"
            ],  # nobody is asked while training
            "label": label,
            "max_tokens": golden.request.max_tokens,
        }


class _Narrator:
    """Events of the trainer -> lines and a bar."""

    def __init__(self, say: Callable[[str], None], advance: Advance) -> None:
        self._say = say
        self._advance = advance

    def __call__(self, event: dict[str, Any]) -> None:
        match event:
            case {"event": "step", "step": step, "steps": steps, "loss": loss}:
                self._advance(step, f"loss {loss:.3f}", steps)
            case {"event": "epoch" | "warning" | "start" | "validation", "text": text}:
                self._say(text)

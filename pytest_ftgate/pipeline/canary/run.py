"""(pipeline, golden sets of its panel, night) -> Finding: one night of one champion, asked, kept and judged.

Nothing here knows pytest; `items.canary` turns a night into an item, `commands.canary` records reference runs by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, IntegrityError
from pytest_ftgate.pipeline.canary.compatibility import changes
from pytest_ftgate.pipeline.canary.history import judge, night_of
from pytest_ftgate.pipeline.canary.measure import ask_night, ask_reference
from pytest_ftgate.pipeline.canary.panel import asked_of, draw_panel, find_panel
from pytest_ftgate.pipeline.canary.result import Finding
from pytest_ftgate.pipeline.canary.store import keep_night, keep_reference, mark, nights_of, reference_of
from pytest_ftgate.pipeline.production.base_models import base_here
from pytest_ftgate.pipeline.targets import Target

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.canary.history import Night
    from pytest_ftgate.pipeline.canary.reference import Reference
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.registry import Version

REBASE = "ftgate canary {task} --rebase REASON"


@dataclass
class CanaryRun:
    """The canary of one pipeline. suites: what its panel is drawn from. champion: set by `look`."""

    pipeline: Pipeline
    suites: Sequence[Suite]
    runtime: Runtime
    champion: Version | None = field(default=None, init=False)

    @property
    def task(self) -> str:
        """The name of the pipeline, and of its model in the registry."""
        return self.pipeline.name

    def look(self, night: date) -> Finding:
        """Ask the champion its panel, keep the night, judge it. Raises FtgateError if the registry does not answer."""
        try:
            self.champion = self.runtime.targets.champion(self.task)
        except IntegrityError as error:
            return Finding("changed", str(error), night)
        if self.champion is None:
            return Finding("none", f"no champion yet; train one: pytest pipelines/{self.task} --train")
        reference = reference_of(self.runtime.registry, self.champion)
        if reference is None:
            how = f"record them: {REBASE.format(task=self.task)}"
            return Finding("unknown", f"{self.champion} has no reference runs; {how}", night)
        return self._compare(self.champion, reference, night)

    def _compare(self, champion: Version, reference: Reference, night: date) -> Finding:
        target = self.target(champion)
        panel, lost = find_panel(self.suites, reference)
        now = asked_of(self.suites, target.digest, self._engine(target))
        if changed := changes(reference, now, lost):
            fix = f"not compared; if intended, record new reference runs: {REBASE.format(task=self.task)}"
            return Finding("changed", "; ".join([*changed, fix]), night)
        try:
            answers = ask_night(panel, target, self.runtime, night.toordinal())
        except FtgateError as error:
            return Finding("incomplete", f"canary run failed: {error}", night)
        if missing := [key for key, answer in answers.items() if answer.grade is None]:
            shown = f"{', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}"
            return Finding("incomplete", f"{len(missing)} of {len(answers)} cases not measured: {shown}", night)
        return self._judge(champion, reference, night_of(night, answers))

    def _judge(self, champion: Version, reference: Reference, tonight: Night) -> Finding:
        registry = self.runtime.registry
        before = [night for night, _ in nights_of(registry, reference, champion)]
        run_id = keep_night(registry, champion, reference, tonight)
        finding = judge(reference, before, tonight)
        mark(registry, run_id, finding)
        return finding

    def target(self, champion: Version) -> Target:
        """What answers for the champion: its own adapter, or the server that --ftgate-base-url names."""
        settings = self.runtime.settings
        if settings.engine != "openai":
            base = self.runtime.engines.as_served(base_here(self.runtime.registry, champion, self.pipeline))
            return self.runtime.targets.named("champion", self.task, base)
        from pytest_ftgate.serve.model import Model

        title = f"{settings.model}, served at {settings.base_url} as {champion}"
        return Target(title, Model(settings.model, served=True), champion)

    def _engine(self, target: Target) -> str:
        """What serves a target; of a server of others, only how it is asked."""
        return target.model.engine or self.runtime.settings.engine

    def measure_reference(self, target: Target, reason: str) -> Reference:
        """Ask the reference runs of a model, the candidate about to be promoted say. Raises FtgateError."""
        panel = draw_panel(self.suites, self.pipeline.canary.size)
        asked = asked_of([suite for suite, _ in panel], target.digest, self._engine(target))
        return ask_reference(panel, asked, target, self.runtime, reason)

    def at_promotion(self, candidate: Target, say: Callable[[str], None]) -> Reference | None:
        """The reference runs of a candidate; None, said with its reason, if the server is gone: they can wait."""
        try:
            reference = self.measure_reference(candidate, "at promotion")
        except FtgateError as error:
            say(f"  no reference runs: {error}\n  record them later: {REBASE.format(task=self.task)}")
            return None
        expected = reference.expected
        say(f"  score {expected.score:.3f} in {expected.k} runs of {expected.n} cases")
        return reference

    def rebase(self, reason: str) -> tuple[Version, Reference]:
        """New reference runs for the champion as it answers now; its nights begin anew. Raises FtgateError."""
        champion = self.runtime.targets.champion(self.task)
        if champion is None:
            raise FtgateError(f"{self.task} has no champion yet; train one: pytest pipelines/{self.task} --train")
        reference = self.measure_reference(self.target(champion), reason)
        keep_reference(self.runtime.registry, champion, reference)
        return champion, reference

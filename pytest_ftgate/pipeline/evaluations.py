"""(golden set, target) -> Evaluation: each one once in a run, asked by the run's engines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.evaluate.evaluation import Evaluation
from pytest_ftgate.evaluate.responses import Responses

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case, Prompt
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.targets import Target


class Evaluations:
    """The evaluations of one run; nothing is asked before `ask`, nor what an earlier run asked under equal digests."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: dict[tuple[str, str, str], Evaluation] = {}

    def of(
        self, suite: Suite, target: Target, prompt: Prompt | None = None, choices: tuple[str, ...] = ()
    ) -> Evaluation:
        """A target on a golden set. prompt, choices: other than the set's own, for a baseline with its best prompt."""
        key = (suite.name, target.digest, f"{prompt.digest if prompt else ''} {choices}")
        if key not in self._known:
            journal = self._runtime.journal(suite)
            responses = Responses(suite, target.digest, journal, prompt=prompt, choices=choices, reuse=True)
            self._known[key] = Evaluation(responses)
        return self._known[key]

    def ask(self, evaluation: Evaluation, cases: Sequence[Case], target: Target, label: str) -> None:
        """Send what neither this run nor an earlier one has asked, and wait for the answers. label: of the progress."""
        sent = self._runtime.ask(evaluation, cases, target)
        if not sent:
            return
        with self._runtime.console.progress(label, sent) as advance:
            while (done := evaluation.responses.done) < sent:
                advance(done, "")
                time.sleep(0.2)
            advance(done, "")

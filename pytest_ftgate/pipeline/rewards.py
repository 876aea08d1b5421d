"""method = "grpo": the graders of the first golden set reward answers to training rows; no judge is asked for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.errors import Fault, PipelineError
from pytest_ftgate.files.text import shown
from pytest_ftgate.graders.nested import kinds_in

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.train.tuning import Tuning

JUDGED = 'method = "grpo" of the pipeline grades each answer that it draws by these graders, and asks no judge'
FIX = "name a golden set whose graders need no judge first in `goldens` of pipeline.toml; this one may follow and gate"


def check_rewards(tuning: Tuning, suites: Sequence[Suite]) -> None:
    """Raises PipelineError, with file and line, for graders of the first of these sets that ask a judge."""
    if tuning.method == "grpo" and (faults := list(_judged(suites[0]))):
        raise PipelineError(faults)


def _judged(suite: Suite) -> Iterator[Fault]:
    golden = suite.golden
    for number, spec in enumerate(golden.graders):
        if "judge" in kinds_in(spec):
            yield Fault(shown(golden.path), golden.line("grader", number), JUDGED, FIX)

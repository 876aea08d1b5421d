"""(arms on the cases that decide) -> the same arms, and the verdict, on all cases of a set and on its clean ones.

Shown beside what decided; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.gate.checks.result import Arm
from pytest_ftgate.gate.verdict import Verdict, decide
from pytest_ftgate.pipeline.decide.evidence import judge
from pytest_ftgate.pipeline.leaked_cases import PARTS, Part

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Measurement
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.run import Rollout

NOT_OF_A_PART = frozenset({"integrity", "must-pass", "live"})
"""Arms that say the same of every part: a leaked case that must pass must pass."""

Judged = Mapping[str, Mapping[str, Arm | None]]
"""Arm by name of the golden set and name of the arm."""


@dataclass
class Beside:
    """Keeps the arms of each part until the verdict."""

    _arms: dict[tuple[Part, str], dict[str, Arm | None]] = field(default_factory=dict)

    def judge(
        self, arm: str, suite: Suite, tested: Measurement, rollout: Rollout | None, delta: float
    ) -> dict[str, Arm]:
        """The arm on each part that differs from the one that decides, by the part's title. tested: on all cases."""
        found: dict[str, Arm] = {}
        for part in rollout.exposed.others(suite) if rollout and arm not in NOT_OF_A_PART else ():
            assert rollout is not None  # noqa: S101 - no part differs without one
            seen = _judged(arm, suite, tested.without(rollout.exposed.left_out(suite, part)), rollout, delta)
            self._arms.setdefault((part, suite.name), {})[arm] = seen
            if seen is not None:
                found[rollout.exposed.title(suite, part)] = seen
        return found

    def verdicts(self, rollout: Rollout, deciding: Judged) -> dict[str, Verdict]:
        """What the gate would say of each part, by the titles of the sets' parts; a set without it counts as it is."""
        return dict(self._verdicts(rollout, deciding))

    def _verdicts(self, rollout: Rollout, deciding: Judged) -> Iterator[tuple[str, Verdict]]:
        for part in PARTS:
            sets = [suite for suite in rollout.sets if part in rollout.exposed.others(suite)]
            if sets:
                titles = (f"{rollout.exposed.title(suite, part)} of {suite.name}" for suite in sets)
                yield " and ".join(titles), decide(self._of(rollout, part, deciding))

    def _of(self, rollout: Rollout, part: Part, deciding: Judged) -> list[Arm]:
        arms: dict[tuple[str, str], Arm | None] = {}
        for suite in rollout.sets:
            own = {**deciding.get(suite.name, {}), **self._arms.get((part, suite.name), {})}
            arms |= {(suite.name, name): arm for name, arm in own.items()}
        return [arm for arm in arms.values() if arm is not None]


def _judged(arm: str, suite: Suite, tested: Measurement, rollout: Rollout, delta: float) -> Arm | None:
    """What cannot be judged on a part (no case is left, say) is a skip with its reason."""
    if not tested.suite.cases:
        return Arm(arm, "skip", reason=f"{arm}: no case is left")
    try:
        seen = judge(arm, suite, tested, rollout, delta)
    except FtgateError as error:
        return Arm(arm, "skip", reason=f"{arm}: {error}")
    return replace(seen, cases_more=None) if seen else None

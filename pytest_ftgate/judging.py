"""(arm, golden set, measurements) -> Arm: brings each arm of the gate the numbers it judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, MetricError
from pytest_ftgate.gate import Arm, Results, baseline_arm, champion_arm, floors_arm, integrity_arm, must_pass_arm

if TYPE_CHECKING:
    from pytest_ftgate.golden import Floor
    from pytest_ftgate.measure import Measurement
    from pytest_ftgate.metric import Metric
    from pytest_ftgate.rollout import Rollout
    from pytest_ftgate.suite import Suite


def arms_of(suite: Suite, *, train: bool) -> list[str]:
    """The arms that judge a golden set, in order. Without a candidate there is nothing to compare with."""
    gate = suite.golden.gate
    if gate is None and not train:
        return []
    wanted = {
        "integrity": True,
        "must-pass": any(case.must_pass for case in suite.cases),
        "baseline": train,
        "champion": train,
        "floors": bool(gate and gate.floors),
    }
    return [name for name, applies in wanted.items() if applies]


def judge(arm: str, suite: Suite, tested: Measurement, rollout: Rollout | None, delta: float) -> Arm | None:
    """Judge one arm; None if it does not apply (no champion yet). delta: the margin of the set's lock, a share."""
    if arm in _COMPARING:
        if rollout is None:
            raise FtgateError(f"gate[{arm}] compares a candidate, and only --train makes one")
        return _COMPARING[arm](suite, tested, rollout, delta)
    if arm == "integrity":
        return _integrity(suite, tested, rollout)
    if arm == "must-pass":
        return must_pass_arm(tested.results, [case.id for case in suite.cases if case.must_pass])
    return _floors(suite, tested)


def _integrity(suite: Suite, tested: Measurement, rollout: Rollout | None) -> Arm:
    results: dict[str, Results] = {"candidate": tested.results}
    digests = {"candidate": suite.digest}
    leaks: list[str] = []
    if rollout is not None:
        results["base"] = rollout.base_results(suite)
        digests["base"] = suite.digest
        leaks = [str(leak) for leak in rollout.leaks.leaks] if rollout.leaks else []
    return integrity_arm(results, digests, leaks, tested.timed_out)


def _clusters(suite: Suite) -> dict[str, str | None]:
    return {case.id: case.cluster for case in suite.cases}


def _baseline(suite: Suite, tested: Measurement, rollout: Rollout, _delta: float) -> Arm:
    min_gain = rollout.pipeline.baseline.min_gain
    return baseline_arm(tested.results, rollout.base_results(suite), min_gain, _clusters(suite))


def _champion(suite: Suite, tested: Measurement, rollout: Rollout, delta: float) -> Arm | None:
    if rollout.champion is None:
        return None
    return champion_arm(tested.results, rollout.champion_results(suite, rollout.champion), delta, _clusters(suite))


_COMPARING: dict[str, Callable[[Suite, Measurement, Rollout, float], Arm | None]] = {
    "baseline": _baseline,
    "champion": _champion,
}


def _floors(suite: Suite, tested: Measurement) -> Arm:
    floors = suite.golden.gate.floors if suite.golden.gate else ()
    return floors_arm([_metric(tested, floor) for floor in floors], floors)


def _metric(tested: Measurement, floor: Floor) -> Metric | MetricError:
    try:
        return tested.metric(floor.metric, positive=floor.positive, average=floor.average)
    except MetricError as error:
        return error

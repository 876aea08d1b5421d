"""(arm, golden set, measurements) -> Arm: brings each arm of the gate the numbers it judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, MetricError
from pytest_ftgate.gate.verdict import (
    Arm,
    Results,
    anchor_arm,
    baseline_arm,
    champion_arm,
    floors_arm,
    forgetting_arm,
    integrity_arm,
    must_pass_arm,
    slices_arm,
    slices_of,
)

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Measurement
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.gate.floor import Floor
    from pytest_ftgate.metrics.compute import Metric
    from pytest_ftgate.pipeline.run import Rollout


ABSENT = {
    "champion": "there is no champion yet; baseline and floors decide",
    "anchor": "no past champion was better than the present one on these cases",
    "judge": "there is no champion to compare with yet",
    "human": "there is no champion to compare with yet",
    "live": "no user has met this candidate yet",
}
"""Why an arm does not apply in a run."""


def arms_of(suite: Suite, *, train: bool, general: bool = False, live: bool = False) -> list[str]:
    """The arms that judge a golden set, in order. Without a candidate there is nothing to compare with.

    general: the set is measured for [forgetting] alone. live: the exposures of [ab] are judged with this set.
    """
    gate = suite.golden.gate
    if general:
        return ["forgetting"]
    if gate is None and not train:
        return []
    wanted = {
        "integrity": True,
        "must-pass": any(case.must_pass for case in suite.cases),
        "baseline": train,
        "champion": train,
        "anchor": train,
        "slices": train and bool(slices_of(suite.cases)),
        "floors": bool(gate and gate.floors),
        "judge": train and suite.golden.judge is not None and suite.golden.judge.compare,
        "human": train and suite.golden.human is not None,
        "live": train and live,
    }
    return [name for name, applies in wanted.items() if applies]


def judge(arm: str, suite: Suite, tested: Measurement, rollout: Rollout | None, delta: float) -> Arm | None:
    """Judge one arm; None if it does not apply (no champion yet). delta: the margin of the set's lock, a share.

    tested: may be without some cases of the set (`Measurement.without`); then no model is judged on them.
    """
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
    dropped = rollout.exposed.dropped(suite) if rollout else {}
    if rollout is not None:
        results["base"] = _of_tested(tested, rollout.base_results(suite))
        digests["base"] = suite.digest
        champion = rollout.references.champion(suite)
        if champion is not None and champion.now:
            results["champion"] = _of_tested(tested, champion.results)
            digests["champion"] = suite.digest
        found = rollout.leaks.leaks if rollout.leaks else ()
        leaks = [str(leak) for leak in found if leak.set != suite.name or leak.golden_id not in dropped]
    return integrity_arm(results, digests, leaks, tested.timed_out, dropped=len(dropped))


def _of_tested(tested: Measurement, results: Results) -> Results:
    """Another model's results on the cases that the candidate is judged on."""
    return {case.id: results[case.id] for case in tested.suite.cases if case.id in results}


def _clusters(suite: Suite) -> dict[str, str | None]:
    return {case.id: case.cluster for case in suite.cases}


def _baseline(suite: Suite, tested: Measurement, rollout: Rollout, _delta: float) -> Arm:
    min_gain = rollout.pipeline.baseline.min_gain
    base, tried = rollout.base_results(suite), rollout.tried(suite)
    return baseline_arm(tested.results, base, min_gain, _clusters(suite), tried=tried)


def _champion(suite: Suite, tested: Measurement, rollout: Rollout, delta: float) -> Arm | None:
    champion = rollout.references.champion(suite)
    if champion is None:
        return None
    mode, tried = rollout.pipeline.policy.mode, rollout.tried(suite)
    return champion_arm(tested.results, champion.results, delta, _clusters(suite), mode=mode, tried=tried)


def _anchor(suite: Suite, tested: Measurement, rollout: Rollout, delta: float) -> Arm | None:
    anchor = rollout.references.anchor(suite)
    if anchor is None:
        return None
    arm = anchor_arm(tested.results, anchor.results, delta, _clusters(suite), tried=rollout.tried(suite))
    return replace(arm, reason=f"{arm.reason}; against v{anchor.version.number}")


def _slices(suite: Suite, tested: Measurement, rollout: Rollout, _delta: float) -> Arm:
    """Against the champion. A first model is held against the base model, and that decides nothing: a base that gives
    one answer to everything is perfect on each slice where it is the right one.
    """
    champion, slices = rollout.references.champion(suite), slices_of(tested.suite.cases)
    if champion is None:
        base = rollout.base_results(suite)
        return replace(slices_arm(tested.results, base, slices, _clusters(suite), "the base model"), advisory=True)
    against = f"the champion v{champion.version.number}"
    return slices_arm(tested.results, champion.results, slices, _clusters(suite), against)


def _forgetting(suite: Suite, tested: Measurement, rollout: Rollout, _delta: float) -> Arm | None:
    asked = rollout.pipeline.policy.forgetting
    if asked is None:
        return None
    base = rollout.base_results(suite)
    return forgetting_arm(tested.results, base, asked.max_drop, _clusters(suite), required=asked.required)


def _live(_suite: Suite, _tested: Measurement, rollout: Rollout, _delta: float) -> Arm | None:
    from pytest_ftgate.pipeline.decide.live import live_of

    plan = rollout.pipeline.ab
    return live_of(rollout.name, plan, rollout.candidate.model.digest, datetime.now(UTC)) if plan else None


def _judge(suite: Suite, tested: Measurement, rollout: Rollout, delta: float) -> Arm | None:
    from pytest_ftgate.pipeline.decide.preferences import judge_of

    return judge_of(suite, tested, rollout, delta)


def _human(suite: Suite, tested: Measurement, rollout: Rollout, delta: float) -> Arm | None:
    from pytest_ftgate.pipeline.decide.preferences import human_of

    return human_of(suite, tested, rollout, delta)


_COMPARING: dict[str, Callable[[Suite, Measurement, Rollout, float], Arm | None]] = {
    "baseline": _baseline,
    "champion": _champion,
    "anchor": _anchor,
    "slices": _slices,
    "forgetting": _forgetting,
    "judge": _judge,
    "human": _human,
    "live": _live,
}


def _floors(suite: Suite, tested: Measurement) -> Arm:
    floors = suite.golden.gate.floors if suite.golden.gate else ()
    return floors_arm([_metric(tested, floor) for floor in floors], floors)


def _metric(tested: Measurement, floor: Floor) -> Metric | MetricError:
    try:
        return tested.metric(floor.metric, positive=floor.positive, average=floor.average)
    except MetricError as error:
        return error

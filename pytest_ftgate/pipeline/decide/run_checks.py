"""(check, golden set, measurements) -> CheckResult: brings each check of the gate the numbers it judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, MetricError
from pytest_ftgate.evaluate.reuse import changed_answers, reuse_of
from pytest_ftgate.gate.verdict import (
    CheckResult,
    Results,
    anchor_check,
    baseline_check,
    champion_check,
    floors_check,
    forgetting_check,
    integrity_check,
    must_pass_check,
    slices_check,
    slices_of,
)

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.gate.floor import Floor
    from pytest_ftgate.metrics.compute import Metric
    from pytest_ftgate.pipeline.run import PipelineRun


ABSENT = {
    "champion": "there is no champion yet; baseline and floors decide",
    "anchor": "no past champion was better than the present one on these cases",
    "judge": "there is no champion to compare with yet",
    "human": "there is no champion to compare with yet",
    "live": "no user has met this candidate yet",
}
"""Why a check does not apply in a run."""


def checks_of(suite: Suite, *, train: bool, general: bool = False, live: bool = False) -> list[str]:
    """The checks that judge a golden set, in order. Without a candidate there is nothing to compare with.

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


def judge(check: str, suite: Suite, tested: Evaluation, run: PipelineRun | None, delta: float) -> CheckResult | None:
    """Judge one check; None if it does not apply (no champion yet). delta: the margin of the set's lock, a share.

    tested: may be without some cases of the set (`Evaluation.without`); then no model is judged on them.
    """
    if check in _COMPARING:
        if run is None:
            raise FtgateError(f"gate[{check}] compares a candidate, and only --train makes one")
        return _COMPARING[check](suite, tested, run, delta)
    if check == "integrity":
        return _integrity(suite, tested, run)
    if check == "must-pass":
        return must_pass_check(tested.results, [case.id for case in suite.cases if case.must_pass])
    return _floors(suite, tested)


def _integrity(suite: Suite, tested: Evaluation, run: PipelineRun | None) -> CheckResult:
    results: dict[str, Results] = {"candidate": tested.results}
    measured = {"candidate" if run else "model": tested}
    digests = {"candidate": suite.digest}
    leaks: list[str] = []
    dropped = run.leaked.dropped(suite) if run else {}
    if run is not None:
        measured["base"] = run.baseline_of(suite)
        results["base"] = _of_tested(tested, measured["base"].results)
        digests["base"] = suite.digest
        champion = run.references.champion(suite)
        if champion is not None and champion.now:
            results["champion"] = _of_tested(tested, champion.results)
            digests["champion"] = suite.digest
            measured["champion"] = run.champion_of(suite)
        found = run.leakage.report.leaks if run.leakage else ()
        leaks = [str(leak) for leak in found if leak.set != suite.name or leak.golden_id not in dropped]
    return integrity_check(
        results,
        digests,
        leaks,
        dropped=len(dropped),
        faults=untrusted(measured),
        notes=[f"{model}: {reuse}" for model, each in measured.items() if (reuse := reuse_of(each.responses))],
    )


def untrusted(measured: Mapping[str, Evaluation]) -> list[str]:
    """What shows that answers which this run did not ask for are not those of the models by these names."""
    changed = changed_answers([line for each in measured.values() for line in each.responses.changed_lines])
    reused = {model: reuse for model, each in measured.items() if (reuse := reuse_of(each.responses))}
    swapped = [f"{model}: {reuse.swapped}" for model, reuse in reused.items() if reuse.swapped]
    return [changed, *swapped] if changed else swapped


def _of_tested(tested: Evaluation, results: Results) -> Results:
    """Another model's results on the cases that the candidate is judged on."""
    return {case.id: results[case.id] for case in tested.suite.cases if case.id in results}


def _clusters(suite: Suite) -> dict[str, str | None]:
    return {case.id: case.cluster for case in suite.cases}


def _baseline(suite: Suite, tested: Evaluation, run: PipelineRun, _delta: float) -> CheckResult:
    min_gain = run.pipeline.baseline.min_gain
    base, tried = run.baseline_of(suite).results, run.tried(suite)
    return baseline_check(tested.results, base, min_gain, _clusters(suite), tried=tried)


def _champion(suite: Suite, tested: Evaluation, run: PipelineRun, delta: float) -> CheckResult | None:
    champion = run.references.champion(suite)
    if champion is None:
        return None
    mode, tried = run.pipeline.policy.mode, run.tried(suite)
    return champion_check(tested.results, champion.results, delta, _clusters(suite), mode=mode, tried=tried)


def _anchor(suite: Suite, tested: Evaluation, run: PipelineRun, delta: float) -> CheckResult | None:
    anchor = run.references.anchor(suite)
    if anchor is None:
        return None
    check = anchor_check(tested.results, anchor.results, delta, _clusters(suite), tried=run.tried(suite))
    return replace(check, reason=f"{check.reason}; against v{anchor.version.number}")


def _slices(suite: Suite, tested: Evaluation, run: PipelineRun, _delta: float) -> CheckResult:
    """Against the champion. A first model is compared with the base model, and that decides nothing: a base that gives
    one answer to everything is perfect on each slice where it is the right one.
    """
    champion, slices = run.references.champion(suite), slices_of(tested.suite.cases)
    if champion is None:
        base = run.baseline_of(suite).results
        return replace(slices_check(tested.results, base, slices, _clusters(suite), "the base model"), advisory=True)
    against = f"the champion v{champion.version.number}"
    return slices_check(tested.results, champion.results, slices, _clusters(suite), against)


def _forgetting(suite: Suite, tested: Evaluation, run: PipelineRun, _delta: float) -> CheckResult | None:
    asked = run.pipeline.policy.forgetting
    if asked is None:
        return None
    base = run.baseline_of(suite)
    check = forgetting_check(tested.results, base.results, asked.max_drop, _clusters(suite), required=asked.required)
    faults = untrusted({"candidate": tested, "base": base})
    return replace(check, status="integrity", reason=f"{check.name}: {'; '.join(faults)}") if faults else check


def _live(_suite: Suite, _tested: Evaluation, run: PipelineRun, _delta: float) -> CheckResult | None:
    from pytest_ftgate.pipeline.decide.live import live_of

    plan = run.pipeline.ab
    return live_of(run.name, plan, run.candidate.model.digest, datetime.now(UTC)) if plan else None


def _judge(suite: Suite, tested: Evaluation, run: PipelineRun, delta: float) -> CheckResult | None:
    from pytest_ftgate.pipeline.decide.preferences import judge_of

    return judge_of(suite, tested, run, delta)


def _human(suite: Suite, tested: Evaluation, run: PipelineRun, delta: float) -> CheckResult | None:
    from pytest_ftgate.pipeline.decide.preferences import human_of

    return human_of(suite, tested, run, delta)


_COMPARING: dict[str, Callable[[Suite, Evaluation, PipelineRun, float], CheckResult | None]] = {
    "baseline": _baseline,
    "champion": _champion,
    "anchor": _anchor,
    "slices": _slices,
    "forgetting": _forgetting,
    "judge": _judge,
    "human": _human,
    "live": _live,
}


def _floors(suite: Suite, tested: Evaluation) -> CheckResult:
    floors = suite.golden.gate.floors if suite.golden.gate else ()
    measured = [_metric(tested, floor, measured_only=True) for floor in floors]
    return floors_check([_metric(tested, floor) for floor in floors], floors, measured)


def _metric(tested: Evaluation, floor: Floor, *, measured_only: bool = False) -> Metric | MetricError:
    try:
        return tested.metric(floor.metric, measured_only=measured_only, positive=floor.positive, average=floor.average)
    except MetricError as error:
        return error

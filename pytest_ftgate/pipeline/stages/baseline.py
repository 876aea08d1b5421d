"""The stage `baseline`: the untuned model with its best prompt on every golden set."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_ftgate.errors import IntegrityError, MetricError, TrainError
from pytest_ftgate.gate.verdict import NO_FLOORS, Kind, Verdict
from pytest_ftgate.pipeline.doctor.rows import has_floors
from pytest_ftgate.pipeline.run import Baseline, PipelineRun, Stopped
from pytest_ftgate.pipeline.stages.begin_with import check_begin
from pytest_ftgate.pipeline.stages.check_machine import check_machine
from pytest_ftgate.pipeline.stages.prepare_data import prepare_data
from pytest_ftgate.pipeline.stages.promote import only_proposed
from pytest_ftgate.pipeline.targets import base_target

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.registry import Version


def measure_baseline(run: PipelineRun) -> None:
    """Answers of earlier runs are taken as they are. Before anything is asked and paid for, the champion is looked at:
    Stopped(INTEGRITY) if it, or its frozen results, are not what was recorded. A new registry opens meanwhile: that
    takes seconds. Raises TrainError if this machine cannot do what follows, or training cannot begin
    with the champion.
    """
    prepare_data(run)
    check_machine(run)
    champion = _champion(run)
    if run.machine_lacks:
        raise TrainError(run.machine_lacks)
    check_begin(run, champion)
    if champion is None and not has_floors(run.suites):
        run.say(f"  warning: {NO_FLOORS}: this run can only end in HOLD; add a [[gate.floor]] to golden.toml")
    if why := only_proposed(run):
        run.say(f"  warning: {why}: what passes the gate is registered, and not promoted")
    warm = threading.Thread(target=run.runtime.registry.prepare, name="ftgate-registry", daemon=True)
    warm.start()
    target = base_target(run.base)
    for suite in run.sets:
        run.runtime.expect(run.baseline_of(suite), target)
    for suite in run.sets:
        evaluation = run.baseline_of(suite)
        run.evaluations.ask(evaluation, suite.cases, target, f"baseline {suite.name}")
        _say_score(run, evaluation)
    warm.join()
    run.baseline = Baseline(champion)


def _champion(run: PipelineRun) -> Version | None:
    registry = run.runtime.registry
    try:
        champion = run.runtime.targets.champion(run.name)
        if changed := registry.changed(run.name, results=False):
            raise Stopped(Verdict(Kind.INTEGRITY, (), f"{run.name}: {'; '.join(changed)}"))
        past = {each.number for each in champion.predecessors} if champion else set()
        for version in run.versions if champion else ():
            if version == champion or version.number in past:
                for suite in run.sets:
                    registry.results(version, suite.name)
    except IntegrityError as error:
        raise Stopped(Verdict(Kind.INTEGRITY, (), str(error))) from None
    if champion and not champion.promotion:
        run.say(f"the champion v{champion.number} was set by another program: no promotion of it is on record")
    return champion


def _say_score(run: PipelineRun, evaluation: Evaluation) -> None:
    for name, options in evaluation.suite.metrics:
        try:
            metric = evaluation.metric(**options)
        except MetricError as error:
            run.say(f"base on {evaluation.suite.name}: {error}")
            continue
        bounds = f"[{metric.lower:.3f}, {metric.upper:.3f}]"
        run.say(f"base on {evaluation.suite.name}: {name} {metric.value:.3f} {bounds}")

"""(version, another form of it, golden sets) -> GatedForm: the form answers what its parent answered, and is compared.

The form is asked through the program that it ships for. The parent's answers are those it was gated with; where they
cover too little of a set as it is now, it is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.evaluate.evaluation import covers, frozen_results
from pytest_ftgate.gate.verdict import (
    CheckResult,
    Result,
    Verdict,
    decide,
    integrity_check,
    parent_check,
    slices_check,
    slices_of,
)
from pytest_ftgate.pipeline.decide.preferences import unadmitted_of
from pytest_ftgate.pipeline.decide.run_checks import checks_of, judge, untrusted
from pytest_ftgate.pipeline.evaluations import Evaluations
from pytest_ftgate.pipeline.targets import Target
from pytest_ftgate.registry.version import FORM, VERDICT
from pytest_ftgate.serve.model import Model, artifact_digest

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.production.task_sets import TaskSets
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.registry import Version
    from pytest_ftgate.serve.forms.form import Form


@dataclass(frozen=True, slots=True)
class GatedForm:
    """digest: of the folder, before it was asked. model: what was asked, its engine in it. evaluations: of the form, by
    name of the golden set.
    """

    parent: Version
    form: Form
    folder: Path
    digest: str
    model: Model
    evaluations: Mapping[str, Evaluation]
    verdict: Verdict


def check_parent(parent: Version) -> None:
    """Raises RegistryError for a version that is itself a form: losses of forms would add up unseen."""
    if made := parent.tags.get(FORM):
        raise RegistryError(f"{parent} is itself a form ({made})\n    export the version that it was made of")


def gate_form(runtime: Runtime, sets: TaskSets, parent: Version, form: Form, folder: Path) -> GatedForm:
    """Ask the form every golden set of the task, and compare it with its parent. Raises FtgateError."""
    check_parent(parent)
    digest = artifact_digest(folder)
    target = Target(f"v{parent.number} as {form}", form_model(runtime, sets, parent, folder), None)
    evaluations = Evaluations(runtime)
    gate = _Gate(runtime, sets, parent, evaluations)
    for suite in sets.all:
        runtime.expect(evaluations.of(suite, target), target)
    for suite in sets.all:
        evaluations.ask(evaluations.of(suite, target), suite.cases, target, f"{target.title} on {suite.name}")
    found = {suite.name: evaluations.of(suite, target) for suite in sets.all}
    checks = [check for suite in sets.all for check in gate.checks_of(suite, found[suite.name])]
    if (hold := gate.parent_held()) is not None:
        checks.append(hold)
    verdict = decide(checks, required=("integrity", "parent"))
    return GatedForm(parent, form, folder, digest, target.model, found, verdict)


def form_model(runtime: Runtime, sets: TaskSets, parent: Version, folder: Path) -> Model:
    """A form as this run serves it, at the precision that its parent was tested at."""
    from pytest_ftgate.registry.model_tags import DTYPE

    base = sets.pipeline.base_model
    dtype = parent.tags.get(DTYPE, base.dtype)
    return runtime.engines.as_served(Model(str(folder), dtype=dtype, context=base.context))


class _Gate:
    def __init__(self, runtime: Runtime, sets: TaskSets, parent: Version, evaluations: Evaluations) -> None:
        self._runtime, self._sets, self._parent, self._evaluations = runtime, sets, parent, evaluations

    def checks_of(self, suite: Suite, form: Evaluation) -> Iterator[CheckResult]:
        """Those of one golden set. A set of general skills is compared with the parent, and nothing else."""
        results, (theirs, now) = form.results, self._parent_on(suite)
        measured = {"candidate": form} | ({"parent": now} if now else {})
        yield integrity_check(
            {"candidate": results} | ({"parent": theirs} if now else {}),
            dict.fromkeys(measured, suite.digest),
            faults=untrusted(measured),
        )
        clusters = {case.id: case.cluster for case in suite.cases}
        compared = parent_check(results, theirs, self._sets.deltas[suite.name], clusters)
        if suite == self._sets.general:
            policy = self._sets.pipeline.policy.forgetting
            yield replace(compared, advisory=bool(policy and not policy.required))
            return
        yield compared
        yield from self._of_gating_set(suite, form, theirs)

    def _of_gating_set(self, suite: Suite, form: Evaluation, theirs: Mapping[str, Result]) -> Iterator[CheckResult]:
        for name in ("must-pass", "floors"):
            if name in checks_of(suite, train=False) and (found := judge(name, suite, form, None, 0.0)) is not None:
                yield found
        if slices := slices_of(suite.cases):
            clusters = {case.id: case.cluster for case in suite.cases}
            yield slices_check(form.results, theirs, slices, clusters, f"the parent v{self._parent.number}")
        if (admission := unadmitted_of(suite)) is not None:
            yield admission

    def _parent_on(self, suite: Suite) -> tuple[Mapping[str, Result], Evaluation | None]:
        """The parent's results; with the evaluation if it was asked in this run."""
        recorded = self._runtime.registry.results(self._parent, suite.name)
        frozen = frozen_results(recorded, suite)
        if covers(frozen, suite):
            return frozen, None
        task, number = self._parent.task, self._parent.number
        covered = f"{len(frozen)} of {len(suite.cases)} cases of {suite.name}"
        self._runtime.console.line(f"  v{number}'s results on record cover {covered}: asked again")
        base = self._runtime.engines.as_served(self._sets.pipeline.base_model)
        target = self._runtime.targets.named(f"v{number}", task, base)
        found = self._evaluations.of(suite, target)
        self._evaluations.ask(found, suite.cases, target, f"v{number} on {suite.name}")
        return found.results, found

    def parent_held(self) -> CheckResult | None:
        """A hold for a form of what the gate itself did not let through, and that is not the champion either."""
        parent = self._parent
        verdict = parent.tags.get(VERDICT, "")
        if verdict == "PROMOTE" or self._runtime.registry.champion(parent.task) == parent:
            return None
        reason = f"lineage: its parent v{parent.number} was {f'judged {verdict}' if verdict else 'never judged'}"
        return CheckResult("lineage", "hold", reason=reason)

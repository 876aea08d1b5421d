"""(pipeline run, verdict) -> the registry: the run logged, the candidate registered, the pointer moved if it may."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.lineage import FILE as LINEAGE
from pytest_ftgate.data.lineage import params_of
from pytest_ftgate.errors import MetricError, RegistryError
from pytest_ftgate.files.excerpt import brief
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.canary.store import keep_reference
from pytest_ftgate.pipeline.changed_requirements import changed_requirements, requirement_tags
from pytest_ftgate.pipeline.cost.run_metrics import spent
from pytest_ftgate.pipeline.decide import explain_checks
from pytest_ftgate.pipeline.golden_reuse import ROUND, golden_tags, overused, round_of, uses
from pytest_ftgate.pipeline.production.base_models import keep_base
from pytest_ftgate.pipeline.question_sketch import sketch_of
from pytest_ftgate.registry.access.right import refusal

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.canary.reference import Reference
    from pytest_ftgate.pipeline.report.explain import Explanation
    from pytest_ftgate.pipeline.run import PipelineRun
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.train.manifest import Manifest


_KEPT = 2000
"""Characters of a reason in a tag; the audit log has all."""


def conclude(
    run: PipelineRun,
    verdict: Verdict,
    explanation: Explanation | None = None,
    reference: Reference | None = None,
    *,
    propose: bool = False,
) -> int | None:
    """Explain what was not met, log the run with its verdict, register what was trained, promote it on PROMOTE.

    Registry and audit log keep, beside the verdict's reason, what its gate accepts that it did not before.

    reference: what the nights of a promoted version are compared with. propose: leave the champion; a person promotes
    the version later, by its verdict. Returns the number of the version; None if
    nothing was trained, or the numbers are not to be trusted (INTEGRITY).
    """
    if run.manifest is None:
        return None
    explain_checks.write(explanation, run.manifest.path.parent)
    if verdict.kind is Kind.INTEGRITY:
        return None
    registry = run.runtime.registry
    reason = "; ".join([verdict.reason, *changed_requirements(run)])
    with run.runtime.console.step(f"registering {run.name}"):
        version = _register(run, run.manifest, replace(verdict, reason=reason), registry)
    if verdict.kind is Kind.PROMOTE:
        if reference is not None:
            keep_reference(registry, version, reference)
        if propose:
            return version.number
        over = run.champion.number if run.champion else None
        registry.promote(run.name, version.number, reason, over, promoters=_promoters(run))
    return version.number


def only_proposed(run: PipelineRun) -> str:
    """Why this run registers what passes the gate and promotes nothing: it has no promoter's key. "" if it may."""
    runtime = run.runtime
    chain = runtime.registry.standing(run.name).promoters if runtime.targets.has_registry else ()
    return refusal(run.name, chain, _promoters(run), runtime.registry.promoter_key)


def _promoters(run: PipelineRun) -> list[Path]:
    return [Path(key) for key in run.pipeline.registry.promoters]


def warnings_about(run: PipelineRun) -> list[str]:
    """One line for each golden set that has decided so often that it is overused, counted after `conclude`."""
    registry = run.runtime.registry
    try:
        found = [overused(suite.name, uses(registry, sketch_of(suite.cases))) for suite in run.deciding]
    except RegistryError as error:  # the verdict stands, and the pointer may have moved already
        return [f"cannot count earlier decisions of the golden sets: {error}"]
    return [line for line in found if line]


def _register(run: PipelineRun, manifest: Manifest, verdict: Verdict, registry: Registry) -> Version:
    tags = {
        "verdict": str(verdict.kind),
        "reason": brief(verdict.reason, _KEPT),
        "adapter": manifest.digest,
    } | _digests(run)
    tags |= {ROUND: round_of(run.champion)} | requirement_tags(run)
    with tempfile.TemporaryDirectory() as folder:
        results = _write_results(run, Path(folder, "results"))
        top = _top(manifest.path, Path(folder, "top"))
        if run.data_lineage:
            Path(top, LINEAGE).write_bytes(json_bytes(run.data_lineage, indent=1))
        run_id = registry.log_run(
            run.name,
            {**manifest.params, **params_of(run.data_lineage)},
            {**_numbers(run), **spent(run), **manifest.metrics},
            manifest.curves,
            {"": top, "results": results},
            tags,
            registry.live_run(run.name, manifest.path.parent),
        )
    from pytest_ftgate.registry.model_tags import tags_of

    served = tags_of(run.candidate.model)
    if run.source.registry.base:
        keep_base(registry, run.base)
    return registry.add_version(run.name, manifest.adapter, manifest.digest, run_id, tags | served, run.champion)


def _digests(run: PipelineRun) -> dict[str, str]:
    goldens = {tag: value for suite in run.deciding for tag, value in golden_tags(suite).items()}
    return goldens | {"base": run.base.digest}


def _top(manifest: Path, folder: Path) -> Path:
    """A folder with what stands at the top of the logged run: the manifest, and why checks were not met."""
    folder.mkdir()
    for path in (manifest, manifest.with_name(explain_checks.FILE)):
        if path.is_file():
            shutil.copy(path, folder)
    return folder


def _write_results(run: PipelineRun, folder: Path) -> Path:
    """Every golden set's results, frozen for the comparisons of later runs; never those of cases that leaked."""
    folder.mkdir()
    for suite in run.sets:
        tested = run.candidate_of(suite).without(run.leaked.left_out(suite))
        frozen: dict[str, Any] = tested.to_json()
        (folder / f"{suite.name}.json").write_bytes(json_bytes(frozen))
    return folder


def json_bytes(data: object, indent: int | None = None) -> bytes:
    """JSON in UTF-8; half a surrogate pair, which a model may say and UTF-8 cannot hold, is escaped as JSON allows."""
    return json.dumps(data, ensure_ascii=False, indent=indent).encode("utf-8", "backslashreplace")


def _numbers(run: PipelineRun) -> dict[str, float]:
    """Seconds and scores; without those that cannot be had, as of a set that no case was asked of."""
    found: dict[str, float] = {f"seconds.{stage}": seconds for stage, seconds in run.seconds.items()}
    for suite in run.sets:
        for name, options in suite.metrics:
            with suppress(MetricError):
                metric = run.candidate_of(suite).metric(**options)
                found |= {f"{suite.name}.{name}": metric.value, f"{suite.name}.{name}.lower": metric.lower}
    return found

"""Evaluations of a run, its pipelines -> JSON values of each golden set and training for a report; asks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.report.sides import Side, changed_since, sides_of

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.power import Resolution
    from pytest_ftgate.pipeline.run import PipelineRun


def set_fact(suite: Suite, resolution: Resolution, gates: Sequence[str]) -> dict[str, Any]:
    """set, title, path, cases, labels, and what the set can see: `resolution`, shares; "line" says it in words.

    gates: names of the pipelines that measure it.
    """
    found = resolution.found
    return {
        "set": suite.name,
        "title": suite.title,
        "path": shown(suite.golden.cases_path),
        "cases": len(suite.cases),
        "labels": list(suite.golden.label.values) if suite.golden.label else [],
        "gates": list(gates),
        "resolution": {
            "line": resolution.line(),
            "delta": resolution.delta,
            "found": found if isfinite(found) else None,
            "clusters": resolution.clusters,
        },
    }


def trained(run: PipelineRun, folder: Path) -> dict[str, Any]:
    """Of one pipeline: task, base, champion (number), seconds by stage, lineage, leaks; of the training, once there is
    one: method, digest, best_epoch, epochs, curves, params, metrics, versions. sides: files of the other models'
    answers, see `report.sides`, written into the folder of the run. changed: of each golden set what the candidate
    fixed and broke against the champion, else the base model, as `comparison.since`. history: moves of the champion by
    the audit log, the oldest first: at, by, kind, version, reason.
    """
    sides = list(_sides(run))
    fact: dict[str, Any] = {
        "task": run.name,
        "base": run.source.base.model,
        "goldens": [suite.name for suite in run.sets],
        "general": run.general.name if run.general else None,
        "champion": run.champion.number if run.champion else None,
        "seconds": dict(run.seconds),
        "lineage": dict(run.data_lineage),
        "leaks": [asdict(leak) for leak in run.leaking.found] if run.leaking else [],
        "sides": list(_written(sides, folder)),
        "changed": list(_changed(run, sides)),
        "history": list(_history(run)),
    }
    if (manifest := run.manifest) is not None:
        names = ("method", "digest", "best_epoch", "params", "metrics", "versions", "template_digest")
        fact |= {name: getattr(manifest, name) for name in names}
        fact |= {"epochs": [asdict(epoch) for epoch in manifest.epochs]}
        fact |= {"curves": {name: [list(point) for point in curve] for name, curve in manifest.curves.items()}}
    return fact


def _history(run: PipelineRun) -> Iterator[dict[str, Any]]:
    from pytest_ftgate.registry.audit.moves import told_moves

    with suppress(FtgateError, OSError):
        yield from told_moves(run.runtime.registry.log, run.name)


def _sides(run: PipelineRun) -> Iterator[Side]:
    """A model whose answers cannot be had is left out: the verdict stands, and so does its report."""
    for suite in run.sets:
        with suppress(FtgateError, OSError):
            yield from sides_of(run, suite)


def _written(sides: Iterable[Side], folder: Path) -> Iterator[dict[str, Any]]:
    for side in sides:
        with suppress(OSError):
            yield {"set": side.set, "role": side.role, "title": side.title, "file": side.write(folder)}


def _changed(run: PipelineRun, sides: Iterable[Side]) -> Iterator[dict[str, Any]]:
    """The last side of a set is the champion, if there is one."""
    against = {side.set: side for side in sides}
    for suite in run.sets:
        if side := against.get(suite.name):
            yield changed_since(suite, run.candidate_of(suite), side, run.leaked.left_out(suite))

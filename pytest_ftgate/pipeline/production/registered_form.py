"""(GatedForm, folder) -> a version of the same task: with its form, its parent, its verdict and its own digest.

Nothing of it is half there after a kill: the folder is whole before it is asked, answers are in the journal, the
verdict is in the audit log before the version is, and a version is never the champion by being registered. The same
export again goes on from what is there, and gives the same version.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.data.lineage import FILE as LINEAGE
from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.verdict import Kind
from pytest_ftgate.pipeline.golden_reuse import golden_tags
from pytest_ftgate.pipeline.stages.promote import json_bytes
from pytest_ftgate.registry.judged import REGISTERED
from pytest_ftgate.registry.model_tags import BASE, tags_of
from pytest_ftgate.registry.version import FORM, PARENT

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.production.form_gate import GatedForm
    from pytest_ftgate.registry import Registry, Version

KIND = "export"
"""Of the line in the audit log."""

_OF_THE_PARENT = tuple(each for each in REGISTERED if each in {"required", "lock."})
"""How the tags begin that a form has of its parent: it was trained under the same requirements."""


def register_form(registry: Registry, gated: GatedForm) -> Version | None:
    """The new version; None if the numbers are not to be trusted (INTEGRITY), and nothing is registered.

    It was judged against its parent, so it can be promoted while its parent is the champion, and only then.
    """
    verdict, parent, form, digest = gated.verdict, gated.parent, gated.form, gated.digest
    if verdict.kind is Kind.INTEGRITY:
        return None
    own = {"verdict": str(verdict.kind), "reason": verdict.reason, "adapter": digest}
    own |= {FORM: str(form), PARENT: str(parent.as_predecessor())}
    for evaluation in gated.evaluations.values():
        own |= golden_tags(evaluation.suite)
    with tempfile.TemporaryDirectory(prefix="ftgate-form-") as draft:
        run_id = registry.log_run(
            parent.task,
            {"form": str(form), "parent": str(parent), "base_digest": registry.params(parent).get("base_digest", "")},
            _numbers(gated),
            {},
            {"": _top(registry, parent, Path(draft, "top")), "results": _results(gated, Path(draft, "results"))},
            own | {"mlflow.runName": f"v{parent.number} as {form}"},
        )
    served = tags_of(gated.model) | {BASE: parent.tags[BASE]}
    kept = {key: value for key, value in parent.tags.items() if key.startswith(_OF_THE_PARENT)}
    version = registry.add_version(parent.task, gated.folder, digest, run_id, kept | own | served, parent)
    facts = {"form": str(form), "digest": digest, "verdict": str(verdict.kind), "version": version.number}
    registry.record(parent.task, KIND, facts | {"of": parent.number, "of_digest": parent.digest})
    return version


def _top(registry: Registry, parent: Version, folder: Path) -> Path:
    """What the parent was trained on is what the form was trained on."""
    folder.mkdir()
    if parent.run_id and (lineage := registry.artifact(parent.run_id, LINEAGE)) is not None:
        Path(folder, LINEAGE).write_bytes(json_bytes(lineage, indent=1))
    return folder


def _results(gated: GatedForm, folder: Path) -> Path:
    folder.mkdir()
    for name, evaluation in gated.evaluations.items():
        (folder / f"{name}.json").write_bytes(json_bytes(evaluation.to_json()))
    return folder


def _numbers(gated: GatedForm) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, evaluation in gated.evaluations.items():
        for metric, options in evaluation.suite.metrics:
            with suppress(MetricError):
                measured = evaluation.metric(**options)
                found |= {f"{name}.{metric}": measured.value, f"{name}.{metric}.lower": measured.lower}
    return found

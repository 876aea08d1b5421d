"""A registry with a history, an empty one beside it, and what a user sees of either."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from pytest_ftgate.registry import open_registry


@pytest.fixture
def add_judged(registry, adapter, tmp_path):
    """add_judged("weights") -> number of a version of "spam" with results, numbers and curves of its run."""

    def register(weights: str, task: str = "spam") -> int:
        results = tmp_path / f"results-{weights}"
        results.mkdir(exist_ok=True)
        (results / "sms.json").write_text(json.dumps({"cases": {weights: {"value": 1.0}}}), encoding="utf-8")
        curves = {"loss": [(1, 2.0), (2, float("inf"))]}
        run = registry.log_run(
            task, {"r": 8}, {"f1": 0.9}, curves, {"results": results}, {"base": "b", "mlflow.runName": weights}
        )
        folder = adapter(weights)
        tags = {"verdict": "PROMOTE", "golden.sms": "ab"}
        return registry.add_version(task, folder, registry.digest_of(folder), run, tags).number

    return register


@pytest.fixture
def filled(registry, add_judged):
    """v1, v2, v4 of "spam", v3 having been deleted; v2 champion after a rollback from v4."""
    for weights in "ab":
        registry.promote("spam", add_judged(weights), "better")
    add_judged("c")
    registry.promote("spam", add_judged("d"), "better", override=True)
    registry.rollback("spam", "drift")
    with registry.store.asking("test") as client:
        client.delete_model_version("spam", "3")
    reference = registry.log_run("spam.canary", {}, {"score": 1.0}, {}, {}, {"ftgate.kind": "reference"})
    registry.log_run("spam.canary", {}, {"score": 0.9}, {}, {}, {"ftgate.reference": reference})
    return registry


@pytest.fixture
def elsewhere(request, registry, tmp_path):
    """elsewhere(name) -> an empty registry of the same kind, in a state folder of its own."""

    def make(name: str = "other"):
        state = tmp_path / name
        state.mkdir()
        shutil.copy(
            request.getfixturevalue(f"{request.node.callspec.params['registry']}_template"), state / "mlflow.db"
        )
        return replace(open_registry(None, state), digest_of=registry.digest_of, wait_s=0.0)

    return make

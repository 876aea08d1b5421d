"""SIGKILL at every step of registering and promoting a form: one champion, and the same export goes on."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest

from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.production.registered_form import register_form
from pytest_ftgate.pipeline.stages.promote import conclude
from pytest_ftgate.registry import promotion_lock
from tests.unit.kills import Fuse, in_a_child
from tests.unit.pipeline.production.test_form_gate import form_folder, gated
from tests.unit.pipeline_runs import Shop
from tests.unit.registry.stores import audit_faults, close_connections, light


@pytest.mark.parametrize("apart", [5, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "each"])
def test_killed_at_any_step_there_is_one_champion_and_the_export_goes_on(
    tmp_path: Path, mlflow_template: Path, monkeypatch: pytest.MonkeyPatch, apart: int
) -> None:
    shop = Shop(tmp_path, mlflow_template)
    conclude(shop.run("one", wrong=range(10)), Verdict(Kind.PROMOTE, (), "better"))
    form, registry = gated(shop, form_folder(shop, "merged"), range(10)), shop.registry
    before, kept = tmp_path / "before", ("mlflow.db", "audit.jsonl")

    def restore() -> None:
        close_connections()
        for name in kept:
            shutil.copy(before / name, shop.state)

    def register_and_promote() -> int:
        version = register_form(registry, form)
        assert version is not None
        return registry.promote("quiz", version.number, "smaller").number

    def in_a_dying_child(fuse: Fuse) -> int:
        def work() -> None:
            light(registry, fuse)
            register_and_promote()
            (tmp_path / "fuse").write_text(json.dumps(fuse.steps))

        return in_a_child(work)()

    close_connections()
    before.mkdir()
    for name in kept:
        shutil.copy(shop.state / name, before)
    assert in_a_dying_child(Fuse(0)) == 0
    steps = json.loads((tmp_path / "fuse").read_text())
    moments = Fuse(0, steps).moments()
    assert len(moments) >= 20
    champions = []
    for k in [*moments[::apart], moments[-1]]:
        restore()
        assert in_a_dying_child(Fuse(k)) == signal.SIGKILL
        champion = registry.champion("quiz")
        assert champion is not None
        champions.append(champion.number)
        assert registry.fetch(champion).is_dir(), k
        assert audit_faults(registry) == [], k
        monkeypatch.setattr(promotion_lock, "_now", lambda: time.time() + promotion_lock.LEASE_S + 10)
        assert register_and_promote() == 2, f"{k}: the same export again is the same version"
        assert len(registry.versions("quiz")) == 2, k
        assert registry.changed("quiz") == [], k
        monkeypatch.undo()
    assert champions == sorted(champions), "the pointer moves at one step"
    assert set(champions) == {1, 2}

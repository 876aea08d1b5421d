"""An MLflow run that is there while it trains: a crash leaves its curve, a resumed training goes on in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import RegistryError, TrainError
from pytest_ftgate.pipeline import live_curves
from pytest_ftgate.pipeline.live_curves import LiveCurves
from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.train.events import EventLog


@pytest.fixture
def registry(mlflow_template: Path, tmp_path: Path, no_tracking_server: None) -> Registry:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "mlflow.db").write_bytes(mlflow_template.read_bytes())
    return open_registry(None, tmp_path / "state")


class Training:
    """Writes events as the trainer does, and hands them on as its parent does."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.said: list[str] = []
        self.live = LiveCurves(registry, "mail", folder, self.said.append)
        self._log = EventLog(folder / "events.jsonl")

    def steps(self, *steps: int, seen: bool = True) -> None:
        for step in steps:
            numbers = {"loss": 1 / step, "grad_norm": 1.0, "learning_rate": 0.1}
            self._log("step", step=step, steps=9, step_s=0.1, **numbers)
            if seen:
                self.live({"event": "step", "step": step, "steps": 9, **numbers})


def points(registry: Registry, run_id: str, name: str = "loss") -> list[int]:
    with registry.store.asking("test") as client:
        return sorted(point.step for point in client.get_metric_history(run_id, name))


def runs_of(registry: Registry) -> list:
    with registry.store.asking("test") as client:
        return list(client.search_runs([client.get_experiment_by_name("mail").experiment_id], max_results=10))


def crash(registry: Registry, training: Training) -> None:
    with training.live.around():
        training.steps(1, 2)
        assert [run.info.status for run in runs_of(registry)] == ["RUNNING"]
        assert points(registry, runs_of(registry)[0].info.run_id) == [1, 2]
        raise TrainError("out of memory")


def test_a_run_that_was_deleted_meanwhile_is_begun_anew(registry, tmp_path):
    for _ in range(2):
        training = Training(registry, tmp_path / "out")
        with training.live.around():
            training.steps(1)
        [run] = runs_of(registry)
        assert points(registry, run.info.run_id) == [1]
        with registry.store.asking("test") as client:
            client.delete_run(run.info.run_id)
    live = registry.live_run("mail", tmp_path / "out")
    assert registry.log_run("mail", {}, {}, {"loss": [(1, 1.0)]}, {}, {}, live) != run.info.run_id


def test_a_crash_leaves_its_curve_and_a_resumed_training_goes_on_in_the_same_run(registry, tmp_path, monkeypatch):
    monkeypatch.setattr(live_curves, "EVERY_S", 0.0)
    training = Training(registry, tmp_path / "out")
    with pytest.raises(TrainError):
        crash(registry, training)
    [crashed] = runs_of(registry)
    assert crashed.info.status == "FAILED"

    resumed = Training(registry, tmp_path / "out")
    resumed.steps(2, 3, seen=False)  # told while no session was there to see it
    with resumed.live.around():
        resumed.steps(4)
        assert [run.info.status for run in runs_of(registry)] == ["RUNNING"]
    [run] = runs_of(registry)
    assert (run.info.run_id, run.info.status) == (crashed.info.run_id, "FINISHED")
    assert points(registry, run.info.run_id) == [1, 2, 3, 4]

    curves = {"loss": [(step, 1 / step) for step in range(1, 6)], "validation_score": [(5, 0.5)]}
    live = registry.live_run("mail", tmp_path / "out")
    logged = registry.log_run("mail", {"r": 8}, {"f1": 0.9}, curves, {}, {"verdict": "HOLD"}, live)
    assert logged == run.info.run_id
    assert points(registry, logged) == [1, 2, 3, 4, 5]
    assert points(registry, logged, "validation_score") == [5]
    again = registry.log_run("mail", {}, {}, curves, {}, {}, registry.live_run("mail", tmp_path / "out"))
    assert again != logged
    assert len(runs_of(registry)) == 2


def test_a_training_that_is_done_already_begins_no_run(registry, tmp_path):
    training = Training(registry, tmp_path / "out")
    with training.live.around():
        training.live({"event": "start", "text": "already trained"})
    assert not (tmp_path / "out" / "mlflow_run.json").exists()


def test_a_store_that_cannot_be_asked_is_said_once_and_stops_nothing(registry, tmp_path, monkeypatch):
    monkeypatch.setattr(live_curves, "EVERY_S", 0.0)
    training = Training(registry, tmp_path / "out")

    def refuse(*_args, **_kwargs):
        raise RegistryError("cannot log the run of mail: refused")

    monkeypatch.setattr("pytest_ftgate.registry.runs.create", refuse)
    with training.live.around():
        training.steps(1, 2, 3)
    assert training.said == ["no live curves, they are logged at the end: cannot log the run of mail: refused"]

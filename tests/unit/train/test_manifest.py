"""Who wrote a manifest: a run of this state folder, or somebody else."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.files.seal import state_key
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.train import launch
from pytest_ftgate.train.manifest import Epoch, Manifest, is_sealed, read_manifest


def make(path: Path, job_digest: str, digest: str, key: bytes) -> Manifest:
    epoch = Epoch(1, 1, 1.0, 1, 1, 0.1, math.inf, 0.1)
    made = Manifest(
        path, job_digest, digest, "lora", 1, (epoch,), {"r": 8}, {"loss": 0.1}, {"loss": [(1, 0.1)]}, {}, ""
    )
    made.write(key)
    return made


def test_a_manifest_carries_the_seal_of_its_state_folder(tmp_path):
    key, path = state_key(tmp_path / "state"), tmp_path / "manifest.json"
    made = make(path, "job", "digest", key)
    assert read_manifest(path) == made
    assert is_sealed(path, key)
    assert not is_sealed(path, state_key(tmp_path / "another"))
    path.write_text(path.read_text().replace('"digest"', '"forged"', 1))
    assert not is_sealed(path, key), "edited"
    for odd in ("", "[]", "{}", '{"seal": 1}', "[" * 3000, "\xff"):
        path.write_text(odd)
        assert not is_sealed(path, key), odd
    path.unlink()
    assert not is_sealed(path, key)


def test_an_adapter_that_no_run_of_this_state_folder_wrote_is_trained_again(make_job, tmp_path, monkeypatch):
    """Planted with a manifest of its own: named, removed with all it could be resumed from, and not used."""
    job, out, state = make_job(), tmp_path / "out", tmp_path / "state"
    for name in ("adapter", "epochs", "checkpoints"):
        (out / name).mkdir(parents=True)
    (out / "adapter/adapter_config.json").write_text(json.dumps({"r": 8, "peft_type": "LORA"}))
    (out / "adapter/adapter_model.safetensors").write_text("planted")
    make(out / "manifest.json", job.digest, adapter_digest(out / "adapter"), b"a key of one's own")
    assert launch.finished(job, out, state) is None
    told: list[str] = []
    monkeypatch.setattr(launch, "command", lambda *_: ["false"])
    with pytest.raises(TrainError, match="without a manifest"):
        launch.train(job, out, lambda event: told.append(str(event.get("text"))), state)
    assert "was not written by a run of this state folder, or was edited: trained again" in told[0]
    assert not any((out / name).exists() for name in ("adapter", "epochs", "checkpoints", "manifest.json"))


def test_one_that_a_run_wrote_is_taken(make_job, tmp_path):
    job, out, state = make_job(), tmp_path / "out", tmp_path / "state"
    (out / "adapter").mkdir(parents=True)
    (out / "adapter/adapter_config.json").write_text(json.dumps({"r": 8, "peft_type": "LORA"}))
    (out / "adapter/adapter_model.safetensors").write_text("own")
    made = make(out / "manifest.json", job.digest, adapter_digest(out / "adapter"), state_key(state))
    assert launch.train(job, out, lambda _: None, state) == made


def test_checkpoints_that_no_run_of_this_state_folder_wrote_are_not_gone_on_from(make_job, tmp_path, monkeypatch):
    """Without a manifest a killed run is gone on from: planted checkpoints would be trained and sealed as our own."""
    job, out, state = make_job(), tmp_path / "out", tmp_path / "state"
    monkeypatch.setattr(launch, "command", lambda *_: ["false"])

    def run() -> list[str]:
        told: list[str] = []
        with pytest.raises(TrainError, match="without a manifest"):
            launch.train(job, out, lambda event: told.append(str(event.get("text"))), state)
        return told

    (out / "checkpoints/checkpoint-1").mkdir(parents=True)
    [said] = run()
    assert said.startswith(f"{out / 'checkpoints'} was not written by a run of this state folder")
    assert not (out / "checkpoints").exists()
    (out / "checkpoints/checkpoint-1").mkdir(parents=True)
    assert run() == [], "the run before began here, so these are its own"
    assert (out / "checkpoints/checkpoint-1").exists()
    (out / "begun").write_text("forged")
    assert len(run()) == 1

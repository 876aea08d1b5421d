"""[train] from = "champion": its adapter trained further, in its own shape."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import ServeError, TrainError
from pytest_ftgate.train.continued import continued, lora_of
from pytest_ftgate.train.events import EventLog
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.manifest import Manifest, read_manifest
from pytest_ftgate.train.run import run
from pytest_ftgate.train.tuning import Lora


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def go(job: TrainJob, out_dir: Path) -> Manifest:
    out_dir.mkdir(exist_ok=True)
    run(job, out_dir, EventLog(out_dir / "events.jsonl"))
    return read_manifest(out_dir / "manifest.json")


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_training_goes_on_where_the_champion_ended(make_job, tmp_path, method):
    first = go(make_job(method=method, rows=48, lora=Lora(r=4, rslora=True)), tmp_path / "first")
    job = make_job(method=method, rows=48, begin="champion", epochs=1, learning_rate=0.0)
    still = go(continued(job, first.adapter, "mail v1", Lora()), tmp_path / "still")
    assert still.digest == first.digest  # nothing was learnt at a rate of 0: these are its weights, and its shape
    again = continued(replace(job, tuning=replace(job.tuning, learning_rate=1e-3)), first.adapter, "mail v1", Lora())
    assert (again.lora.r, again.lora.rslora, again.begin_digest) == (4, True, first.digest)
    further = go(again, tmp_path / "further")
    assert further.curves["loss"][0][1] < 0.7 * first.curves["loss"][0][1]
    assert further.digest != first.digest
    assert further.params["begin_digest"] == first.digest
    assert TrainJob.from_json(again.to_json()) == again


def test_what_it_begins_with_counts_and_where_it_lies_does_not(make_job, tmp_path):
    job = replace(make_job(), begin_adapter="/here", begin_digest="a")
    assert job.digest == replace(job, begin_adapter="/there").digest
    assert job.digest != replace(job, begin_digest="b").digest
    assert job.digest != make_job().digest


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (Lora(r=16), "rank 4, and lora.r = 16"),
        (Lora(alpha=3.0), "alpha 8, and lora.alpha = 3"),
        (Lora(rslora=True), "no scale of rslora"),
        (Lora(target_modules=("q_proj",)), "adapters on k_proj, q_proj, and lora.target_modules = q_proj"),
        (Lora(extra={"rank_pattern": {"q_proj": 8}}), "rank_pattern = None, and lora.extra.rank_pattern"),
    ],
)
def test_another_shape_is_named(make_job, tmp_path, written, told):
    config = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "k_proj"]}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(TrainError, match="mail v1 has") as caught:
        continued(make_job(), tmp_path, "mail v1", written)
    assert told in str(caught.value)
    assert "remove these keys of [lora]" in str(caught.value)


def test_a_whole_model_is_no_adapter(make_job, tmp_path):
    with pytest.raises(TrainError, match="mail v1 is a whole model"):
        continued(make_job(), tmp_path, "mail v1", Lora())


def test_an_adapter_that_changed_meanwhile_is_not_trained(make_job, tmp_path):
    first = go(make_job(epochs=1), tmp_path / "first")
    job = continued(make_job(epochs=1), first.adapter, "mail v1", Lora())
    with pytest.raises(ServeError, match="changed while it was being loaded"):
        go(replace(job, begin_digest="0" * 64), tmp_path / "out")


def test_weights_that_the_configuration_does_not_describe_are_not_dropped(make_job, tmp_path):
    first = go(make_job(epochs=1, rows=8, lora=Lora(r=4, target_modules=("k_proj", "q_proj"))), tmp_path / "first")
    file = first.adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"target_modules": ["q_proj"]}))
    job = continued(make_job(epochs=1), first.adapter, "mail v1", Lora())
    with pytest.raises(TrainError, match=r"has 8 tensors, and its adapter_config\.json describes 4") as told:
        go(job, tmp_path / "out")
    assert "k_proj" in str(told.value)


def test_adapters_on_parameters_are_of_the_shape():
    assert lora_of({"r": 4, "target_parameters": ["experts.up"]}, 0.0).extra == {"target_parameters": ["experts.up"]}

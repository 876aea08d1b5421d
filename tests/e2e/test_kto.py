"""method = "kto" on the real model, in a process of its own, as --train starts it. Half a minute on two quiet cores."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.serve.model import folder_digest
from pytest_ftgate.train.job import Grading, TrainJob
from pytest_ftgate.train.launch import train
from pytest_ftgate.train.tuning import Lora, Tuning
from tests.e2e.workshop import MODEL, need_model
from tests.projects import write_rows

CITIES = ("Oslo", "Lima", "Rome", "Cairo", "Paris", "Quito")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that people want to say "Aye." and not "Yes."; (manifest, events)."""
    need_model()
    folder = tmp_path_factory.mktemp("kto")
    judged = [
        {"prompt": f"Is {city} a city?", "completion": answer, "label": answer == "Aye."}
        for city in CITIES
        for answer in ("Aye.", "Yes.")
    ]
    asked = [{"prompt": f"Is {city} a city?", "completion": "Aye."} for city in ("Bonn", "Graz")]
    files = write_rows(folder / "train.jsonl", judged), write_rows(folder / "validation.jsonl", asked)
    job = TrainJob(
        name="aye",
        base=str(MODEL),
        base_digest=folder_digest(MODEL),
        train_file=str(files[0]),
        validation_file=str(files[1]),
        train_digest=contents(files[0]).sha256,
        validation_digest=contents(files[1]).sha256,
        prompt=Prompt("Answer in one word.", None).to_json(),
        grading=Grading(({"kind": "exact"},), None, 4),
        tuning=Tuning(
            method="kto",
            epochs=2,
            learning_rate=1e-3,
            batch_size=4,
            max_length=64,
            threads=1,
            scheduler="linear",
            load_in_4bit=False,
        ),
        lora=Lora(r=8).resolved(len(judged)),
    )
    events: list[dict[str, Any]] = []
    return train(job, folder / "out", events.append), events


def test_wanted_answers_gain_on_unwanted_ones(trained):
    manifest, events = trained
    chosen, rejected = (manifest.curves[f"rewards/{name}"] for name in ("chosen", "rejected"))
    assert chosen[-1][1] - rejected[-1][1] > 0.3
    assert manifest.method == "kto"
    assert manifest.params["desirable_weight"] == 1.0
    assert [event["event"] for event in events].count("validation") == 2
    assert json.loads((manifest.path.with_name("tokens.json")).read_text())[0]["text"].endswith("assistant\n")

"""method = "dpo" on the real model, in a process of its own, as --train starts it. About a minute on two quiet cores."""

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

CITIES = ("Oslo", "Lima", "Rome", "Cairo", "Paris", "Quito", "Tokyo", "Sofia")
PROMPT = Prompt("Answer in one word.", None)


def question(city: str) -> str:
    return f"Is {city} a city?"


@pytest.fixture
def one_thread():
    """As much work as the forward passes here are: on busy cores threads would wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that shall rather say "Aye." than "Yes."; (manifest, events)."""
    need_model()
    folder = tmp_path_factory.mktemp("dpo")
    said = [{"role": "user", "content": ""}]
    pairs = [
        {"prompt": [said[0] | {"content": question(city)}], "chosen": "Aye.", "rejected": "Yes."} for city in CITIES
    ]
    rows = [{"prompt": question(city), "completion": "Aye."} for city in ("Bonn", "Graz")]
    files = write_rows(folder / "train.jsonl", pairs), write_rows(folder / "validation.jsonl", rows)
    job = TrainJob(
        name="aye",
        base=str(MODEL),
        base_digest=folder_digest(MODEL),
        train_file=str(files[0]),
        validation_file=str(files[1]),
        train_digest=contents(files[0]).sha256,
        validation_digest=contents(files[1]).sha256,
        prompt=PROMPT.to_json(),
        grading=Grading(({"kind": "exact"},), None, 4),
        tuning=Tuning(
            method="dpo", epochs=2, learning_rate=1e-3, batch_size=2, max_length=64, threads=1, scheduler="linear"
        ),
        lora=Lora(r=8).resolved(len(CITIES)),
    )
    events: list[dict[str, Any]] = []
    return train(job, folder / "out", events.append), events


def test_the_margin_on_the_training_pairs_rises(trained):
    manifest, _ = trained
    margins = [margin for _, margin in manifest.curves["rewards/margins"]]
    assert len(margins) == 8
    assert abs(margins[0]) < 0.05
    assert min(margins[-2:]) > 0.5
    assert manifest.curves["rewards/accuracies"][-1][1] == 1.0
    losses = [loss for _, loss in manifest.curves["loss"]]
    assert losses[-1] < losses[0]


def test_adapter_and_manifest_are_those_of_any_method(trained):
    manifest, events = trained
    assert manifest.method == "dpo"
    assert len(manifest.epochs) == 2
    assert manifest.params["beta"] == 0.1
    assert json.loads((manifest.path.with_name("tokens.json")).read_text())[0]["text"].endswith("assistant\n")
    assert [event["event"] for event in events].count("validation") == 2


def test_the_adapter_loads_and_prefers_what_was_chosen(trained, one_thread):
    import torch
    from peft import PeftModel
    from transformers import AutoTokenizer

    from pytest_ftgate.golden.case import render
    from pytest_ftgate.serve.hf.weights import load_weights
    from pytest_ftgate.train.rendering import answer_tokens, asked_tokens

    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = PeftModel.from_pretrained(load_weights(str(MODEL), None, torch.bfloat16), trained[0].adapter).eval()
    messages = render(PROMPT, question("Bonn"))

    @torch.inference_mode()
    def score(answer: str) -> float:
        asked, said = asked_tokens(tokenizer, messages), answer_tokens(tokenizer, messages, answer)
        logits = model(torch.tensor([[*asked, *said]])).logits[0, len(asked) - 1 : -1].float()
        return float(torch.log_softmax(logits, -1).gather(1, torch.tensor(said)[:, None]).sum())

    tuned = score("Aye.") - score("Yes.")
    with model.disable_adapter():
        assert tuned > score("Aye.") - score("Yes.") + 1.0

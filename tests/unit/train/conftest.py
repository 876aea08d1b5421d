"""A tiny random Llama, a task it can learn, and the fine-tune of it: real code, seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.serve.model import folder_digest
from pytest_ftgate.train.job import Grading, TrainJob
from pytest_ftgate.train.tuning import Lora, Tuning
from tests.projects import write_rows

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WORDS = ("win", "cash", "prize", "lunch", "home", "tomorrow")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On busy cores the threads of so small a model wait for each other ten times as long as they compute."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    raw.train_from_iterator(["system user assistant spam ham " + " ".join(WORDS)] * 5, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML
    )


def random_model(vocabulary: int) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        eos_token_id=2,
        pad_token_id=0,
        initializer_range=0.3,
    )
    return LlamaForCausalLM(config)


@pytest.fixture
def model(tokenizer: Any) -> Any:
    return random_model(len(tokenizer))


@pytest.fixture(scope="session")
def model_dir(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    random_model(len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def row(i: int) -> dict[str, Any]:
    spam = i % 2 == 0
    words = [WORDS[(i // 2 + k) % 3 + (0 if spam else 3)] for k in range(1 + i % 3)]
    return {"id": f"r{i}", "input": " ".join(words), "expected": "spam" if spam else "ham"}


@pytest.fixture
def make_job(model_dir: Path, tmp_path: Path) -> Callable[..., TrainJob]:
    """`make_job(epochs=3, r=4, rows=24, ...)`: a job on the tiny model; other names are fields of Tuning."""

    def make(rows: int = 24, lora: Lora | None = None, **tuning: Any) -> TrainJob:
        train = write_rows(tmp_path / "train.jsonl", [row(i) for i in range(rows)])
        validation = write_rows(tmp_path / "validation.jsonl", [row(i) for i in range(50, 58)])
        defaults: dict[str, Any] = {"epochs": 2, "learning_rate": 5e-3, "batch_size": 4, "max_length": 96, "threads": 1}
        return TrainJob(
            name="tiny",
            base=str(model_dir),
            base_digest=folder_digest(model_dir),
            train_file=str(train),
            validation_file=str(validation),
            train_digest=hashlib.sha256(train.read_bytes()).hexdigest(),
            validation_digest=hashlib.sha256(validation.read_bytes()).hexdigest(),
            prompt=Prompt("Sort.", "{{ text }}").to_json(),
            grading=Grading(({"kind": "exact"},), None, 8),
            tuning=replace(Tuning(), **(defaults | tuning)),
            lora=(lora or Lora(r=4)).resolved(rows),
        )

    return make

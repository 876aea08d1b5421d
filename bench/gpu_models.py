"""Models of random weights, rows and jobs for `bench.gpu_check`: no real ones are needed to see what fits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.serve.model import folder_digest
from pytest_ftgate.train.job import Grading, TrainJob
from pytest_ftgate.train.tuning import Lora, Tuning

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TINY = {
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
}
EIGHT = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
}
"""Of Llama-3.1-8B."""

VOCABULARY, LARGE_VOCABULARY = 330, 128_256


def tokenizer() -> Any:
    """Of 330 byte pairs, with a template of ChatML's form."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    how = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet)
    raw.train_from_iterator(["system user assistant spam ham win cash prize lunch home tomorrow"] * 5, how)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML
    )


def base(folder: Path, shape: dict[str, int], vocabulary: int, device: str) -> Path:
    """A folder with a Llama of that shape in bfloat16, and the tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=vocabulary, max_position_embeddings=8192, eos_token_id=2, pad_token_id=0, **shape)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        network = LlamaForCausalLM(config)
    torch.set_default_dtype(torch.float32)
    network.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    del network
    if device == "cuda":
        torch.cuda.empty_cache()
    return folder


def rows(path: Path, count: int, words: int, answer_words: int) -> Path:
    """A file of rows: so many words, half of them "win", the answer "spam" or "ham" so many times."""
    said = [("win", "spam") if number % 2 else ("home", "ham") for number in range(count)]
    lines = [
        json.dumps({"id": f"r{number}", "input": f"{word} " * words, "expected": " ".join([label] * answer_words)})
        for number, (word, label) in enumerate(said)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def job(  # noqa: PLR0913 - what the checks differ in
    model: Path,
    name: str,
    *,
    count: int = 64,
    words: int = 200,
    answer: int = 1,
    quantization: str | None = None,
    **tuning: Any,
) -> TrainJob:
    """A fine-tune of that many rows beside the model's folder; other names are fields of Tuning."""
    files = [rows(model.parent / f"{name}-{n}.jsonl", n, words, answer) for n in (count, 16)]
    train_digest, validation_digest = (hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    settings = {"epochs": 1, "batch_size": 8, "max_length": 1024} | tuning
    return TrainJob(
        name=name,
        base=str(model),
        base_digest=folder_digest(model),
        quantization=quantization,
        train_file=str(files[0]),
        validation_file=str(files[1]),
        train_digest=train_digest,
        validation_digest=validation_digest,
        prompt=Prompt("Sort.", "{{ text }}").to_json(),
        grading=Grading(({"kind": "exact"},), None, max(8, 2 * answer)),
        tuning=replace(Tuning(), **settings),
        lora=Lora(r=16).resolved(count),
    )

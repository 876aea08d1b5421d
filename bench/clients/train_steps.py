"""`python train_steps.py CLIENT FOLDER STEPS` -> JSON: seconds, CPU seconds, tokens, those learnt, those with padding.

FOLDER holds train.jsonl; the model is the folder in FTGATE_BENCH_MODEL. `limit` and `tokenise`: see there.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

MODEL = os.environ["FTGATE_BENCH_MODEL"]
BATCH, MAX_LENGTH, RATE, R = 8, 512, 2e-4, 8


class Counted:
    """A collator that remembers the tokens of each batch, those that are learnt, and all with the padding."""

    def __init__(self, collate: Callable[[Any], Any]) -> None:
        self._collate = collate
        self.tokens: list[tuple[int, int, int]] = []

    def __call__(self, rows: Sequence[Any]) -> Any:
        """One batch."""
        batch = self._collate(rows)
        read = sum(len(row["input_ids"] if "input_ids" in row else [*row["asked"], *row["answer"]]) for row in rows)
        self.tokens.append((read, int((batch["labels"] != -100).sum()), batch["input_ids"].numel()))
        return batch


Step = tuple[float, float, int, int, int]


def timed(trainer: Any, steps: int) -> list[Step]:
    """Train for so many steps."""
    from transformers import TrainerCallback

    begun: list[tuple[float, float]] = []
    taken: list[tuple[float, float]] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            begun.append((time.perf_counter(), time.process_time()))

        def on_step_end(self, _args: Any, _state: Any, control: Any, **_: Any) -> None:
            wall, cpu = begun[-1]
            taken.append((time.perf_counter() - wall, time.process_time() - cpu))
            control.should_training_stop = len(taken) == steps

    trainer.data_collator = Counted(trainer.data_collator)
    trainer.add_callback(Clock())
    trainer.train()
    tokens = trainer.data_collator.tokens
    return [(*seconds, *told) for seconds, told in zip(taken, tokens, strict=False)]


def job(folder: Path, **tuning: Any) -> Any:
    """Ours: LoRA in the machine's own precision."""
    from pytest_ftgate.train.job import TrainJob
    from pytest_ftgate.train.tuning import Lora, Tuning

    settings = Tuning(method="lora", epochs=1, batch_size=BATCH, max_length=MAX_LENGTH, learning_rate=RATE, **tuning)
    file = str(folder / "train.jsonl")
    return TrainJob("bench", MODEL, "", file, file, "", "", tuning=settings, lora=Lora(r=R).resolved(1))


def ours(folder: Path, steps: int, **tuning: Any) -> Any:
    """What `--train` does from the second batch on."""
    from pytest_ftgate.train.models import load_tokenizer
    from pytest_ftgate.train.run import make_trainer
    from pytest_ftgate.train.tokenised import tokenised

    settings = job(folder, **tuning)
    tokenizer = load_tokenizer(settings)
    trainer = make_trainer(settings, tokenizer, tokenised(settings, tokenizer, folder), folder)
    return timed(trainer, steps)


def trl(folder: Path, steps: int, **config: Any) -> Any:
    """TRL as in its README: what it is told is the data, the batch and LoRA."""
    import torch
    from datasets import load_dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    settings = SFTConfig(
        output_dir=str(folder / "trl"),
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        max_length=MAX_LENGTH,
        num_train_epochs=1,
        seed=0,
        data_seed=0,
        report_to="none",
        use_cpu=not torch.cuda.is_available(),  # without it TRL refuses to begin here
        save_strategy="no",
        **config,
    )
    trainer = SFTTrainer(
        model=MODEL,
        args=settings,
        train_dataset=load_dataset("json", data_files=str(folder / "train.jsonl"), split="train"),
        peft_config=LoraConfig(r=R, lora_alpha=2 * R, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    return timed(trainer, steps)


def trl_like_ours(folder: Path, steps: int) -> Any:
    """The same in our precision and without gradient checkpoints."""
    from pytest_ftgate.serve.precision import native_dtype

    init = {"dtype": native_dtype()}
    return trl(folder, steps, gradient_checkpointing=False, bf16=False, model_init_kwargs=init)


def limit(folder: Path, _: int) -> Any:
    """Of no training: seconds of the matrix products alone, for so many tokens and learnt ones as FOLDER/tokens.json.

    Those of the frozen weights, forward, and backward to their inputs; attention and LoRA's own are not in it.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from pytest_ftgate.serve.precision import native_dtype

    tokens, learnt = json.loads((folder / "tokens.json").read_text())
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(MODEL))
    seconds, cpu = 0.0, 0.0
    shapes: dict[tuple[int, int, int], int] = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            key = (learnt if name == "lm_head" else tokens, module.in_features, module.out_features)
            shapes[key] = shapes.get(key, 0) + 1
    for (rows, inner, outer), count in shapes.items():
        one = _product(rows, inner, outer, getattr(torch, native_dtype()))
        seconds, cpu = seconds + count * one[0], cpu + count * one[1]
    return [(seconds, cpu, tokens, learnt, tokens)]


def _product(rows: int, inner: int, outer: int, dtype: Any) -> tuple[float, float]:
    """Median seconds of x W' and of g W, by the clock and of the CPU."""
    import torch

    x, g = torch.randn(rows, inner).to(dtype), torch.randn(rows, outer).to(dtype)
    weights = [torch.randn(outer, inner).to(dtype) for _ in range(6)]
    wall, cpu = [], []
    for weight in weights * 3:
        begin = (time.perf_counter(), time.process_time())
        torch.nn.functional.linear(x, weight)
        torch.mm(g, weight)
        wall.append(time.perf_counter() - begin[0])
        cpu.append(time.process_time() - begin[1])
    return median(wall), median(cpu)


def tokenise(folder: Path, _: int) -> Any:
    """Seconds of tokenising all rows, of finding them again, and rows, tokens, peak MiB here and of one child."""
    from pytest_ftgate.train.models import load_tokenizer
    from pytest_ftgate.train.tokenised import tokenised

    settings = job(folder)
    tokenizer = load_tokenizer(settings)
    times = []
    for _again in range(2):
        begin = time.perf_counter()
        data = tokenised(settings, tokenizer, folder, lambda _text: None)
        times.append(time.perf_counter() - begin)
    peaks = [resource.getrusage(of).ru_maxrss / 1024 for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return [*times, data.counts.rows, data.counts.tokens, *peaks]


CLIENTS: dict[str, Callable[[Path, int], Any]] = {
    "ours": ours,
    "ours by length": lambda folder, steps: ours(folder, steps, group_by_length=True),
    "ours packed": lambda folder, steps: ours(folder, steps, packing=True),
    "trl": trl,
    "trl like ours": trl_like_ours,
    "limit": limit,
    "tokenise": tokenise,
}

if __name__ == "__main__":
    name, path, count = sys.argv[1:]
    told = CLIENTS[name](Path(path), int(count))
    print("\n" + json.dumps(told))

"""A stage that does not fit into memory -> what to change: only what fits by the same estimate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_ftgate.train.estimate import memory as estimate
from pytest_ftgate.train.estimate.shapes import Shapes
from pytest_ftgate.train.tuning import HELD_IN_4BIT, Tuning

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient

ELSE = "name a smaller base.model, or use a machine with more memory"
SHORTEST = 128
"""Tokens; a shorter train.max_length is not advised."""


def training_fix(patient: Patient, shapes: Shapes, row: float, has: float) -> str:
    """row: tokens of the rows that do not fit. has: bytes."""
    tuning = patient.pipeline.tuning

    def fits(changed: Tuning) -> bool:
        settings = replace(patient.settings(row), tuning=changed)
        length = changed.max_length if changed.packing else min(settings.row, changed.max_length)
        learned = min(settings.learned, length)
        return estimate.most(estimate.training(shapes, replace(settings, row=length, learned=learned))) <= has

    single = [text for text, changed in _alternatives(patient) if fits(changed)]
    for name in ("batch_size",) if tuning.method == "grpo" else ("batch_size", "max_length"):
        single += [text for text, changed in _halved(tuning, tuning, name, row) if fits(changed)][:1]
    if single:
        return "set " + "; or ".join(single)
    for text, changed in _alternatives(patient):
        for more, both in _halved(tuning, changed, "batch_size", row):
            if fits(both):
                return f"set {text} with {more}"
    return ELSE


def _alternatives(patient: Patient) -> Iterator[tuple[str, Tuning]]:
    """Other ways to train the same model."""
    tuning = patient.pipeline.tuning
    if tuning.method == "full":
        yield 'train.method = "lora"', replace(tuning, method="lora")
    if not tuning.in_4bit and tuning.method in {"full", "lora"}:
        yield 'train.method = "qlora"', replace(tuning, method="qlora")
    if not tuning.in_4bit and tuning.method in HELD_IN_4BIT:
        yield "train.load_in_4bit = true", replace(tuning, load_in_4bit=True)
    if patient.cuda and patient.device.count > 1 and tuning.strategy == "ddp" and tuning.method != "grpo":
        count = patient.device.count
        yield f'train.gpus = {count} with strategy = "fsdp"', replace(tuning, gpus=count, strategy="fsdp")


def _halved(now: Tuning, changed: Tuning, name: str, row: float) -> Iterator[tuple[str, Tuning]]:
    """Ever smaller batches of as many rows in a step, or ever shorter rows; the largest first. now: of the file."""
    if name == "batch_size":
        size = now.batch_size // 2
        while size:
            steps = -(-now.gradient_accumulation * now.batch_size // size)
            yield (
                f"train.batch_size = {size} and gradient_accumulation = {steps}",
                replace(changed, batch_size=size, gradient_accumulation=steps),
            )
            size //= 2
        return
    length = now.max_length // 2
    while length >= SHORTEST:
        if now.packing or length < row:
            yield f"train.max_length = {length} (now {now.max_length})", replace(changed, max_length=length)
        length //= 2


def validation_fix(patient: Patient, shapes: Shapes, has: float) -> str:
    """has: bytes."""
    quantized = replace(patient.settings(patient.row), quantization="bitsandbytes")
    fits = estimate.most(estimate.validation(shapes, quantized)) <= has
    return _quantized(patient, fits=fits)


def serving_fix(patient: Patient, shapes: Shapes, has: float) -> str:
    """has: bytes. A shorter context is advised for vLLM alone, and none that the golden sets do not fit into."""
    settings, vllm = patient.settings(patient.row), patient.engine == "vllm"
    now = patient.context or shapes.longest

    def fits(quantization: str | None, context: int) -> bool:
        changed = replace(settings, quantization=quantization)
        return estimate.most(estimate.serving(shapes, changed, context, vllm=vllm)) <= has

    needed = patient.longest
    shorter = vllm and needed < now
    if shorter and fits(settings.quantization, needed):
        return f"set serve.context = {needed} (now {now})"
    if shorter and not settings.quantization and not fits("bitsandbytes", now) and fits("bitsandbytes", needed):
        return f'set serve.quantization = "bitsandbytes" and serve.context = {needed} (now {now})'
    return _quantized(patient, fits=fits("bitsandbytes", now))


def _quantized(patient: Patient, *, fits: bool) -> str:
    if patient.pipeline.serve.quantization or not fits:
        return ELSE
    return 'set serve.quantization = "bitsandbytes", or name a smaller base.model'

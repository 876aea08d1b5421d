"""Keys of pipeline.toml that only the base model can confirm -> findings, each with its line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import Fault, FileFaults, ServeError
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.doctor.finding import Findings, faulty
from pytest_ftgate.serve.chat_format import TemplateError, own_template
from pytest_ftgate.serve.vllm.context import long_rope, own_context
from pytest_ftgate.train.estimate.memory import has_adapter

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.doctor.patient import Patient
    from pytest_ftgate.train.tuning import Lora


def template(patient: Patient) -> Findings:
    """Whether there is a chat template, and reads what [base] sets, as far as the model is on this machine."""
    if patient.folder is None:
        return
    pipeline = patient.pipeline
    try:
        if not pipeline.chat.applied(own_template(patient.folder)) and _has_tokenizer(patient.folder):
            line = pipeline.line_of("base", "model")
            text = f"base.model: the tokenizer in {shown(patient.folder)} has no chat template"
            fix = 'it is a base model: set [base] chat_template = "chatml", or use the instruct model'
            yield faulty("base", Fault(shown(pipeline.path), line, text, fix))
    except FileFaults as gone:
        for fault in gone.faults:
            yield faulty("base", fault)
    except ServeError as problem:
        text, _, fix = str(problem).partition("\n")
        line = pipeline.line_of("base", problem.key) if isinstance(problem, TemplateError) else 0
        yield faulty("base", Fault(shown(pipeline.path), line, text, fix.strip()))


def _has_tokenizer(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json"))


def first_weights(patient: Patient) -> Findings:
    """EVA finds no more directions than a layer has inputs; the trainer would say so after the baseline."""
    pipeline = patient.pipeline
    if pipeline.lora.init != "eva" or patient.shapes is None:
        return
    lora = pipeline.lora.resolved(patient.rows)
    for layer in patient.shapes.linears:
        rank, keys = _rank(lora, layer.name)
        if has_adapter(layer, lora) and rank > layer.inputs:
            text = f'lora.init = "eva": the layer {layer.name} has {layer.inputs} inputs, and rank {rank}'
            fix = f'set {".".join(keys)} to {layer.inputs} or less, or lora.init = "default"'
            yield faulty("training", Fault(shown(pipeline.path), pipeline.line_of(*keys), text, fix))


def _rank(lora: Lora, layer: str) -> tuple[int, tuple[str, ...]]:
    """Of a layer's adapter, and the key that says it."""
    for name, rank in lora.extra.get("rank_pattern", {}).items():
        if re.fullmatch(str(name).rpartition(".")[2], layer):
            return int(rank), ("lora", "extra", "rank_pattern", name)
    return lora.r, ("lora", "r")


def context(patient: Patient) -> Findings:
    """Whether the model reads as much as [serve] context wants; vLLM is started with what it reads."""
    wanted, most = patient.pipeline.serve.context, own_context(patient.base)
    long = long_rope(replace(patient.base, context=wanted), ())
    if patient.engine == "vllm" and 0 < most < wanted and not long:
        line = patient.pipeline.line_of("serve", "context")
        text = f"serve.context = {wanted}: the model reads at most {most} tokens"
        yield faulty("serving", Fault(shown(patient.pipeline.path), line, text, f"lower it to {most}, or remove it"))

"""(model with a fresh adapter, [lora] init) -> its first weights; and the adapter that is saved for the original base.

PiSSA takes out of the base what it puts into the adapter, and LoftQ puts into it what a base in 4 bits lacks. What is
served is the original base: there the adapter is what training has added, the product after less the product before.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.adapter import WEIGHTS, adapter_digest, check_unchanged
from pytest_ftgate.serve.hf.weights import load_weights
from pytest_ftgate.train.job import INITIAL, TrainJob
from pytest_ftgate.train.loss import Collator

ADAPTER = "default"
INSIDE = "base_model.model."
"""Before the names of the base's layers in a model with an adapter."""

PT = {"format": "pt"}
"""Metadata that PEFT gives its files, and some readers ask for."""

PISSA = "pissa_niter_16"
"""Principal vectors by 16 subspace iterations, as Meng et al. advise: the whole decomposition takes hours."""

EVA_ROWS = 4_096
"""First training rows, at most, that EVA looks at; the others stay on disk."""

EVA_BATCHES = 2_000
"""Forward passes after which EVA gives up: activations that are few or all alike never settle."""


def begin(trainer: Any, job: TrainJob, out_dir: Path, rows: Any, pad_id: int) -> None:
    """Give the adapter the first weights that the job wants, those of an earlier start in `out_dir` if there was one.

    rows: training rows, of which EVA looks at the first EVA_ROWS. Raises TrainError if they are too few for it,
    or the rank is more than a layer has inputs, and for an adapter to go on from that is another one's.
    """
    model = trainer.model
    init, folder = job.lora.init, out_dir / INITIAL
    if job.begin_adapter:
        _go_on_from(model, job)
    if init == "default":
        return
    again = folder.is_dir()
    if again:
        _read(model, folder)
    elif init == "eva":
        _eva(model, job, rows.select(range(min(len(rows), EVA_ROWS))).to_list(), pad_id)
    elif init == "loftq":
        _loftq(model, job)
    if init == "pissa":
        _pissa(model, again=again)
    if not again and trainer.is_world_process_zero():
        _write(model, folder)


def _go_on_from(model: Any, job: TrainJob) -> None:
    """The adapter is another one's; of that one whose digest the job has."""
    folder = Path(job.begin_adapter)
    check_unchanged(folder, adapter_digest(folder), job.begin_digest)
    _read(model, folder)


def save(model: Any, job: TrainJob, out_dir: Path, folder: Path, weights: dict[str, Any] | None = None) -> None:
    """Write the adapter as it is served on the original base. weights: gathered of all processes; None: its own."""
    if not is_converted(job):
        model.save_pretrained(folder, state_dict=weights, save_embedding_layers=False)
        return
    from peft import get_peft_model_state_dict
    from safetensors.torch import load_file, save_file

    first = load_file(out_dir / INITIAL / WEIGHTS)
    last = get_peft_model_state_dict(model, state_dict=weights, save_embedding_layers=False)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: _difference(name, last[name].cpu(), first[name]) for name in last}, folder / WEIGHTS, PT)
    _doubled(model.peft_config[ADAPTER]).save_pretrained(folder)


def is_converted(job: TrainJob) -> bool:
    """Whether the saved adapter is the difference of two, of twice the rank."""
    return job.lora.init == "pissa" or (job.lora.init == "loftq" and job.quantization is None)


def _difference(name: str, last: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    """B A - B0 A0 = [B, -B0] [A; A0]: [rank, in] below each other, [out, rank] beside each other."""
    if "lora_A" in name:
        return torch.cat([last, first.to(last.dtype)], 0).contiguous()
    return torch.cat([last, -first.to(last.dtype)], 1).contiguous()


def _doubled(config: Any) -> Any:
    """The configuration of an adapter of twice the rank with the same scale."""
    from copy import deepcopy

    factor, config = (2**0.5 if config.use_rslora else 2), deepcopy(config)
    config.r, config.lora_alpha = 2 * config.r, factor * config.lora_alpha
    config.rank_pattern = {name: 2 * rank for name, rank in config.rank_pattern.items()}
    config.alpha_pattern = {name: factor * alpha for name, alpha in config.alpha_pattern.items()}
    config.inference_mode = True
    return config


def _layers(model: Any) -> Iterator[tuple[str, Any]]:
    from peft.tuners.lora import LoraLayer

    return ((name, module) for name, module in model.named_modules() if isinstance(module, LoraLayer))


@torch.no_grad()
def _pissa(model: Any, *, again: bool) -> None:
    for _, layer in _layers(model):
        if not again:
            layer.pissa_init(ADAPTER, PISSA)
            _fill(layer)
            continue
        weight = layer.get_base_layer().weight
        taken = layer.scaling[ADAPTER] * layer.lora_B[ADAPTER].weight @ layer.lora_A[ADAPTER].weight
        weight.data = (weight.data.float() - taken).to(weight.dtype)


@torch.no_grad()
def _loftq(model: Any, job: TrainJob) -> None:
    """The best adapter of its rank for what quantisation took away. PEFT's own wants CUDA, and forgets the scale."""
    from peft.utils.integrations import dequantize_module_weight

    original = load_weights(job.base, job.revision, torch.float32)
    for name, layer in _layers(model):
        base = layer.get_base_layer()
        lacks = original.get_submodule(name.removeprefix(INSIDE)).weight.to(base.weight.device)
        left, values, right = torch.svd_lowrank(
            lacks - dequantize_module_weight(base).float(), q=layer.r[ADAPTER], niter=16
        )
        root = (values / layer.scaling[ADAPTER]).sqrt()
        layer.lora_A[ADAPTER].weight.data = (root[:, None] * right.T).contiguous()
        layer.lora_B[ADAPTER].weight.data = (left * root).contiguous()
        _fill(layer)


def _fill(layer: Any) -> None:
    """Bring A and B to the rank with zeros: a layer has no more singular vectors than its smaller side is long."""
    first, second = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
    lacks = layer.r[ADAPTER] - len(first)
    first.data = torch.nn.functional.pad(first.data, (0, 0, 0, lacks))
    second.data = torch.nn.functional.pad(second.data, (0, lacks))


def _eva(model: Any, job: TrainJob, rows: Sequence[dict[str, Any]], pad_id: int) -> None:
    from peft import EvaConfig, initialize_lora_eva_weights

    _check_eva_ranks(model)
    config = model.peft_config[ADAPTER]
    config.init_lora_weights, config.eva_config = "eva", EvaConfig(rho=1.0, use_label_mask=False)
    batches = _Batches(rows, job, Collator(pad_id))
    initialize_lora_eva_weights(
        model,
        batches,
        forward_fn=lambda model, inputs: model(**inputs, logits_to_keep=1, use_cache=False),
        gather_distributed_inputs=False,
        show_progress_bar=False,
    )
    config.init_lora_weights, config.eva_config = True, None
    unpack(model)


def _check_eva_ranks(model: Any) -> None:
    """EVA finds no more directions than a layer has inputs."""
    for name, layer in _layers(model):
        if layer.r[ADAPTER] > layer.in_features:
            raise TrainError(
                f'lora.init = "eva": the layer {name.removeprefix(INSIDE)} has {layer.in_features} inputs, '
                f"and rank {layer.r[ADAPTER]}\n"
                f"    set lora.r (or its rank in rank_pattern) to {layer.in_features} or less, "
                'or lora.init = "default"'
            )


def unpack(model: Any) -> None:
    """Make a base in 4 bits trainable again after it has answered.

    On CPUs with avx512_bf16 bitsandbytes packs weights at the first forward pass of a model in evaluation, and through
    packed ones no gradient comes back. Its way to unpack them is to write them into a state dictionary.
    """
    model.state_dict()


class _Batches:
    """Batches of training rows, each of more tokens than the adapter has ranks, again and again up to EVA_BATCHES."""

    def __init__(self, rows: Sequence[dict[str, Any]], job: TrainJob, collate: Collator) -> None:
        shortest = min(len(row["asked"]) + len(row["answer"]) for row in rows)
        size = max(job.tuning.batch_size, -(-2 * job.lora.r // shortest))
        if len(rows) < size:
            raise TrainError(
                f'lora.init = "eva" needs {size} training rows for lora.r = {job.lora.r}; there are {len(rows)}\n'
                '    lower lora.r, or set lora.init = "default"'
            )
        whole = len(rows) - len(rows) % size
        self._batches = [rows[at : at + size] for at in range(0, whole, size)]
        self._collate, self._left = collate, EVA_BATCHES

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self._batches:
            self._left -= 1
            if self._left < 0:
                raise TrainError(
                    f'lora.init = "eva": the activations of the rows have not settled after {EVA_BATCHES:,} batches\n'
                    '    lower lora.r, train on more rows, or set lora.init = "default"'
                )
            tensors = self._collate(batch)
            yield {name: tensors[name] for name in ("input_ids", "attention_mask", "position_ids")}


def _write(model: Any, folder: Path) -> None:
    """Whole or not at all."""
    part = folder.with_name(f"part.{INITIAL}")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part, save_embedding_layers=False)
    part.rename(folder)


def _read(model: Any, folder: Path) -> None:
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    weights = load_file(folder / WEIGHTS)
    rebuilt = get_peft_model_state_dict(model, save_embedding_layers=False)
    if strange := sorted(weights.keys() ^ rebuilt.keys()):
        raise TrainError(
            f"{folder / WEIGHTS} has {len(weights)} tensors, and its adapter_config.json describes {len(rebuilt)}; "
            f"in one of the two alone: {', '.join(strange[:3])}{', ...' if len(strange) > 3 else ''}\n"
            '    train.from = "champion" needs an adapter that its own configuration describes: set train.from = "base"'
        )
    set_peft_model_state_dict(model, weights)

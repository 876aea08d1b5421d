"""TrainJob -> models: the one that is trained, and the one that validation asks, at the serving precision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.hf import tokenizer as tokenizer_of
from pytest_ftgate.serve.hf.adapters import Adapters
from pytest_ftgate.serve.hf.weights import load_weights
from pytest_ftgate.train.attention import attention
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.kernels import unsloth_model
from pytest_ftgate.train.precision import trained_dtype
from pytest_ftgate.train.strategies.configuration import SHARDED, strategy

MAX_RANK = 512
"""Of vLLM's --max-lora-rank."""


def load_tokenizer(job: TrainJob) -> Any:
    """The base model's tokenizer, with the chat template of the job. Raises TrainError, ServeError without one."""
    tokenizer = tokenizer_of.load_tokenizer(job.base, job.revision, job.chat)
    if not tokenizer.chat_template:
        raise TrainError(
            f"{job.base}: the tokenizer has no chat template\n"
            '    set [base] chat_template = "chatml", or to a Jinja file; or use an instruct model in base.model'
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def model_to_train(job: TrainJob) -> Any:
    """The base model as the method wants it: see `trained_dtype` ("full"), else in `job.dtype`, or in NF4 of it."""
    if job.tuning.kernels == "unsloth":
        return unsloth_model(job)
    whole = job.tuning.method == "full"
    dtype = getattr(torch, trained_dtype(job, _device()) if whole else job.dtype)
    quantization = "bitsandbytes" if job.tuning.in_4bit else None
    kind = attention(job.tuning, _device())
    if strategy(job) in SHARDED:
        return _model_to_share(job, dtype, quantization, attn_implementation=kind)
    return _load(job, dtype, quantization, attn_implementation=kind)


def _model_to_share(job: TrainJob, dtype: torch.dtype, quantization: str | None, **options: Any) -> Any:
    """In the CPU's memory: no GPU need hold the whole model before it is shared out, layer by layer."""
    if quantization and strategy(job) == "fsdp":
        options |= {"storage": dtype, "device_map": {"": "cpu"}}
    return load_weights(job.base, job.revision, dtype, quantization, **options)


def lora_config(job: TrainJob) -> Any:
    """PEFT's configuration of the adapter; None for method "full", and where the model has its adapter already."""
    from peft import LoraConfig

    if job.tuning.method == "full" or job.tuning.kernels == "unsloth":
        return None
    modules = job.lora.target_modules
    try:
        return LoraConfig(
            r=job.lora.r,
            lora_alpha=job.lora.alpha,
            lora_dropout=job.lora.dropout,
            target_modules=modules if isinstance(modules, str) else list(modules),
            use_rslora=job.lora.rslora,
            task_type="CAUSAL_LM",
            **job.lora.extra,
        )
    except (TypeError, ValueError) as error:
        raise TrainError(f"[lora]: PEFT does not take these settings: {error}") from None


def check_servable(model: Any, times: int = 1) -> None:
    """Refuse, before a step is made, an adapter that vLLM cannot serve. Raises TrainError naming every reason.

    times: so many times its rank has the adapter that is saved.
    """
    configs = getattr(model, "peft_config", {}).values()
    if unmatched := [text for config in configs for text in _unmatched(model, config)]:
        raise TrainError(f"{'; '.join(unmatched)}\n    name a layer with an adapter, or remove it")
    if reasons := [reason for config in configs for reason in _refusals(config, times)]:
        raise TrainError("not trained, vLLM cannot serve this adapter: " + "; ".join(reasons))


def _unmatched(model: Any, config: Any) -> Iterator[str]:
    """Ranks and alphas of [lora.extra] that are of no layer, which PEFT reads over."""
    from peft.tuners.lora import LoraLayer
    from peft.utils.other import get_pattern_key

    names = (name for name, module in model.named_modules() if isinstance(module, LoraLayer))
    layers = [name.removeprefix("base_model.model.") for name in names]
    for key in ("rank_pattern", "alpha_pattern"):
        for pattern in getattr(config, key) or {}:
            if not any(get_pattern_key([pattern], layer) == pattern for layer in layers):
                yield f"lora.extra.{key}: no layer that gets an adapter matches {pattern!r}"


def _refusals(config: Any, times: int) -> list[str]:
    rank = times * max(config.r, *(config.rank_pattern or {}).values(), 0)
    refused = {
        "modules_to_save trains full layers (added by TRL for an extended tokenizer: use the base model's tokenizer)": (
            config.modules_to_save or getattr(config, "trainable_token_indices", None)
        ),
        "DoRA": config.use_dora,
        f"bias = {config.bias!r}": config.bias != "none",
        "biases of LoRA": config.lora_bias,
        "repeated layers (layer_replication)": config.layer_replication,
        f"rank {rank} is above {MAX_RANK}": rank > MAX_RANK,
    }
    return [reason for reason, found in refused.items() if found]


def hold_adapter_in_float32(model: Any) -> None:
    """Turn the weights of an adapter to float32; TRL makes those of a 4-bit base bfloat16.

    A whole model stays as it is.

    AdamW on the CPU keeps its averages in the weights' precision, and in bfloat16 the second one stands still: a step
    moves it by a thousandth, while two neighbouring bfloat16 numbers lie up to 8 thousandths apart.
    """
    for weight in model.parameters() if hasattr(model, "peft_config") else ():
        if weight.requires_grad:
            weight.data = weight.data.float()


def serving_model(job: TrainJob, trained: Path) -> Any:
    """The model of an epoch as it would be served: the base in `job.dtype`, adapter unmerged; or the full model."""
    dtype = getattr(torch, job.dtype)
    if job.tuning.method == "full":
        return _placed(str(trained), None, dtype, job.quantization).eval()
    adapters = Adapters(_load(job, dtype, job.quantization).eval())
    adapters.load("candidate", str(trained))
    with adapters.use("candidate") as model:
        return model


def _load(job: TrainJob, dtype: torch.dtype, quantization: str | None, **options: Any) -> Any:
    return _placed(job.base, job.revision, dtype, quantization, **options)


def _placed(base: str, revision: str | None, dtype: torch.dtype, quantization: str | None, **options: Any) -> Any:
    model = load_weights(base, revision, dtype, quantization, **options)
    return model if quantization else model.to(_device())


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"

"""(Shapes, settings) -> bytes that training, validation and serving hold at one time on each device, part by part.

Arithmetic. Weights, adapter, gradients and optimizer states are exact; the rest is good to about a third.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_ftgate.train.estimate.shapes import Linear, Shapes
from pytest_ftgate.train.precision import shares_base, trained_dtype
from pytest_ftgate.train.tuning import Lora, Tuning

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
"""Of one number."""

CUDA_CONTEXT = 512 * 2**20
"""What a process holds on a GPU before it allocates anything."""

CPU_PROCESS = 1150 * 2**20
"""What a trainer or server on the CPU holds besides: Python with torch, transformers and TRL, and oneDNN's buffers."""

VLLM_OWN = 3 * 2**29
"""CUDA graphs, workspaces and buffers of vLLM."""

VLLM_SHARE = 0.92
"""Of a GPU's memory, what vLLM 0.32 takes where --gpu-memory-utilization does not say otherwise."""

TILE = (4096, 32_768)
"""Tokens and words whose logits TRL's fused head holds at one time: on CUDA, and for method "grpo"."""

LOGIT_COPIES = 14
"""Bytes for each logit where all are held at one time: as they come, log-softmax in float32, and their gradients."""

VALIDATED_TOGETHER = 32
"""Answers that validation generates at one time."""

SHARED_WEIGHTS = frozenset({"fsdp", "deepspeed-3"})
SHARED_STATES = SHARED_WEIGHTS | {"deepspeed-2"}
"""Strategies that share the weights, or gradients and optimizer states, out over the GPUs."""

Parts = Mapping[str, float]
"""Name of a part -> bytes."""

EXACT = frozenset({"weights", "adapter", "gradients", "optimizer", "training"})
"""Parts that are counted. The others depend on lengths of rows and on buffers of libraries."""

UNCERTAINTY = 1.35
"""How far off the other parts may be, as a factor."""


def least(parts: Parts) -> float:
    """Bytes below which it certainly is not."""
    return sum(size if name in EXACT else size / UNCERTAINTY for name, size in parts.items())


def most(parts: Parts) -> float:
    """Bytes that it may need."""
    return sum(size if name in EXACT else size * UNCERTAINTY for name, size in parts.items())


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one pipeline. lora: resolved. dtype: of [serve]. cuda: what computes, else a CPU.

    row: tokens of the longest row in a batch. learned: of these, the answer's. answer: the most that are generated.
    """

    tuning: Tuning
    lora: Lora
    dtype: str
    quantization: str | None = None
    cuda: bool = True
    row: int = 1024
    learned: int = 256
    answer: int = 256


def nf4_bytes(weights: int) -> float:
    """4 bits a weight, 8 for the scale of each 64 (double quantisation), and 32 for each 256 of those scales."""
    return weights * (0.5 + 1 / 64 + 4 / (64 * 256))


def base_bytes(shapes: Shapes, dtype: str, *, in_4bit: bool) -> float:
    """The base model in memory. In NF4 embeddings, head and norms stay in `dtype`."""
    linear = nf4_bytes(shapes.linear_weights) if in_4bit else shapes.linear_weights * BYTES[dtype]
    return linear + shapes.others * BYTES[dtype]


def adapter_weights(shapes: Shapes, lora: Lora) -> int:
    """Numbers of the LoRA adapter: r x (inputs + outputs) for each layer that has one."""
    return sum(
        lora.r * (linear.inputs + linear.outputs) * linear.count
        for linear in shapes.linears
        if has_adapter(linear, lora)
    )


def has_adapter(linear: Linear, lora: Lora) -> bool:
    """Whether [lora] target_modules names the layers."""
    chosen = lora.target_modules
    return chosen == "all-linear" or (linear.name == chosen if isinstance(chosen, str) else linear.name in chosen)


def training(shapes: Shapes, settings: Settings) -> Parts:
    """One training step, on each of the devices that share it."""
    tuning, full = settings.tuning, settings.tuning.method == "full"
    trained = shapes.weights if full else adapter_weights(shapes, settings.lora)
    number = BYTES[trained_dtype(settings, "cuda" if settings.cuda else "cpu")]
    weights = trained * number if full else base_bytes(shapes, settings.dtype, in_4bit=tuning.in_4bit)
    share = tuning.gpus * tuning.nodes if settings.cuda else 1
    kept = 1 / share if tuning.strategy in SHARED_WEIGHTS else 1.0
    states = 1 / share if tuning.strategy in SHARED_STATES else 1.0
    offloaded = tuning.cpu_offload and tuning.strategy in SHARED_STATES
    return {
        "weights": weights * kept * (0 if offloaded and tuning.strategy in SHARED_WEIGHTS else 1),
        "adapter": 0 if full else trained * number * kept,
        "gradients": trained * number * states,
        "optimizer": 0 if offloaded else trained * optimizer_bytes(tuning, cuda=settings.cuda) * states,
        "activations": max(_activations(shapes, settings), _drawn(shapes, settings)),
        "logits": _logits(shapes, settings),
        **_process(settings),
    }


def optimizer_bytes(tuning: Tuning, *, cuda: bool) -> float:
    """Of the states of one trained weight."""
    name = tuning.optimizer or ("paged_adamw_8bit" if cuda else "adamw_torch_fused")
    if "adafactor" in name or name == "sgd":
        return 0.0
    averages = 1 if "lion" in name else 2
    return averages * (1 if "8bit" in name else 4)


def _activations(shapes: Shapes, settings: Settings) -> float:
    """What the backward pass needs: with checkpointing (CUDA) the input of each layer, and all of one layer."""
    tokens, number = _rows(settings.tuning) * settings.row, BYTES[settings.dtype]
    layer = (3 * shapes.widest + 6 * shapes.hidden) * 1.5 * number
    if settings.cuda:
        return float(tokens * (shapes.layers * shapes.hidden * number + layer))
    scores = shapes.heads * settings.row * 3 * number  # of attention, which is plain for short rows
    return float(tokens * shapes.layers * (layer + scores))


def _drawn(shapes: Shapes, settings: Settings) -> float:
    """Keys and values of the answers that method "grpo" draws at one time, before it learns from them."""
    tuning = settings.tuning
    answers = tuning.batch_size * tuning.gradient_accumulation if tuning.method == "grpo" else 0
    return float(shapes.cached(settings.row) * answers * BYTES[settings.dtype])


def _logits(shapes: Shapes, settings: Settings) -> float:
    tokens, words = _rows(settings.tuning) * (settings.learned + 1), shapes.vocabulary
    if settings.tuning.method == "grpo" or (settings.cuda and not settings.tuning.preferring):
        tokens, words = min(tokens, TILE[0]), min(words, TILE[1])
    return float(tokens * words * LOGIT_COPIES)


def _process(settings: Settings, more: int = 0) -> dict[str, float]:
    """more: on a GPU, bytes."""
    return {"CUDA": CUDA_CONTEXT + more} if settings.cuda else {"process": CPU_PROCESS}


def _rows(tuning: Tuning) -> int:
    """In one forward pass; of preferences each has two answers."""
    return tuning.batch_size * (2 if tuning.preferring else 1)


def validation(shapes: Shapes, settings: Settings) -> Parts:
    """The answers of an epoch's adapter to the validation rows.

    Where the base that is trained is the one that is served, it is asked itself, beside what training keeps; else a
    second one, which on a GPU that is too small for both has it alone: the training waits in main memory meanwhile.
    """
    kept = training(shapes, settings)
    cache = shapes.cached(settings.row + settings.answer) * VALIDATED_TOGETHER * BYTES[settings.dtype]
    if shares_base(settings, "cuda" if settings.cuda else "cpu"):
        stays = {name: kept[name] for name in ("weights", "adapter", "optimizer")}
        return stays | {"cache": cache} | _process(settings)
    second = {
        "weights": base_bytes(shapes, settings.dtype, in_4bit=bool(settings.quantization)),
        "adapter": 0 if settings.tuning.method == "full" else kept["adapter"],
        "cache": cache,
        **_process(settings),
    }
    beside = {} if settings.cuda else {"training": kept["weights"] + kept["optimizer"]}
    return second | beside


def serving(shapes: Shapes, settings: Settings, context: int, *, vllm: bool = True, requests: int = 1) -> Parts:
    """A server with one adapter: vLLM, or that of transformers.

    context: tokens of the longest prompt and answer. requests: of that length at one time.
    """
    full = settings.tuning.method == "full"
    return {
        "weights": base_bytes(shapes, settings.dtype, in_4bit=bool(settings.quantization)),
        "adapter": 0 if full else 2 * adapter_weights(shapes, settings.lora) * BYTES[settings.dtype],
        "cache": shapes.cached(context) * requests * BYTES[settings.dtype],
        **_process(settings, VLLM_OWN if vllm else 0),
    }

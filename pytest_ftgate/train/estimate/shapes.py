"""A base model's config.json and weights -> Shapes: the sizes that memory and time are counted from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

PLAIN = frozenset({"F64", "F32", "F16", "BF16"})
"""Types of safetensors that hold one number for each weight; quantised files pack several."""

_LONGEST_HEADER = 1 << 27
"""Bytes; that of 405 billion weights has one million."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Layers of one name and shape. name: the last part of it, "q_proj". count: how many there are."""

    name: str
    inputs: int
    outputs: int
    count: int

    @property
    def weights(self) -> int:
        """Of all of them."""
        return self.inputs * self.outputs * self.count


@dataclass(frozen=True, slots=True)
class Shapes:
    """linears: what NF4 quantises and "all-linear" gives an adapter. others: weights of embeddings, head, norms.

    widest: of a layer's MLP, for one token. cache: numbers that a token leaves in the cache of the layers that see all
    tokens; windowed: in that of those that see the last `window` tokens alone. longest: of the context, 0 = not said.
    """

    linears: tuple[Linear, ...]
    others: int
    hidden: int
    widest: int
    layers: int
    heads: int
    vocabulary: int
    cache: int
    windowed: int = 0
    window: int = 0
    longest: int = 0

    @property
    def linear_weights(self) -> int:
        """In the layers that NF4 quantises."""
        return sum(linear.weights for linear in self.linears)

    @property
    def weights(self) -> int:
        """All of the model."""
        return self.linear_weights + self.others

    def cached(self, tokens: int) -> int:
        """Numbers that a conversation of so many tokens holds in the cache."""
        return tokens * self.cache + min(tokens, self.window) * self.windowed


def shapes_in(folder: Path) -> Shapes | None:
    """From config.json and the headers of the safetensors, in milliseconds and without torch.

    None where they do not say it: no such files, quantised weights, or experts, whose layers a file holds otherwise
    than memory does.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        tensors = [tensor for path in sorted(folder.glob("*.safetensors")) for tensor in _tensors(path)]
        return _of_tensors(config, tensors) if tensors else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def shapes_of(config: Any) -> Shapes:
    """From a configuration of transformers, by making the model on the meta device, where nothing has memory.

    Raises what transformers raises for an architecture that it does not know.
    """
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    head = model.get_output_embeddings()
    found = [(name.rpartition(".")[2], _sides(each)) for name, each in model.named_modules() if each is not head]
    linears = _counted((name, *sides) for name, sides in found if sides)
    everything = sum(weight.numel() for weight in model.parameters())
    return _shapes(config.to_dict(), linears, everything)


def _sides(module: Any) -> tuple[int, int] | None:
    """Inputs and outputs of a linear layer, None for any other module."""
    import torch
    from transformers.pytorch_utils import Conv1D

    if isinstance(module, torch.nn.Linear):
        return module.in_features, module.out_features
    return (int(module.weight.shape[0]), int(module.nf)) if isinstance(module, Conv1D) else None


def _tensors(path: Path) -> Iterable[tuple[str, Mapping[str, Any]]]:
    with path.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        if size > _LONGEST_HEADER:
            raise ValueError(f"{path}: not safetensors")
        header = json.loads(stream.read(size))
    return [(name, tensor) for name, tensor in header.items() if name != "__metadata__"]


def _of_tensors(config: Mapping[str, Any], tensors: Sequence[tuple[str, Mapping[str, Any]]]) -> Shapes | None:
    if any(tensor["dtype"] not in PLAIN or "expert" in name for name, tensor in tensors):
        return None
    layers = [(name.split(".")[-2], tensor["shape"]) for name, tensor in tensors if _is_linear(name, tensor["shape"])]
    linears = _counted((name, shape[1], shape[0]) for name, shape in layers)
    return _shapes(config, linears, sum(prod(tensor["shape"]) for _, tensor in tensors))


def _is_linear(name: str, shape: Sequence[int]) -> bool:
    return ".layers." in f".{name}" and name.endswith(".weight") and len(shape) == 2


def _counted(layers: Iterable[tuple[str, int, int]]) -> tuple[Linear, ...]:
    return tuple(Linear(*layer, count) for layer, count in Counter(layers).items())


def _shapes(config: Mapping[str, Any], linears: tuple[Linear, ...], everything: int) -> Shapes:
    text = config.get("text_config") or config
    hidden, layers, heads = (
        int(_first(text, *names))
        for names in (("hidden_size", "n_embd"), ("num_hidden_layers", "n_layer"), ("num_attention_heads", "n_head"))
    )
    kinds = Counter(text.get("layer_types") or ["full_attention"] * layers)
    each, window = _cache_of_layer(text, hidden, heads), int(text.get("sliding_window") or 0)
    return Shapes(
        linears=linears,
        others=everything - sum(linear.weights for linear in linears),
        hidden=hidden,
        widest=_widest(text, hidden),
        layers=layers,
        heads=heads,
        vocabulary=int(text["vocab_size"]),
        cache=each * kinds["full_attention"],
        windowed=each * kinds["sliding_attention"],
        window=window,
        longest=int(text.get("max_position_embeddings") or 0),
    )


def _cache_of_layer(text: Mapping[str, Any], hidden: int, heads: int) -> int:
    """Numbers for a token: keys and values of each head; with multi-head latent attention what they are made from."""
    if text.get("kv_lora_rank"):
        return int(text["kv_lora_rank"]) + int(text.get("qk_rope_head_dim") or 0)
    return 2 * int(text.get("num_key_value_heads") or heads) * int(text.get("head_dim") or hidden // heads)


def _widest(text: Mapping[str, Any], hidden: int) -> int:
    if experts := text.get("num_experts_per_tok"):
        return int(experts) * int(text.get("moe_intermediate_size") or text["intermediate_size"])
    return int(text.get("intermediate_size") or 4 * hidden)


def _first(text: Mapping[str, Any], *names: str) -> Any:
    return next(text[name] for name in names if name in text)

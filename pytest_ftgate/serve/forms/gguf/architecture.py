"""config.json -> what a GGUF says of the model: its family, its sizes, how it turns positions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError

FAMILIES = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}
"""Class of transformers -> architecture of llama.cpp, for those that the writer knows."""

ROPES = ("default", "linear", "llama3")

REMEDY = (
    "\n    convert it by llama.cpp's own program: --converter 'python llama.cpp/convert_hf_to_gguf.py --outtype f16' "
    "(or bf16, q8_0; Q4_K_M by its llama-quantize afterwards) in a small script that takes a folder and a file; "
    "or export another form"
)


@dataclass(frozen=True, slots=True)
class Architecture:
    """A model as llama.cpp knows it. config: of transformers, as it is in the file."""

    name: str
    config: Mapping[str, Any]

    @property
    def vocabulary(self) -> int:
        """Rows of the embedding; the tokenizer may have fewer tokens."""
        return int(self.config["vocab_size"])

    @property
    def layers(self) -> int:
        """Blocks of attention and feed-forward."""
        return int(self.config["num_hidden_layers"])

    @property
    def heads(self) -> int:
        """Heads of the queries."""
        return int(self.config["num_attention_heads"])

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return int(self.config.get("num_key_value_heads") or self.heads)

    @property
    def head_size(self) -> int:
        """Numbers in a head."""
        return int(self.config.get("head_dim") or self.config["hidden_size"] // self.heads)

    @property
    def tied(self) -> bool:
        """Whether the head is the embedding."""
        return bool(self.config.get("tie_word_embeddings"))

    @property
    def interleaved(self) -> bool:
        """Whether llama.cpp turns neighbours by positions, where transformers turns halves: rows are permuted then."""
        return self.name == "llama"

    @property
    def rope(self) -> Mapping[str, Any]:
        """How positions are turned, with "rope_type" and "rope_theta", however the version of the file writes it."""
        found = dict(self.config.get("rope_parameters") or self.config.get("rope_scaling") or {})
        found.setdefault("rope_type", found.get("type", "default"))
        found.setdefault("rope_theta", self.config.get("rope_theta", 10_000.0))
        return found

    def describe(self, writer: Any) -> None:
        """Tell a GGUFWriter."""
        from gguf import RopeScalingType

        config = self.config
        writer.add_vocab_size(self.vocabulary)
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(config["hidden_size"])
        writer.add_block_count(self.layers)
        writer.add_feed_forward_length(config["intermediate_size"])
        writer.add_head_count(self.heads)
        writer.add_head_count_kv(self.kv_heads)
        writer.add_key_length(self.head_size)
        writer.add_value_length(self.head_size)
        writer.add_rope_dimension_count(self.head_size)
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_rope_freq_base(float(self.rope["rope_theta"]))
        if self.rope["rope_type"] == "linear":
            writer.add_rope_scaling_type(RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(float(self.rope["factor"]))


def architecture_of(folder: Path) -> Architecture:
    """Of a model's folder. Raises ServeError if the writer does not know it, or not all that its config.json asks."""
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    kind = next(iter(config.get("architectures") or []), "unknown")
    if kind not in FAMILIES:
        raise ServeError(f"{file}: {kind} is not written as GGUF here; known: {', '.join(FAMILIES)}{REMEDY}")
    known = Architecture(FAMILIES[kind], config)
    _check(file, known)
    return known


def _check(file: Path, known: Architecture) -> None:
    config, rope = known.config, known.rope["rope_type"]
    if rope not in ROPES:
        raise ServeError(f"{file}: rope_type is {rope!r}; written here: {', '.join(ROPES)}{REMEDY}")
    if config.get("hidden_act", "silu") != "silu":
        raise ServeError(f"{file}: hidden_act is {config['hidden_act']!r}; llama.cpp computes silu here{REMEDY}")
    window = config.get("sliding_window")
    if window and config.get("use_sliding_window", True) and window < config["max_position_embeddings"]:
        raise ServeError(
            f"{file}: attention sees {window} of {config['max_position_embeddings']} positions (sliding_window), "
            f"which llama.cpp does not do for {known.name}{REMEDY}"
        )

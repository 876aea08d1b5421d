"""A Llama's folder -> a GGUF beside its tokenizer, written with gguf's own writer: small, for tests of what runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

KINDS = {False: 1, True: 3}  # normal, control


def write_llama_gguf(
    folder: Path, dest: Path, *, pre: str = "gpt-2", template: str = "", merges: int | None = None
) -> Path:
    """`dest`/model.gguf in float32, and the tokenizer's files. template: other than its own. merges: only so many."""
    import gguf
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    dest.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    config, path = model.config, dest / "model.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(float(config.rope_parameters["rope_theta"]))
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(0)
    _add_tokenizer(writer, tokenizer, config.vocab_size, pre, template or tokenizer.chat_template, merges)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
        values = _permuted(weight, heads) if heads else weight
        written = names.get_name(name, try_suffixes=(".weight",))
        assert written, name
        writer.add_tensor(written, values.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    tokenizer.save_pretrained(dest)
    return path


def _permuted(weight: Any, heads: int) -> Any:
    """As llama.cpp wants the rows of q and k for its rotation."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _add_tokenizer(writer: Any, tokenizer: Any, size: int, pre: str, template: str, most: int | None) -> None:
    raw = json.loads(tokenizer.backend_tokenizer.to_str())
    special = set(tokenizer.all_special_tokens) | {each["content"] for each in raw["added_tokens"] if each["special"]}
    by_id = {number: text for text, number in tokenizer.get_vocab().items()}
    tokens = [by_id.get(number, f"[PAD{number}]") for number in range(size)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([KINDS[token in special] for token in tokens])
    merges = [each if isinstance(each, str) else " ".join(each) for each in raw["model"]["merges"]]
    writer.add_token_merges(merges[:most])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_bos_token_id(tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id)
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)

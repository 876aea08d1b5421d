"""tokenizer.json -> the tokenizer in a GGUF: byte-level BPE, its tokens, merges, and how text is cut before merging."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.forms.gguf.architecture import REMEDY
from pytest_ftgate.serve.hf.tokenizer import load_tokenizer

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
SPLITS = {LLAMA3: "llama-bpe", QWEN2: "qwen2"}
"""Regular expression of a tokenizer -> what llama.cpp calls it."""

NORMALIZERS = (None, "NFC")
"""NFC is not done by llama.cpp: composed letters, which is what people type, are read alike."""


def add_tokenizer(writer: Any, folder: Path, vocabulary: int) -> None:
    """Tell a GGUFWriter. vocabulary: rows of the embedding. Raises ServeError for another kind of tokenizer."""
    from gguf import SpecialVocab

    file = folder / "tokenizer.json"
    if not file.is_file():
        raise ServeError(f"{folder}: no tokenizer.json; only tokenizers in that file are written as GGUF{REMEDY}")
    fields = json.loads(file.read_text(encoding="utf-8"))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre_tokenizer(fields, file))
    texts, kinds = zip(*_tokens(fields, vocabulary), strict=True)
    writer.add_token_list(list(texts))
    writer.add_token_types(list(kinds))
    logging.getLogger("gguf.vocab").setLevel(logging.ERROR)
    special = SpecialVocab(folder, load_merges=True, n_vocab=vocabulary)
    tokenizer = load_tokenizer(str(folder), None, local_files_only=True)
    begin = tokenizer.bos_token_id
    first = tokenizer("a")["input_ids"][:1]
    special.add_special_token["bos"] = begin is not None and first == [begin]
    if tokenizer.eos_token_id is not None:
        special.special_token_ids["eos"] = tokenizer.eos_token_id
    special.chat_template = tokenizer.chat_template
    special.add_to_gguf(writer, quiet=True)


def pre_tokenizer(fields: Mapping[str, Any], file: Path) -> str:
    """What llama.cpp calls the way in which tokenizer.json cuts a text before merging. Raises ServeError."""
    model, normalizer = fields["model"], (fields.get("normalizer") or {}).get("type")
    if model["type"] != "BPE" or model.get("byte_fallback") or normalizer not in NORMALIZERS:
        raise ServeError(f"{file}: not a byte-level BPE, the one kind that is written as GGUF here{REMEDY}")
    steps = list(_steps(fields.get("pre_tokenizer") or {}))
    match [(step["type"], step) for step in steps]:
        case [("ByteLevel", level)] if level.get("use_regex", True) and not level.get("add_prefix_space"):
            return "gpt-2"
        case [("Digits", digits), ("ByteLevel", level)] if (
            digits["individual_digits"] and level.get("use_regex", True) and not level.get("add_prefix_space")
        ):
            return "smollm"
        case [("Split", split), ("ByteLevel", level)] if not level.get("use_regex", True):
            if (name := SPLITS.get(split["pattern"].get("Regex", ""))) and split["behavior"] == "Isolated":
                return name
    raise ServeError(f"{file}: llama.cpp has no name known here for how this tokenizer cuts a text{REMEDY}")


def _steps(pre: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if pre.get("type") == "Sequence":
        for step in pre["pretokenizers"]:
            yield from _steps(step)
    elif pre:
        yield pre


def _tokens(fields: Mapping[str, Any], vocabulary: int) -> Iterator[tuple[str, int]]:
    """Text and kind of each row of the embedding."""
    from gguf import TokenType

    added = {token["id"]: token for token in fields.get("added_tokens", ())}
    known = {index: text for text, index in fields["model"]["vocab"].items()}
    for index in range(vocabulary):
        if index in added:
            kind = TokenType.CONTROL if added[index]["special"] else TokenType.USER_DEFINED
            yield added[index]["content"], int(kind)
        elif index in known:
            yield known[index], int(TokenType.NORMAL)
        else:
            yield f"[PAD{index}]", int(TokenType.UNUSED)

"""(base folder, ChatFormat) -> the files beside the weights: tokenizer, chat template, generation settings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.serve.chat_format import TEMPLATE, ChatFormat, own_template

NAMES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "*.model",
    "*.tiktoken",
    "generation_config.json",
    "LICENSE*",
)
"""Taken byte by byte: what a tokenizer's class writes anew need not be what it has read."""


def copy_text_files(base: Path, chat: ChatFormat, dest: Path) -> None:
    """Copy them. The chat template is the one that the model was gated with, in a file where every runtime looks;
    several by name become one that chooses as transformers does, so that the digest of the folder stands for all.

    Raises ServeError, see `ChatFormat.applied`; OSError.
    """
    for pattern in NAMES:
        for file in sorted(base.glob(pattern)):
            shutil.copyfile(file, dest / file.name)
    own = own_template(base)
    text = chat.applied(own)
    if text:
        write_text(dest / TEMPLATE, text)
        _forget_template(dest / "tokenizer_config.json")


def _forget_template(config: Path) -> None:
    """There is one template, in its file."""
    if not config.is_file():
        return
    fields = json.loads(config.read_text(encoding="utf-8"))
    if fields.pop("chat_template", None) is not None:
        write_text(config, json.dumps(fields, indent=2, ensure_ascii=False) + "\n")

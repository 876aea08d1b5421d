"""(base folder, ChatFormat) -> the files beside the weights: tokenizer, chat template, generation settings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.serve.chat_format import TEMPLATE, ChatFormat, one_text, own_template

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

SEVERAL = "additional_chat_templates"


def copy_text_files(base: Path, chat: ChatFormat, dest: Path) -> None:
    """Copy them. The chat template is the one that the model was gated with, in a file where every runtime looks.

    Raises ServeError, see `ChatFormat.applied`; OSError.
    """
    for pattern in NAMES:
        for file in sorted(base.glob(pattern)):
            shutil.copyfile(file, dest / file.name)
    own = own_template(base)
    text = chat.applied(own)
    if text and (text != one_text(own) or isinstance(own, str)):
        write_text(dest / TEMPLATE, text)
        _forget_template(dest / "tokenizer_config.json")
    elif own is not None:
        _copy_templates(base, dest)


def _copy_templates(base: Path, dest: Path) -> None:
    """Several by name, as they are."""
    if (base / TEMPLATE).is_file():
        shutil.copyfile(base / TEMPLATE, dest / TEMPLATE)
    if (base / SEVERAL).is_dir():
        shutil.copytree(base / SEVERAL, dest / SEVERAL, dirs_exist_ok=True)


def _forget_template(config: Path) -> None:
    """There is one template, in its file."""
    if not config.is_file():
        return
    fields = json.loads(config.read_text(encoding="utf-8"))
    if fields.pop("chat_template", None) is not None:
        write_text(config, json.dumps(fields, indent=2, ensure_ascii=False) + "\n")

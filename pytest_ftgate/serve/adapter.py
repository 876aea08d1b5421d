"""An adapter's folder -> its configuration, its digest, and a copy that an engine loads from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.digest import canonical, digest_of, file_digest
from pytest_ftgate.files.jsonl import why_not_json

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"

BESIDE = frozenset({".json", ".jinja", ".md", ".model", ".sig", ".txt"})
"""Suffixes of what may lie beside them (model card, tokenizer, proof, signature): no engine loads it, no digest counts
it."""

PLAIN = frozenset({WEIGHTS, "LICENSE", ".gitattributes", ".gitignore"})

NOT_ANSWERING = frozenset({"base_model_name_or_path", "inference_mode", "lora_dropout", "peft_version", "revision"})
"""Fields of adapter_config.json that change no answer: names of the base model, and what training alone reads."""

UNORDERED = ("target_modules", "exclude_modules")
"""Fields that PEFT writes from a set, in any order."""


def adapter_digest(path: Path) -> str:
    """sha256 over the adapter's weights and all fields of its configuration but `NOT_ANSWERING`, as they are written.

    Raises ServeError if one of the two files is missing or unreadable, the configuration is no JSON object, or the
    folder holds what no engine loads: other weights, code, pickles, links, folders.
    """
    check_files(path)
    fields = {name: value for name, value in adapter_config(path).items() if name not in NOT_ANSWERING}
    for name in UNORDERED:
        if isinstance(fields.get(name), list):
            fields[name] = sorted(fields[name], key=canonical)
    try:
        return digest_of([file_digest(path / WEIGHTS), fields])
    except OSError as error:
        raise _unreadable(path / WEIGHTS, error) from None


def adapter_config(path: Path) -> dict[str, Any]:
    """The object in adapter_config.json. Raises ServeError if there is none, or it cannot be read."""
    file = path / CONFIG
    try:
        config = json.loads(file.read_bytes(), parse_constant=_refuse_constant)
        canonical(config)  # what cannot be written as JSON again has no digest: numbers too large, nesting too deep
    except OSError as error:
        raise _unreadable(file, error) from None
    except (ValueError, RecursionError) as error:
        raise _malformed(file, why_not_json(error)) from None
    if not isinstance(config, dict):
        raise _malformed(file, f"it holds {type(config).__name__}, expected a JSON object")
    return config


def rank_of(path: Path) -> int:
    """The highest rank in an adapter, 1 or more. Raises ServeError if its configuration names none."""
    config = adapter_config(path)
    pattern = config.get("rank_pattern") or {}
    if not isinstance(pattern, dict):
        raise _malformed(path / CONFIG, "rank_pattern is no object of module names and ranks")
    ranks: dict[str, Any] = {
        "r": config.get("r"),
        **{f"rank_pattern[{name!r}]": rank for name, rank in pattern.items()},
    }
    for name, rank in ranks.items():
        if type(rank) is not int or rank < 1:
            raise _malformed(path / CONFIG, f"{name} is {str(rank)[:40]}, expected an integer of 1 or more")
    return int(max(ranks.values()))


def check_files(path: Path) -> None:
    """ServeError unless the folder holds an adapter and nothing else that is, or hides, more than text."""
    for file in (path / WEIGHTS, path / CONFIG):
        if not file.is_file():
            raise ServeError(f"{file}: not found; an adapter folder holds {WEIGHTS} and {CONFIG}")
    try:
        refused = list(_refused(path))
    except OSError as error:
        raise _unreadable(path, error) from None
    if refused:
        more = f"\n    and {len(refused) - 5} more" if len(refused) > 5 else ""
        raise ServeError("\n    ".join(refused[:5]) + more)


def copy_adapter(path: Path, target: Path) -> None:
    """Copy the files of an adapter into a folder that is there. Raises ServeError as `adapter_digest` does."""
    check_files(path)
    try:
        for file in sorted(path.iterdir()):
            shutil.copyfile(file, target / file.name, follow_symlinks=False)
    except OSError as error:
        raise _unreadable(path, error) from None


def check_unchanged(path: Path, found: str, asked: str) -> None:
    """ServeError if an adapter, once it is loaded, no longer has the digest that was asked for."""
    if found != asked:
        raise ServeError(
            f"{path}: changed while it was being loaded; not used\n"
            f"    end what writes to this folder, restore it, or train again; then run again"
        )


def _refused(path: Path) -> Iterator[str]:
    for entry in sorted(path.iterdir()):
        if entry.is_symlink():
            yield f"{entry}: a symbolic link in an adapter's folder; put the file itself in its place"
        elif entry.is_dir():
            yield f"{entry}: a folder in an adapter's folder; move it elsewhere"
        elif not entry.is_file() or (entry.name not in PLAIN and entry.suffix not in BESIDE):
            yield f"{entry}: not part of an adapter, whose weights are {WEIGHTS} alone; move it elsewhere"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _malformed(file: Path, why: str) -> ServeError:
    return ServeError(
        f"{file}: not a valid LoRA adapter configuration: {why}\n    restore the adapter's folder, or train again"
    )


def _unreadable(file: Path, error: OSError) -> ServeError:
    return ServeError(f"{file}: cannot be read: {error.strerror or error}\n    restore the folder and its permissions")

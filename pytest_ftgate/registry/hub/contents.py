"""Folder of an artifact -> its files that may leave this machine: weights, configuration, tokenizer, signature."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.digest import file_digest
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.registry import signature
from pytest_ftgate.serve.adapter import CONFIG, WEIGHTS
from pytest_ftgate.serve.model import CONTENT, is_adapter

OF_ADAPTER = frozenset({
    WEIGHTS, CONFIG, "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "LICENSE",
})  # fmt: skip
"""Of an adapter's folder; what else lies there, such as rows or notes, stays here."""

OF_MODEL = (
    "*.safetensors", "*.gguf", "*.safetensors.index.json", "pytorch_model*.bin", "pytorch_model.bin.index.json",
    "config.json", "generation_config.json", "*processor_config.json", "quant*config.json", "hf_quant_config.json",
    "tokenizer.json", "tokenizer_config.json", "*.model", "*.tiktoken", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "vocab.txt", "merges.txt", "chat_template.json", "*.jinja", "ftgate_form.json",
    "modeling_*.py", "configuration_*.py", "tokenization_*.py", "*processing_*.py",
)  # fmt: skip
"""Of a whole model's folder. Its digest counts every file of these kinds, so another one, such as rows, is refused."""

BASE_NAME = "base_model_name_or_path"
TEXT = {".json", ".jinja", ".txt"}
VOCABULARIES = frozenset({"tokenizer.json", "vocab.json", "merges.txt"})
"""Words of all kinds, "/home/user" among them."""

LEAST_PARTS = 2
"""A folder right below the root, such as /app, says nothing of a machine."""

MOST_TEXT = 32 * 2**20

_FOLDER = re.compile(r"(?<![\w.:/<~-])(?:~|/(?!/)[\w.@+-]+)(?:/[\w.@+-]+){1,64}|\b[A-Za-z]:\\\\?\w[^\s\"']*")
"""/srv/models/x, ~/x, C:\\x; no address, no tag as </b>, no fraction."""

_WAY_OUT = "gate it again without that, or give another reason"


@dataclass(frozen=True, slots=True)
class Contents:
    """paths: name -> file. signed: whether model.sig is one. left: names that stay here. note: why unsigned."""

    paths: dict[str, Path]
    signed: bool
    left: tuple[str, ...]
    note: str

    @property
    def digests(self) -> dict[str, str]:
        """sha256 of each file."""
        return {name: file_digest(path) for name, path in sorted(self.paths.items())}


@contextmanager
def contents_of(folder: Path, base: str, key: Path | None) -> Iterator[Contents]:
    """The files to upload, for the block.

    base: the base model by the version's tags. A configuration that names it by a folder of this machine is uploaded
    without that name. key: to sign anew what such a change, or a file that stays here, would unsign.
    Raises RegistryError if another file names a folder of this machine, or holds a key, and for a file of a whole
    model that could be anything.
    """
    there = sorted(path for path in folder.iterdir() if path.is_file() and path.name != signature.FILE)
    goes = [path for path in there if _goes(path, adapter=is_adapter(folder))]
    left = tuple(path.name for path in there if path not in goes)
    if not is_adapter(folder):
        _check_names(goes)
    with tempfile.TemporaryDirectory(prefix="ftgate-") as draft:
        paths = {path.name: path for path in goes}
        changed = _without_folder(paths, Path(draft))
        _check_texts(paths, base)
        old = folder / signature.FILE
        if key:
            signed, note = _sign(paths, key, Path(draft)), ""
        elif old.is_file() and not changed and not left:
            signed, note = old, ""
        else:
            why = f"{CONFIG} named a folder of this machine" if changed else f"{', '.join(left)} stays here"
            signed, note = None, f"without its signature, as {why}; set ftgate_signing_key to sign what is pushed"
        if signed:
            paths[signature.FILE] = signed
        yield Contents(paths, signed is not None, left, note if old.is_file() else "")


def _goes(path: Path, *, adapter: bool) -> bool:
    return path.name in OF_ADAPTER if adapter else path.suffix in CONTENT or path.name == "LICENSE"


def _check_names(goes: list[Path]) -> None:
    odd = [path.name for path in goes if not any(fnmatchcase(path.name, name) for name in (*OF_MODEL, "LICENSE"))]
    if odd:
        raise RegistryError(
            f"not known to be part of a model, and may be data: {', '.join(odd[:5])}; not pushed\n"
            "    the digest counts them, so the model must be gated again: from a folder without them"
        )


def _without_folder(paths: dict[str, Path], draft: Path) -> bool:
    """Take a folder out of an adapter's configuration, where no digest counts it; whether there was one."""
    if CONFIG not in paths:
        return False
    config = json.loads(paths[CONFIG].read_bytes())
    name = config.get(BASE_NAME) or ""
    if not (Path(name).is_absolute() or name.startswith((".", "~")) or (name and Path(name).exists())):
        return False
    paths[CONFIG] = draft / CONFIG
    paths[CONFIG].write_text(json.dumps(config | {BASE_NAME: None}, indent=2), encoding="utf-8")
    return True


def check_words(words: dict[str, str], templates: dict[str, str], base: str) -> None:
    """Texts that are pushed about the model, by what they are. base: as of `contents_of`.

    Raises RegistryError if one names a folder, a template one of this machine, or if one holds a key.
    """
    here = _places(base)
    for name, text in (words | templates).items():
        found = [each for each in here if each in text] or (_FOLDER.findall(text) if name in words else [])
        if found:
            raise RegistryError(f"{name} names a folder of this machine, {found[0]}: not pushed\n    {_WAY_OUT}")
        if mask(text) != text:
            raise RegistryError(f"{name} holds a key or a password that this process knows: not pushed\n    {_WAY_OUT}")


def _places(base: str) -> list[str]:
    """Folders of this machine by which it could be known."""
    places = [Path.home(), Path.cwd(), *([Path(base)] if Path(base).is_absolute() else [])]
    return sorted({str(place) for place in places if len(place.parts) > LEAST_PARTS})


def _check_texts(paths: dict[str, Path], base: str) -> None:
    here = _places(base)
    for name, path in paths.items():
        if path.suffix not in TEXT or path.stat().st_size > MOST_TEXT:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if name not in VOCABULARIES and (found := next((each for each in here if each in text), "")):
            raise RegistryError(
                f"{name} names a folder of this machine, {found}: not pushed\n    export the model anew"
            )
        if mask(text) != text:
            raise RegistryError(f"{name} holds a key or a password that this process knows: not pushed\n    remove it")


def _sign(paths: dict[str, Path], key: Path, draft: Path) -> Path:
    """Sign what is uploaded: all files in one folder, as who pulls them has them."""
    folder = draft / "signed"
    folder.mkdir()
    for name, path in paths.items():
        _same_file(path, folder / name)
    return signature.sign(folder, key, draft)


def _same_file(source: Path, dest: Path) -> None:
    """A second name of a file, as links are not signed; a copy where the file system has no such names."""
    try:
        os.link(source.resolve(), dest)
    except OSError:
        shutil.copyfile(source, dest)

"""Merged model folder -> a folder with its GGUF, and the tokenizer's files that say what llama.cpp must read alike.

Written with gguf's own writer, of the families that this knows (`architecture.FAMILIES`); of any other by a command
that the user names, as llama.cpp's convert_hf_to_gguf.py. The same model gives the same file, byte by byte.
"""

from __future__ import annotations

import shlex
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.forms.gguf.architecture import Architecture, architecture_of
from pytest_ftgate.serve.forms.gguf.tensors import Tensors
from pytest_ftgate.serve.forms.gguf.tokens import add_tokenizer
from pytest_ftgate.serve.forms.gguf.types import row_bytes, type_of
from pytest_ftgate.serve.forms.gguf.values import quantised
from pytest_ftgate.serve.forms.program import run_program
from pytest_ftgate.serve.forms.text_files import copy_text_files

CONFIG = "config.json"

OURS = "model.gguf"


def to_gguf(folder: Path, form: Form, dest: Path, say: Callable[[str], None], converter: str = "") -> tuple[str, ...]:
    """Write dest/model.gguf and the text files beside it; what was done.

    converter: a command, called with the model's folder and the file to write, instead of our own writer. Raises
    ServeError: an architecture, tokenizer or scaling of positions that our writer does not know; a command that fails.
    """
    file = dest / OURS
    if converter:
        said = _by_command(converter, folder, form, file)
    else:
        say(f"writing {form}")
        said = _write(folder, form, file)
    copy_text_files(folder, ChatFormat(), dest)
    shutil.copyfile(folder / CONFIG, dest / CONFIG)
    say(said)
    return (said,)


def _write(folder: Path, form: Form, file: Path) -> str:
    from gguf import GGML_QUANT_VERSION, GGUFWriter, LlamaFileType

    known = architecture_of(folder)
    writer = GGUFWriter(None, known.name)
    writer.add_type("model")
    writer.add_file_type(LlamaFileType[f"MOSTLY_{form.detail}"])
    writer.add_quantization_version(GGML_QUANT_VERSION)
    known.describe(writer)
    add_tokenizer(writer, folder, known.vocabulary)
    with Tensors(folder, known) as tensors:
        types = _declare(writer, tensors, form.detail, known)
        writer.write_header_to_file(file)
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for name, kind in types.items():
            writer.write_tensor_data(quantised(tensors.values(name), kind))
        writer.close()
    counts = Counter(kind.name for kind in types.values())
    parts = ", ".join(f"{count} in {name}" for name, count in sorted(counts.items()))
    return f"{form}: {len(types)} tensors, {parts}"


def _declare(writer: Any, tensors: Tensors, wanted: str, known: Architecture) -> dict[str, Any]:
    """Tell the writer of all tensors before the first is read; the type of each, by its name."""
    import numpy as np

    types = {name: type_of(name, shape, wanted, known) for name, shape in tensors.shapes.items()}
    for name, kind in types.items():
        shape = tensors.shapes[name]
        plain = {"F32": np.float32, "F16": np.float16}.get(kind.name)
        row = shape[-1] if plain else row_bytes(shape[-1], kind)
        stored = (*shape[:-1], row)
        size = int(np.prod(stored)) * (np.dtype(plain).itemsize if plain else 1)
        writer.add_tensor_info(name, stored, np.dtype(plain or np.uint8), size, None if plain else kind)
    return types


def _by_command(converter: str, folder: Path, form: Form, file: Path) -> str:
    done = run_program(f"--converter {converter}", [*shlex.split(converter), str(folder), str(file)])
    if done.code or not file.is_file():
        last = "\n    ".join(map(one_line, (done.stderr or done.stdout).strip().splitlines()[-5:]))
        ended = f"ended with {done.code}" if done.code else f"wrote no {file.name}"
        raise ServeError(
            f"--converter {converter}: {ended}\n    {last}\n"
            "    it is called with the folder of the merged model and the file to write"
        )
    _check_type(converter, form, file)
    return f"written by {converter}"


def _check_type(converter: str, form: Form, file: Path) -> None:
    """The file says itself of which type most of its tensors are, and the name of a form promises one."""
    from gguf import LlamaFileType

    wanted = LlamaFileType[f"MOSTLY_{form.detail}"]
    found = _file_type(converter, file)
    if found != wanted:
        said = LlamaFileType(found).name.removeprefix("MOSTLY_") if found in {*LlamaFileType} else f"type {found}"
        raise ServeError(
            f"--converter {converter}: {file.name} holds {said}, expected {form.detail}\n"
            "    have the command write that type, or export it as the form that it writes"
        )


def _file_type(converter: str, file: Path) -> int | None:
    """general.file_type; None where it is not said."""
    from gguf import GGUFReader

    try:
        field = GGUFReader(file).get_field("general.file_type")
        return None if field is None else int(field.contents())
    except Exception as error:  # noqa: BLE001 - whatever gguf and numpy raise for what they cannot read
        raise ServeError(f"--converter {converter}: {file.name} is no GGUF: {one_line(str(error))}") from None

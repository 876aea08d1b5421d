"""(Model, Form, folder) -> the model in that form, in that folder: whole, or not there at all.

What is made stands in a draft beside the folder until it is whole, and gets its name by one rename. A killed export is
simply run again: what it had merged is taken as it is, and what is whole already is not made anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_ftgate.errors import FtgateError, MissingExtra, ServeError
from pytest_ftgate.files.disk import sync_folder
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.forms.calibration import Calibration
from pytest_ftgate.serve.forms.draft import draft_beside
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.forms.record import is_whole, read_record, write_record
from pytest_ftgate.serve.forms.space import check_space, told_of_the_disk
from pytest_ftgate.serve.model import Model

Say = Callable[[str], None]

MERGED = Form("merged")


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs besides ours. Of awq and gptq: an environment's Python with llm-compressor, and rows to calibrate with.

    converter: a command that takes a model folder and the path of the GGUF file to write, instead of our own writer.
    """

    quantize_python: Path | None = None
    calibration: Calibration | None = None
    converter: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A model in another form. folder: with all its files. checks: what was compared on the way, a sentence each."""

    folder: Path
    checks: tuple[str, ...]


def write_form(model: Model, form: Form, dest: Path, say: Say, tools: Tools | None = None) -> Written:
    """Write a model in another form into the folder `dest`, which must not exist, or hold exactly that already.

    Raises ServeError: a model that cannot take this form, too little space, a check that failed, a folder that holds
    something else or that another process writes; MissingExtra.
    """
    dest, tools = Path(os.path.realpath(dest)), tools or Tools()
    if is_whole(dest, model, form, tools.converter):
        say(f"{dest}: already there, its files are as they were written")
        return Written(dest, ("written earlier; all files have the digests of that time",))
    _check_free(dest)
    with told_of_the_disk(dest):
        dest.parent.mkdir(parents=True, exist_ok=True)
        checks = _written(model, form, dest, say, tools)
    shutil.rmtree(_merged_beside(dest), ignore_errors=True)
    return Written(dest, checks)


def _written(model: Model, form: Form, dest: Path, say: Say, tools: Tools) -> tuple[str, ...]:
    with draft_beside(dest) as draft:
        checks = _write(model, form, dest, draft, say, tools)
        write_record(draft, model, form, tools.converter)
        if dest.exists():
            dest.rmdir()  # an empty folder that the user made
        draft.rename(dest)
        sync_folder(dest.parent)
    return checks


def _write(model: Model, form: Form, dest: Path, draft: Path, say: Say, tools: Tools) -> tuple[str, ...]:  # noqa: PLR0913, PLR0917
    if form == MERGED:
        check_space(model, form, dest)
        return _merge(model, draft, say)
    merged = _merged_beside(dest)
    there = is_whole(merged, model, MERGED)
    if not there and read_record(merged):  # of another model; what has no record is not ours
        shutil.rmtree(merged)
    check_space(model, form, dest, merged=there)
    first = write_form(model, MERGED, merged, say)
    whole = replace(model, base=str(merged), revision=None, adapter=None, quantization=None, chat=ChatFormat())
    try:
        return (*first.checks, *_convert(whole, form, draft, say, tools))
    except FtgateError:
        shutil.rmtree(merged)  # it would be refused again
        raise


def _merged_beside(dest: Path) -> Path:
    """What every other form is made of. Kept by a killed export, and removed by one that has ended."""
    return dest.with_name(f".{dest.name}.ftgate-merged")


def _merge(model: Model, draft: Path, say: Say) -> tuple[str, ...]:
    try:
        from pytest_ftgate.serve.forms.merge import merge
    except ImportError as error:
        raise _missing(error) from None
    return merge(model, draft, say)


def _convert(merged: Model, form: Form, draft: Path, say: Say, tools: Tools) -> tuple[str, ...]:
    try:
        if form.kind == "gguf":
            from pytest_ftgate.serve.forms.gguf.convert import to_gguf

            return to_gguf(Path(merged.base), form, draft, say, tools.converter)
        if form.kind in {"int8", "fp8"}:
            from pytest_ftgate.serve.forms.data_free import quantize

            return quantize(merged, form, draft, say)
        from pytest_ftgate.serve.forms.calibrated import quantize_calibrated

        return quantize_calibrated(Path(merged.base), form, draft, say, tools.quantize_python, tools.calibration)
    except ImportError as error:
        raise _missing(error) from None


def _missing(error: ImportError) -> MissingExtra:
    name = (error.name or "").partition(".")[0]
    return MissingExtra("ftgate export", "serve" if name in {"torch", "transformers", "peft"} else "export")


def _check_free(dest: Path) -> None:
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise ServeError(
            f"{dest}: already there, and not this version in this form as an export wrote it; not overwritten\n"
            "    name a folder that does not exist, or remove this one (another --converter makes another form)"
        )

"""(Model, Form) -> the bytes that an export writes, compared with what the disk has before it begins."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.hf.placement import weight_bytes
from pytest_ftgate.serve.model import Model

MEGA = 1_000_000

SHARE = {"merged": 1.0, "int8": 0.7, "fp8": 0.7, "awq": 0.5, "gptq": 0.5}
"""Of the bytes in 16 bits that a form takes at most; embeddings stay in 16 bits, and are a fifth of a small model."""
GGUF_SHARE = {"F16": 1.0, "BF16": 1.0, "Q8_0": 0.6, "Q4_K_M": 0.45}

ROOM = 1.1


def bytes_of(model: Model, form: Form) -> int:
    """About the bytes of a model in a form, rather too many; 0 = unknown.

    The files of the base are in 16 bits as a rule; where they are not, a form in 32 bits takes twice as many.
    """
    share = GGUF_SHARE[form.detail] if form.kind == "gguf" else SHARE[form.kind]
    wide = 2 if model.dtype == "float32" else 1
    return int(ROOM * wide * share * weight_bytes(model.base, None, model.revision))


def check_space(model: Model, form: Form, dest: Path, *, merged: bool = True) -> None:
    """ServeError if the disk has too little room. merged: whether the merged model, which comes first, is there."""
    wanted = bytes_of(model, form) + (0 if merged else bytes_of(model, Form("merged")))
    free = shutil.disk_usage(dest.parent).free
    if free < wanted:
        first = "" if merged else " (with the merged model, which is removed in the end)"
        raise ServeError(
            f"{dest}: {form} takes about {wanted // MEGA} MB{first}, {free // MEGA} MB are free\n"
            "    free some space, or name a folder on a larger disk"
        )


_OF_THE_DISK = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ELOOP,
    errno.EIO,
    errno.ENOTDIR,
}
_SAID = re.compile(r"os error \d+|requested and \d+ written|[Nn]o space left")
"""How safetensors and numpy say that a file could not be written, without a number of the system's."""


@contextmanager
def told_of_the_disk(dest: Path) -> Iterator[None]:
    """What the disk refuses while the block writes there is a ServeError."""
    try:
        yield
    except Exception as error:
        if not _of_the_disk(error):
            raise
        path, said = getattr(error, "filename", None) or dest, getattr(error, "strerror", None) or error
        raise ServeError(
            f"{path}: cannot be written: {said}; is the disk full?\n"
            f"    free some space, or name another folder than {dest}"
        ) from None


def _of_the_disk(error: Exception) -> bool:
    if type(error).__name__ != "SafetensorError" and not isinstance(error, OSError):
        return False
    return getattr(error, "errno", None) in _OF_THE_DISK or bool(_SAID.search(str(error)))

"""Import path of a function or class of the project -> what it names, and the files whose code decides."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pytest_ftgate.graders.limited.process import raised
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.source_files import SourceFile, source_files
from pytest_ftgate.graders.value import GraderError


def code_of(path: str) -> Mapping[str, SourceFile]:
    """The files of the module that is named, and of the one where the function was written; imports both.

    Raises GraderError if there is no such function.
    """
    named = path.partition(":")[0]
    written = getattr(inspect.unwrap(imported(path)), "__module__", None) or named
    return {**source_files(written), **source_files(named)}


@lru_cache
def imported(path: str) -> Callable[..., Any]:
    """The function or class of "package.module:name", imported once. Raises GraderError for whatever goes wrong."""
    module_name, colon, name = path.partition(":")
    if not (module_name and colon and name):
        raise GraderError(f"{path!r} is not an import path; expected 'package.module:name'")
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except BaseException as error:
        raise GraderError(f"{path} cannot be imported: {_why(error, module_name)}") from error
    if not callable(found):
        raise GraderError(f"{path} is {shown(found)}, not callable")
    function: Callable[..., Any] = found
    return function


def _why(error: BaseException, module: str) -> str:
    if not isinstance(error, ModuleNotFoundError):
        return raised(error)
    itself = error.name is not None and f"{module}.".startswith(f"{error.name}.")
    found = f"there is no module {error.name!r}" if itself else raised(error)
    return f"{found}; add its folder to `pythonpath` in the pytest section of pyproject.toml, or install it"

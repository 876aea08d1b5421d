"""python: a function of the project judges the answer, named by its import path."""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.source_files import SourceFile, source_files
from pytest_ftgate.graders.value import Grade, GraderError, Kind, Outcome, Unscored
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Python(Kind):
    """What `function(case, response, **options)` says.

    The function returns True or False, a number from 0 to 1, a pair (either, reason), or None if it cannot judge the
    answer. What it raises is a Failure. Its code is part of golden.lock: its module, and what that imports of the
    project.
    call: its import path, "package.module:function".
    options: further keyword arguments.

    Example::

        [[grader]]
        kind = "python"
        call = "my_graders:shorter_than"
        options = { characters = 20 }
        # right = "Paris", wrong = "The capital of France is Paris."
    """

    kind: ClassVar[str] = "python"

    call: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    _function: Callable[..., Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        object.__setattr__(self, "_function", _imported(self.call))

    def __call__(self, case: Case, response: Response) -> Outcome:
        """Call the function. Raises what it raises, and GraderError if it returns something else."""
        returned = self._function(case, response, **self.options)
        value, reason = returned if _is_pair(returned) else (returned, "")
        if value is None:
            return Unscored(reason or f"{self.call} returned None", self.name)
        return self._grade(_number(value), reason, returned, case, response)

    @property
    def code(self) -> Mapping[str, SourceFile]:
        """The files whose code decides, by name of the module: those of `call`, and where its function was written."""
        named = self.call.partition(":")[0]
        written = getattr(inspect.unwrap(self._function), "__module__", None) or named
        return {**source_files(written), **source_files(named)}

    def _grade(self, number: float, reason: str, returned: object, case: Case, response: Response) -> Grade:
        if not 0 <= number <= 1:
            raise GraderError(
                f"{self.call} returned {shown(returned)}; expected True, False, a number from 0 to 1, "
                "a pair (value, reason), or None"
            )
        told = (
            reason or f"found {shown(response.text)}, expected {shown(case.expected)}; {self.call} returned {number:g}"
        )
        return self.grade(number, told)


def _is_pair(returned: object) -> bool:
    return isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], str)


def _number(value: Any) -> float:
    """A bool, a number or a NumPy scalar as a float; NaN, which no range holds, for anything else."""
    plain = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    return float(plain) if isinstance(plain, Real) else math.nan


def _imported(call: str) -> Callable[..., Any]:
    module_name, colon, function_name = call.partition(":")
    if not (module_name and colon and function_name):
        raise GraderError(f"call is {call!r}; expected 'package.module:function'")
    try:
        found: Any = importlib.import_module(module_name)
        for name in function_name.split("."):
            found = getattr(found, name)
    except Exception as error:
        raise GraderError(f"{call} cannot be imported: {type(error).__name__}: {error}{_help(error)}") from error
    if not callable(found):
        raise GraderError(f"{call} is {shown(found)}, not callable")
    function: Callable[..., Any] = found
    return function


def _help(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return "; add its folder to `pythonpath` in the pytest section of pyproject.toml, or install it"
    return ""

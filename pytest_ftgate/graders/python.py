"""python: a function of the project judges the answer, named by its import path."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.import_path import code_of, imported
from pytest_ftgate.graders.limited.parent import call_limited, checked_limit
from pytest_ftgate.graders.limited.process import restart_clock, short_line
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.source_files import SourceFile
from pytest_ftgate.graders.value import Grade, GraderError, Kind, Unscored
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Python(Kind):
    """What `function(case, response, **options)` says.

    The function returns True or False, a number from 0 to 1, a pair (either, reason), or None if it cannot judge the
    answer. Anything else is a Failure, and so is whatever it raises, `pytest.skip` and `sys.exit` too. It runs in a
    process of its own, on copies of the case and the response; what it prints is not shown. Its code is part of
    golden.lock: its module, and what that imports of the project. It also judges an answer that only calls tools.
    call: its import path, "package.module:function".
    options: further keyword arguments.
    timeout_s: longest time of one call, and of importing the module, in seconds (at most 3600); more is a Failure.

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
    timeout_s: float = 60.0
    _code: Mapping[str, SourceFile] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        checked_limit(self.timeout_s)
        code = call_limited(code_of, self.call, seconds=self.timeout_s, what=f"importing {self.call}")
        object.__setattr__(self, "_code", code)

    def __call__(self, case: Case, response: Response) -> Grade | Unscored:
        """Call the function. Raises GraderError if it raises, returns something else, ends its process or hangs."""
        asked = (self.call, case, response, dict(self.options))
        value, reason = call_limited(_judged, *asked, seconds=self.timeout_s, what=self.call)
        if value is None:
            return Unscored(reason or f"{self.call} returned None", self.name)
        return self.grade(value, reason or f"{_what(case, response)}; {self.call} returned {value:g}")

    @property
    def reads_calls(self) -> bool:
        """True: its function may look at `response.tool_calls`."""
        return True

    @property
    def code(self) -> Mapping[str, SourceFile]:
        """The files whose code decides, by name of the module: those of `call`, and where its function was written."""
        return self._code


def _what(case: Case, response: Response) -> str:
    return f"found {shown(response.text)}, expected {shown(case.expected)}"


def _judged(call: str, case: Case, response: Response, options: dict[str, Any]) -> tuple[float | None, str]:
    """(number from 0 to 1, or None; reason, or ""), in the process of its own. Raises what the function raises."""
    function = imported(call)
    restart_clock()
    returned = function(case, response, **options)
    value, reason = returned if _is_pair(returned) else (returned, "")
    number = None if value is None else _number(value)
    if number is not None and not 0 <= number <= 1:
        raise GraderError(
            f"{call} returned {shown(returned)}; expected True, False, a number from 0 to 1, "
            "a pair (value, reason), or None"
        )
    return number, short_line(reason)


def _is_pair(returned: object) -> bool:
    return isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], str)


def _number(value: Any) -> float:
    """A bool, a number or a NumPy scalar as a float; NaN, which no range holds, for anything else."""
    plain = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    try:
        return float(plain) if isinstance(plain, Real) else math.nan
    except OverflowError:
        return math.inf

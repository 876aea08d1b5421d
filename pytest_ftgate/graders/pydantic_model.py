"""pydantic: the JSON of the answer is valid for a pydantic model of the project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of
from pytest_ftgate.graders.import_path import code_of, imported
from pytest_ftgate.graders.limited.parent import call_limited, checked_limit
from pytest_ftgate.graders.limited.process import restart_clock
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.source_files import SourceFile
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pydantic(Kind):
    """1 if the answer is JSON (bare, or in a fenced block) and valid for a pydantic model, else 0.

    The model, with its validators, runs in a process of its own; its code is part of golden.lock, as that of `python`
    graders. Whatever a validator raises besides ValueError and AssertionError is a Failure.
    model: its import path, "package.module:Model"; a dataclass and a TypedDict will do too.
    timeout_s: longest time of validating one answer, and of importing the module, in seconds (at most 3600); more is a
    Failure, not a wrong answer.

    Example::

        [[grader]]
        kind = "pydantic"
        model = "my_models:Person"
        # right = '{"name": "Ada", "age": 36}', wrong = '{"name": "Ada", "age": "old"}'
    """

    kind: ClassVar[str] = "pydantic"

    model: str
    timeout_s: float = 10.0
    _code: Mapping[str, SourceFile] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        checked_limit(self.timeout_s)
        code = call_limited(_checked_code, self.model, seconds=self.timeout_s, what=f"importing {self.model}")
        object.__setattr__(self, "_code", code)

    @property
    def code(self) -> Mapping[str, SourceFile]:
        """The files whose code decides, by name of the module."""
        return self._code

    def __call__(self, case: Case, response: Response) -> Grade:  # noqa: ARG002  the model is all that counts
        """Read and validate the answer. Raises GraderError if that takes longer than the limit."""
        asked = (self.model, response.text)
        right, reason = call_limited(_judged, *asked, seconds=self.timeout_s, what=f"validation by {self.model}")
        return self.right(reason) if right else self.wrong(reason)


def _checked_code(model: str) -> Mapping[str, SourceFile]:
    """The files of the model. Raises GraderError if it is none."""
    code = code_of(model)
    _adapter(model)
    return code


@lru_cache
def _adapter(model: str) -> Any:
    found = imported(model)
    try:
        from pydantic import TypeAdapter
        from pydantic.errors import PydanticUserError
    except ImportError:
        raise GraderError("pydantic is not installed: pip install pydantic") from None
    if not isinstance(found, type):
        raise GraderError(f"{model} is {shown(repr(found))}, not a pydantic model")
    try:
        return TypeAdapter(found)
    except PydanticUserError as error:
        raise GraderError(f"{model} is not a pydantic model: {error.message}") from None


def _judged(model: str, text: str) -> tuple[bool, str]:
    """(whether the JSON of an answer is valid, why), in a process of its own."""
    from pydantic import ValidationError

    adapter = _adapter(model)
    restart_clock()
    try:
        found = json_of(text)
    except NoJsonError as error:
        return False, f"{error}; expected JSON that is valid for {model}"
    try:
        adapter.validate_json(json.dumps(found))
    except ValidationError as error:
        return False, f"found {shown(found)}, not valid for {model}: {_why(error)}"
    return True, f"found {shown(found)}, valid for {model}"


def _why(error: Any) -> str:
    faults = error.errors(include_url=False, include_context=False)
    told = [f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in faults[:_MOST_SHOWN]]
    more = [f"{len(faults) - _MOST_SHOWN} more"] * (len(faults) > _MOST_SHOWN)
    return "; ".join([*told, *more])

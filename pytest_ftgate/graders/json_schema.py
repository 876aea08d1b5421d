"""json_schema: the JSON of the answer is valid under a schema; nothing is ever fetched from anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of
from pytest_ftgate.graders.limited.parent import call_limited, checked_limit
from pytest_ftgate.graders.limited.process import restart_clock
from pytest_ftgate.graders.schema_errors import described, json_path, most_relevant
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

DRAFTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft-07/schema",
    "https://json-schema.org/draft-06/schema",
    "https://json-schema.org/draft-04/schema",
)
"""What `$schema` may say; with http too, and with a # at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema(Kind):
    r"""1 if the answer is JSON (bare, or in a fenced block) and valid, else 0.

    schema: draft 2020-12 unless its `$schema` says otherwise. A `$ref` must lead into the schema itself or to one of
    the published drafts. In golden.toml, `file` (a path below the golden set's folder) may be given in place of it.
    Patterns are read as ECMA-262 has them: \d is 0 to 9, \p{Letter} any letter, $ the end of the text.
    For a model of pydantic see the grader `pydantic`.
    assert_format: `format` must hold ("date", "email", "uri" ...), and one that is not known is refused; the drafts
    themselves take it for a note.
    timeout_s: longest time of validating one answer, in seconds (at most 3600); a schema that takes longer is a
    Failure, not a wrong answer.

    Example::

        [[grader]]
        kind = "json_schema"
        schema = { type = "object", required = ["city"], properties = { city = { type = "string" } } }
        # right = '{"city": "Paris"}', wrong = '{"town": "Paris"}'
    """

    kind: ClassVar[str] = "json_schema"
    version: ClassVar[int] = 2

    schema: Mapping[str, Any] | bool = field(hash=False)
    assert_format: bool = False
    timeout_s: float = 10.0
    _text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        checked_limit(self.timeout_s)
        object.__setattr__(self, "_text", _text_of(self.schema))
        call_limited(_check, self._text, self.assert_format, seconds=self.timeout_s, what="compiling the schema")

    def __call__(self, case: Case, response: Response) -> Grade:  # noqa: ARG002  the schema is all that counts
        """Read and validate the answer. Raises GraderError if that takes longer than the limit."""
        asked = (self._text, self.assert_format, response.text)
        valid, reason = call_limited(_judged, *asked, seconds=self.timeout_s, what="validation by the schema")
        return self.right(reason) if valid else self.wrong(reason)


def _text_of(schema: Mapping[str, Any] | bool) -> str:
    try:
        return json.dumps(schema)
    except RecursionError:
        raise GraderError("the schema is nested too deeply") from None
    except (TypeError, ValueError) as error:
        raise GraderError(f"the schema is not JSON: {error}") from None


def _check(schema: str, assert_format: bool) -> None:
    """Raises GraderError if it is no JSON Schema, or refers to something outside; in a process of its own."""
    _compiled(schema, assert_format)


def _judged(schema: str, assert_format: bool, text: str) -> tuple[bool, str]:
    """(whether the JSON of an answer is valid, why), in a process of its own."""
    validate = _compiled(schema, assert_format)
    restart_clock()
    try:
        found = json_of(text)
    except NoJsonError as error:
        return False, f"{error}; expected JSON matching the schema"
    try:
        fault = validate(found)
    except ValueError as error:  # deeper than the library goes
        return False, f"found {shown(found)}, which cannot be validated: {error}"
    return not fault, fault or f"found {shown(found)}, valid by the schema"


def with_schema(spec: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The spec with the content of its `file` (a path below `folder`) as its `schema`.

    Raises GraderError: both are given, or the file is not there or no JSON.
    """
    if "file" not in spec:
        return spec
    if "schema" in spec:
        raise GraderError("grader 'json_schema' takes `schema` or `file`, not both")
    rest = {name: value for name, value in spec.items() if name != "file"}
    return {**rest, "schema": _read(spec["file"], folder)}


def _read(name: object, folder: Path) -> Any:
    if not isinstance(name, str):
        raise GraderError(f"grader 'json_schema': file must be a path; found {shown(name)}")
    try:
        return json.loads((folder / name).read_text("utf-8"))
    except OSError as error:
        raise GraderError(f"the schema {folder / name} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise GraderError(f"the schema {folder / name} is not valid JSON: {error}") from None


@lru_cache
def _compiled(text: str, assert_format: bool) -> Callable[[object], str]:
    """Value -> what is wrong with it under the schema, "" if nothing. Raises GraderError for a bad schema.

    By jsonschema-rs: patterns as ECMA-262 has them, in time that is linear or bounded, and decimal arithmetic.
    """
    from jsonschema_rs import ValidationError, validator_for

    schema = json.loads(text)
    _check_draft(schema)
    try:
        validator = validator_for(
            schema, offline=True, validate_formats=assert_format, ignore_unknown_formats=not assert_format
        )
    except ValidationError as error:
        raise GraderError(_invalid(error)) from None

    def fault(value: object) -> str:
        errors = list(validator.iter_errors(value))
        return described(schema, most_relevant(errors)) if errors else ""

    return fault


def _check_draft(schema: Mapping[str, Any] | bool) -> None:
    """Raises GraderError for a `$schema` that is no published draft, however its address is written."""
    if isinstance(schema, bool) or "$schema" not in schema:
        return
    draft = str(schema["$schema"]).removesuffix("#").replace("http://", "https://", 1)
    if draft not in DRAFTS:
        raise GraderError(f"unknown $schema {shown(schema['$schema'])}; expected one of {', '.join(DRAFTS)}")


def _invalid(error: ValidationError) -> str:
    if isinstance(error.kind, error.kind.Referencing):
        return (
            f"cannot resolve a $ref: {error.message}; references to other files or URLs are not supported, "
            "copy the definition to $defs"
        )
    return f"invalid schema at {json_path(error.instance_path)}: {error.message}"

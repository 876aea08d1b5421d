"""json_schema: the JSON of the answer is valid under a schema; nothing is ever fetched from anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of
from pytest_ftgate.graders.limited.parent import call_limited, checked_limit
from pytest_ftgate.graders.limited.process import restart_clock
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

if TYPE_CHECKING:
    from referencing import Resource
    from referencing._core import Resolver

_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema(Kind):
    """1 if the answer is JSON (bare, or in a fenced block) and valid, else 0.

    schema: draft 2020-12 unless its `$schema` says otherwise. A `$ref` must lead into the schema itself or to one of
    the published drafts. In golden.toml, `file` (a path below the golden set's folder) may be given in place of it.
    For a model of pydantic see the grader `pydantic`.
    timeout_s: longest time of validating one answer, in seconds (at most 3600); a schema that takes longer is a
    Failure, not a wrong answer.

    Example::

        [[grader]]
        kind = "json_schema"
        schema = { type = "object", required = ["city"], properties = { city = { type = "string" } } }
        # right = '{"city": "Paris"}', wrong = '{"town": "Paris"}'
    """

    kind: ClassVar[str] = "json_schema"

    schema: Mapping[str, Any] | bool = field(hash=False)
    timeout_s: float = 10.0
    _text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        checked_limit(self.timeout_s)
        object.__setattr__(self, "_text", _text_of(self.schema))
        call_limited(_check, self._text, seconds=self.timeout_s, what="compiling the schema")

    def __call__(self, case: Case, response: Response) -> Grade:  # noqa: ARG002  the schema is all that counts
        """Read and validate the answer. Raises GraderError if that takes longer than the limit."""
        asked = (self._text, response.text)
        valid, reason = call_limited(_judged, *asked, seconds=self.timeout_s, what="validation by the schema")
        return self.right(reason) if valid else self.wrong(reason)


def _text_of(schema: Mapping[str, Any] | bool) -> str:
    try:
        return json.dumps(schema)
    except RecursionError:
        raise GraderError("the schema is nested too deeply") from None
    except (TypeError, ValueError) as error:
        raise GraderError(f"the schema is not JSON: {error}") from None


def _check(schema: str) -> None:
    """Raises GraderError if it is no JSON Schema, or refers to something outside; in a process of its own."""
    _compiled(schema)


def _judged(schema: str, text: str) -> tuple[bool, str]:
    """(whether the JSON of an answer is valid, why), in a process of its own."""
    validate = _compiled(schema)
    restart_clock()
    try:
        found = json_of(text)
    except NoJsonError as error:
        return False, f"{error}; expected JSON matching the schema"
    fault = validate(found)
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
def _compiled(text: str) -> Callable[[object], str]:
    """Value -> what is wrong with it under the schema, "" if nothing. Raises GraderError for a bad schema."""
    from jsonschema.exceptions import SchemaError, best_match

    schema = json.loads(text)
    kind = _draft(schema)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise GraderError(f"invalid schema at {error.json_path}: {error.message}") from None
    validator = _closed(kind, schema)

    def fault(value: object) -> str:
        error = best_match(validator.iter_errors(value))
        if error is None:
            return ""
        where = error.json_path
        return f"found {shown(error.instance)} at {where}, expected {shown({error.validator: error.validator_value})}"

    return fault


def _draft(schema: Mapping[str, Any] | bool) -> Any:
    """The validator class of the schema's draft."""
    from jsonschema import Draft202012Validator, validators

    if isinstance(schema, bool) or "$schema" not in schema:
        return Draft202012Validator
    known: Any = validators.validator_for
    kind = known(schema, default=None)
    if kind is None:
        raise GraderError(f"unknown $schema {shown(schema['$schema'])}; expected a published JSON Schema draft")
    return kind


def _closed(kind: Any, schema: Mapping[str, Any] | bool) -> Any:
    """A validator that knows the published drafts and fetches nothing; each `$ref` has been followed once."""
    from jsonschema import validators
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # it has none
    from referencing.jsonschema import specification_with

    extend: Any = validators.extend
    resource = specification_with(kind.META_SCHEMA["$schema"]).create_resource(schema)
    registry = REGISTRY.with_resource(resource.id() or "", resource)
    _follow(registry.resolver_with_root(resource), resource)
    return extend(kind, {"pattern": _pattern})(schema, registry=registry)


def _follow(resolver: Resolver[Any], resource: Resource[Any]) -> None:
    """Raises GraderError for a reference that leads nowhere."""
    from referencing.exceptions import Unresolvable

    for reference in _references(resource.contents):
        try:
            resolver.lookup(reference)
        except (Unresolvable, ValueError):
            raise GraderError(
                f"cannot resolve $ref {shown(reference)}; references to other files or URLs are not supported, "
                "copy the definition to $defs"
            ) from None
    for below in resource.subresources():
        _follow(resolver.in_subresource(below), below)


def _references(contents: Any) -> Iterator[str]:
    if isinstance(contents, Mapping):
        for key in ("$ref", "$dynamicRef", "$recursiveRef"):
            if isinstance(contents.get(key), str):
                yield contents[key]


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[Exception]:
    """`pattern` with a time limit; the library has none."""
    from jsonschema.exceptions import ValidationError

    from pytest_ftgate.graders.regex import compiled

    if not isinstance(instance, str):
        return
    try:
        match = compiled(pattern).search(instance, timeout=_SECONDS)
    except TimeoutError:
        message = f"the schema's pattern {shown(pattern)} needs more than {_SECONDS} s for {shown(instance)}"
        raise GraderError(message) from None
    if match is None:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")

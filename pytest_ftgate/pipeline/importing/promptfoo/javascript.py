"""The conditions on the answer that people write most in JavaScript -> graders; no program is run or guessed at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from pytest_ftgate.pipeline.importing.promptfoo.kinds import NOT_CARRIED, Asked, NotCarriedError, Spec, negated

_TEXT = r"""(?P<quote>['"`])(?P<text>(?:(?!(?P=quote))[^\\$\n])+)(?P=quote)"""
_CONDITIONS = (
    rf"(?P<no>!)?\s*output(?P<lower>\.toLowerCase\(\))?\.includes\(\s*{_TEXT}\s*\)",
    rf"(?P<no>!)?\s*output(?P<trim>\.trim\(\))?\.startsWith\(\s*{_TEXT}\s*\)",
    rf"output(?P<trim>\.trim\(\))?\s*(?P<equal>===?)\s*{_TEXT}",
    r"output(?P<trim>\.trim\(\))?\.length\s*(?P<than><=|>=|<|>)\s*(?P<number>\d{1,9})",
)
_AND = re.compile(r"\s*&&\s*")
_LIMITS: Mapping[str, Callable[[int], Spec]] = MappingProxyType(
    {
        "<": lambda number: {"max_characters": number - 1},
        "<=": lambda number: {"max_characters": number},
        ">": lambda number: {"min_characters": number + 1},
        ">=": lambda number: {"min_characters": number},
    }
)


def javascript(asked: Asked) -> Spec:
    """`output.includes('a') && output.length < 500` and its like. Raises NotCarriedError for everything else."""
    rest = asked.text.strip().removeprefix("return ").removesuffix(";").strip()
    if asked.threshold is not None:
        raise NotCarriedError(NOT_CARRIED["javascript"])
    specs: list[Spec] = []
    while True:
        spec, rest = _condition(rest)
        specs.append(spec)
        if not rest:
            return specs[0] if len(specs) == 1 else {"kind": "all_of", "graders": specs}
        joined = _AND.match(rest)
        if joined is None:
            raise NotCarriedError(NOT_CARRIED["javascript"])
        rest = rest[joined.end() :]


def _condition(code: str) -> tuple[Spec, str]:
    """(the grader of the first condition, what follows it)."""
    for pattern in _CONDITIONS:
        if found := re.match(pattern, code):
            return _grader(found.groupdict()), code[found.end() :].rstrip()
    raise NotCarriedError(NOT_CARRIED["javascript"])


def _grader(found: Mapping[str, str | None]) -> Spec:
    if found.get("than"):
        return {"kind": "length", **_LIMITS[found["than"] or ""](int(found["number"] or 0))}
    text = found["text"] or ""
    if not text.strip() or (found.get("lower") and text != text.lower()):
        raise NotCarriedError(NOT_CARRIED["javascript"])
    if found.get("equal"):
        return {"kind": "regex", "pattern": re.escape(text.strip()), "full": True}
    kind = "contains" if "lower" in found else "starts_with"
    spaces = {} if text == text.strip() else {"strip": False}
    spec: Spec = {"kind": kind, "values": [text]} | spaces | ({"ignore_case": True} if found.get("lower") else {})
    return negated(spec) if found.get("no") else spec

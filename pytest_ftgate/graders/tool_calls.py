"""tool_calls: the functions that the answer calls are the expected ones, with the expected arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of, same
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

_KEYS = {"name", "arguments"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls(Kind):
    """The share of the expected tool calls that the answer makes; a call too many lowers it.

    `expected` is a list of {name, arguments}, [] for no call at all. Arguments are compared as JSON; if they are left
    out, any JSON object will do. The functions that a model may call are `tools` of [request] or of the case.
    any_order: whether the calls may come in another order.

    Example::

        [[grader]]
        kind = "tool_calls"
        # expected = [{name = "f", arguments = {x = 1}}], right = 'f({"x": 1.0})', wrong = 'f({"x": 2})'
    """

    kind: ClassVar[str] = "tool_calls"

    any_order: bool = False

    @property
    def reads_calls(self) -> bool:
        """True: they are what it looks at."""
        return True

    def check(self, case: Case) -> None:
        """Raises GraderError if the case does not expect a list of calls."""
        wanted = case.expected
        if not isinstance(wanted, list) or not all(map(_is_call, wanted)):
            example = '[{"name": "search", "arguments": {"query": "x"}}]'
            raise GraderError(f"`expected` is {shown(wanted)}; must be a list of calls such as {example}")

    def __call__(self, case: Case, response: Response) -> Grade:
        """Compare each of the calls."""
        self.check(case)
        wanted: list[Mapping[str, Any]] = list(case.expected)
        found = [{"name": call["name"], "arguments": _arguments(call["arguments"])} for call in response.tool_calls]
        right = _in_any_order(wanted, found) if self.any_order else sum(map(_fits, wanted, found))
        if right == len(wanted) == len(found):
            return self.right(f"found {_told(found)}, as expected")
        value = right / max(len(wanted), len(found))
        return self.grade(value, f"found {_told(found)}, expected {_told(wanted)}{_broken(response)}")


def _is_call(given: object) -> bool:
    if not isinstance(given, dict) or not given.keys() <= _KEYS:
        return False
    return isinstance(given.get("name"), str) and isinstance(given.get("arguments", {}), dict)


def _arguments(text: str) -> Any:
    """The arguments as JSON, {} for none; the text itself if it is no JSON."""
    try:
        return json_of(text) if text.strip() else {}
    except NoJsonError:
        return text


def _fits(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    if wanted["name"] != found["name"]:
        return False
    if "arguments" not in wanted:
        return isinstance(found["arguments"], dict)
    return same(found["arguments"], wanted["arguments"])


def _in_any_order(wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> int:
    """How many find a call of their own; those that take any arguments choose last."""
    left, right = list(found), 0
    for call in sorted(wanted, key=lambda call: "arguments" not in call):
        fitting = next((at for at, each in enumerate(left) if _fits(call, each)), None)
        if fitting is not None:
            del left[fitting]
            right += 1
    return right


def _told(calls: Sequence[Mapping[str, Any]]) -> str:
    return shown(calls) if calls else "no tool call"


def _broken(response: Response) -> str:
    """Which arguments are no JSON, and why."""
    for call in response.tool_calls:
        try:
            json_of(call["arguments"] or "{}")
        except NoJsonError as error:
            return f"; arguments of {shown(call['name'])}: {error}"
    return ""

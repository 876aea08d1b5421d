"""Name of a grader that the user chose -> its spec, for tools whose cases name no metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

GRADERS: Mapping[str, Mapping[str, Any]] = {
    "exact": {"kind": "exact", "ignore_case": True, "ignore_punctuation": True, "collapse_space": True},
    "contains": {"kind": "contains", "ignore_case": True},
    "starts_with": {"kind": "starts_with", "ignore_case": True},
    "token_f1": {"kind": "token_f1"},
    "judge": {"kind": "judge"},
}
DEFAULT = "exact"


def settings_of(grader: str, expected: Sequence[Any]) -> dict[str, Any]:
    """[[grader]] and what belongs to it in golden.toml. expected: of all cases; lists are right answers each."""
    spec = dict(GRADERS[grader])
    if grader == "exact" and any(isinstance(each, list) for each in expected):
        spec["alternatives"] = True
    return {"grader": [spec]} | ({"judge": {}} if grader == "judge" else {})


def note_of(tool: str, grader: str) -> str:
    """What was decided for the user."""
    if grader == "judge":
        return "answers are judged by a model ([judge] in golden.toml names it; it needs a key or an address)"
    return f"{tool} names no metric: answers are graded with `{grader}`; for another one: --grader"

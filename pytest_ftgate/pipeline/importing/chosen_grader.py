"""Name of a grader that the user chose -> its spec, for tools whose cases name no metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_ftgate.serve.api.settings import SMALL_CLAUDE

GRADERS: Mapping[str, Mapping[str, Any]] = {
    "exact": {"kind": "exact", "ignore_case": True, "ignore_punctuation": True, "collapse_space": True},
    "contains": {"kind": "contains", "ignore_case": True},
    "starts_with": {"kind": "starts_with", "ignore_case": True},
    "token_f1": {"kind": "token_f1"},
    "judge": {"kind": "judge"},
}
DEFAULT = "exact"
JUDGE_NOTE = (
    f"the judge is {SMALL_CLAUDE}, with ANTHROPIC_API_KEY: choose model, base_url and api in [judge] of golden.toml"
)


def settings_of(grader: str, expected: Sequence[Any]) -> dict[str, Any]:
    """[[grader]] and what belongs to it in golden.toml. expected: of all cases; lists are right answers each."""
    spec = dict(GRADERS[grader])
    if grader == "exact" and any(isinstance(each, list) for each in expected):
        spec["alternatives"] = True
    return {"grader": [spec]} | ({"judge": {"model": SMALL_CLAUDE}} if grader == "judge" else {})


def note_of(tool: str, grader: str) -> str:
    """What was decided for the user."""
    if grader == "judge":
        return JUDGE_NOTE
    return f"{tool} names no metric: answers are graded with `{grader}`; for another one: --grader"

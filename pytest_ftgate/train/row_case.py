"""DataRow -> Case: a row of training data as the graders of a golden set take it."""

from __future__ import annotations

import json
from typing import Any

from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Case, make_case
from pytest_ftgate.serve.hf.template_turns import template_turns


def case_of(row: DataRow) -> Case:
    """For the graders. A text that is a JSON object or list is expected as that: chats can hold it as text only.

    Raises TrainError if its `graders` are no list of graders.
    """
    expected = row.written["expected"] if row.shape == "own" else _expected(row)
    graders = row.extras.get("graders", [])
    if not isinstance(graders, list) or not all(isinstance(spec, dict) for spec in graders):
        raise TrainError(f"'graders' is {graders!r:.40}; expected a list of graders")
    asked = {"input": row.input, "tools": row.tools}
    return make_case({**asked, "expected": expected, "graders": graders}, row.line, row.id)


def _expected(row: DataRow) -> Any:
    """The calls as the grader of kind tool_calls takes them, else the answer."""
    functions = [call["function"] for turn in template_turns([row.answer_turn]) for call in turn.get("tool_calls", ())]
    return [{"name": one["name"], "arguments": one["arguments"]} for one in functions] or _value_of(row.answer)


def _value_of(answer: str) -> Any:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return answer
    return value if isinstance(value, dict | list) else answer

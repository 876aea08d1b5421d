"""Goldens of deepeval (JSON, JSON Lines, CSV) -> a golden set."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.json import read_json
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.importing.case_builder import CaseBuilder, Draft
from pytest_ftgate.pipeline.importing.chosen_grader import DEFAULT, note_of, settings_of
from pytest_ftgate.pipeline.importing.imported import Imported, Losses
from pytest_ftgate.pipeline.importing.source_rows import SourceRow, read_source_rows

_CALLS = {"kind": "tool_calls"}
_CONVERSATION = ("scenario", "turns", "expected_outcome", "user_description")
_OF_RUNS = ("actual_output", "tools_called", "token_cost", "completion_time")
"""What a run has filled in: no part of a golden."""
_METADATA = ("name", "source_file", "comments")
_READ = ("input", "expected_output", "context", "retrieval_context", "expected_tools", "additional_metadata", "tools")
_CONTEXT = "deepeval's metrics compare answers with it, the model does not see it; to show it: --with-context"
_TEMPLATE = "{% if context %}Context:\n{{ context }}\n\n{% endif %}{{ question }}"


@dataclass(slots=True)
class DeepevalOptions:
    """grader: see `chosen_grader`. with_context: show the model the context. tools: file of OpenAI's tools."""

    grader: str = DEFAULT
    with_context: bool = False
    tools: Path | None = None


@dataclass(slots=True)
class _Reading:
    path: str
    options: DeepevalOptions
    losses: Losses = field(default_factory=Losses)


def read_deepeval(path: Path, options: DeepevalOptions | None = None) -> Imported:
    """Single-turn goldens; `expected_tools` become expected tool calls if the tools are given.

    Lost: conversational goldens, goldens that expect nothing, contexts unless they are shown to the model. Raises
    FileFaults.
    """
    reading = _Reading(shown(path), options or DeepevalOptions())
    tools = _tools(reading.options.tools)
    builder = CaseBuilder(reading.path, reading.losses)
    for row in read_source_rows(path, "goldens"):
        if (draft := _draft(row, reading)) is not None:
            builder.add(draft)
    texts = [draft for draft in builder.drafts if "graders" not in draft.data]
    golden: dict[str, Any] = {"prompt": {"template": _TEMPLATE}} if reading.options.with_context else {}
    golden |= {"request": {"tools": tools}} if tools else {}
    golden |= settings_of(reading.options.grader, []) if texts else {}
    notes = [note_of("a golden of deepeval", reading.options.grader)] if texts else []
    return Imported(golden, builder.rows(), reading.losses.faults, notes=notes)


def _tools(path: Path | None) -> list[Any]:
    if path is None:
        return []
    tools, _ = read_json(path)
    if not isinstance(tools, list):
        raise FileFaults([Fault(shown(path), 1, "expected a list of OpenAI's tools")])
    return tools


def _draft(row: SourceRow, reading: _Reading) -> Draft | None:
    data = {_snake(key): value for key, value in row.data.items() if value not in (None, "", [], {})}
    lose = reading.losses.add
    if found := [key for key in _CONVERSATION if key in data]:
        why = "a conversation that a simulated user leads has no one question; golden not carried over"
        lose(reading.path, row.line, found[0], why)
        return None
    if not isinstance(data.get("input"), str):
        lose(reading.path, row.line, "input", "expected a text; golden not carried over")
        return None
    known = {*_READ, *_OF_RUNS, *_METADATA}
    if strange := sorted(key for key in data if key not in known):
        lose(reading.path, row.line, ", ".join(strange), "not a key of a golden; not read")
    judged = _judged(row.line, data, reading)
    if judged is None:
        return None
    metadata = {key: data[key] for key in _METADATA if key in data}
    further = _parsed(data.get("additional_metadata"), "")
    metadata |= further if isinstance(further, dict) else {"additional_metadata": further} if further else {}
    return Draft(row.line, {"input": _input(row.line, data, reading), **judged}, metadata=metadata)


def _judged(line: int, data: Mapping[str, Any], reading: _Reading) -> dict[str, Any] | None:
    """`expected`, and graders of tool calls; None if the golden is noted as lost."""
    lose = reading.losses.add
    calls = _parsed(data.get("expected_tools"), ";")
    if calls and reading.options.tools is None:
        why = "the model must be told which functions it may call; pass them: --tools FILE (OpenAI's form)"
        lose(reading.path, line, "expected_tools", why)
    elif calls:
        if "expected_output" in data:
            lose(reading.path, line, "expected_output", "an answer that calls tools has no text; only the calls count")
        try:
            made = [_call(each) for each in (calls if isinstance(calls, list) else [calls])]
        except (TypeError, KeyError, AttributeError):
            lose(reading.path, line, "expected_tools", "expected a list of objects with name; golden not carried over")
            return None
        return {"expected": made, "graders": [_CALLS]}
    if "expected_output" not in data:
        if not calls:
            why = "there is none, and a golden names no metric that needs none; golden not carried over"
            lose(reading.path, line, "expected_output", why)
        return None
    return {"expected": str(data["expected_output"])}


def _call(tool: Any) -> dict[str, Any]:
    if isinstance(tool, str):
        return {"name": tool}
    given = tool.get("input_parameters") or tool.get("inputParameters") or {}
    if not isinstance(given, dict):
        raise TypeError
    return {"name": str(tool["name"])} | ({"arguments": given} if given else {})


def _input(line: int, data: Mapping[str, Any], reading: _Reading) -> Any:
    contexts = [key for key in ("retrieval_context", "context") if key in data]
    if reading.options.with_context:
        shown_to_model = _parsed(data[contexts[0]], "|") if contexts else ""
        texts = shown_to_model if isinstance(shown_to_model, list) else [shown_to_model]
        return {"context": "\n\n".join(map(str, texts)), "question": data["input"]}
    for key in contexts:
        reading.losses.add(reading.path, line, key, _CONTEXT)
    return data["input"]


def _snake(key: str) -> str:
    """`expectedOutput`, as the service of deepeval writes it, is `expected_output`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()


def _parsed(value: Any, separator: str) -> Any:
    """A cell of a CSV file as deepeval reads it: JSON, a literal of Python, or texts between separators."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(("[", "{")):
        for read in (json.loads, ast.literal_eval):
            with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                return read(value)
    return value.split(separator) if separator else value

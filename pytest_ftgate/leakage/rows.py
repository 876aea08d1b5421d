"""Path of a training file -> its rows, one at a time, each with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, LeakageError
from pytest_ftgate.files.text import shown
from pytest_ftgate.leakage.text import asked_of, text_of

_NOT_TEXT = frozenset({"id", "slices", "notes", "cluster", "must_pass", "graders"})
_QUESTION = ("input", "prompt", "question", "instruction", "text")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of training data. path: as the user would type it. line: 1-based."""

    path: str
    line: int
    data: Mapping[str, Any]

    @property
    def question(self) -> str:
        """What the model is asked: `input`, `prompt`, ... or `messages` but the last answer; never a system turn."""
        if messages := self.data.get("messages"):
            return asked_of(_without_answer(messages))
        return next((asked_of(self.data[key]) for key in _QUESTION if key in self.data), "")

    @property
    def whole(self) -> str:
        """All text of the row, question and answer, whatever its keys are."""
        asked = [key for key in _QUESTION if key in self.data][:1]
        others = [key for key in self.data if key not in _NOT_TEXT and key not in asked]
        return "\n".join(text_of(self.data[key]) for key in [*asked, *others])


def _without_answer(messages: Any) -> Any:
    last = messages[-1] if isinstance(messages, list) else None
    return messages[:-1] if isinstance(last, Mapping) and last.get("role") == "assistant" else messages


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a JSON Lines file, read line by line; blank lines are skipped.

    Raises LeakageError at the first line that holds no JSON object, and for a file that cannot be read.
    """
    name = shown(path)
    try:
        with Path(path).open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield Row(name, number, _parsed(line, name, number))
    except OSError as error:
        raise LeakageError(f"{name}: the training data cannot be read: {error.strerror or error}") from None


def _parsed(line: bytes, path: str, number: int) -> Mapping[str, Any]:
    try:
        data = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except (ValueError, RecursionError) as error:
        raise LeakageError(str(Fault(path, number, f"is no JSON in UTF-8, so it cannot be checked: {error}"))) from None
    if not isinstance(data, dict):
        fault = Fault(path, number, f"is a JSON {type(data).__name__}; a training row is an object")
        raise LeakageError(str(fault))
    return data

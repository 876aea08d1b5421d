"""Path of a training file -> its rows, one at a time, each with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.data.near.text import asked_of, text_of
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.errors import Fault, LeakageError

_NOT_TEXT = frozenset(
    {"id", "slices", "notes", "cluster", "must_pass", "graders", "source", "origin"}
    | {"synthetic", "reviewed", "review", "review_by", "review_at"}
)
_QUESTION = ("input", "prompt", "question", "instruction", "text")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of training data. path: as the user would type it. line: 1-based."""

    path: str
    line: int
    data: Mapping[str, Any]

    @property
    def question(self) -> str:
        """What the model is asked: `input`, `prompt`, ... or a conversation but its answer; never a system turn."""
        if messages := self.data.get("messages"):
            return asked_of(_without_answer(messages))
        texts = (asked_of(self.data[key]) for key in _QUESTION if key in self.data)
        return next((text for text in texts if text.strip()), "") or _asked_before(self.data.get("chosen"))

    @property
    def whole(self) -> str:
        """All text of the row, question and answer, whatever its keys are; an instruction before its input."""
        first = [key for key in dict.fromkeys(("instruction", *_QUESTION)) if key in self.data]
        asked = first[: 2 if first[:1] == ["instruction"] else 1]
        others = [key for key in self.data if key not in _NOT_TEXT and key not in asked]
        return "\n".join(text_of(self.data[key]) for key in [*asked, *others])


def _asked_before(chosen: Any) -> str:
    """The question of a preference whose answers repeat it."""
    return asked_of(_without_answer(chosen)) if isinstance(chosen, list) else ""


def _without_answer(messages: Any) -> Any:
    last = messages[-1] if isinstance(messages, list) else None
    return messages[:-1] if isinstance(last, Mapping) and last.get("role") == "assistant" else messages


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file of any format that `data.records` reads, one at a time, whatever their keys are.

    Raises LeakageError at the first that is no object, and for a file that cannot be read.
    """
    for record in read_records(path):
        if isinstance(record, Fault):
            raise LeakageError(str(record))
        yield Row(record.path, record.line, record.data)

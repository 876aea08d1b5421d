"""Path of a training file -> its rows, one at a time, each with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_ftgate.data.near.chat_marks import asked_in
from pytest_ftgate.data.near.conversation import content_in, conversation_in, is_asked, role_of, turns_in
from pytest_ftgate.data.near.text import asked_of, text_of
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.data.readers.shapes.common import OURS
from pytest_ftgate.data.readers.shapes.messages import REASONING
from pytest_ftgate.data.readers.shapes.table import shape_of
from pytest_ftgate.errors import Fault, LeakageError

_QUESTION = ("input", "prompt", "question", "instruction", "text", "query", "problem", "sentence", "user", "human")
"""Names of the column that is asked, the first of those that a row has."""
_ANSWER = frozenset(
    {"output", "completion", "response", "answer", "answers", "expected", "chosen", "rejected", "solution", "target"}
    | {"label", "labels", "category", "class", "preferred_output", "non_preferred_output", "assistant", "gpt"}
)
_NOT_ASKED = _ANSWER | {"history", *REASONING}
"""Names of columns that are never asked."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of training data. path: as the user would type it. line: 1-based.

    number: its place among the rows of the file, from 1, as several may begin in one line; 0 if it is of no file.
    """

    path: str
    line: int
    data: Mapping[str, Any]
    number: int = 0

    @property
    def question(self) -> str:
        """What the model is asked: `input`, `prompt`, ... or a conversation but its answer; never a system turn."""
        if turns := conversation_in(self.data):
            return asked_of(_without_answer(turns))
        texts = (asked_of(self.data[key]) for key in _QUESTION if key in self.data)
        return next((text for text in texts if text.strip()), "") or asked_of(_without_answer(self._repeated))

    @property
    def other_questions(self) -> tuple[str, ...]:
        """What may have been asked as well, by itself: each user turn, each column of a question, the columns together.

        Of a text into which a chat template has put its marks what the user says.
        A column of any name may be a question, but those that are answers. None of them is `question`, or empty.
        """
        found = dict.fromkeys(text for text in self._asked() if text.strip())
        found.pop(self.question, None)
        return tuple(found)

    @property
    def whole(self) -> str:
        """All text of the row, question and answer, whatever its keys are; an instruction before its input."""
        first = [key for key in dict.fromkeys(("instruction", *_QUESTION)) if key in self.data]
        asked = first[: 2 if first[:1] == ["instruction"] else 1]
        others = [key for key in self._taught if key not in asked]
        return "\n".join(text_of(self.data[key]) for key in [*asked, *others])

    @property
    def _taught(self) -> Sequence[str]:
        return _taught(tuple(self.data))

    @property
    def _repeated(self) -> Sequence[Any]:
        """The conversation of a preference whose answers repeat the question."""
        return turns_in(self.data.get("chosen"))

    def _asked(self) -> Iterator[str]:
        if any(isinstance(value, list | dict) for value in self.data.values()):
            yield from self._said()
        columns = {key: self.data[key] for key in self._taught if key not in _NOT_ASKED}
        if "instruction" in columns and "input" in columns:
            yield "\n".join(asked_of(columns[key]) for key in ("instruction", "input"))
        for text in (value for value in columns.values() if isinstance(value, str)):
            yield text
            yield from asked_in(text)
        if len(columns) > 1 and not conversation_in(self.data):
            yield text_of(columns)

    def _said(self) -> Iterator[str]:
        """The user turns of every conversation, and the questions of a `history` of pairs."""
        spoken = (turns_in(self.data[key]) for key in self._taught if key not in _ANSWER)
        for turn in (turn for turns in (*spoken, self._repeated) for turn in turns if is_asked(turn)):
            yield text_of(content_in(turn))
            yield text_of(turn)
        history = self.data.get("history")
        yield from (text_of(pair[:1]) for pair in history or () if isinstance(history, list) and isinstance(pair, list))


@lru_cache(maxsize=4096)
def _taught(keys: Sequence[str]) -> Sequence[str]:
    """Those without ours, such as `source` and `notes`; of a row of no known shape all but the id."""
    ours = {"id"} if shape_of(dict.fromkeys(keys)) is None else OURS
    return [key for key in keys if key not in ours]


def _without_answer(turns: Sequence[Any]) -> Sequence[Any]:
    return turns[:-1] if turns and role_of(turns[-1]) == "assistant" else turns


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file of any format that `data.records` reads, one at a time, whatever their keys are.

    Raises LeakageError at the first that is no object, and for a file that cannot be read.
    """
    for number, record in enumerate(read_records(path), 1):
        if isinstance(record, Fault):
            raise LeakageError(str(record))
        yield Row(record.path, record.line, record.data, number)

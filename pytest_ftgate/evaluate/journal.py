"""Finished requests -> one appended JSON line each, and back: key -> Response.

A line is written before anybody sees the answer, so a process killed at any moment loses at most the lines it was
writing. Each carries a seal, made with the key of the state folder: an answer that was changed later is never used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from pytest_ftgate.files.append_log import AppendLog, line_of, whole_lines
from pytest_ftgate.files.seal import state_key
from pytest_ftgate.files.sealed_line import is_unchanged, sealed
from pytest_ftgate.files.text import shown
from pytest_ftgate.serve.response import Response

FOLDER = "journal"


def key_of(  # noqa: PLR0913, PLR0917 - the six things that decide an answer
    golden_digest: str, case_digest: str, model_digest: str, prompt_digest: str, sampling_digest: str, repeat: int
) -> str:
    """The key of one repeat: equal only if everything that decides the answer is equal (40 hex digits)."""
    parts = (golden_digest, case_digest, model_digest, prompt_digest, sampling_digest, str(repeat))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a journal holds.

    responses: by key, the last of each key, in the order of their lines. changed: by key, the number of the last line
    if it does not fit its seal. damaged: numbers of lines that are none, or have no seal; 1-based, as all numbers here.
    """

    responses: dict[str, Response] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    damaged: list[int] = field(default_factory=list)


class Journal:
    """`state`/journal/`name`.jsonl, lines {"key", ..., "response", "seal"}; threads and processes append at once.

    state: the state folder, which holds the key of the seals. say: gets a line, once, about lines that are not used.
    """

    def __init__(self, state: Path, name: str, say: Callable[[str], None] = lambda _: None) -> None:
        self.path = state / FOLDER / f"{name}.jsonl"
        self._state, self._say = state, say
        self._log = AppendLog(self.path)
        self._reported = False

    @cached_property
    def _key(self) -> bytes:
        return state_key(self._state)

    def append(self, key: str, response: Response, **meta: Any) -> None:
        """Write one line; `meta` are further JSON values for whoever reads the file. Raises JournalError."""
        self.append_all([(key, response, meta)])

    def append_all(self, answers: Iterable[tuple[str, Response, Mapping[str, Any]]]) -> None:
        """The same for several (key, response, meta), written at once: all or, with a JournalError, none of them."""
        self._log.append_lines([self._line(*answer) for answer in answers])

    def _line(self, key: str, response: Response, meta: Mapping[str, Any]) -> bytes:
        return sealed(self._key, line_of({"key": key, **meta, "response": response.to_json()}))

    def read(self, by: str = "key") -> Answers:
        """All answers; none if there is no file. by: the meta value to be the key; lines without it keep their own.

        A torn last line is ignored. Raises JournalError if the file or the key cannot be read.
        """
        found = Answers()
        for number, line in whole_lines(self.path):
            if not line.isspace():
                self._take(found, number, line, by)
        self._report(found)
        return found

    def close(self) -> None:
        """Close the file; a later `append` opens it again."""
        self._log.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, found: Answers, number: int, line: bytes, by: str) -> None:
        """The last line of a key decides, whether it was changed or not."""
        parsed = _parsed(line, by)
        if parsed is None:
            found.damaged.append(number)
            return
        key, response = parsed
        found.responses.pop(key, None)
        found.changed.pop(key, None)
        if is_unchanged(self._key, line):
            found.responses[key] = response
        else:
            found.changed[key] = number

    def _report(self, found: Answers) -> None:
        if self._reported:
            return
        self._reported = True
        path = shown(self.path)
        if found.damaged:
            self._say(f"{path}: {_lines('damaged line', found.damaged)} skipped: what they held is asked again")
        if found.changed:
            self._say(
                f"{path}: {_lines('changed line', found.changed.values())} not used: edited after they were written, "
                "or sealed with another seal.key; remove them, and what they held is asked again"
            )


def _parsed(line: bytes, by: str) -> tuple[str, Response] | None:
    """(key, response) of a line that has a seal, right or wrong; None for any other."""
    try:
        data = json.loads(line)
        name = data.get(by, data["key"])
        response = Response.from_json(data["response"])
        return (name, response) if isinstance(name, str) and "seal" in data else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _lines(what: str, numbers: Iterable[int]) -> str:
    """As in "1 damaged line (3)", "1,000 damaged lines (3, 4, 5, ...)"."""
    told = sorted(numbers)
    places = ", ".join(map(str, told[:3])) + (", ..." if len(told) > 3 else "")
    return f"{len(told):,} {what}{'' if len(told) == 1 else 's'} ({places})"

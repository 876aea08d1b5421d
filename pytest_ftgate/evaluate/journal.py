"""Finished requests -> one appended JSON line each, and back: key -> Response.

A line is written with one call to the operating system before anybody sees the answer, so a process killed at any
moment loses at most the line it was writing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any

from pytest_ftgate.errors import JournalError
from pytest_ftgate.files.append_log import AppendLog, whole_lines
from pytest_ftgate.serve.response import Response


def key_of(  # noqa: PLR0913, PLR0917 - the six things that decide an answer
    golden_digest: str, case_digest: str, model_digest: str, prompt_digest: str, sampling_digest: str, repeat: int
) -> str:
    """The key of one repeat: equal only if everything that decides the answer is equal (40 hex digits)."""
    parts = (golden_digest, case_digest, model_digest, prompt_digest, sampling_digest, str(repeat))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]


class Journal:
    """An append-only file of JSON lines {"key", "response", ...}; threads may append at the same time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = AppendLog(path)

    def append(self, key: str, response: Response, **meta: Any) -> None:
        """Write one line; `meta` are further JSON values for whoever reads the file. Raises JournalError."""
        self._log.append({"key": key, **meta, "response": response.to_json()})

    def read(self, by: str = "key") -> dict[str, Response]:
        """All responses by key, the last of each key, in the order of their lines; empty if there is no file.

        by: the meta value to be the key instead; lines without it keep their own.
        A torn last line is ignored. Raises JournalError naming file and line for anything else that is no journal line.
        """
        found: dict[str, Response] = {}
        for number, line in whole_lines(self.path):
            try:
                data = json.loads(line)
                name, response = data["key"], Response.from_json(data["response"])
                name = data.get(by, name)
                found.pop(name, None)
                found[name] = response
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise JournalError(
                    f"{self.path}:{number}: not a line of a journal ({type(error).__name__}: {error})\n"
                    f"    remove this line (its answer is then asked for again), or the file"
                ) from error
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

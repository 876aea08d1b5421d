"""A request and its answer -> one line of JSON, as `ftgate live sample` reads it. Who asked is not written.

{"at": "2026-11-28T10:00:00Z", "messages": [...], "output": "...", "model": "sms_spam/v3"}; "input" for a text.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.front.metrics import FrontMetrics

PATHS = frozenset({"/v1/chat/completions", "/v1/completions"})


class RequestLog:
    """Appends to a file that only its owner can read; a file that was moved away is made anew.

    name: of the model, for clients. Raises ServeError if the file cannot be written; later, what cannot be written is
    counted in the metrics, said once, and no request fails.
    """

    def __init__(self, path: Path, name: str, metrics: FrontMetrics, say: Callable[[str], None]) -> None:
        self._path, self._name, self._metrics, self._say = path, name, metrics, say
        self._fails = self._torn = False
        try:
            self._append(b"")
        except OSError as error:
            raise ServeError(f"--log {path}: cannot be written: {error.strerror}") from None

    def write(self, path: str, fields: Mapping[str, Any], answer: bytes, version: str) -> None:
        """One answered request. answer: the body, of a stream all its events. Nothing for what is no text."""
        asked = {key: fields[name] for name, key in (("messages", "messages"), ("prompt", "input")) if name in fields}
        if path not in PATHS or not asked:
            return
        line = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **asked}
        if (output := said_in(answer)) is not None:
            line["output"] = output
        try:
            told = json.dumps({**line, "model": f"{self._name}/{version}"}, ensure_ascii=False)
            self._append(told.encode("utf-8", "replace") + b"\n")
            self._fails = False
        except OSError as error:
            self._metrics.log_errors.inc()
            if not self._fails:
                self._say(f"--log {self._path}: cannot be written: {error.strerror}; requests are answered unlogged")
            self._fails = True

    def _append(self, line: bytes) -> None:
        """In one write, so that replicas may share a file; what the system took in part only is ended by the next."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            data = b"\n" + line if self._torn and line else line
            written = os.write(descriptor, data)
            self._torn = written < len(data)
            if self._torn:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)


def said_in(answer: bytes) -> str | None:
    """The text of an answer's first choice; None if it has none, such as a call of a tool."""
    try:
        parts = [part for event in _events(answer) if isinstance(part := _text(event), str)]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None
    return "".join(parts) if parts else None


def _events(answer: bytes) -> Iterator[Any]:
    if answer.lstrip().startswith(b"{"):
        yield json.loads(answer)
        return
    for line in answer.splitlines():
        if line.startswith(b"data:") and line[5:].strip() != b"[DONE]":
            yield json.loads(line[5:])


def _text(event: Mapping[str, Any]) -> Any:
    """What an answer, or an event of a stream, says in its first choice."""
    for choice in event.get("choices") or ():
        if choice.get("index", 0) == 0:
            return (choice.get("message") or choice.get("delta") or choice).get("content", choice.get("text"))
    return None

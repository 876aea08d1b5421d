"""Log of production -> its requests: JSON lines, or what vLLM logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.data.request_log.exchange import exchange_of
from pytest_ftgate.data.request_log.request import LoggedRequest
from pytest_ftgate.data.request_log.vllm_lines import is_vllm_log, vllm_requests
from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.digest import canonical
from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.files.text import shown

_VLLM = "start vLLM with --enable-log-requests --enable-log-outputs and VLLM_LOGGING_LEVEL=DEBUG"


SHARE_LEFT_OUT = 0.1
"""Of the lines of a log that may be unreadable; a torn last line always may."""


def read_requests(path: Path, say: Callable[[str], None] = lambda _line: None) -> list[LoggedRequest]:
    """All requests of a log, in its order. say: told how many lines cannot be read and are left out, if any.

    A line is {"input": ..., "output": ...} or {"messages": [...], "output": ...}, with "at" and "model" if they are
    known, as `ftgate serve` writes it, or messages that end with the answer; or {"request": {...}, "response": {...}}
    of OpenAI's chat, completions or Responses API. A file without a line of JSON may be what vLLM logs. Raises
    FileFaults with every line that is none of these if they are more than `SHARE_LEFT_OUT` of all, and for a file
    without any.
    """
    name, text = shown(path), _read(path)
    if not text.lstrip().startswith("{") and is_vllm_log(text):
        found = list(vllm_requests(text.split("\n")))
        if not found:
            raise FileFaults([Fault(name, 0, "a log of vLLM in which no prompt is logged", _VLLM)])
        return found
    entries = [_entry(entry, name) for entry in parse_lines(text, name)]
    faults = [entry for entry in entries if isinstance(entry, Fault)]
    if not entries:
        faults = [Fault(name, 0, "no rows", 'write one line per request: {"input": "..."}')]
    found = [entry for entry in entries if isinstance(entry, LoggedRequest)]
    is_torn = bool(found) and isinstance(entries[-1], Fault) and not text.endswith("\n")
    if faults and len(faults) - is_torn > SHARE_LEFT_OUT * len(entries):
        raise FileFaults(faults)
    if faults:
        say(f"{name}: {len(faults)} of {len(entries)} lines left out, the first as {faults[0]}")
    return found


def _read(path: Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise FileFaults([Fault(shown(path), 0, f"cannot be read: {error}")]) from None


def _entry(entry: tuple[int, Any] | Fault, path: str) -> LoggedRequest | Fault:
    if isinstance(entry, Fault):
        return entry
    line, data = entry
    if isinstance(data, Mapping) and (found := exchange_of(line, data)):
        return found
    keys = ", ".join(map(str, data)) if isinstance(data, Mapping) else ""
    what = f"no 'input' key: found {mask(keys or canonical(data))[:80]}"
    return Fault(path, line, what, 'expected {"input": "...", "output": "..."}')

"""Log of production -> its requests: JSON lines, or what vLLM logs."""

from __future__ import annotations

from collections.abc import Mapping
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


def read_requests(path: Path) -> list[LoggedRequest]:
    """All requests of a log, in its order.

    A line is {"input": ..., "output": ...} or {"messages": [...], "output": ...}, with "at" and "model" if they are
    known, as `ftgate serve` writes it; or {"request": {...}, "response": {...}} of OpenAI's API. A file without a line
    of JSON may be what vLLM logs. Raises FileFaults with every line that is none of these, and for a file without any.
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
    if faults:
        raise FileFaults(faults)
    return [entry for entry in entries if isinstance(entry, LoggedRequest)]


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

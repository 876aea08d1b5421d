"""What a job on the cluster prints for this side: events and results as JSON in marked lines, among others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MARK = "ftgate-event "
RESULT, ERROR = "ray-result", "ray-error"
"""{"event": RESULT, "folder": of the node's log folder or absolute, "files": {name: [bytes, sha256]}} and
{"event": ERROR, "text": whole, for the user}, beside the trainer's own events."""


def tell(event: Mapping[str, Any]) -> None:
    """Print an event where the other side hears it."""
    print(MARK + json.dumps(dict(event)), flush=True)  # noqa: T201 - the line is the message


def heard(line: str) -> dict[str, Any] | None:
    """The event of a line; None of any other line."""
    _, mark, text = line.partition(MARK)
    if not mark:
        return None
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None

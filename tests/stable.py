"""What a program printed, with what differs from run to run replaced: such a text can be compared with a snapshot."""

from __future__ import annotations

import re

UNSTABLE = (
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d| UTC)?", "<time>"),
    (r"\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{12,64}\b", "<digest>"),
    (r"\bby \S+@\S+", "by <user>"),
    (r"p50/p95/p99: .*", "p50/p95/p99: <measured>"),
    (r"\b\d+(\.\d+)? (ms|s|min|h)\b", "<duration>"),
)
"""Points of time, digests, who did it, latencies, durations."""


def stable(text: str, **parts: object) -> str:
    """The text without trailing spaces; each part, such as a path, is replaced by its name, then what is UNSTABLE."""
    for name, part in parts.items():
        text = text.replace(str(part), f"<{name}>")
    for pattern, name in UNSTABLE:
        text = re.sub(pattern, name, text)
    return "\n".join(line.rstrip() for line in text.splitlines())

"""Answer -> the code in it: what stands in a fenced block, or the whole answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from pytest_ftgate.serve.client.reasoning import split

_FENCE = re.compile(r"[ \t]{0,12}(`{3,}|~{3,})[ \t]*([^`\s]*)[^`]*")


def code_in(text: str, tags: Collection[str]) -> str:
    """The last block fenced with one of the tags, else the last block without a tag, else the whole answer.

    What was only thought is not looked at.
    tags: in lower case. A block that is never closed goes to the end of the answer.
    """
    _, text = split(text)
    blocks = [*_blocks(text)]
    tagged = [code for tag, code in blocks if tag in tags]
    plain = [code for tag, code in blocks if not tag]
    return (tagged or plain or [text])[-1]


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(tag, code) of each fenced block."""
    fence, tag, lines = "", "", list[str]()
    for line in text.splitlines():
        match = _FENCE.fullmatch(line)
        if not fence and match:
            fence, tag, lines = match[1], match[2].lower(), []
        elif fence and match and not match[2] and match[1].startswith(fence):
            yield tag, "\n".join(lines)
            fence = ""
        elif fence:
            lines.append(line)
    if fence:
        yield tag, "\n".join(lines)

"""Text into which a chat template has put its marks -> what the user says in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HINTS = ("|>", "INST]", "_turn>", "###")
_SPEAKERS = ("Human", "User", "USER")
_MARK = re.compile(
    r"<\|(?:im_start|start_header_id|start_of_role)\|>[ \n]*(?P<named>\w+)(?:<\|end_(?:header_id|of_role)\|>)?"
    r"|<start_of_turn>(?P<turn>\w+)"
    r"|<\|(?P<bare>user|assistant|system|end_of_text|eot_id|im_end|im_sep|end|endoftext|begin_of_text)\|>"
    r"|\[(?P<inst>/?INST)\]|</?s>|<</?(?P<sys>SYS)>>|<end_of_turn>|<bos>|<eos>"
    r"|^###[ ]*(?P<heading>\w+)[ ]*:?|^(?P<colon>Human|User|USER|Assistant|ASSISTANT|System)[ ]*:",
    re.MULTILINE,
)
_USER = frozenset({"user", "human", "inst", "instruction", "input", "question", "prompt"})
_MOST = 200
"""Marks of one text that are looked at."""


def asked_in(text: str) -> Iterator[str]:
    """Each turn of the user, without the marks; nothing of a text without any."""
    if not any(hint in text for hint in _HINTS) and not (":" in text and any(name in text for name in _SPEAKERS)):
        return
    marks = [mark for mark, _ in zip(_MARK.finditer(text), range(_MOST), strict=False)]
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=False):  # no mark, but one end: "#### 42" looks like one at first sight
        speaks = next((name for name in mark.groups() if name), "").lower()
        after_system = mark.group() == "<</SYS>>"
        if speaks in _USER or after_system:
            yield text[mark.end() : end].strip()

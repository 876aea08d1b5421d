"""What a reasoning model wrote -> (what it thought, its answer)."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TAGS = (("<think>", "</think>"), ("[THINK]", "[/THINK]"))
"""Marks around reasoning. The first is often part of the prompt, so that the answer begins without it."""

_CHANNEL = re.compile(r"<\|channel\|>(\w++)[^<]*+(?:<\|constrain\|>[^<]*+)?<\|message\|>")
_CHANNEL_ENDS = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_ANSWER = "final"
"""The channel of the answer; what stands in any other is reasoning."""

_BARE = ("analysis", "assistantfinal")
"""What is left of the marks of channels where a server drops a model's special tokens."""


def split(text: str) -> tuple[str, str]:
    """(reasoning, answer); ("", the text as it is) if it shows none.

    A mark that is never closed leaves no answer: the model was cut off while thinking. One inside a line of the answer
    is the answer's own.
    """
    for opening, closing in _TAGS:
        if opening in text or closing in text:
            return _without_tags(text, opening, closing)
    if text.lstrip().startswith(("<|channel|>", "<|start|>")):
        return _of_channels(text)
    thought, found, answer = text.removeprefix(_BARE[0]).partition(_BARE[1]) if text.startswith(_BARE[0]) else ("",) * 3
    return (thought.strip(), answer.lstrip()) if found else ("", text)


def joined(thoughts: Iterable[str]) -> str:
    """Several pieces of reasoning as one text, in paragraphs."""
    return "\n\n".join(filter(None, map(str.strip, thoughts)))


def _without_tags(text: str, opening: str, closing: str) -> tuple[str, str]:
    thoughts, answer, place = list[str](), list[str](), 0
    end = text.find(closing)
    if end >= 0 and opening not in text[:end]:
        thoughts, place = [text[:end]], end + len(closing)
    for start in re.finditer(rf"(?:^|(?<={re.escape(closing)}))[ \t]*+{re.escape(opening)}", text, re.MULTILINE):
        if start.start() < place:
            continue
        end = text.find(closing, start.end())
        if end < 0:
            break
        answer.append(text[place : start.start()])
        thoughts.append(text[start.end() : end])
        place = end + len(closing)
    rest = text[place:]
    if not "".join(answer).strip() and rest.lstrip().startswith(opening):
        thoughts, rest = [*thoughts, rest.lstrip().removeprefix(opening)], ""
    said = "".join([*answer, rest])
    return joined(thoughts), said.lstrip() if place else said


def _of_channels(text: str) -> tuple[str, str]:
    thoughts, answer = list[str](), list[str]()
    for channel in _CHANNEL.finditer(text):
        end = _CHANNEL_ENDS.search(text, channel.end())
        said = text[channel.end() : end.start() if end else None]
        (answer if channel[1] == _ANSWER else thoughts).append(said)
    return joined(thoughts), "".join(answer).lstrip()

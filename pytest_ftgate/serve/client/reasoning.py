"""What a reasoning model wrote -> (what it thought, its answer)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_TAGS = (
    ("<think>", "</think>"),
    ("[THINK]", "[/THINK]"),
    ("<|channel>thought", "<channel|>"),
    ("<seed:think>", "</seed:think>"),
    ("◁think▷", "◁/think▷"),
)
"""Marks around reasoning. The first is often part of the prompt, so that the answer begins without it."""

MARKS = ("<|channel|>", *(mark.removesuffix("thought") for pair in _TAGS for mark in pair))
"""Tokens that some tokenizers hold for special: a server that drops them leaves nothing by which to tell thoughts."""

BYTE_ORDER_MARK = "\ufeff"
_CHANNEL = re.compile(r"<\|channel\|>(\w++)[^<]*+(?:<\|constrain\|>[^<]*+)?<\|message\|>")
_CHANNEL_ENDS = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_ANSWER = "final"
"""The channel of the answer; what stands in any other is reasoning."""

_BARE = ("analysis", "assistantfinal")
"""What is left of the marks of channels where a server drops a model's special tokens."""


def split(text: str, *, keeps: bool = False) -> tuple[str, str]:
    """(reasoning, answer); ("", the text as it is) if it shows none, or keeps it in the answer.

    A byte order mark at the beginning is dropped.
    A mark that is never closed leaves no answer: the model was cut off while thinking. One inside a line of the answer
    is the answer's own.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    if keeps:
        return "", text
    for opening, closing in _TAGS:
        if opening in text or closing in text:
            return _without_tags(text, opening, closing)
    if text.lstrip().startswith(("<|channel|>", "<|start|>")):
        return _of_channels(text)
    if text.startswith(_BARE[0]) and _BARE[1] in text:
        thought, _, answer = text.removeprefix(_BARE[0]).partition(_BARE[1])
        return thought.strip(), answer.lstrip()
    return "", text


def begins_answer(head: str) -> bool:
    """Whether a text is the mark of the channel of answers and nothing else: what `split` takes off an answer."""
    found = _CHANNEL.fullmatch(head)
    return found is not None and found[1] == _ANSWER


def joined(thoughts: Iterable[str]) -> str:
    """Several pieces of reasoning as one text, in paragraphs."""
    return "\n\n".join(filter(None, map(str.strip, thoughts)))


def _without_tags(text: str, opening: str, closing: str) -> tuple[str, str]:
    thoughts, answer, place = list[str](), list[str](), 0
    for start, thought, end in _tagged(text, opening, closing):
        answer.append(text[place:start])
        thoughts.append(text[thought:end])
        place = end + len(closing)
    rest = text[place:]
    if not "".join(answer).strip() and rest.lstrip().startswith(opening):
        thoughts, rest = [*thoughts, rest.lstrip().removeprefix(opening)], ""
    said = "".join([*answer, rest])
    return joined(thoughts), said.lstrip() if place else said


def _tagged(text: str, opening: str, closing: str) -> Iterator[tuple[int, int, int]]:
    """(start of the opening mark, of the thought, of the closing mark) of each closed thought.

    The first may have no opening mark; its closing one then stands in no quotes. All others begin a line, or follow
    another thought at once.
    """
    place, end = 0, next(_unquoted(text, closing), -1)
    if end >= 0 and opening not in text[:end]:
        yield 0, 0, end
        place = end + len(closing)
    for mark in re.finditer(rf"(?:^|(?<={re.escape(closing)}))[ \t]*+{re.escape(opening)}", text, re.MULTILINE):
        if mark.start() < place:
            continue
        end = text.find(closing, mark.end())
        if end < 0:
            return
        yield mark.start(), mark.end(), end
        place = end + len(closing)


def _unquoted(text: str, mark: str) -> Iterator[int]:
    """Where the mark stands, but in double quotes, which end with their line: in JSON it is the answer's own."""
    quoted = False
    for found in re.finditer(rf'\\["\\]|"|\n|{re.escape(mark)}', text):
        if found[0] == mark and not quoted:
            yield found.start()
        quoted = found[0] != "\n" and quoted != (found[0] == '"')


def _of_channels(text: str) -> tuple[str, str]:
    thoughts, answer = list[str](), list[str]()
    for channel in _CHANNEL.finditer(text):
        end = _CHANNEL_ENDS.search(text, channel.end())
        said = text[channel.end() : end.start() if end else None]
        (answer if channel[1] == _ANSWER else thoughts).append(said)
    return joined(thoughts), "".join(answer).lstrip()

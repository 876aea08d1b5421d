"""The shapes in which training rows are written, in the order in which a row is tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pytest_ftgate.data.readers.shapes.exchange import (
    Exchange,
    Keys,
    conversation,
    instruction,
    label,
    own,
    pair,
    text_alone,
)
from pytest_ftgate.data.readers.shapes.preference import openai_preference, preference


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to write a row. needs: keys that make a row one of this shape. fits: what else must be so."""

    name: str
    needs: tuple[str, ...]
    read: Callable[[Keys], Exchange]
    fits: Callable[[Keys], bool] = lambda _data: True


def _pair(question: str, answer: str, *details: str) -> Shape:
    return Shape(f"{question} + {answer}", (question, answer), partial(pair, question, answer, details))


def _instruction(name: str, answer: str, *details: str) -> Shape:
    return Shape(name, ("instruction", answer), partial(instruction, answer, details))


def _is_alone(data: Mapping[str, Any]) -> bool:
    """Whether no other key may ask or answer: what is beside a text is its source, its address, its date."""
    return not any(key in data for shape in SHAPES for key in shape.needs if key not in ("text", "label"))


SHAPES = (
    Shape("preference", ("chosen", "rejected"), preference),
    Shape("OpenAI preference", ("input", "preferred_output", "non_preferred_output"), openai_preference),
    Shape("chat", ("messages",), partial(conversation, "messages")),
    Shape("ShareGPT", ("conversations",), partial(conversation, "conversations")),
    Shape("Vertex", ("contents",), partial(conversation, "contents")),
    _instruction("instruction", "output", "context", "input"),
    _instruction("Dolly", "response", "context", "input"),
    Shape("completion", ("prompt", "completion"), partial(pair, "prompt", "completion", ())),
    _pair("prompt", "response"),
    _pair("query", "response"),
    _pair("question", "answer", "context"),
    _pair("question", "response", "context"),
    _pair("input_text", "output_text"),
    Shape("own", ("input", "expected"), own),
    _pair("input", "output"),
    Shape("text + label", ("text", "label"), label),
    Shape("text", ("text",), text_alone, _is_alone),
)
"""One that has the keys of two is of the first."""


def shape_of(data: Keys) -> Shape | None:
    """The first shape whose keys are all there."""
    return next((shape for shape in SHAPES if all(key in data for key in shape.needs) and shape.fits(data)), None)

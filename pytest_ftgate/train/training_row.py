"""What a row is once it is tokens, whatever the method learns from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pytest_ftgate.golden.case import Message


class TrainingRow(Protocol):
    """An example, a pair of answers, or a judged answer; its length is that of its longest conversation in tokens.

    messages, tools, prompt: what the model is asked, and its token ids. text: of a row that is a text alone, else "".
    tokens: that the model reads. left_out: earlier answers that should be learnt and are not. unused: keys of the row
    that nothing reads.
    """

    @property
    def messages(self) -> tuple[Message, ...]: ...  # noqa: D102
    @property
    def tools(self) -> Sequence[Mapping[str, Any]]: ...  # noqa: D102
    @property
    def prompt(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def tokens(self) -> int: ...  # noqa: D102
    @property
    def left_out(self) -> int: ...  # noqa: D102
    @property
    def unused(self) -> tuple[str, ...]: ...  # noqa: D102

    def __len__(self) -> int: ...

    def columns(self) -> Mapping[str, Any]:
        """What the trainer's collator takes."""


Rows = Sequence[TrainingRow]

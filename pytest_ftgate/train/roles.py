"""(tokenizer, roles of a row's turns) -> an error that shows the rendered text, if the chat template garbles one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Message
from pytest_ftgate.train.rendering import rendered

Roles = tuple[str, ...]
_FIX = "use a chat template that renders every turn once, or remove the unsupported turns"


class RoleCheck:
    """Renders each order of roles once, with contents that occur nowhere else."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._seen: set[Roles] = set()

    def __call__(self, messages: Sequence[Message]) -> None:
        """Check the roles of the messages and of the answer. Raises TrainError with all that is wrong."""
        roles = (*(message["role"] for message in messages), "assistant")
        if roles not in self._seen:
            check_roles(self._tokenizer, roles)
            self._seen.add(roles)


def check_roles(tokenizer: Any, roles: Roles) -> None:
    """Raises TrainError if the chat template drops, doubles, reorders or confuses turns of these roles.

    roles: of a whole conversation, the answer's included. Also refused: a template that begins the assistant's turn
    only once there is an answer, so that the model would have to write the head of its turn itself.
    """
    turns = _turns(roles)
    text = rendered(tokenizer, turns)
    wrong = list(_lost(turns, text)) or [*_confused(tokenizer, roles), *_headless(tokenizer, turns, text)]
    if wrong:
        what = f"the chat template {', and '.join(wrong)}"
        raise TrainError(f"{what}; rendering of {', '.join(roles)}:\n    {text!r}\n    {_FIX}")


def _turns(roles: Roles) -> list[Message]:
    return [{"role": role, "content": f"turn-{number:03}-ends"} for number, role in enumerate(roles, 1)]


def _lost(turns: Sequence[Message], text: str) -> Iterator[str]:
    """Turns that do not stand in the text exactly once, in their order."""
    counts = [text.count(turn["content"]) for turn in turns]
    for number, (turn, count) in enumerate(zip(turns, counts, strict=True), 1):
        if count == 0:
            yield f"drops turn {number} ({turn['role']})"
        elif count > 1:
            yield f"renders turn {number} ({turn['role']}) {count} times"
    places = [text.find(turn["content"]) for turn in turns]
    if set(counts) == {1} and places != sorted(places):
        yield "changes the order of the turns"


def _confused(tokenizer: Any, roles: Roles) -> Iterator[str]:
    """Whether user and assistant begin alike, seen with one exchange more."""
    turns = _turns((*roles, "user", "assistant"))
    text = rendered(tokenizer, turns)
    if any(text.count(turn["content"]) != 1 for turn in turns):
        return
    heads = {
        (turn["role"], text[text.index(before["content"]) + len(before["content"]) : text.index(turn["content"])])
        for before, turn in pairwise(turns)
    }
    if {head for role, head in heads if role == "user"} & {head for role, head in heads if role == "assistant"}:
        yield "does not distinguish user and assistant turns"


def _headless(tokenizer: Any, turns: Sequence[Message], text: str) -> Iterator[str]:
    """Whether what stands before the answer is missing from the prompt that asks for one."""
    asked, plain = rendered(tokenizer, turns[:-1], asks=True), rendered(tokenizer, turns[:-1])
    head = text[len(plain) : text.index(turns[-1]["content"])]
    if asked == plain and any(map(str.isalnum, head)):
        yield f"does not start the assistant turn with {head!r} (add_generation_prompt)"

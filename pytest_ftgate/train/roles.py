"""(tokenizer, turns and tools of a row) -> an error that shows the rendered text, if the chat template garbles one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Message
from pytest_ftgate.train import answer_alone
from pytest_ftgate.train.rendering import Tools, rendered

Roles = tuple[str, ...]
_FIX = "use a chat template that renders every turn once, or remove the unsupported turns"
_FIX_PARTS = "use a base model whose chat template renders tools, calls and reasoning, or remove what it drops"


class TurnCheck:
    """Renders each form of conversation once, with contents that occur nowhere else."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._seen: set[str] = set()

    def __call__(self, messages: Sequence[Message], answer: Message, tools: Tools = ()) -> None:
        """Check the form of the messages, the answer and the tools. Raises TrainError with all that is wrong."""
        turns = [_probe(number, turn) for number, turn in enumerate([*messages, answer], 1)]
        form = repr((turns, bool(tools)))
        if form not in self._seen:
            check_turns(self._tokenizer, turns, [_TOOL] if tools else ())
            self._seen.add(form)


def check_roles(tokenizer: Any, roles: Roles) -> None:
    """As `check_turns`, for turns of these roles that hold a text each."""
    check_turns(tokenizer, _turns(roles))


def check_turns(tokenizer: Any, turns: Sequence[Message], tools: Tools = ()) -> None:
    """Raises TrainError if the chat template drops, doubles, reorders or confuses turns, or drops what is in them.

    turns: of a whole conversation, the answer's included; their texts occur once. Also refused: a template that begins
    the assistant's turn only once there is an answer, so that the model would have to write the head of it itself; and
    one that writes more than the answer after the prompt (`answer_alone`), unless the answer brings its reasoning.
    """
    text = rendered(tokenizer, turns, tools)
    dropped = list(_dropped(turns, tools, text))
    wrong = [*_lost(turns, text), *dropped] or [*_confused(tokenizer, turns), *_headless(tokenizer, turns, tools)]
    fix = _FIX_PARTS if dropped else _FIX
    if not wrong and not turns[-1].get("reasoning_content"):
        found, fix = answer_alone.fault(tokenizer, turns[:-1], tools)
        wrong = [found] if found else []
    if wrong:
        what = f"the chat template {', and '.join(wrong)}"
        roles = ", ".join(turn["role"] for turn in turns)
        raise TrainError(f"{what}; rendering of {roles}:\n    {text!r}\n    {fix}")


_OFFERED, _CALLED = "offered-000-ends", "called-000-ends"
_TOOL = {
    "type": "function",
    "function": {
        "name": _OFFERED,
        "description": "Does it.",
        "parameters": {"type": "object", "properties": {"value": {"type": "string", "description": "A value."}}},
    },
}


def _turns(roles: Roles) -> list[Message]:
    return [_probe(number, {"role": role, "content": "text"}) for number, role in enumerate(roles, 1)]


def _probe(number: int, turn: Message) -> Message:
    """A turn of the same form that holds texts of its own. One without calls always has a content."""
    calls = turn.get("tool_calls") or ()
    probe = {"role": turn["role"]} | {key: value for key, value in _NAMED.items() if key in turn}
    probe["content"] = f"turn-{number:03}-ends" if turn["content"] or not calls else ""
    if calls:
        probe["tool_calls"] = [_probe_call(number, place) for place, _ in enumerate(calls, 1)]
    if turn.get("reasoning_content"):
        probe["reasoning_content"] = f"thought-{number:03}-ends"
    return probe


_NAMED = {"name": _CALLED, "tool_call_id": "call00101"}


def _probe_call(number: int, place: int) -> Message:
    function = {"name": _CALLED, "arguments": {"value": _argument(number, place)}}
    return {"id": f"call{number:03}{place:02}", "type": "function", "function": function}


def _argument(number: int, place: int) -> str:
    return f"call-{number:03}-{place:03}-ends"


def _dropped(turns: Sequence[Message], tools: Tools, text: str) -> Iterator[str]:
    """Tools, calls, and the reasoning of the answer that do not stand in the text; earlier reasoning is history."""
    if tools and _OFFERED not in text:
        yield "drops the tools that the row offers (tools)"
    for number, turn in enumerate(turns, 1):
        calls = range(1, 1 + len(turn.get("tool_calls", ())))
        if any(_argument(number, place) not in text for place in calls):
            yield f"drops calls of turn {number} ({turn['role']}, tool_calls)"
    if turns[-1].get("reasoning_content", "") not in text:
        yield "drops the reasoning of the answer (reasoning_content)"


def _lost(turns: Sequence[Message], text: str) -> Iterator[str]:
    """Turns that do not stand in the text exactly once, in their order."""
    spoken = [(number, turn) for number, turn in enumerate(turns, 1) if turn["content"]]
    counts = [text.count(turn["content"]) for _, turn in spoken]
    for (number, turn), count in zip(spoken, counts, strict=True):
        if count == 0:
            yield f"drops turn {number} ({turn['role']})"
        elif count > 1:
            yield f"renders turn {number} ({turn['role']}) {count} times"
    places = [text.find(turn["content"]) for _, turn in spoken]
    if set(counts) == {1} and places != sorted(places):
        yield "changes the order of the turns"


def _confused(tokenizer: Any, given: Sequence[Message]) -> Iterator[str]:
    """Whether user and assistant begin alike, seen with one exchange more; of conversations that use no tools."""
    roles = tuple(turn["role"] for turn in given)
    if "tool" in roles or any("tool_calls" in turn for turn in given):
        return
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


def _headless(tokenizer: Any, turns: Sequence[Message], tools: Tools) -> Iterator[str]:
    """Whether what stands before an answer in words is missing from the prompt that asks for one."""
    *before, answer = *turns[:-1], _probe(len(turns), {"role": "assistant", "content": "text"})
    asked, plain = (rendered(tokenizer, before, tools, asks=asks) for asks in (True, False))
    if asked != plain:
        return
    text = rendered(tokenizer, [*before, answer], tools)
    head = text[len(plain) : text.index(answer["content"])]
    if any(map(str.isalnum, head)):
        yield f"does not start the assistant turn with {head!r} (add_generation_prompt)"

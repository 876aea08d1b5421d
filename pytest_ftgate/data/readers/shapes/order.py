"""Turns -> a conversation that ends with what is learnt, or what is wrong with their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_ftgate.data.readers.shapes.turn import Turn

JOINED = frozenset({"system", "user"})
"""Roles of which two turns in a row are one, a blank line between them."""

NO_ANSWER = "does not end with an assistant turn: there is no answer to learn"


def in_order(turns: Sequence[Turn]) -> list[Turn]:
    """Two turns in a row of the user or of the system joined; results of tools bear the id of the call."""
    made: list[Turn] = []
    waiting: list[tuple[str, str]] = []
    for turn in turns:
        if turn.calls:
            waiting = [(str(call["id"]), str(call["function"]["name"])) for call in turn.calls]
        if turn.role == "tool" and not turn.call_id and waiting:
            call_id, name = next((each for each in waiting if each[1] == turn.name), waiting[0])
            waiting.remove((call_id, name))
            turn = replace(turn, call_id=call_id, name=turn.name or name)  # noqa: PLW2901
        if made and turn.role in JOINED and turn.role == made[-1].role:
            made[-1] = made[-1].joined(turn)
        else:
            made.append(turn)
    return made


def order_faults(turns: Sequence[Turn]) -> Iterator[str]:
    """What is wrong with turns `in_order`; the first place only."""
    before = ""
    calls = 0
    for place, turn in enumerate(turns):
        if turn.role == "system" and place:
            yield f"turn {turn.number} has role system; allowed in the first turn only"
            return
        if turn.role == "assistant" and before == "assistant":
            yield f"turn {turn.number} has role assistant; user and assistant must alternate"
            return
        if turn.role == "tool" and not calls:
            yield f"turn {turn.number} has role tool; expected after an assistant turn that calls a tool"
            return
        calls = len(turn.calls) or (calls if turn.role == "tool" else 0)
        before = turn.role
    if before != "assistant":
        yield NO_ANSWER
    elif not any(turn.role == "user" for turn in turns):
        yield f"turn {turns[-1].number} has role assistant; expected a user turn before the answer"
    elif not any(turn.content.strip() for turn in turns if turn.role == "user"):
        yield "no non-empty user turn"


def until_learnt(turns: Sequence[Turn]) -> list[Turn]:
    """The turns up to the last answer that is learnt; none if all of them have the weight 0."""
    last = max((place for place, turn in enumerate(turns) if turn.role == "assistant" and turn.weight), default=-1)
    return list(turns[: last + 1])


def unlearnt(asked: Sequence[Turn], *, learns: bool) -> frozenset[int]:
    """Places of the assistant's turns that are only read: of weight 0, before the first question, or all of them.

    learns: whether answers before the last one are learnt.
    """
    first = next((place for place, turn in enumerate(asked) if turn.role == "user"), len(asked))
    answers = {place: turn for place, turn in enumerate(asked) if turn.role == "assistant"}
    return frozenset(place for place, turn in answers.items() if not (learns and turn.weight and place > first))

"""Response -> why there is nothing to judge in it, whatever the graders."""

from __future__ import annotations

from pytest_ftgate.graders.shown import shown
from pytest_ftgate.serve.response import Response


def no_answer(response: Response, *, reads_calls: bool = False, each_turn: bool = False) -> str:
    """Why the response is worth 0 whatever the graders; "" if it is to be judged.

    reads_calls: whether a grader looks at tool calls, so that they are an answer without any text.
    each_turn: whether the answers to earlier turns of a script are judged, so that they must be there too.
    """
    if each_turn and (why := _earlier(response)):
        return why
    answered = bool(response.text) and not response.text.isspace()
    if response.finish_reason == "length":
        return _cut_off(response, answered)
    if answered or (response.tool_calls and reads_calls):
        return ""
    if response.tool_calls:
        names = ", ".join(dict.fromkeys(call["name"] for call in response.tool_calls))
        return f"called the tool {shown(names)} instead of answering"
    return f"no answer, only thinking: {shown(response.reasoning)}" if response.reasoning else "the answer is empty"


def _earlier(response: Response) -> str:
    """Which answer to an earlier turn is cut off or empty."""
    for number, text in enumerate(response.turns, 1):
        where = f"turn {number} of {len(response.turns) + 1}"
        if number in response.cut_turns:
            return f"{where}: cut off at max_tokens: {shown(text)}"
        if not text.strip():
            return f"{where}: the answer is empty"
    return ""


def _cut_off(response: Response, answered: bool) -> str:
    at = f"at max_tokens ({response.completion_tokens} tokens)"
    if response.reasoning and not answered:
        return f"cut off while thinking, {at}: {shown(response.reasoning)}"
    return f"cut off {at}: {shown(response.text)}"

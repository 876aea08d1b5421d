"""(Request with later user turns) -> one Response: each turn is asked after the answer to the one before."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pytest_ftgate.serve.client.send_chat import Line, Request, Tries, ask
from pytest_ftgate.serve.response import Response

_LEAST_S = 0.001


async def converse(line: Line, request: Request, tries: Tries, counts: Counter[str]) -> Response | None:
    """As `ask`, of all turns of a request. They share its time limit; what is answered is not asked again.

    A turn that breaks, or that the model answers otherwise than by a text, ends the dialogue: that is an error.
    """
    while True:
        response = await ask(line, _turn(request, tries.turns), tries, counts)
        if response is None or not request.later:
            return response
        if len(tries.turns) == len(request.later) or not _goes_on(response):
            return _joined(request, tries.turns, response)
        tries.turns.append(response)


def _goes_on(response: Response) -> bool:
    """Whether the user can go on: a function that the model calls would have to be answered first."""
    return not (response.broken or response.tool_calls)


def _turn(request: Request, answers: list[Response]) -> Request:
    """The request for the turn after these answers."""
    if not answers:
        return request
    messages = list(request.messages)
    for answer, user in zip(answers, request.later, strict=False):
        messages += [{"role": "assistant", "content": answer.text}, {"role": "user", "content": user}]
    left_s = request.timeout_s - sum(answer.total_s for answer in answers)
    return replace(request, messages=messages, timeout_s=max(_LEAST_S, left_s))


def _joined(request: Request, earlier: list[Response], last: Response) -> Response:
    """One answer of all turns: the text of the last, the sums of tokens and seconds."""
    every = [*earlier, last]
    joined = replace(
        last,
        turns=tuple(answer.text for answer in earlier),
        cut_turns=tuple(number for number, answer in enumerate(earlier, 1) if answer.finish_reason == "length"),
        prompt_tokens=sum(answer.prompt_tokens for answer in every),
        completion_tokens=sum(answer.completion_tokens for answer in every),
        queue_s=every[0].queue_s,
        ttft_s=every[0].ttft_s,
        total_s=sum(answer.total_s for answer in every),
        asked_at=every[0].asked_at,
    )
    if len(every) > len(request.later):
        return joined
    where = f"turn {len(every)} of {len(request.later) + 1}"
    why = last.error or "the model called a function, which a script cannot answer"
    reason = last.finish_reason if last.broken else "error"
    return replace(joined, finish_reason=reason, error=f"{where}: {why}")

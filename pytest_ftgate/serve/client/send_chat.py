"""(Request, address) -> Response: one request with its retries, over an aiohttp session."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from pytest_ftgate.files.secrets import mask, mask_bytes, mask_secrets
from pytest_ftgate.serve.client.breaker import Breaker
from pytest_ftgate.serve.client.completion import read_completion
from pytest_ftgate.serve.client.error_body import message_of
from pytest_ftgate.serve.client.reasoning import joined, split
from pytest_ftgate.serve.client.reply_body import REDIRECTS, read_body, read_lines, redirected, storable
from pytest_ftgate.serve.client.stream import read_stream
from pytest_ftgate.serve.client.window import Window
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.rate_headers import exhausted_s
from pytest_ftgate.serve.response import Response
from pytest_ftgate.serve.retry import LIMITED, SHORTEST_WAIT_S, RequestError, Retry, of_status

HTTP_OK = 200
EVENTS = "text/event-stream"

PATIENCE = 20
"""Times its limit that a question may wait for a server that the plugin started, as long as that is alive."""


@dataclass(frozen=True, slots=True)
class Request:
    """One repeat of one case, ready to be sent.

    key: the journal's key. messages: list of {"role", "content"}. sampling: further keys of the request's body.
    timeout_s: time limit from the first sending to the last byte, retries included; of a server of our own, time after
    which it is asked whether it is alive. repeat: 0-based. keeps_reasoning: what the model marks as reasoning stays in
    the answer. later: user turns, each sent after the answer before it.
    """

    key: str
    case_id: str
    messages: Sequence[Mapping[str, str]]
    sampling: Mapping[str, Any]
    timeout_s: float = 60.0
    repeat: int = 0
    keeps_reasoning: bool = False
    later: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Where the requests of one model go, and what they share.

    proxy: address, or None. digest: of the model. check: raises ServeError if the server is known to be gone.
    breaker, window: of the server. patience: times its time limit that a request may wait, see `PATIENCE`: how long it
    waits in the queue of a server of our own tells of this machine and its neighbours, not of the model.
    """

    session: aiohttp.ClientSession
    url: str
    headers: Mapping[str, str]
    endpoint: Endpoint
    digest: str
    proxy: str | None
    check: Callable[[], None] | None
    retry: Retry
    breaker: Breaker
    window: Window
    patience: int = 1

    @property
    def ours(self) -> bool:
        """Whether the plugin started the server."""
        return self.endpoint.ours


@dataclass(slots=True)
class Tries:
    """What came of a request so far. planned: by `time.monotonic()`.

    made: attempts. turns: answers to the earlier turns of a dialogue. limits: how often the server turned it away,
    limited_by what it said last.
    """

    planned: float
    made: int = 0
    limits: int = 0
    limited_by: str = ""
    turns: list[Response] = field(default_factory=list)


async def ask(line: Line, request: Request, tries: Tries, counts: Counter[str]) -> Response | None:
    """Send until there is an answer, no hope or no time; None if the server turned it away, to be sent again later.

    Its time limit is for all attempts together, from the sending of the first that the server took. Each trouble is
    counted in `counts`. Raises what `line.check` raises.
    """
    body = json.dumps({"model": line.endpoint.model, "messages": request.messages, **request.sampling}).encode()
    limit_s = line.patience * request.timeout_s
    begun = sent = time.monotonic()
    attempt = 0
    while True:
        if line.breaker.reason:
            return _respond(line, request, tries, sent, _broken(line.breaker.reason))
        tries.made += 1
        attempt += 1
        try:
            answer = await _answer(line, body, request.timeout_s, begun + limit_s, sent)
        except RequestError as trouble:
            counts[trouble.kind] += 1
            if trouble.kind in LIMITED:
                _turned_away(line, request, tries, sent, trouble)
                return None
            line.window.taken()
            await _still_there(line, trouble)
            wait_s = line.retry.wait_s(attempt, trouble.wait_s)
            given_up = line.retry.gives_up(trouble, attempt) or time.monotonic() + wait_s >= begun + limit_s
            if not line.ours:
                line.breaker.failed(trouble, sent, request.timeout_s, given_up=given_up)
            if given_up:
                return _respond(line, request, tries, sent, _failure(trouble))
            if trouble.wait_s is not None:
                line.window.pause(wait_s)
            counts["retries"] += 1
            await asyncio.sleep(wait_s)
            sent = time.monotonic()
        else:
            line.breaker.answered()
            line.window.answered()
            return _respond(line, request, tries, sent, answer)


def _turned_away(line: Line, request: Request, tries: Tries, sent: float, trouble: RequestError) -> None:
    """Note that the server did not take a request; the pause ends when there is no more time."""
    left_s = request.timeout_s - (time.monotonic() - _refused_since(line, tries, sent))
    line.window.limited(trouble, sent, max(SHORTEST_WAIT_S, left_s))
    line.breaker.failed(trouble, sent, request.timeout_s, given_up=False)
    tries.limits += 1
    tries.limited_by = trouble.text


def give_up(line: Line, request: Request, tries: Tries) -> Response | None:
    """The Response of one that was turned away, if the server took no request at all for as long as its time limit.

    Only where no other is under way, which the server may have taken.
    """
    now = time.monotonic()
    if now - _refused_since(line, tries, now) < request.timeout_s:
        return None
    why = f"rate limited for longer than timeout_s ({request.timeout_s:g} s)"
    line.breaker.reason = line.breaker.reason or f"not asked: {why}"
    return _respond(line, request, tries, now, _broken(f"{why}: {tries.limited_by}"))


def _refused_since(line: Line, tries: Tries, sent: float) -> float:
    """Since when the server takes nothing, by `time.monotonic()`; not before the request was planned."""
    return max(tries.planned, line.window.refusing_since or sent)


async def _still_there(line: Line, trouble: RequestError) -> None:
    """Do not retry for minutes if the server is known to be gone."""
    if line.check and trouble.kind in {"connection", "timeout"}:
        await asyncio.to_thread(line.check)


def _failure(trouble: RequestError) -> dict[str, Any]:
    if trouble.kind == "timeout":
        return {"text": "", "finish_reason": "timeout", "error": trouble.text}
    return _broken(trouble.text)


def _broken(why: str) -> dict[str, Any]:
    return {"text": "", "finish_reason": "error", "error": why}


def _respond(line: Line, request: Request, tries: Tries, sent: float, answer: dict[str, Any]) -> Response:
    total_s = time.monotonic() - sent
    said = answer.pop("fingerprint", "")
    return Response(
        case_id=request.case_id,
        model=line.digest,
        repeat=request.repeat,
        queue_s=sent - tries.planned,
        total_s=total_s,
        attempts=tries.made,
        asked_at=round(time.time() - total_s, 3),
        fingerprint=" ".join(filter(None, (line.endpoint.fingerprint, said))),
        **{**answer, **_masked(answer, request.keeps_reasoning)},
    )


def _masked(answer: Mapping[str, Any], keeps_reasoning: bool) -> dict[str, Any]:
    """Answer, reasoning and tool calls, without secrets."""
    thought, text = split(answer["text"], keeps=keeps_reasoning)
    told, calls = answer.get("reasoning", ""), answer.get("tool_calls", ())
    return {
        "text": mask_secrets(text),
        "reasoning": mask_secrets(joined([told, thought])) if told or thought else "",
        "tool_calls": tuple({name: mask_secrets(value) for name, value in call.items()} for call in calls),
    }


async def _answer(line: Line, body: bytes, timeout_s: float, deadline: float, sent: float) -> dict[str, Any]:
    """One attempt, see `_post`; a server of our own is asked every `timeout_s` whether it is alive."""
    post = _post(line, body, timeout_s, deadline, sent)
    if line.check is None or line.patience == 1:
        return await post
    task = asyncio.ensure_future(post)
    try:
        while not (await asyncio.wait({task}, timeout=timeout_s))[0]:
            await asyncio.to_thread(line.check)
        return task.result()
    finally:
        task.cancel()


async def _post(line: Line, body: bytes, timeout_s: float, deadline: float, sent: float) -> dict[str, Any]:
    """One attempt; the answer as fields of a Response. Raises RequestError, whatever the server does."""
    try:
        async with (
            asyncio.timeout(deadline - sent),
            line.session.post(
                line.url, data=body, headers=line.headers, proxy=line.proxy, allow_redirects=False
            ) as reply,
        ):
            if reply.status == HTTP_OK and (used_up_s := exhausted_s(reply.headers)) is not None:
                line.window.pause(min(used_up_s, timeout_s))
            return await _read(reply, sent)
    except TimeoutError as error:
        raise RequestError("timeout", f"no answer within {line.patience * timeout_s:g} s") from error
    except (aiohttp.ClientError, OSError) as error:
        raise RequestError("connection", storable(f"{type(error).__name__}: {error}")) from error
    except RequestError:
        raise
    except Exception as error:  # what a body can do to the libraries that read it has no end
        raise RequestError("refused", mask(storable(f"{type(error).__name__}: {error}"))[:500]) from error


async def _read(reply: aiohttp.ClientResponse, sent: float) -> dict[str, Any]:
    """The answer as fields of a Response. Raises RequestError, and what aiohttp raises."""
    if reply.status == HTTP_OK:
        if reply.content_type == EVENTS:
            async with aclosing(read_lines(reply.content)) as lines:
                return await read_stream(lines, sent)
        return read_completion(mask_bytes(await read_body(reply.content)))
    if reply.status in REDIRECTS:
        raise redirected(reply.status, reply.headers.get("Location", ""))
    said = (await read_body(reply.content)).decode("utf-8", "replace")
    raise of_status(reply.status, message_of(said), reply.headers)

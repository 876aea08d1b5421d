"""(Request, address) -> Response: one request with its retries, over an aiohttp session."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import aiohttp

from pytest_ftgate.files.secrets import mask, mask_bytes, mask_secrets
from pytest_ftgate.serve.client.breaker import Breaker
from pytest_ftgate.serve.client.completion import read_completion
from pytest_ftgate.serve.client.reasoning import joined, split
from pytest_ftgate.serve.client.reply_body import REDIRECTS, read_body, read_lines, redirected, storable
from pytest_ftgate.serve.client.stream import read_stream
from pytest_ftgate.serve.response import Response
from pytest_ftgate.serve.retry import RequestError, Retry, of_status

HTTP_OK = 200
EVENTS = "text/event-stream"

PATIENCE = 20
"""Times its limit that a question may wait for a server that the plugin started, as long as that is alive."""


@dataclass(frozen=True, slots=True)
class Request:
    """One repeat of one case, ready to be sent.

    key: the journal's key. messages: list of {"role", "content"}. sampling: further keys of the request's body.
    timeout_s: time limit of one attempt, from sending to the last byte; of a server of our own, time after which it is
    asked whether it is alive. repeat: 0-based. keeps_reasoning: what the model marks as reasoning stays in the answer.
    """

    key: str
    case_id: str
    messages: Sequence[Mapping[str, str]]
    sampling: Mapping[str, Any]
    timeout_s: float = 60.0
    repeat: int = 0
    keeps_reasoning: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Where the requests of one model go, and what they share.

    proxy: address, or None. digest: of the model. check: raises ServeError if the server is known to be gone.
    breaker: of the server. ours, fingerprint: see `Endpoint`.
    """

    session: aiohttp.ClientSession
    url: str
    headers: Mapping[str, str]
    model: str
    digest: str
    proxy: str | None
    check: Callable[[], None] | None
    retry: Retry
    breaker: Breaker
    ours: bool = False
    fingerprint: str = ""


async def ask(line: Line, request: Request, planned: float, counts: Counter[str]) -> Response:
    """Send until there is an answer or no hope. planned: `time.monotonic()` when the request was submitted.

    Each trouble is counted in `counts`. Raises what `line.check` raises.
    """
    body = json.dumps({"model": line.model, "messages": request.messages, **request.sampling}).encode()
    attempt = 0
    while True:
        sent = time.monotonic()
        if line.breaker.reason:
            return _respond(line, request, attempt, planned, sent, _broken(line.breaker.reason))
        attempt += 1
        try:
            answer = await _answer(line, body, request.timeout_s, sent)
        except RequestError as trouble:
            counts[trouble.kind] += 1
            await _still_there(line, trouble)
            given_up = line.retry.gives_up(trouble, attempt)
            if not line.ours:
                line.breaker.failed(trouble, sent, request.timeout_s, given_up=given_up)
            if given_up:
                return _respond(line, request, attempt, planned, sent, _failure(trouble))
            counts["retries"] += 1
            await asyncio.sleep(line.retry.wait_s(attempt, trouble.wait_s))
        else:
            line.breaker.answered()
            return _respond(line, request, attempt, planned, sent, answer)


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


def _respond(  # noqa: PLR0913, PLR0917 - private
    line: Line, request: Request, attempt: int, planned: float, sent: float, answer: dict[str, Any]
) -> Response:
    total_s = time.monotonic() - sent
    said = answer.pop("fingerprint", "")
    return Response(
        case_id=request.case_id,
        model=line.digest,
        repeat=request.repeat,
        queue_s=sent - planned,
        total_s=total_s,
        attempts=attempt,
        asked_at=round(time.time() - total_s, 3),
        fingerprint=" ".join(filter(None, (line.fingerprint, said))),
        **{**answer, **_masked(answer, request.keeps_reasoning)},
    )


def _masked(answer: Mapping[str, Any], keeps_reasoning: bool) -> dict[str, Any]:
    """Answer, reasoning and tool calls, without secrets."""
    thought, text = ("", answer["text"]) if keeps_reasoning else split(answer["text"])
    told, calls = answer.get("reasoning", ""), answer.get("tool_calls", ())
    return {
        "text": mask_secrets(text),
        "reasoning": mask_secrets(joined([told, thought])) if told or thought else "",
        "tool_calls": tuple({name: mask_secrets(value) for name, value in call.items()} for call in calls),
    }


async def _answer(line: Line, body: bytes, timeout_s: float, sent: float) -> dict[str, Any]:
    """One attempt, see `_post`. A server of our own that is alive is waited for `PATIENCE` times as long.

    How long a question waits in its queue tells of this machine and its neighbours, not of the model.
    """
    if not (line.ours and line.check):
        return await _post(line, body, timeout_s, sent)
    post = asyncio.ensure_future(_post(line, body, PATIENCE * timeout_s, sent))
    try:
        while not (await asyncio.wait({post}, timeout=timeout_s))[0]:
            await asyncio.to_thread(line.check)
        return post.result()
    finally:
        post.cancel()


async def _post(line: Line, body: bytes, timeout_s: float, sent: float) -> dict[str, Any]:
    """One attempt; the answer as fields of a Response. Raises RequestError, whatever the server does."""
    try:
        async with (
            asyncio.timeout(timeout_s),
            line.session.post(
                line.url, data=body, headers=line.headers, proxy=line.proxy, allow_redirects=False
            ) as reply,
        ):
            return await _read(reply, sent)
    except TimeoutError as error:
        raise RequestError("timeout", f"no answer within {timeout_s:g} s") from error
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
    raise of_status(reply.status, said, reply.headers.get("Retry-After", ""))

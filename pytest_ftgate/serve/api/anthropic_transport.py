"""(Settings, key) -> a line to a server that speaks the Messages API, through the SDK's own client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

import aiohttp

from pytest_ftgate.errors import MissingExtra
from pytest_ftgate.files.secrets import mask, remember
from pytest_ftgate.serve.api.hints import hint_of
from pytest_ftgate.serve.api.messages import body_of, parsed_reply, split
from pytest_ftgate.serve.api.parse import ParsedReply
from pytest_ftgate.serve.api.request import ApiRequest
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.client.reply_body import REDIRECTS, Size, redirected, storable
from pytest_ftgate.serve.retry import RequestError, of_status

try:
    import anthropic
    import httpx2
except ImportError:
    raise MissingExtra("the Anthropic API", "judge") from None

T = TypeVar("T")
RESULTS = "/results"
"""End of the address of a batch's results, read line by line: as large as the batch."""

NO_KEY = "none"
"""For a server that wants no key: without one, the SDK would send whatever key it finds in the environment."""


class AnthropicLine:
    """One client for all attempts. The SDK's retries are off, so that each attempt is ours, counted and billed."""

    def __init__(self, settings: Settings, key: str) -> None:
        self._settings = settings
        self.client = anthropic.AsyncAnthropic(
            api_key=remember(key or NO_KEY),
            base_url=settings.base_url,
            max_retries=0,
            timeout=settings.timeout_s,
            http_client=anthropic.DefaultAioHttpClient(follow_redirects=False, event_hooks={"response": [_limit]}),
            default_headers={"Accept-Encoding": "identity"},  # what is not compressed cannot grow
        )

    async def ask(self, ask: ApiRequest) -> ParsedReply:
        """One attempt. Raises RequestError."""
        fields, extra = split(body_of(self._settings, ask))
        return await self.attempt(self._message(fields, extra))

    async def attempt(self, call: Awaitable[T], timeout_s: float = 0.0) -> T:
        """What a call of the SDK returns. timeout_s: if longer than usual. Raises RequestError, without the key."""
        limit_s = max(timeout_s, self._settings.timeout_s)
        try:
            async with asyncio.timeout(limit_s):
                return await call
        except TimeoutError:
            raise RequestError("timeout", f"no answer within {limit_s:g} s", billed=True) from None
        except RequestError as trouble:
            raise RequestError(trouble.kind, trouble.text, billed=True) from None
        except anthropic.APIStatusError as error:
            raise self._status(error) from None
        except anthropic.APITimeoutError as error:
            raise RequestError("timeout", str(error), billed=was_sent(error)) from None
        except (anthropic.APIConnectionError, httpx2.TransportError, aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, RequestError):
                raise RequestError("refused", error.__cause__.text, billed=True) from None
            said = f"{type(error).__name__}: {error.__cause__ or error}"
            raise RequestError("connection", said, billed=was_sent(error)) from None
        except Exception as error:  # noqa: BLE001 - what a body can do to the SDK has no end
            said = f"invalid message ({type(error).__name__}: {mask(str(error))[:200]})"
            raise RequestError("malformed", said, billed=True) from None

    async def _message(self, fields: dict[str, Any], extra: dict[str, Any]) -> ParsedReply:
        if not self._settings.stream:
            return parsed_reply(
                await self.client.messages.create(**fields, extra_body=extra), self._settings.structured
            )
        async with self.client.messages.stream(**fields, extra_body=extra) as stream:
            return parsed_reply(await stream.get_final_message(), self._settings.structured)

    def _status(self, error: anthropic.APIStatusError) -> RequestError:
        """An error that comes in the middle of a stream has status 200, and what was said until then is billed."""
        if error.status_code in REDIRECTS:
            where = error.response.headers.get("location", "")
            return redirected(error.status_code, where)
        if error.status_code < 400:
            return RequestError("overloaded", f"the stream ended with: {error.message}", billed=True)
        said = error.api_message or error.message
        return of_status(error.status_code, said, error.response.headers, hint_of(error.status_code, said))

    async def close(self) -> None:
        """End all connections."""
        await self.client.close()


async def _limit(reply: httpx2.Response) -> None:
    """The SDK's hook for an answer whose body has not been read: it must not be larger than we read elsewhere."""
    encoding = reply.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise RequestError("refused", f"the answer is compressed ({storable(encoding)[:40]}), which was not asked for")
    if not reply.request.url.path.endswith(RESULTS):
        reply.stream = _Limited(reply.stream)


class _Limited(httpx2.AsyncByteStream):
    """Another stream, up to `MOST_BYTES`."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = Size()
        async for chunk in self._stream:
            yield size.add(chunk)

    async def aclose(self) -> None:
        await self._stream.aclose()


def was_sent(error: BaseException) -> bool:
    """False only if it is sure that the request never left: no connection was made."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return False
        seen = seen.__cause__
    return True

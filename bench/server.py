"""(delay) -> a mock OpenAI chat server, faster than any client that asks it.

It is a process of its own: `python bench/server.py --delay-ms 50` prints its port on the first line, serves until its
standard input ends, then prints what it saw as JSON. Every answer is the same text, from bytes made once.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import cast

ANSWER = "yes"
MODEL = "mock"
_HEAD_END = b"\r\n\r\n"


def _reply(body: dict[str, object]) -> bytes:
    raw = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(raw) + raw


_CHAT = _reply(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13},
    }
)
_MODELS = _reply({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1, "owned_by": "bench"}]})


@dataclass
class Seen:
    """What the server saw. first_s, last_s: `time.monotonic()` of the first request and the last answer."""

    requests: int = 0
    most_in_flight: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    in_flight: int = 0

    def arrived(self) -> None:
        """One more request is under way."""
        self.first_s = self.first_s or time.monotonic()
        self.requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def answered(self) -> None:
        """One request is answered."""
        self.in_flight -= 1
        self.last_s = time.monotonic()


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests may arrive in pieces or several at once."""

    def __init__(self, delay_s: float, seen: Seen) -> None:
        self._delay_s, self._seen = delay_s, seen
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            head = self._buffer[:end].lower()
            whole = end + len(_HEAD_END) + _content_length(head)
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            self._serve(head)

    def _serve(self, head: bytes) -> None:
        if not head.startswith(b"post"):
            self._transport.write(_MODELS)
            return
        self._seen.arrived()
        if self._delay_s:
            self._loop.call_later(self._delay_s, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        self._transport.write(_CHAT)
        self._seen.answered()


def _content_length(head: bytes) -> int:
    start = head.find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    return int(head[start + 17 :].split(b"\r\n", 1)[0])


async def serve(delay_s: float) -> Seen:
    """Serve on a free port of the loopback until standard input ends."""
    loop, seen = asyncio.get_running_loop(), Seen()
    server = await loop.create_server(partial(Connection, delay_s, seen), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="time each answer takes (default 0)")
    gc.disable()
    seen = asyncio.run(serve(parser.parse_args().delay_ms / 1000))
    print(json.dumps(asdict(seen)))


if __name__ == "__main__":
    main()

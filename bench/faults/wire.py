"""A socket -> what is written to it: a server that is not held to HTTP, and the bytes of plain answers."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

OK = "ok"
"""What a good answer says, and what every case of the list expects."""

DROP_WITH_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Asked:
    """One request. text: of the last message, "" if there is none. attempt: how often that text has come, 1-based."""

    method: str
    path: str
    headers: Mapping[str, str]
    text: str
    attempt: int
    stream: bool


class Wire:
    """One connection, as a fault sees it. open: whether another request may follow on it."""

    def __init__(self, connection: socket.socket, ended: threading.Event) -> None:
        self._connection, self._ended = connection, ended
        self.open = True

    def send(self, raw: bytes) -> None:
        """Raises OSError if the client is gone."""
        self._connection.sendall(raw)

    def drip(self, raw: bytes, pause_s: float) -> None:
        """One byte at a time."""
        for byte in raw:
            self.send(bytes([byte]))
            self.wait(pause_s)

    def wait(self, seconds: float) -> None:
        """Raises OSError if the server ends meanwhile."""
        if self._ended.wait(seconds):
            raise OSError("the server ends")

    def hang(self) -> None:
        """Say nothing until the server ends."""
        self.wait(600.0)

    def close(self) -> None:
        """End the connection in order."""
        self.open = False

    def reset(self) -> None:
        """End it as a crash does."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, DROP_WITH_RESET)
        self.open = False


Reply = bytes | Callable[[Wire, Asked], None]


def http(
    body: object = b"",
    status: int = 200,
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
    length: int | None = None,
) -> bytes:
    """A whole answer. body: bytes, a text, or what is written as JSON. length: another Content-Length than is true."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    size = len(raw) if length is None else length
    lines = {"Content-Type": kind, "Content-Length": str(size), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value != "-")
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1") + raw


def completion(content: object = OK, finish: object = "stop", **more: object) -> dict[str, Any]:
    """A chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return {"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}, **more}


def event(content: object = OK, finish: object = None, index: int = 0) -> dict[str, Any]:
    """A chunk of a streamed one."""
    return {"choices": [{"index": index, "delta": {"content": content}, "finish_reason": finish}]}


def events(*given: object, done: bool = True) -> bytes:
    """The answer that is a stream of these: dicts as JSON, texts as they are."""
    texts = [each if isinstance(each, str) else json.dumps(each) for each in given]
    body = "".join(f"data: {text}\n\n" for text in [*texts, *(["[DONE]"] if done else [])])
    return http(body, kind="text/event-stream")


GOOD, GOOD_STREAM = http(completion()), events(event("o"), event("k", "stop"))
MODELS = http({"data": [{"id": "mock"}]})


@dataclass
class FaultyServer:
    """`with FaultyServer(faults, models) as server:` serves `server.base_url`; a thread for each connection.

    faults: by the text of the last message; any other is answered well. models: the reply of GET /v1/models. asked:
    all requests so far.
    """

    faults: Mapping[str, Reply] = field(default_factory=dict)
    models: Reply = MODELS
    host: str = "127.0.0.1"
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> FaultyServer:
        self._ended, self._times, self._lock = threading.Event(), Counter[str](), threading.Lock()
        self._socket = socket.create_server((self.host, 0), backlog=512)
        threading.Thread(target=self._accept, name="faulty-server", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._socket.close()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self._socket.getsockname()[1]}"

    @property
    def base_url(self) -> str:
        """Ends in /v1."""
        return f"http://{self.address}/v1"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        wire = Wire(connection, self._ended)
        with connection, connection.makefile("rb") as lines, suppress(OSError, ValueError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while wire.open and (asked := self._read(lines)):
                self.asked.append(asked)
                self._reply(wire, asked)

    def _reply(self, wire: Wire, asked: Asked) -> None:
        good = GOOD_STREAM if asked.stream else GOOD
        reply = self.models if asked.path.endswith("/models") else self.faults.get(asked.text, good)
        if isinstance(reply, bytes):
            wire.send(reply)
        else:
            reply(wire, asked)

    def _read(self, lines: Any) -> Asked | None:
        first = lines.readline().decode("latin-1").split()
        if len(first) < 2:
            return None
        headers = {}
        while (line := lines.readline().strip().decode("latin-1")) != "":
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = json.loads(lines.read(int(headers.get("content-length", 0))) or b"{}")
        text = str((body.get("messages") or [{}])[-1].get("content", ""))
        with self._lock:
            self._times[text] += 1
            attempt = self._times[text]
        return Asked(first[0], first[1], headers, text, attempt, bool(body.get("stream")))

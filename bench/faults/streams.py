"""Everything that a server may say in a streamed answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.faults.bodies import DEEP, Fault, Outcome
from bench.faults.wire import OK, Asked, Reply, Wire, completion, event, events, http

HEAD = b"HTTP/1.1 200 Said\r\nContent-Type: text/event-stream\r\n\r\n"
LAST = event(OK, "stop")


def _without_end(pause_s: float, chunk: bytes) -> Reply:
    def reply(wire: Wire, _: Asked) -> None:
        wire.send(HEAD)
        while True:
            wire.send(chunk)
            wire.wait(pause_s)

    return reply


def _reset(wire: Wire, _: Asked) -> None:
    wire.send(events(event("o"), done=False))
    wire.reset()


ANSWERED: Mapping[str, Reply] = {
    "stream": events(event("o"), event("k", "stop")),
    "stream without [DONE]": events(event("o"), event("k", "stop"), done=False),
    "stream without finish_reason": events(event("o"), event("k")),
    "stream with CRLF and comments": http(
        events(LAST).partition(b"\r\n\r\n")[2].replace(b"\n", b"\r\n").replace(b"data", b": ping\r\n\r\ndata"),
        kind="text/event-stream",
    ),
    "stream with a field of no name": http(
        b"\n\n:\nretry: x\nid\nok\n" + events(LAST).partition(b"\r\n\r\n")[2], kind="text/event-stream"
    ),
    "stream of another charset": http(
        events(LAST).partition(b"\r\n\r\n")[2], kind="text/event-stream; charset=latin-9"
    ),
    "stream, usage text": events(LAST, {"choices": [], "usage": {"prompt_tokens": "x"}}),
    "stream, usage Infinity": events(LAST, '{"choices":[],"usage":{"prompt_tokens":Infinity}}'),
    "stream, usage a list": events(LAST, {"choices": [], "usage": [1]}),
    "stream, content in parts": events(event([{"type": "text", "text": OK}], "stop")),
    "stream, a second choice between": events(event("o"), event("ZZZ", index=1), event("k", "stop")),
    "stream, choices null": events({"choices": None}, LAST),
    "stream, delta null": events({"choices": [{"delta": None}]}, LAST),
    "stream asked for, JSON given": http(completion()),
}

WRONG: Mapping[str, Reply] = {
    "stream, every event twice": events(event("o"), event("o"), event("k"), event("k", "stop")),
    "stream, half a surrogate pair": events(r'{"choices":[{"delta":{"content":"ok \ud800"},"finish_reason":"stop"}]}'),
    "stream, a pair in two events": events(
        r'{"choices":[{"delta":{"content":"\ud83d"}}]}',
        r'{"choices":[{"delta":{"content":"\ude00"},"finish_reason":"stop"}]}',
    ),
    "stream cut off": events(event("o", "length")),
    "stream of nothing": events(event(None, "stop")),
    "stream, line of 10 megabytes": events(event("A" * 10**7, "stop")),
}

UNMEASURED: Mapping[str, Reply] = {
    "stream that ends early": events(event("o"), event("k"), done=False),
    "stream that is reset": _reset,
    "stream of no events": http(b"", kind="text/event-stream"),
    "stream, content a number": events(event(7, "stop")),
    "stream, an event is a list": events("[1]", LAST),
    "stream, an event is no JSON": events("<html>", LAST),
    "stream, choices a number": events({"choices": 5}, LAST),
    "stream, error inside": events(event("o"), {"error": {"message": "out of memory"}}),
    "stream, error inside, nested": events(f'{{"error": {DEEP}}}'),
    "stream, nested 100,000 deep": events(DEEP, LAST),
    "stream, 10,000 digits": events('{"usage": %s}' % ("9" * 10_000), LAST),
    "stream, not UTF-8": http(b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n', kind="text/event-stream"),
    "stream filtered": events(event("o"), event("", "content_filter")),
    "stream broken off by the server": events(event("o"), event("", "error")),
    "stream of blanks without a line": http(b" " * 20_000_000, kind="text/event-stream"),
    "stream without an end": _without_end(0.1, b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'),
    "stream that floods": _without_end(0.0, b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % (b"a" * 50_000)),
    "stream of comments without an end": _without_end(0.1, b": ping\n\n"),
}


def streamed() -> Iterator[Fault]:
    """Those of a streamed request."""
    named: list[tuple[Outcome, Mapping[str, Reply]]] = [
        ("answered", ANSWERED),
        ("wrong", WRONG),
        ("unmeasured", UNMEASURED),
    ]
    for outcome, replies in named:
        for name, reply in replies.items():
            yield Fault(name, reply, outcome, stream=True)

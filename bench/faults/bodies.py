"""Everything that a server may answer to one request, and what must come of it while all others are answered well."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Literal

from bench.faults.wire import GOOD, OK, Asked, Reply, Wire, completion, http

Outcome = Literal["answered", "wrong", "unmeasured"]
"""The expected answer; another answer of the model's; none of the model's at all."""

HEAD = b"HTTP/1.1 200 Said\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PLAIN = json.dumps(completion()).encode()
DEEP = "[" * 100_000 + "]" * 100_000


@dataclass(frozen=True)
class Fault:
    """One entry of the list. name: the text of the message that it is the answer to. stream: of a streamed request."""

    name: str
    reply: Reply
    outcome: Outcome
    stream: bool = False


def first(times: int, bad: bytes) -> Callable[[Wire, Asked], None]:
    """So many bad answers, then good ones."""
    return lambda wire, asked: wire.send(bad if asked.attempt <= times else GOOD)


def usage(text: str) -> bytes:
    """A good answer with this as its "usage", whether or not it is JSON."""
    return http(f'{{"choices":[{{"message":{{"content":"ok"}},"finish_reason":"stop"}}],"usage":{text}}}')


def content(text: str) -> bytes:
    """An answer with this as its content, as written in JSON."""
    return http(f'{{"choices":[{{"message":{{"content":{text}}},"finish_reason":"stop"}}]}}')


def bomb(size: int) -> bytes:
    """`size` bytes of blanks and an answer, compressed to a thousandth."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * 2**20
    raw = b"".join(
        [*(packer.compress(block) for _ in range(size // len(block))), packer.compress(PLAIN), packer.flush()]
    )
    return http(raw, headers={"Content-Encoding": "gzip"})


def _drip_headers(wire: Wire, _: Asked) -> None:
    wire.send(b"HTTP/1.1 200 Said\r\n")
    for number in range(1000):
        wire.send(b"X-%d: a\r\n" % number)
        wire.wait(0.2)


def _hang(wire: Wire, _: Asked) -> None:
    wire.hang()


def _then_hang(raw: bytes) -> Callable[[Wire, Asked], None]:
    def reply(wire: Wire, _: Asked) -> None:
        wire.send(raw)
        wire.hang()

    return reply


def _then_close(raw: bytes) -> Callable[[Wire, Asked], None]:
    def reply(wire: Wire, _: Asked) -> None:
        wire.send(raw)
        wire.close()

    return reply


def _reset_in_the_middle(wire: Wire, _: Asked) -> None:
    wire.send(GOOD[: len(GOOD) // 2])
    wire.reset()


def _reset_once(wire: Wire, asked: Asked) -> None:
    if asked.attempt > 1:
        wire.send(GOOD)
    else:
        wire.reset()


def _soon(wire: Wire, asked: Asked) -> None:
    soon = formatdate(time.time() + 2, usegmt=True)
    wire.send(GOOD if asked.attempt > 1 else http("slow", 429, headers={"Retry-After": soon}))


RETRY_AFTER = {
    "empty": "",
    "negative": "-5",
    "nan": "nan",
    "infinite": "1e309",
    "word": "abc",
    "bytes": "\xff\xfe",
    "zero": "0",
    "two seconds": "2",
    "long past": "Mon, 01 Jan 1970 00:00:00 GMT",
    "no such year": "Mon, 01 Jan 99999 00:00:00 GMT",
    "no such date": "Mon, 00 Foo 2024 99:99:99 GMT",
    "no such time zone": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
    "5,000 digits": "1" * 5000,
}

PASSING: Mapping[str, Reply] = {
    "429 with a date, then good": _soon,
    "500 three times, then good": first(3, http("boom", 500)),
    "reset once, then good": _reset_once,
    "finish_reason error, then good": first(1, http(completion("part", "error"))),
    "finish_reason abort, then good": first(1, http(completion("part", "abort"))),
    **{
        f"429 and Retry-After {name}, then good": first(1, http("slow", 429, headers={"Retry-After": value}))
        for name, value in RETRY_AFTER.items()
    },
}

ODD_BUT_GOOD: Mapping[str, Reply] = {
    "content in parts": http(completion([{"type": "text", "text": "o"}, {"type": "text", "text": "k"}])),
    "content in parts, one a thought": http(completion([{"type": "thinking", "thinking": "?"}, {"text": OK}])),
    "usage is text": usage('{"prompt_tokens": "many"}'),
    "usage is Infinity": usage('{"prompt_tokens": Infinity}'),
    "usage is 1e400": usage('{"completion_tokens": 1e400}'),
    "usage is NaN": usage('{"completion_tokens": NaN}'),
    "usage is negative": usage('{"completion_tokens": -3}'),
    "usage has 400 digits": usage('{"completion_tokens": %s}' % ("9" * 400)),
    "usage is a list": usage("[1]"),
    "usage holds a list": usage('{"prompt_tokens": [1]}'),
    "usage is null": usage("null"),
    "no usage": content('"ok"'),
    "content type octet-stream": http(completion(), kind="application/octet-stream"),
    "no content type": http(completion(), headers={"Content-Type": "-"}),
    "unknown charset": http(completion(), kind="application/json; charset=klingon"),
    "content type of bytes": http(completion(), kind="\xff\xfe/\x80"),
    "broken content type": http(completion(), kind=";;=/,"),
    "UTF-16": http(json.dumps(completion()).encode("utf-16")),
    "byte order mark": http(b"\xef\xbb\xbf" + PLAIN),
    "gzip": http(gzip.compress(PLAIN), headers={"Content-Encoding": "gzip"}),
    "a megabyte of blanks": http(b" " * 10**6 + PLAIN),
    "chunks of one byte": CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in PLAIN) + b"0\r\n\r\n",
    "closed after each answer": _then_close(GOOD),
    "100 Continue before": b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD,
    "no length, closed at the end": _then_close(HEAD + b"\r\n" + PLAIN),
    "finish_reason missing": http({"choices": [{"message": {"content": OK}}]}),
    "finish_reason null": http(completion(finish=None)),
    "finish_reason eos": http(completion(finish="eos")),
    "finish_reason STOP": http(completion(finish="STOP")),
    "finish_reason tool_calls": http(completion(finish="tool_calls")),
    "two choices": http({"choices": [*completion()["choices"], {"message": {"content": "other"}}]}),
    "50 more fields": http(completion(**{f"x{number}": [number] * 50 for number in range(50)})),
}

WRONG: Mapping[str, Reply] = {
    "content null": http(completion(None)),
    "content empty": http(completion("")),
    "content without texts": http(completion([{"type": "image_url", "image_url": {}}])),
    "refusal of the model": http({"choices": [{"message": {"content": None, "refusal": "no"}}]}),
    "finish_reason length": http(completion(finish="length")),
    "finish_reason max_tokens": http(completion(finish="max_tokens")),
    "half a surrogate pair": content(r'"ok \ud800"'),
    "the other half": content(r'"\udc00 ok"'),
    "half a pair as bytes": http(b'{"choices":[{"message":{"content":"ok \xed\xa0\x80"}}]}'),
    "zero byte": content(r'"o\u0000k"'),
    "escapes and bidi": content(r'"\u001b]0;title\u0007\u001b[2J\u202eok\n::error::ok"'),
    "ten megabytes": http(completion("A" * 10**7)),
}

REFUSED: Mapping[str, Reply] = {
    "content a number": content("42"),
    "content an object": content('{"a": 1}'),
    "content true": content("true"),
    "content a list of numbers": content("[1]"),
    "content missing": http({"choices": [{"message": {"role": "assistant"}}]}),
    "message null": http({"choices": [{"message": None}]}),
    "choices empty": http({"choices": []}),
    "choices null": http({"choices": None}),
    "choices an object": http({"choices": {"0": completion()["choices"][0]}}),
    "error with 200": http({"error": {"message": "overloaded"}}),
    "half of the JSON": http(PLAIN[:-20]),
    "empty body": http(b""),
    "JSON null": http(b"null"),
    "JSON text": http(b'"ok"'),
    "web page with 200": http("<html><body>Log in</body></html>", kind="text/html"),
    "not UTF-8": http(b'{"choices":[{"message":{"content":"\xff\xfe"}}]}'),
    "100,000 nested lists": usage(DEEP),
    "100,000 nested objects": usage('{"a":' * 100_000 + "1" + "}" * 100_000),
    "900 nested lists as content": content("[" * 900 + "]" * 900),
    "number of 10,000 digits": usage("9" * 10_000),
    "finish_reason content_filter": http(completion(OK, "content_filter")),
    "finish_reason content_filter, empty": http({"choices": [{"message": {}, "finish_reason": "content_filter"}]}),
    "finish_reason refusal": http(completion(OK, "refusal")),
    "finish_reason unknown": http(completion(OK, "weird")),
    "finish_reason a number": http(completion(OK, 7)),
    "finish_reason an object": http(completion(OK, {"type": "stop"})),
    "204 No Content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "201 with a good body": http(completion(), 201),
    "400": http({"error": "too long"}, 400),
    "400 that is not UTF-8": http(b"\xff\xfe\x00", 400),
    "401": http({"error": "bad key"}, 401),
    "404": http("not found", 404),
    "408": http("timeout", 408),
    "status 999": http("odd", 999),
    "307 to itself": http("", 307, headers={"Location": "/v1/chat/completions"}),
    "307 to another address": http("", 307, headers={"Location": "http://127.0.0.1:9/v1/chat/completions"}),
    "302 to a log-in": http("", 302, headers={"Location": "/login"}),
    "307 to a file": http("", 307, headers={"Location": "file:///etc/passwd"}),
    "307 to bytes": http("", 307, headers={"Location": "/\xff\xfe\x80"}),
    "301 to nowhere": http("", 301),
    "50 megabytes": http(completion("A" * 50_000_000)),
    "gzip of 300 megabytes": bomb(300 * 2**20),
    "events though not asked for, of no JSON": http(b"data: ok\n\n", kind="text/event-stream"),
}

BROKEN: Mapping[str, Reply] = {
    "500 for ever": http("boom", 500),
    "502 with a web page": http("<html>Bad gateway</html>", 502, kind="text/html"),
    "529 for ever": http("busy", 529, headers={"Retry-After": "0.1"}),
    "reset in the middle": _reset_in_the_middle,
    "finish_reason error for ever": http(completion("part", "error")),
    "JSON as events": http(completion(), kind="text/event-stream"),
    "not HTTP": _then_close(b"SSH-2.0-OpenSSH_9\r\n"),
    "closed without a word": _then_close(b""),
    "chunks that end early": _then_close(CHUNKED + b"%x\r\n%s\r\n" % (len(PLAIN), PLAIN)),
    "chunk of no size": _then_close(CHUNKED + b"zz\r\n" + PLAIN + b"\r\n0\r\n\r\n"),
    "chunk of negative size": _then_close(CHUNKED + b"-5\r\n" + PLAIN + b"\r\n0\r\n\r\n"),
    "shorter than its length": _then_close(http(completion(), length=len(PLAIN) + 50)),
    "length not a number": _then_close(http(completion(), headers={"Content-Length": "many"})),
    "length twice": _then_close(http(completion(), headers={"Content-length": "5"})),
    "not gzip": http(completion(), headers={"Content-Encoding": "gzip"}),
    "half of a gzip": http(gzip.compress(PLAIN)[:-10], headers={"Content-Encoding": "gzip"}),
    "header of 100 KB": _then_close(http(completion(), headers={"X-Long": "a" * 100_000})),
    "10,000 headers": _then_close(http(completion(), headers={f"X-{number}": "a" for number in range(10_000)})),
    "zero byte in a header": _then_close(http(completion(), headers={"X-Zero": "a\0b"})),
    "never answers": _hang,
    "byte by byte": lambda wire, _: wire.drip(GOOD, 0.2),
    "header by header": _drip_headers,
    "chunks without an end": _then_hang(CHUNKED + b"%x\r\n%s\r\n" % (len(PLAIN), PLAIN)),
    "longer than its body, then nothing": _then_hang(http(completion(), length=len(PLAIN) + 50)),
}


def plain() -> Iterator[Fault]:
    """Those of a request that is not streamed."""
    named: list[tuple[Outcome, Mapping[str, Reply]]] = [
        ("answered", PASSING),
        ("answered", ODD_BUT_GOOD),
        ("wrong", WRONG),
        ("unmeasured", REFUSED),
        ("unmeasured", BROKEN),
    ]
    for outcome, replies in named:
        for name, reply in replies.items():
            yield Fault(name, reply, outcome)

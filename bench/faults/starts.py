"""Addresses, and answers to GET /models, that a run may begin with."""

from __future__ import annotations

from collections.abc import Mapping

from bench.faults.bodies import DEEP, HEAD
from bench.faults.wire import MODELS, Asked, Reply, Wire, http

ADDRESSES: Mapping[str, tuple[str, bool]] = {
    "slash at the end": ("http://{address}/v1/", True),
    "two slashes at the end": ("http://{address}/v1//", True),
    "scheme in capitals": ("HTTP://{address}/v1", True),
    "letters beyond ASCII": ("http://{address}/é/v1", True),
    "blank inside": ("http://{address}/v 1", True),
    "name and password beside a key": ("http://bob:hunter2@{address}/v1", False),
    "question mark": ("http://{address}/v1?api-version=2024", True),
    "fragment": ("http://{address}/v1#x", False),
    "no scheme": ("{address}/v1", False),
    "ftp": ("ftp://{address}/v1", False),
    "file": ("file:///etc/passwd", False),
    "no host": ("http:///v1", False),
    "line end inside": ("http://127.0.0.1:9/v\n1", False),
    "port above 65535": ("http://127.0.0.1:99999/v1", False),
    "port not a number": ("http://127.0.0.1:abc/v1", False),
    "label of 70 letters": (f"http://{'a' * 70}.example/v1", False),
    "IPv6 not closed": ("http://[::1/v1", False),
    "nobody listens": ("http://127.0.0.1:9/v1", False),
    "no such host": ("http://nowhere.invalid/v1", False),
    "TLS to a plain port": ("https://{address}/v1", False),
}
"""name -> (address, whether a run succeeds with it); {address} is a good server's."""


def _drip(wire: Wire, _: Asked) -> None:
    wire.send(HEAD + b"\r\n")
    wire.drip(b" " * 1000, 0.5)


def _drip_headers(wire: Wire, _: Asked) -> None:
    wire.send(HEAD)
    for number in range(1000):
        wire.send(b"X-%d: a\r\n" % number)
        wire.wait(0.5)


def _reset(wire: Wire, _: Asked) -> None:
    wire.send(HEAD)
    wire.reset()


def _closing(raw: bytes) -> Reply:
    def reply(wire: Wire, _: Asked) -> None:
        wire.send(raw)
        wire.close()

    return reply


LISTS: Mapping[str, tuple[Reply, bool]] = {
    "404": (http("not found", 404), True),
    "500": (http("boom", 500), True),
    "500, shorter than its length": (_closing(http("boom", 500, length=1000)), False),
    "web page": (http("<html>log in</html>", kind="text/html"), True),
    "no JSON object": (http(b"[1, 2]"), True),
    "data null": (http({"data": None}), True),
    "data a number": (http({"data": 5}), True),
    "names that are none": (http({"data": [{"id": None}, {"id": {}}, 7, {"name": "x"}, {"id": "mock"}]}), True),
    "nested 100,000 deep": (http(DEEP), True),
    "number of 10,000 digits": (http("9" * 10_000), True),
    "half a surrogate pair in a name": (http('{"data": [{"id": "\\ud800"}, {"id": "mock"}]}'), True),
    "escapes in a name": (http({"data": [{"id": "\x1b]0;title\x07\n::error::x"}]}), False),
    "not UTF-8": (http(b"\xff\xfe\x00"), True),
    "50 megabytes": (http(b" " * 50_000_000), False),
    "byte by byte": (_drip, False),
    "header by header": (_drip_headers, False),
    "hangs": (lambda wire, _: wire.hang(), False),
    "reset": (_reset, False),
    "closed without a word": (_closing(b""), False),
    "shorter than its length": (_closing(http({"data": []}, length=1000)), False),
    "not HTTP": (_closing(b"SSH-2.0-x\r\n"), False),
    "200 headers": (_closing(http({"data": []}, headers={f"X-{number}": "a" for number in range(200)})), False),
    "not gzip": (http({"data": []}, headers={"Content-Encoding": "gzip"}), False),
    "redirect to itself": (http("", 302, headers={"Location": "/v1/models"}), False),
    "redirect to another server": (http("", 302, headers={"Location": "http://{other}/v1/models"}), False),
    "redirect to bytes": (http("", 302, headers={"Location": "/\xff\xfe"}), False),
    "401": (http("bad key", 401), False),
    "another model": (http({"data": [{"id": "other"}]}), False),
    "good": (MODELS, True),
}
"""name -> (answer to GET /models, whether a run succeeds with it): who lists no models may serve them all the same."""

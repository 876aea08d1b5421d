"""(queue) -> a page on 127.0.0.1, for one person with its secret address; runs until that person finishes."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pytest_ftgate.annotation.item import ReviewError
from pytest_ftgate.annotation.review_queue import ReviewQueue

PAGE = Path(__file__).with_name("page.html")
MOST_BYTES = 2_000_000
LOOPBACK = "127.0.0.1"


class DeskServer(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1. url: with a random token, without which nothing is answered."""

    daemon_threads = True

    def __init__(self, queue: ReviewQueue, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.queue = queue
        self.token = secrets.token_urlsafe(24)
        self.finished = threading.Event()

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """What a browser that was given `url` may say it asks; a name that was rebound to this address is none."""
        return f"{LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self.hosts[0]}/{self.token}/"

    def run(self) -> None:
        """Answer until the page says that the person has finished, or Ctrl-C."""
        with self:
            thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            try:
                self.finished.wait()
            finally:
                self.shutdown()
                thread.join()

    def state(self, note: str = "") -> dict[str, Any]:
        """What the page shows."""
        queue, item = self.queue, self.queue.current
        shown = {"id": item.id, "parts": item.parts, "draft": item.draft} if item else None
        choices = [
            {"key": each.key, "value": each.value, "label": each.label, "edits": each.edits}
            for each in queue.task.choices
        ]
        told = {"title": queue.task.title, "question": queue.task.question, "by": queue.by, "note": note}
        return told | {"done": queue.done, "total": len(queue.items), "item": shown, "choices": choices}


class _Handler(BaseHTTPRequestHandler):
    server: DeskServer
    protocol_version = "HTTP/1.1"
    server_version = "ftgate"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        path = self._path()
        if path == "":
            nonce = secrets.token_urlsafe(16)
            page = PAGE.read_text(encoding="utf-8").replace("{{nonce}}", nonce)
            self._send(200, "text/html; charset=utf-8", page.encode(), nonce)
        elif path == "state":
            self._json(200, self.server.state())
        elif path is not None:
            self._refuse(404)

    def do_POST(self) -> None:
        path = self._path()
        if path is None:
            return
        if path not in ("decide", "undo", "finish"):
            self._refuse(404)
        elif (sent := self._sent()) is not None:
            self._act(path, sent)

    def _act(self, path: str, sent: Mapping[str, Any]) -> None:
        if path == "decide":
            text = sent.get("text")
            try:
                self.server.queue.decide(
                    str(sent.get("item")), str(sent.get("choice")), text if isinstance(text, str) else None
                )
            except ReviewError as error:
                self._json(409, self.server.state(str(error)))
                return
        elif path == "undo":
            self.server.queue.undo()
        self._json(200, self.server.state())
        if path == "finish":
            self.server.finished.set()

    def _path(self) -> str | None:
        """The path below the token; None if the request was refused."""
        if self.headers.get("Host") not in self.server.hosts or not self._from_here():
            self._refuse(403)
            return None
        token, _, rest = self.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(404)
            return None
        return rest

    def _from_here(self) -> bool:
        """Whether no other page has sent this."""
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site")
        own = origin is None or origin in {f"http://{host}" for host in self.server.hosts}
        return own and site in (None, "same-origin", "none")

    def _sent(self) -> Mapping[str, Any] | None:
        """The JSON object of a request; None if it was refused."""
        if (self.headers.get("Content-Type") or "").split(";")[0].strip() != "application/json":
            self._refuse(415)
            return None
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self._refuse(411)
            return None
        if int(length) > MOST_BYTES:
            self._refuse(413)
            return None
        try:
            data = json.loads(self.rfile.read(int(length)))
        except ValueError:
            data = None
        if not isinstance(data, dict):
            self._refuse(400)
            return None
        return data

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._send(status, "text/plain; charset=utf-8", b"refused\n")

    def _json(self, status: int, data: Mapping[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(data).encode())

    def _send(self, status: int, kind: str, body: bytes, nonce: str = "") -> None:
        allowed = (
            f"script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; "
            if nonce
            else ""
        )
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; {allowed}base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        )
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: a log would hold the token."""


_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

"""A local server that speaks the part of GitHub's and GitLab's APIs with which a comment is written."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghs_a-token-of-this-test"
BOT = {"login": "github-actions[bot]", "type": "Bot", "id": 41898282}


class FakeHost:
    """comments: of the request, oldest first: {"id", "body", "user", "author"}. asked: method and path of each request.

    me: answer to /user, None for a job's own token (403). refuse: {"POST": (403, "message")}. pulls: of any commit.
    """

    def __init__(self, comments: list[dict[str, Any]] | None = None, me: dict[str, Any] | None = None) -> None:
        self.comments = comments or []
        self.me = me
        self.asked: list[str] = []
        self.refuse: dict[str, tuple[int, str, dict[str, str]]] = {}
        self.pulls: list[dict[str, Any]] = []

    def __enter__(self) -> FakeHost:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                given = {self.headers.get("Authorization"), self.headers.get("PRIVATE-TOKEN")}
                known = bool(given & {f"Bearer {TOKEN}", TOKEN})
                code, value, headers = host.answer(self.command, self.path, body) if known else (401, NO_TOKEN, {})
                raw = json.dumps(value).encode()
                self.send_response(code)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PATCH = do_PUT = _answer

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        self.asked.append(f"{method} {path}")
        place = urlsplit(path)
        if place.path.endswith("/user"):
            return (200, self.me, {}) if self.me else (403, {"message": "Resource not accessible by integration"}, {})
        if method in self.refuse:
            code, message, headers = self.refuse[method]
            return code, {"message": message}, headers
        if place.path.endswith(("/pulls", "/merge_requests")):
            return 200, self.pulls, {}
        if method == "GET":
            query = parse_qs(place.query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return 200, self.comments[(page - 1) * size : page * size], {}
        if method == "POST":
            self.comments.append(comment(1000 + len(self.comments), body["body"], self.me or BOT))
            return 201, self.comments[-1], {}
        [found] = [each for each in self.comments if str(each["id"]) == place.path.rpartition("/")[2]]
        found["body"] = body["body"]
        return 200, found, {}


NO_TOKEN = {"message": "Bad credentials"}


def comment(number: int, body: str, user: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "body": body, "user": user, "author": user, "html_url": f"https://host/it#{number}"}

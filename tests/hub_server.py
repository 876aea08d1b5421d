"""A local server that speaks the Hub's protocol for models, for `HF_ENDPOINT`; the real `huggingface_hub` asks it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer:
    """`with HubServer({"org/name": {"config.json": b"{}"}}) as hub:` serves `hub.url`.

    gated: repositories that give their list to everybody, and files to nobody without the token "good". broken:
    so many bytes of a file are sent, then the connection breaks, each once. moved: commit of "main" by repository.
    failing: files for which every request gets the status 503.
    requests: (method, path, Range header).
    """

    def __init__(self, repos: Mapping[str, Mapping[str, bytes]], gated: tuple[str, ...] = ()) -> None:
        self.repos, self.gated = repos, gated
        self.broken: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.failing: set[str] = set()
        self.requests: list[tuple[str, str, str]] = []

    def __enter__(self) -> HubServer:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub.answer(self)

            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, name="hub", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fetched(self, name: str) -> list[str]:
        """The Range header of each GET of a file, "" without one."""
        return [ranged for method, path, ranged in self.requests if method == "GET" and path.endswith(f"/{name}")]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(urlsplit(request.path).path)
        self.requests.append((request.command, path, request.headers.get("Range", "")))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._api(request, "/".join(parts[2:4]), parts[4:])
        elif len(parts) > 4 and parts[2] == "resolve":
            self._file(request, "/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        else:
            self._refuse(request, 404, "EntryNotFound")

    def _commit(self, repo: str, revision: str) -> str:
        now = self.moved.get(repo, COMMIT)
        return now if revision in {"main", now} else ""

    def _api(self, request: BaseHTTPRequestHandler, repo: str, more: list[str]) -> None:
        if repo not in self.repos:
            self._refuse(request, 404 if request.headers.get("Authorization") else 401, "RepoNotFound")
            return
        commit = self._commit(repo, more[1] if len(more) > 1 else "main")
        if not commit:
            self._refuse(request, 404, "RevisionNotFound")
            return
        files = self.repos[repo]
        if more[:1] == ["tree"]:
            listed = [_entry(name, data) for name, data in files.items()]
            self._send(request, json.dumps(listed).encode())
            return
        siblings = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
        found = {"id": repo, "modelId": repo, "sha": commit, "private": False, "tags": [], "siblings": siblings}
        self._send(request, json.dumps(found | {"gated": "manual" if repo in self.gated else False}).encode())

    def _file(self, request: BaseHTTPRequestHandler, repo: str, revision: str, name: str) -> None:
        if repo in self.gated and request.headers.get("Authorization") != "Bearer good":
            self._refuse(request, 401 if "Authorization" not in request.headers else 403, "GatedRepo")
            return
        if not self._commit(repo, revision) or name not in self.repos.get(repo, {}):
            self._refuse(request, 404, "EntryNotFound")
            return
        if name in self.failing:
            self._refuse(request, 503, "Busy")
            return
        data = self.repos[repo][name]
        headers = {"ETag": f'"{_blob(data)}"', "X-Repo-Commit": self._commit(repo, revision), "Accept-Ranges": "bytes"}
        start, status = 0, 200
        if ranged := request.headers.get("Range"):
            start, status = int(ranged.removeprefix("bytes=").split("-")[0]), 206
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        most = self.broken.pop(name, None) if request.command == "GET" else None
        self._send(request, data[start:], status, headers, most)

    def _refuse(self, request: BaseHTTPRequestHandler, status: int, code: str) -> None:
        self._send(request, b'{"error": "no"}', status, {"X-Error-Code": code, "X-Error-Message": f"{code} it is"})

    def _send(
        self,
        request: BaseHTTPRequestHandler,
        data: bytes,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        most: int | None = None,
    ) -> None:
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data[:most] if most is not None else data)
        if most is not None:
            request.wfile.flush()
            request.close_connection = True
            request.connection.close()


def _blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _entry(name: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(data), "oid": _blob(data)}

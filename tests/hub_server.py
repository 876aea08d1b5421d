"""A local server that speaks the Hub's protocol for models, for `HF_ENDPOINT`; the real `huggingface_hub` asks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from tests.hub_writes import Writes, blob, entry

CHANGES = ("/repos/create", "/large/", "/commit/", "/tag/", "/branch/")
"""Of the requests that are not only reading."""

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer:
    """`with HubServer({"org/name": {"config.json": b"{}"}}) as hub:` serves `hub.url`.

    gated: repositories that give their list to everybody, and files to nobody without the token "good". broken:
    so many bytes of a file are sent, then the connection breaks, each once. moved: commit of "main" by repository.
    failing: files for which every request gets the status 503.
    requests: (method, path, Range header).
    writes: repositories that clients with the token "good" create and change. busy: so many answers with the status 503
    for requests whose path contains the key. lost: so many commits are made, and their answers never sent.
    step: called before and after each request that changes something.
    """

    def __init__(self, repos: Mapping[str, Mapping[str, bytes]], gated: tuple[str, ...] = ()) -> None:
        self.repos, self.gated = repos, gated
        self.broken: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.failing: set[str] = set()
        self.requests: list[tuple[str, str, str]] = []
        self.writes = Writes()
        self.busy: dict[str, int] = {}
        self.lost = 0
        self.step: Callable[[], None] = lambda: None

    def __enter__(self) -> HubServer:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms for the client

            def do_HEAD(self) -> None:
                hub.answer(self)

            def do_GET(self) -> None:
                hub.answer(self)

            def do_POST(self) -> None:
                hub.write(self)

            def do_PUT(self) -> None:
                hub.write(self)

            def do_DELETE(self) -> None:
                hub.write(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # clients that are killed
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="hub", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fetched(self, name: str) -> list[str]:
        """The Range header of each GET of a file, "" without one."""
        return [ranged for method, path, ranged in self.requests if method == "GET" and path.endswith(f"/{name}")]

    def write(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(urlsplit(request.path).path)
        self.requests.append((request.command, path, ""))
        if request.command == "PUT" and self.writes.most:
            request.rfile.read(self.writes.most.pop())
            request.close_connection = True
            request.connection.close()
            return
        body = _body(request)
        if any(self._is_busy(part) for part in list(self.busy) if part in path):
            self._refuse(request, 503, "Busy")
        elif request.command != "PUT" and request.headers.get("Authorization") != "Bearer good":
            self._refuse(request, 401, "Unauthorized")
        elif "/commit/" in path and self.lost:
            self.lost -= 1
            self.writes.answer("POST", path, body, self.url)
            request.close_connection = True
            request.connection.close()
        else:
            self._written(request, path, body)

    def _is_busy(self, part: str) -> bool:
        self.busy[part] -= 1
        return self.busy[part] >= 0

    def _written(self, request: BaseHTTPRequestHandler, path: str, body: bytes) -> None:
        changes = any(part in path for part in CHANGES)
        if changes:
            self.step()
        status, found = self.writes.answer(request.command, path, body, self.url) or (404, "RepoNotFound")
        if changes:
            self.step()
        if isinstance(found, str):
            self._refuse(request, status, found)
        else:
            self._send(request, json.dumps(found).encode(), status)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(urlsplit(request.path).path)
        self.requests.append((request.command, path, request.headers.get("Range", "")))
        parts = path.strip("/").split("/")
        if not self._may_read(request, path):
            self._refuse(request, 401, "RepoNotFound")
        elif parts[:2] == ["api", "models"] and parts[4:5] in (["refs"], ["commits"]):
            self._written(request, path, b"")
        elif parts[:2] == ["api", "models"]:
            self._api(request, "/".join(parts[2:4]), parts[4:])
        elif len(parts) > 4 and parts[2] == "resolve":
            self._file(request, "/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        else:
            self._refuse(request, 404, "EntryNotFound")

    def _may_read(self, request: BaseHTTPRequestHandler, path: str) -> bool:
        private = [name for name, repo in self.writes.repos.items() if repo.private and f"/{name}" in path]
        return not private or request.headers.get("Authorization") == "Bearer good"

    def _files(self, repo: str, revision: str) -> Mapping[str, bytes]:
        written = self.writes.repos.get(repo)
        commit = written.commit_of(revision) if written else None
        return commit.files if commit else self.repos.get(repo, {})

    def _commit(self, repo: str, revision: str) -> str:
        if repo in self.writes.repos:
            found = self.writes.repos[repo].commit_of(revision)
            return found.oid if found else ""
        now = self.moved.get(repo, COMMIT)
        return now if revision in {"main", now} else ""

    def _api(self, request: BaseHTTPRequestHandler, repo: str, more: list[str]) -> None:
        if repo not in self.repos and repo not in self.writes.repos:
            self._refuse(request, 404 if request.headers.get("Authorization") else 401, "RepoNotFound")
            return
        commit = self._commit(repo, more[1] if len(more) > 1 else "main")
        if not commit:
            self._refuse(request, 404, "RevisionNotFound")
            return
        files = self._files(repo, commit)
        if more[:1] == ["tree"]:
            listed = [entry(name, data) for name, data in files.items()]
            self._send(request, json.dumps(listed).encode())
            return
        private = repo in self.writes.repos and self.writes.repos[repo].private
        siblings = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
        found = {"id": repo, "modelId": repo, "sha": commit, "private": private, "tags": [], "siblings": siblings}
        self._send(request, json.dumps(found | {"gated": "manual" if repo in self.gated else False}).encode())

    def _file(self, request: BaseHTTPRequestHandler, repo: str, revision: str, name: str) -> None:
        if repo in self.gated and request.headers.get("Authorization") != "Bearer good":
            self._refuse(request, 401 if "Authorization" not in request.headers else 403, "GatedRepo")
            return
        if not self._commit(repo, revision) or name not in self._files(repo, revision):
            self._refuse(request, 404, "EntryNotFound")
            return
        if name in self.failing:
            self._refuse(request, 503, "Busy")
            return
        data = self._files(repo, revision)[name]
        headers = {"ETag": f'"{blob(data)}"', "X-Repo-Commit": self._commit(repo, revision), "Accept-Ranges": "bytes"}
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


def _body(request: BaseHTTPRequestHandler) -> bytes:
    """What a request brings, also in chunks."""
    if request.headers.get("Transfer-Encoding") != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length", 0)))
    found = b""
    while size := int(request.rfile.readline(), 16):
        found += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return found

"""The Batches API of the scripted server: created, listed, ended when told to, results in another order."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.messages_wire import as_message, error_body

if TYPE_CHECKING:
    from tests.messages_server import MessagesServer

Body = dict[str, Any]


class Batches:
    """`created`: id -> custom ids. looks: a batch is over at its so-manieth look (0: at once).

    lose_creations: so many creations are done but answered by a closed connection; hang_creations:
    or not answered in time. fail_creations: so many are
    answered by 529 and not done. on_create: called when a batch is made, before it is answered. ends: custom id -> "errored", "expired" or "canceled" or "invalid" instead of an answer, once;
    always: the same, each time. `sent`: id -> requests.
    """

    def __init__(self, server: MessagesServer) -> None:
        self.server = server
        self.created: dict[str, list[str]] = {}
        self.looks, self.lose_creations, self.hang_creations, self.fail_creations = 0, 0, 0, 0
        self.ends: dict[str, str] = {}
        self.always: dict[str, str] = {}
        self.on_create: Callable[[], None] = lambda: None
        self.looked: Counter[str] = Counter()
        self.sent: dict[str, list[Body]] = {}
        self._results: dict[str, list[str]] = {}
        self._times: dict[str, datetime] = {}

    def add_stranger(self, count: int) -> None:
        """A batch of somebody else, newer than all others."""
        id_ = f"msgbatch_{len(self._times) + 1}"
        message = {"model": "m", "messages": [{"role": "user", "content": "of somebody else"}], "max_tokens": 1}
        self.sent[id_] = [{"custom_id": f"theirs-{n}", "params": message} for n in range(count)]
        self.created[id_] = [entry["custom_id"] for entry in self.sent[id_]]
        self._times[id_] = datetime.now(UTC)

    def forget(self) -> None:
        """As after 29 days."""
        self.created.clear()
        self.sent.clear()

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/messages/batches", self._create)
        app.router.add_get("/v1/messages/batches", self._list)
        app.router.add_get("/v1/messages/batches/{id}", self._look)
        app.router.add_get("/v1/messages/batches/{id}/results", self._send_results)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        requests = json.loads(await request.read())["requests"]
        if self.fail_creations:
            self.fail_creations -= 1
            return web.json_response(error_body(529, "Overloaded"), status=529)
        id_ = f"msgbatch_{len(self._times) + 1}"
        self.created[id_] = [entry["custom_id"] for entry in requests]
        self.sent[id_], self._times[id_] = requests, datetime.now(UTC)
        self.on_create()
        if self.hang_creations:
            self.hang_creations -= 1
            await asyncio.sleep(30)
        if self.lose_creations and request.transport:
            self.lose_creations -= 1
            request.transport.abort()
            await asyncio.sleep(0)
        return web.json_response(self._status(id_))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """Newest first, in pages."""
        ids = list(self.created)[::-1]
        start = ids.index(request.query["after_id"]) + 1 if "after_id" in request.query else 0
        page = ids[start : start + int(request.query.get("limit", 20))]
        more = start + len(page) < len(ids)
        data = [self._status(id_) for id_ in page]
        ends = {"first_id": page[0] if page else None, "last_id": page[-1] if page else None}
        return web.json_response({"data": data, "has_more": more, **ends})

    async def _look(self, request: web.Request) -> web.StreamResponse:
        id_ = request.match_info["id"]
        if id_ not in self.created:
            return web.json_response(error_body(404, f"no batch {id_}"), status=404)
        self.looked[id_] += 1
        return web.json_response(self._status(id_))

    async def _send_results(self, request: web.Request) -> web.StreamResponse:
        """The same at every reading; not in the order asked."""
        id_ = request.match_info["id"]
        if id_ not in self._results:
            self._results[id_] = [json.dumps(self._result(entry)) for entry in self.sent[id_]][::-1]
        return web.Response(text="\n".join(self._results[id_]) + "\n", content_type="application/x-jsonl")

    def _result(self, entry: Body) -> Body:
        id_ = entry["custom_id"]
        end = self.always.get(id_) or self.ends.pop(id_, "")
        if end in {"errored", "invalid"}:
            error = error_body(500, "it broke") if end == "errored" else error_body(400, "bad request")
            result: Body = {"type": "errored", "error": error}
        elif end:
            result = {"type": end}
        else:
            result = {"type": "succeeded", "message": self._message(entry["params"])}
        return {"custom_id": entry["custom_id"], "result": result}

    def _message(self, params: Body) -> Body:
        server = self.server
        from tests.messages_server import text_of

        said = server.said(params)
        server.answered[text_of(params)] += 1
        return as_message(params, said, server.usage(params))

    def _status(self, id_: str) -> Body:
        ended = self.looked[id_] >= self.looks
        count, made = len(self.created[id_]), self._times[id_]
        done = {"processing": 0, "succeeded": count} if ended else {"processing": count, "succeeded": 0}
        return {
            "id": id_,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": {**done, "errored": 0, "canceled": 0, "expired": 0},
            "created_at": made.isoformat(),
            "expires_at": (made + timedelta(days=1)).isoformat(),
            "ended_at": made.isoformat() if ended else None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": f"{self.server.url}/v1/messages/batches/{id_}/results" if ended else None,
        }

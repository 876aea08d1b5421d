"""A local server with /v1/embeddings: a text's vector says how often each letter is in it."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tests.mock_openai import MockServer

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def letters(text: str) -> list[float]:
    return [float(text.lower().count(letter)) for letter in LETTERS]


class LettersServer(MockServer):
    """`embedded`: the texts of each request. `fault`: if set, what is answered in place of embeddings."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.embedded: list[list[str]] = []
        self.fault: tuple[int, str] | None = None

    def more_routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/embeddings", self._embeddings)

    async def _embeddings(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        self.embedded.append(body["input"])
        self.authorized_by.append(request.headers.get("Authorization", ""))
        if self.fault:
            return web.Response(status=self.fault[0], text=self.fault[1])
        rows = [{"index": place, "embedding": letters(text)} for place, text in enumerate(body["input"])]
        return web.json_response({"object": "list", "data": rows[::-1]})

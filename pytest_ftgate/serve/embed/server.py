"""Server with an OpenAI-compatible /v1/embeddings -> Embed: texts to vectors."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.sync import Client

WAITS_S = (1.0, 2.0, 4.0)
"""Before a request is tried again."""


class EmbeddingServer:
    """Asks for embeddings. Once it has not answered after all tries it is not asked again in this process."""

    def __init__(self, client: Client, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._sleep = client, sleep
        self._dead = ""

    def __call__(self, texts: Sequence[str]) -> list[Any]:
        """A vector for each text. Raises ServeError."""
        if self._dead:
            raise ServeError(self._dead)
        for wait_s in WAITS_S:
            try:
                return self._ask(texts)
            except ServeError:
                self._sleep(wait_s)
        try:
            return self._ask(texts)
        except ServeError as error:
            self._dead = f"no embeddings from {self._client.endpoint.base_url}: {error}"
            raise ServeError(self._dead) from None

    def _ask(self, texts: Sequence[str]) -> list[Any]:
        reply = self._client.post("/embeddings", {"input": list(texts), "encoding_format": "float"})
        try:
            rows = sorted(reply["data"], key=lambda row: int(row["index"]))
            places = [int(row["index"]) for row in rows]
            vectors = [list(row["embedding"]) for row in rows]
        except (KeyError, TypeError, ValueError):
            raise ServeError("the answer is not a list of embeddings") from None
        if places != [*range(len(rows))]:
            raise ServeError(f"the embeddings have the places {places}; expected each from 0 to {len(rows) - 1} once")
        if not all(isinstance(number, int | float) for vector in vectors for number in vector):
            raise ServeError("the answer is not a list of embeddings")
        return vectors

"""(body of a request, stable name) -> the body that the engine is asked with; its answer -> with the client's name.

Clients ask for the stable name; the engine knows the champion by the name of its digest. Where a body names no model,
vLLM would answer as the base model; here it is the champion too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.files.jsonl import why_not_json


class UnknownModel(Exception):  # noqa: N818 - an answer, not a failure of the server
    """The body asks for a model that is not served."""


class Unreadable(Exception):  # noqa: N818 - the same
    """The body is no JSON object."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """A request for one version. asked: the name that the client used. fields: the body as it was sent."""

    asked: str
    fields: dict[str, Any]
    body: bytes


def addressed(raw: bytes, stable: str, name: str) -> Addressed:
    """The body for the engine. stable: what clients ask for. name: the engine's name for the same model.

    Raises Unreadable, and UnknownModel for any other model.
    """
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the body {why_not_json(error)}") from None
    if not isinstance(fields, dict):
        raise Unreadable("the body is not a JSON object")
    asked = str(fields.get("model") or stable)
    if asked not in {stable, name}:
        raise UnknownModel(asked)
    return Addressed(asked, fields, json.dumps(fields | {"model": name}).encode())


class Renamed:
    """Bytes of an answer, in pieces as they come -> the same with the name of its model replaced.

    Only `"model": "NAME"` is, at any depth: within a text the quotation marks would be escaped. Nothing is held back
    but the beginning of what may be this.
    """

    def __init__(self, old: str, new: str) -> None:
        written = [[f'"model":{space}{json.dumps(name)}'.encode() for name in (old, new)] for space in ("", " ")]
        self._pairs = [(before, after) for before, after in written]
        self._kept = b""

    def feed(self, piece: bytes) -> bytes:
        """The next piece, as far as it is known."""
        text = self.whole(self._kept + piece)
        kept = max(_begun(text, before) for before, _ in self._pairs)
        self._kept = text[len(text) - kept :]
        return text[: len(text) - kept]

    def end(self) -> bytes:
        """What was held back."""
        kept, self._kept = self._kept, b""
        return kept

    def whole(self, text: bytes) -> bytes:
        """An answer that is there as one piece."""
        for before, after in self._pairs:
            text = text.replace(before, after)
        return text


def _begun(text: bytes, wanted: bytes) -> int:
    """How many bytes at the end of a text may be the beginning of what is wanted."""
    return next((n for n in range(min(len(wanted) - 1, len(text)), 0, -1) if text.endswith(wanted[:n])), 0)

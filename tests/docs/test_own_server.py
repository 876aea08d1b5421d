"""The server that a how-to shows speaks the API that the plugin asks."""

from __future__ import annotations

import asyncio
import types

from aiohttp.test_utils import TestClient, TestServer

from tests.docs.blocks import DOCS, blocks_of


def test_it_answers_a_chat():
    block = next(block for block in blocks_of(DOCS / "how-to/own-engine.md") if block.title == "my_server.py")
    module = types.ModuleType("my_server")
    exec(block.text, module.__dict__)
    assert asyncio.run(asked(module.app)) == "HI"


async def asked(app):
    async with TestClient(TestServer(app)) as client:
        reply = await client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "hi"}]})
        return (await reply.json())["choices"][0]["message"]["content"]

"""What the server answers when a handler fails."""

from __future__ import annotations

import asyncio
import json

from aiohttp.test_utils import make_mocked_request
from jinja2 import TemplateError

from pytest_ftgate.serve.hf.server import guard_with


def test_a_conversation_that_the_chat_template_refuses_is_the_callers_fault():
    async def refusing(_):
        raise TemplateError("System role not supported")

    request = make_mocked_request("POST", "/v1/chat/completions", headers={"Authorization": "Bearer key"})
    response = asyncio.run(guard_with("key")(request, refusing))
    assert response.status == 400
    told = json.loads(response.body)["error"]["message"]
    assert told == "the chat template rejects the messages: System role not supported"

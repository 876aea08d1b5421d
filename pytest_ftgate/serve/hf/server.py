"""A model folder -> the OpenAI chat API on 127.0.0.1, answered with transformers in batches. A process of its own.

`python -m pytest_ftgate.serve.hf.server --model DIR --served-name NAME --port N`; the key comes in the
environment variable FTGATE_SERVER_KEY. Endpoints as of vLLM, as far as they are used: /health, /v1/models,
/v1/chat/completions, /v1/load_lora_adapter, /v1/unload_lora_adapter, /tokenize, /detokenize.
"""

from __future__ import annotations

import argparse
import copy
import hmac
import inspect
import os
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import TemplateError

from pytest_ftgate.serve.chat_format import ChatFormat, has_variable
from pytest_ftgate.serve.hf.adapters import Adapters
from pytest_ftgate.serve.hf.batcher import Batcher
from pytest_ftgate.serve.hf.generate import prompt_tokens
from pytest_ftgate.serve.hf.placement import free_bytes, placement, weight_bytes
from pytest_ftgate.serve.hf.row import Answer, Job
from pytest_ftgate.serve.hf.tokenizer import load_tokenizer
from pytest_ftgate.serve.hf.weights import QUANTIZATIONS, load_weights
from pytest_ftgate.serve.precision import DTYPES

HONOURED = frozenset(
    {"model", "messages", "max_tokens", "max_completion_tokens", "temperature", "seed", "stop", "n"}
    | {"structured_outputs", "response_format", "chat_template_kwargs"}
)
"""Keys of a request that decide its answer. Any other would be ignored in silence, and is refused if it asks for
something: if it is neither null nor false, 0 or empty."""


class Refused(Exception):  # noqa: N818 - an answer, not a failure of the server
    """A request that cannot be answered, with its HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Server:
    """The handlers. length_limit: tokens of prompt and answer together that the model can bear."""

    def __init__(self, model: Any, tokenizer: Any, served_name: str, batch_size: int) -> None:
        self.adapters = Adapters(model)
        self.batcher = Batcher(self.adapters, copy.deepcopy(tokenizer), batch_size)  # tokenizers are not thread-safe
        self.tokenizer, self.served_name = tokenizer, served_name
        self.length_limit = int(getattr(model.config, "max_position_embeddings", 0)) or 10**9

    def app(self, api_key: str) -> web.Application:
        """All routes; without the key there is only /health."""
        app = web.Application(middlewares=[guard_with(api_key)], client_max_size=2**26)
        app.router.add_get("/health", self.health)
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/v1/load_lora_adapter", self.load)
        app.router.add_post("/v1/unload_lora_adapter", self.unload)
        app.router.add_post("/tokenize", self.tokenize)
        app.router.add_post("/detokenize", self.detokenize)
        return app

    async def health(self, _: web.Request) -> web.Response:
        """200 while the thread that computes is alive."""
        return web.Response(status=200 if self.batcher.alive else 503)

    async def models(self, _: web.Request) -> web.Response:
        """The base model and the loaded adapters."""
        names = [self.served_name, *self.adapters.paths]
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})

    async def tokenize(self, request: web.Request) -> web.Response:
        """Token ids of a conversation in the model's chat template, `tools` in it; or of the text `prompt`."""
        body = await _json(request)
        tokens = self._text_tokens(body) if "prompt" in body else self._chat_tokens(body)
        return web.json_response({"tokens": tokens, "count": len(tokens), "max_model_len": self.length_limit})

    def _text_tokens(self, body: Mapping[str, Any]) -> list[int]:
        special = bool(body.get("add_special_tokens", True))
        return list(self.tokenizer(str(body["prompt"]), add_special_tokens=special)["input_ids"])

    def _chat_tokens(self, body: Mapping[str, Any]) -> tuple[int, ...]:
        asks = bool(body.get("add_generation_prompt", True))
        variables = template_variables(self.tokenizer, body)
        return prompt_tokens(self.tokenizer, _messages(body), asks, tools=_tools(body), **variables)

    async def detokenize(self, request: web.Request) -> web.Response:
        """The text of token ids."""
        tokens = (await _json(request)).get("tokens")
        if not isinstance(tokens, list):
            raise Refused("tokens is not a list of token ids")
        return web.json_response({"prompt": self.tokenizer.decode(tokens, clean_up_tokenization_spaces=False)})

    async def load(self, request: web.Request) -> web.Response:
        """Load an adapter folder under a name."""
        body = await _json(request)
        path = str(body.get("lora_path"))
        if not (Path(path) / "adapter_config.json").is_file():
            raise Refused(f"no adapter found for {path}: adapter_config.json is missing", 404)
        await self.batcher.call(partial(self.adapters.load, str(body.get("lora_name")), path))
        return web.Response(text="loaded")

    async def unload(self, request: web.Request) -> web.Response:
        """Remove an adapter."""
        name = str((await _json(request)).get("lora_name"))
        if name not in self.adapters.paths:
            raise Refused(f"adapter '{name}' is not loaded", 404)
        await self.batcher.call(partial(self.adapters.unload, name))
        return web.Response(text="unloaded")

    async def chat(self, request: web.Request) -> web.Response:
        """One chat completion."""
        body = await _json(request)
        adapter = self._adapter(str(body.get("model")))
        job = self._job(body)
        answer = await self.batcher.answer(job, adapter)
        return web.json_response(_completion(str(body["model"]), answer))

    def _adapter(self, name: str) -> str | None:
        if name == self.served_name:
            return None
        if name not in self.adapters.paths:
            raise Refused(f"the model '{name}' does not exist", 404)
        return name

    def _job(self, body: Mapping[str, Any]) -> Job:
        _check_offered(body)
        tokens = prompt_tokens(self.tokenizer, _messages(body), **template_variables(self.tokenizer, body))
        room = self.length_limit - len(tokens)
        max_tokens = int(body.get("max_completion_tokens") or body.get("max_tokens") or room)
        if not 1 <= max_tokens <= room:
            raise Refused(
                f"max_tokens is {max_tokens}, the prompt has {len(tokens)} tokens, the limit is {self.length_limit}"
            )
        stop = body.get("stop") or ()
        return Job(
            tokens,
            max_tokens,
            temperature=float(body.get("temperature") or 0.0),
            seed=int(body.get("seed") or 0),
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
            choices=tuple((body.get("structured_outputs") or {}).get("choice") or ()),
        )


def _check_offered(body: Mapping[str, Any]) -> None:
    asked = [key for key, value in body.items() if key not in HONOURED and value]
    if (body.get("response_format") or {}).get("type", "text") != "text":
        asked.append("response_format")
    asked += [f"structured_outputs.{key}" for key in body.get("structured_outputs") or {} if key != "choice"]
    if asked or body.get("n", 1) != 1:
        raise Refused(f"not supported by this server: {', '.join(asked) or 'n > 1'}")


def template_variables(tokenizer: Any, body: Mapping[str, Any]) -> dict[str, Any]:
    """What "chat_template_kwargs" sets. Raises Refused for a variable that the model's chat template does not have."""
    given = body.get("chat_template_kwargs") or {}
    if not isinstance(given, dict):
        raise Refused("'chat_template_kwargs' must be an object: names of variables and their values")
    ours = inspect.signature(tokenizer.apply_chat_template).parameters
    for name in given:
        if name in ours or not has_variable(tokenizer.chat_template or "", name):
            raise Refused(f"the model's chat template has no variable '{name}' (chat_template_kwargs)")
    return given


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise Refused(f"the body is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused("the body is not a JSON object")
    return body


def _messages(body: Mapping[str, Any]) -> list[dict[str, str]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused("'messages' must be a list with at least one entry")
    for message in messages:
        if not isinstance(message, dict) or not all(isinstance(message.get(k), str) for k in ("role", "content")):
            raise Refused("each message needs string 'role' and 'content'")
    return messages


def _tools(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    tools = body.get("tools") or []
    if not isinstance(tools, list) or not all(
        isinstance(t, dict) and isinstance(t.get("function"), dict) for t in tools
    ):
        raise Refused("'tools' must be a list of objects with a 'function'")
    return tools


def _completion(model: str, answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer.text}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
        "usage": {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        },
    }


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard_with(api_key: str) -> Any:
    """Checks the key and turns exceptions into the JSON errors of the OpenAI API."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if request.path != "/health" and not hmac.compare_digest(given.encode(), f"Bearer {api_key}".encode()):
            return _error("wrong or missing API key", 401)
        try:
            return await handler(request)
        except Refused as refused:
            return _error(str(refused), refused.status)
        except TemplateError as error:
            return _error(f"the chat template rejects the messages: {error}", 400)
        except (ValueError, TypeError) as error:
            return _error(str(error), 400)
        except web.HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 - the client gets a 500, the log the whole story
            traceback.print_exc()
            return _error(f"{type(error).__name__}: {error}", 500)

    return guard


def _error(message: str, status: int) -> web.Response:
    return web.json_response({"error": {"message": message, "code": status}}, status=status)


def load(options: argparse.Namespace) -> tuple[Any, Any]:
    """The model in evaluation mode, and its tokenizer."""
    import torch

    template = options.chat_template.read_text(encoding="utf-8") if options.chat_template else ""
    tokenizer = load_tokenizer(options.model, options.revision, ChatFormat(template))
    places = placement(weight_bytes(options.model, options.quantization, options.revision), free_bytes())
    model = load_weights(
        options.model, options.revision, getattr(torch, options.dtype), options.quantization, device_map=places
    )
    return model.eval(), tokenizer


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder or hub id")
    parser.add_argument("--revision", default="main", help="revision of a hub id")
    parser.add_argument("--dtype", required=True, choices=DTYPES)
    parser.add_argument("--quantization", choices=QUANTIZATIONS, help="NF4 with double quantisation")
    parser.add_argument("--served-name", required=True, help="served model name")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument("--chat-template", type=Path, help="file of the chat template; left out: the tokenizer's own")
    parser.add_argument("--batch-size", type=int, default=32, help="conversations per batch")
    return parser.parse_args()


def main() -> None:
    """Load and serve until SIGTERM."""
    options = _options()
    api_key = os.environ.pop("FTGATE_SERVER_KEY")
    server = Server(*load(options), options.served_name, options.batch_size)
    web.run_app(
        server.app(api_key),
        host="127.0.0.1",
        port=options.port,
        access_log=None,
        print=None,
        shutdown_timeout=1.0,
        backlog=1024,
    )


if __name__ == "__main__":
    main()

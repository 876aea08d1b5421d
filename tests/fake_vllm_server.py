"""What the fake `vllm` is once it listens: the mock server with what vLLM has beside chat."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

from aiohttp import web

from tests.mock_openai import Fault, MockServer


class FakeVllm(MockServer):
    """The mock server with what vLLM has beside chat."""

    def __init__(
        self, name: str, port: int, max_rank: int, plan: dict, root: str = "", api_key: str | None = None
    ) -> None:
        super().__init__(models=(name,), api_key=os.environ["VLLM_API_KEY"] if api_key is None else api_key, port=port)
        self.max_rank, self.plan, self.root = max_rank, plan, root

    def more_routes(self, app: web.Application) -> None:
        app.router.add_post("/tokenize", self._tokenize)
        app.router.add_post("/detokenize", self._detokenize)
        app.router.add_post("/v1/completions", self._completions)
        app.router.add_get("/metrics", self._metrics)

    @web.middleware
    async def _check_key(self, request, handler):
        if not request.path.startswith("/v1"):
            return await handler(request)
        return await super()._check_key(request, handler)

    async def _metrics(self, _):
        busy = self.plan.get("busy", 0)
        return web.Response(
            text=f'vllm:num_requests_running{{engine="0"}} {busy}.0\nvllm:num_requests_waiting{{a="0"}} 0.0'
        )

    async def _models(self, _):
        cards = [{"id": name, "root": self.root, "parent": None} for name in self.models]
        cards += [{"id": name, "root": path, "parent": self.models[0]} for name, path in self.adapters.items()]
        return web.json_response({"object": "list", "data": cards})

    async def _load(self, request):
        if self.plan.get("fixed"):
            return web.json_response({"detail": "Not Found"}, status=404)
        body = await request.json()
        folder, name = Path(body["lora_path"]), body["lora_name"]
        if not (folder / "adapter_config.json").is_file():
            return _error(404, f"Loading lora {name} failed: No adapter found for <path>")
        rank = json.loads((folder / "adapter_config.json").read_text())["r"]
        if rank > self.max_rank:
            return _error(
                500, f"Worker failed with error 'LoRA rank {rank} is greater than max_lora_rank {self.max_rank}.'"
            )
        if name in self.adapters:
            return _error(400, f"The lora adapter '{name}' has already been loaded.")
        self.adapters[name] = str(folder)
        return web.Response(text="ok")

    async def _unload(self, request):
        if self.plan.get("keeps"):
            return _error(500, "it stays")
        return await super()._unload(request)

    async def _chat(self, request):
        body = json.loads(await request.read())
        if self.plan.get("deaf"):
            await asyncio.sleep(600)
        if self.plan.get("broken"):
            return _error(500, "EngineCore encountered an issue")
        if body["model"] not in (*self.models, *self.adapters):
            return _error(404, f"The model `{body['model']}` does not exist.")
        return await super()._chat(request)

    def said(self, body):
        """What the folder of the model, or of the adapter, knows: answers.json by last message; else an echo."""
        file = Path(self.adapters.get(body["model"], self.root)) / "answers.json"
        known = json.loads(file.read_text()) if file.is_file() else {}
        asked = body["messages"][-1]["content"]
        found = known.get(asked, asked)
        return Fault(**found) if isinstance(found, dict) else found

    async def _tokenize(self, request):
        said = (await request.json())["messages"][-1]["content"].encode()
        return web.json_response({"tokens": list(said), "count": len(said)})

    async def _detokenize(self, request):
        return web.json_response({"prompt": bytes((await request.json())["tokens"]).decode()})

    async def _completions(self, request):
        body = await request.json()
        adapter = body["model"] if body["model"] in self.adapters and not self.plan.get("same") else ""
        shift = 0.0
        if adapter and _moves(Path(self.adapters[adapter])):
            shift = 0.5
        ids = [sum(body["prompt"]) % 50 + i for i in range(body["max_tokens"])]
        scores = {"token_logprobs": [-(token % 7) - shift for token in ids]}
        return web.json_response({"choices": [{"text": "", "token_ids": ids, "logprobs": scores}]})


def _moves(folder: Path) -> bool:
    from safetensors.numpy import load_file

    return any(
        value.any() for name, value in load_file(folder / "adapter_model.safetensors").items() if "lora_B" in name
    )


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": {"message": text, "code": status}}, status=status)


def serve(plan: dict) -> None:
    """Answer on the port of the command line until SIGTERM."""
    given = dict(zip(sys.argv[1:], sys.argv[2:], strict=False))
    ranks = [int(value) for option, value in zip(sys.argv, sys.argv[1:], strict=False) if option == "--max-lora-rank"]
    port = int(given["--port"])
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            print("OSError: [Errno 98] Address already in use", flush=True)
            sys.exit(1)
    with FakeVllm(given["--served-model-name"], port, ranks[-1], plan, sys.argv[2]):
        signal.sigwait({signal.SIGTERM})

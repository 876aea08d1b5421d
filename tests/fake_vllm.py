"""A `vllm` command that starts in a second, on the mock server: it serves, or fails as it is told to.

What it does stands in the variable FAKE_VLLM, as JSON:

The folder of a model or of an adapter may hold answers.json: {last message: answer}.

- {"say": text, "exit": code}: print the text, then end
- {"hang": true}: never listen, and do not hear SIGTERM
- {"deaf": true}: /health answers, completions never do
- {"broken": true}: completions are HTTP 500
- {"same": true}: adapters are loaded and ignored
- {"shared": name}: hold /dev/shm/<name>, and start a child that ignores SIGTERM
- {"fixed": true}: knows no way to load adapters, as without VLLM_ALLOW_RUNTIME_LORA_UPDATING
- {"busy": n}: /metrics says so many requests are running

FAKE_VLLM_RECORD names a file that gets its arguments and variables.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from aiohttp import web

from tests.mock_openai import MockServer

SCRIPT = "#!{python}\nimport sys\nsys.path.insert(0, {root!r})\nfrom tests.fake_vllm import main\nmain()\n"


def make_executable(folder: Path) -> Path:
    """A fake `vllm` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "vllm"
    path.write_text(SCRIPT.format(python=sys.executable, root=str(Path(__file__).parents[1])))
    path.chmod(0o755)
    return path


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
        return known.get(asked, asked)

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


def main() -> None:
    """`vllm serve MODEL --option value ...`."""
    plan = json.loads(os.environ.get("FAKE_VLLM", "{}"))
    if record := os.environ.get("FAKE_VLLM_RECORD"):
        Path(record).write_text(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ)}))
    print("INFO starting", flush=True)
    if "say" in plan:
        print(plan["say"], flush=True)
        print("\n".join(f"line {i}: see the root cause above" for i in range(100)), flush=True)
    if "exit" in plan:
        sys.exit(plan["exit"])
    if plan.get("hang"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if name := plan.get("shared"):
        _hold(Path("/dev/shm", name))
    _serve(plan)


def _hold(path: Path) -> None:
    path.write_bytes(b"x" * 4096)
    with path.open("r+b") as stream:
        globals()["held"] = mmap.mmap(stream.fileno(), 4096)
    subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 600 & wait; sleep 600"])


def _serve(plan: dict) -> None:
    given = dict(zip(sys.argv[1:], sys.argv[2:], strict=False))
    ranks = [int(value) for option, value in zip(sys.argv, sys.argv[1:], strict=False) if option == "--max-lora-rank"]
    port = int(given["--port"])
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            print("OSError: [Errno 98] Address already in use", flush=True)
            sys.exit(1)
    with FakeVllm(given["--served-model-name"], port, ranks[-1], plan, sys.argv[2]):
        signal.sigwait({signal.SIGTERM})

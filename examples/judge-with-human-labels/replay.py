"""answers.jsonl -> two models behind an OpenAI-compatible API: `python replay.py [PORT]`, 8765 unless given.

Stands in for models of yours, so that the labels, which belong to these very answers, fit what is asked here.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROWS = map(json.loads, Path(__file__).with_name("answers.jsonl").read_text(encoding="utf-8").splitlines())
ANSWERS = {(row["model"], row["input"]): row["output"] for row in ROWS}


class Replay(BaseHTTPRequestHandler):
    """GET /v1/models and POST /v1/chat/completions."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Which models there are."""
        names = sorted({model for model, _ in ANSWERS})
        self._send(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in names]})

    def do_POST(self) -> None:
        """The answer that the model gave to the last message."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = ANSWERS.get((asked["model"], asked["messages"][-1]["content"]))
        if answer is None:
            self._send(404, {"error": {"message": "answers.jsonl holds no answer of this model to this question"}})
            return
        message = {"role": "assistant", "content": answer}
        usage = {"prompt_tokens": 1, "completion_tokens": len(answer.split()), "total_tokens": 1 + len(answer.split())}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._send(200, {"object": "chat.completion", "model": asked["model"], "choices": [choice], "usage": usage})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name of the base class
        """Quiet."""

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Serve until Ctrl-C."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8765
    with ThreadingHTTPServer(("127.0.0.1", port), Replay) as server:
        print(f"replay: http://127.0.0.1:{server.server_port}/v1", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()

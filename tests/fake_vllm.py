"""A `vllm` command that starts in a second, on the mock server: it serves, or fails as it is told to.

What it does stands in the variable FAKE_VLLM, as JSON:

The folder of a model or of an adapter may hold answers.json: {last message: answer, or the fields of a Fault}.

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

import json
import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.repository import ROOT

SCRIPT = "#!{python}\nimport sys\nsys.path.insert(0, {root!r})\nfrom tests.fake_vllm import main\nmain()\n"


def make_executable(folder: Path) -> Path:
    """A fake `vllm` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "vllm"
    path.write_text(SCRIPT.format(python=sys.executable, root=str(ROOT)))
    path.chmod(0o755)
    return path


def main() -> None:
    """`vllm serve MODEL --option value ...`."""
    if sys.argv[1:] == ["--version"]:
        return  # it has none
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
    from tests.fake_vllm_server import serve  # not before: whoever fails or hangs needs no web server

    serve(plan)


def _hold(path: Path) -> None:
    path.write_bytes(b"x" * 4096)
    with path.open("r+b") as stream:
        globals()["held"] = mmap.mmap(stream.fileno(), 4096)
    subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 600 & wait; sleep 600"])

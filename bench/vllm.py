"""One real vLLM, the same requests from a bare client and from our plugin -> is the server ever idle because of us?

make bench-vllm          needs `make vllm` and `make data`; writes its line into bench/README.md
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench.cases import write_cases
from bench.machine import cpu
from bench.peers import CLIENTS, IN_FLIGHT, ROOT
from bench.process import run
from bench.table import README
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm.engine import VllmEngine

CASES, ROUNDS = 192, 3
BASE = ROOT / ".ftgate" / "models" / "SmolLM2-135M-Instruct"
GATE = "[gate]\n"  # a wrong answer is a miss then, and the run goes on
BEGIN, END = "<!-- vllm: begin (written by `make bench-vllm`) -->", "<!-- vllm: end -->"


def commands(cases: Path, line: Endpoint) -> Mapping[str, list[str]]:
    """Both clients, with the interpreter of this process."""
    served = [f"--ftgate-base-url={line.base_url}", f"--ftgate-model={line.model}", "--ftgate-cache=off"]
    ours = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "goldens", *served]
    bare = [sys.executable, str(CLIENTS / "bare.py"), str(cases), line.base_url, str(IN_FLIGHT), line.model]
    return {"bare": bare, "ours": [*ours, f"--ftgate-concurrency={IN_FLIGHT}"]}


def answered(line: Endpoint) -> int:
    """Requests that the server has finished since it started."""
    text = str(http.get(line.base_url.removesuffix("/v1") + "/metrics", line.api_key)[1])
    counts = re.findall(r"^vllm:request_success_total\{.*\} (\S+)$", text, re.MULTILINE)
    return round(sum(map(float, counts)))


def measure(line: Endpoint, folder: Path) -> dict[str, float]:
    """Median wall seconds of each client; the first round fills the server's prefix cache and is not counted."""
    cases = write_cases(folder, CASES)
    with (cases.parent / "golden.toml").open("a", encoding="utf-8") as settings:
        settings.write(GATE)
    env = {**os.environ, "FTGATE_API_KEY": line.api_key, "PYTHONPATH": str(ROOT)}
    walls: dict[str, list[float]] = {"bare": [], "ours": []}
    for turn in range(ROUNDS + 1):
        for name, command in commands(cases, line).items():
            before = answered(line)
            done = run(command, folder, env)
            assert answered(line) - before == CASES, f"{name} sent {answered(line) - before} requests"
            print(f"round {turn}: {name}: {done.wall_s:.1f} s, load {done.load:.1f}", flush=True)
            if turn:
                walls[name].append(done.wall_s)
    return {name: median(found) for name, found in walls.items()}


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="ftgate-bench-"))
    engine = VllmEngine(Model(str(BASE)), folder / "vllm.log")
    engine.start(lambda line: print(line, flush=True))
    try:
        found = measure(engine.endpoint(engine.model), folder)
    finally:
        engine.stop()
    text = (
        f"{cpu()}: vLLM on the CPU, {CASES} cases of 16 tokens, {IN_FLIGHT} in flight, "
        f"medians of {ROUNDS} alternating rounds: "
        f"bare client {found['bare']:.1f} s, pytest-ftgate {found['ours']:.1f} s, "
        f"x bare {found['ours'] / found['bare']:.2f} (wanted: <= 1.1)."
    )
    print(text)
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    old = README.read_text(encoding="utf-8")
    README.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")


if __name__ == "__main__":
    main()

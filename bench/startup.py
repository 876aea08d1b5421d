"""pytest with and without the plugin -> the CPU seconds that the plugin adds to its start."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cases import write_cases
from bench.peers import OURS
from bench.process import Server, run


@dataclass(frozen=True, slots=True)
class Startup:
    """CPU seconds, medians. without: plain pytest, one test. idle: added by the plugin if no golden set is selected.

    goldens: added if the one test is a golden case, its request included.
    """

    without: float
    idle: float
    goldens: float


def measure_startup(rounds: int) -> Startup:
    """Three ways in turn."""
    folder = Path(tempfile.mkdtemp(prefix="ftgate-bench-"))
    write_cases(folder, 1)
    (folder / "test_one.py").write_text("def test_one():\n    pass\n", encoding="utf-8")
    spent: dict[str, list[float]] = {"without": [], "idle": [], "goldens": []}
    try:
        with Server(0) as server:
            ways = {
                "without": ["test_one.py", "-p", "no:pytest_ftgate"],
                "idle": ["test_one.py"],
                "goldens": ["goldens", "--ftgate-base-url", server.base_url, "--ftgate-model", "mock"],
            }
            for _ in range(rounds):
                for way, arguments in ways.items():
                    command = [OURS.python, "-m", "pytest", "-q", *arguments]
                    spent[way].append(run(command, folder, os.environ).cpu_s)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    base = median(spent["without"])
    return Startup(base, median(spent["idle"]) - base, median(spent["goldens"]) - base)

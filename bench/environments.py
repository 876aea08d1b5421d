"""Client -> its environment under .bench/, made once with pip or npm, and the versions in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.peers import ENVIRONMENTS, Client
from bench.process import BenchError


def make(client: Client) -> None:
    """Install it if it is not there yet. Raises BenchError with what pip or npm said."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    (ENVIRONMENTS / ".gitignore").write_text("*\n")
    stamp = client.folder / ".ready"
    if stamp.exists():
        return
    print(f"installing {client.name} ...", flush=True)
    if client.name == "promptfoo":
        client.folder.mkdir(exist_ok=True)
        _call(["npm", "install", "--no-fund", "--no-audit", "--prefix", ".", "promptfoo"], client.folder)
    elif client.install:
        _call([sys.executable, "-m", "venv", str(client.folder)], ENVIRONMENTS)
        _call([client.python, "-m", "pip", "install", "--quiet", *client.install], ENVIRONMENTS)
    stamp.touch()


def _call(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=1800)
    except OSError as error:
        raise BenchError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        raise BenchError(f"{' '.join(command[:4])}: {done.stderr.strip().splitlines()[-1:]}")


def version(client: Client) -> str:
    """ "pytest-ftgate 0.1.0, pytest 9.2.0" as installed."""
    if client.name == "promptfoo":
        package = client.folder / "node_modules" / "promptfoo" / "package.json"
        return f"promptfoo {json.loads(package.read_text('utf-8'))['version']}"
    code = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    done = subprocess.run([client.python, "-c", code, *client.shown], capture_output=True, text=True, check=True)
    return done.stdout.strip()

"""A whole run on the cluster: `python -m pytest_ftgate.train.ray.command NAME STATE_DIR COMMAND...` in the project.

The state folder's new and changed files are left where the other side can read them; the exit code is the command's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

from pytest_ftgate.train.ray.cluster import ON_THE_CLUSTER
from pytest_ftgate.train.ray.lines import ERROR, RESULT, tell
from pytest_ftgate.train.ray.worker import log_folder, sha256_of

BEFORE = "ftgate-uploaded.json"
"""Of the upload: name of each file of the state folder -> its sha256."""
PLUGIN = "pytest_ftgate"
NOT_INSTALLED = """pytest-ftgate is not installed on the cluster
    give --pip 'pytest-ftgate[train,registry]', or use an image that has it"""
NOT_BACK = ("models", "downloads", "mlflow.db", "mlartifacts", "ray")
"""Below the state folder: what is large and known, and a registry that belongs to its machine."""


def main(name: str, state_dir: str, command: Sequence[str]) -> int:
    """Exit code of the command; 2 if it cannot be run."""
    if PLUGIN not in {each.name for each in entry_points(group="pytest11")}:
        tell({"event": ERROR, "text": NOT_INSTALLED})
        return 2
    try:
        code = subprocess.run(command, env={**os.environ, ON_THE_CLUSTER: "1"}, check=False).returncode
    except OSError as error:
        tell({"event": ERROR, "text": f"{command[0]} cannot be run on the cluster: {error.strerror}"})
        return 2
    if Path(BEFORE).is_file():
        kept = log_folder() / "ftgate" / name
        files = keep(Path(state_dir), json.loads(Path(BEFORE).read_text(encoding="utf-8")), kept)
        tell({"event": RESULT, "folder": f"ftgate/{name}", "files": files})
    return code if code >= 0 else 128 - code  # killed by a signal: what a shell says


def keep(state_dir: Path, before: Mapping[str, str], target: Path) -> dict[str, list[object]]:
    """Copy what is new or has changed; name -> bytes and sha256."""
    files: dict[str, list[object]] = {}
    for path in sorted(state_files(state_dir)):
        name = path.relative_to(state_dir).as_posix()
        if (sha256 := sha256_of(path)) == before.get(name):
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)
        files[name] = [path.stat().st_size, sha256]
    return files


def state_files(state_dir: Path) -> list[Path]:
    """The files of a state folder that travel: no links, no lock files, nothing of NOT_BACK."""
    found = []
    for folder, folders, names in os.walk(state_dir):
        if Path(folder) == state_dir:
            folders[:] = [each for each in folders if each not in NOT_BACK]
        found += [Path(folder, name) for name in names if Path(folder) != state_dir or not name.startswith(NOT_BACK)]
    return [path for path in found if path.is_file() and not path.is_symlink()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

"""A project's folder -> what of it a whole run on a cluster needs, and the digest that names the run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.seal import state_key
from pytest_ftgate.files.text import shown
from pytest_ftgate.train.ray.command import BEFORE, state_files
from pytest_ftgate.train.ray.upload import MOST, least, too_large
from pytest_ftgate.train.ray.worker import sha256_of

SKIPPED = {"__pycache__", "node_modules"}


class Project:
    """The files that go: what git does not ignore, what the pipelines name, and the state folder.

    named: files and folders that go although git ignores them. in_place: the cluster sees the folder itself.
    """

    def __init__(self, root: Path, state_dir: Path, named: Iterable[Path], *, in_place: bool = False) -> None:
        self.root, self.state_dir, self.in_place = root.absolute(), state_dir.absolute(), in_place
        state_key(self.state_dir)  # goes along: what is sealed there is known here
        files = {path for path in _kept(self.root) if not path.is_relative_to(self.state_dir)}
        files |= {file for path in named for file in _files(path) if file.is_relative_to(self.root)}
        self.files: Mapping[str, Path] = {
            path.relative_to(self.root).as_posix(): path for path in sorted(files) if path.is_file()
        }
        self.state: Mapping[str, str] = {
            path.relative_to(self.state_dir).as_posix(): sha256_of(path) for path in sorted(state_files(self.state_dir))
        }

    def digest(self, *asked: Any) -> str:
        """Of what is asked for and all files but the state folder's, which every run changes (64 hex digits)."""
        return digest_of([*asked, {name: sha256_of(path) for name, path in self.files.items()}])

    def write(self, folder: Path) -> None:
        """Raises TrainError if it is more than the job server takes."""
        state = {f"{self.state_name}/{name}": self.state_dir / name for name in self.state}
        everything = {**self.files, **state}
        sizes = {path: least(path) for path in everything.values()}
        if (whole := sum(sizes.values())) > MOST:
            raise too_large(f"{whole / 2**20:,.0f} MiB, most of it {shown(max(sizes, key=sizes.__getitem__))}")
        for name, source in everything.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
        (folder / BEFORE).write_text(json.dumps(self.state), encoding="utf-8")

    @property
    def state_name(self) -> str:
        """The state folder, as the run on the cluster finds it."""
        return self.state_dir.relative_to(self.root).as_posix()

    def take(self, part: Path, names: Iterable[str], aside: Path) -> list[Path]:
        """Put what came back into the state folder; what has changed here meanwhile stays, and theirs goes aside.

        Returns what went aside.
        """
        beside = []
        for name in names:
            target = self.state_dir / name
            if target.exists() and sha256_of(target) != self.state.get(name):
                target = aside / name
                beside.append(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            (part / name).replace(target)
        return beside


def _kept(root: Path) -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        yield from (root / name for name in listed.stdout.decode("utf-8", "surrogateescape").split("\0") if name)
        return
    yield from _files(root)


def _files(path: Path) -> Iterator[Path]:
    """Files of a folder, without hidden ones, caches and virtual environments."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        here = Path(folder)
        folders[:] = [
            each
            for each in folders
            if each not in SKIPPED and not each.startswith(".") and not (here / each / "pyvenv.cfg").exists()
        ]
        yield from (here / each for each in names if not each.startswith("."))

"""A private repository of the Hub -> JSON files that change by compare-and-swap.

Each change is one commit, made only upon the commit that it was computed from, and computed anew from the next one if
somebody was faster.
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry.hub.explain import Moved
from pytest_ftgate.registry.hub.repository import Repository, Stored

FILE = "registry.json"
"""Experiments and models, with their versions, tags and aliases."""

RUNS = "runs"
"""The folder with one file for each run."""

FORMAT = 1
TRIES = 50
"""So often a change is computed anew; each time somebody else has succeeded."""
MOST_WAIT_S = 0.5

T = TypeVar("T")
Change = tuple[Mapping[str, Path | bytes], T]
"""Files to write, and what the change gives back."""


@dataclass
class Snapshot:
    """What the repository holds at a commit, "" while there is none. data: of registry.json, to be changed freely."""

    commit: str
    files: Mapping[str, Stored]
    data: dict[str, Any]
    read: Callable[[str], bytes] = field(repr=False)

    def run(self, run_id: str) -> dict[str, Any] | None:
        """A run as it was written; None if there is none."""
        path = f"{RUNS}/{run_id}.json"
        found: dict[str, Any] | None = json.loads(self.read(path)) if path in self.files else None
        return found

    def runs(self) -> list[str]:
        """The ids of all runs."""
        paths = (path for path in self.files if path.startswith(f"{RUNS}/"))
        return [path.removeprefix(f"{RUNS}/").removesuffix(".json") for path in paths]

    def with_data(self) -> dict[str, bytes]:
        """registry.json, as `data` is now."""
        return {FILE: to_bytes(self.data)}


class State:
    """One repository. Methods raise RegistryError; several threads and processes may use it."""

    def __init__(self, repo: Repository) -> None:
        self.repo = repo
        self._there = False
        self._files: tuple[str, dict[str, Stored]] = ("", {})
        self._contents: dict[str, bytes] = {}
        self._guard = threading.RLock()

    def now(self) -> Snapshot:
        """As the repository is now."""
        with self._guard:
            if not self._is_there():
                return Snapshot("", {}, _empty(), self._nothing)
            commit = self.repo.commit_of()
            if commit != self._files[0]:
                self._files = (commit, self.repo.files(commit))
                blobs = {stored.blob for stored in self._files[1].values()}
                self._contents = {blob: content for blob, content in self._contents.items() if blob in blobs}
            files = self._files[1]

            def read(path: str) -> bytes:
                return self._content(path, files[path], commit)

            return Snapshot(commit, files, self._data(files, read), read)

    def change(self, what: str, make: Callable[[Snapshot], Change[T]]) -> T:
        """Carry out a change, and give back what it gives. make: may be called again, so it has no other effect; what
        it raises is raised. what: for the title of the commit.
        """
        for _ in range(TRIES):
            before = self.now()
            files, result = make(before)
            if not before.commit:
                self.repo.create(private=True)
                continue
            if self._committed(f"{what} [{uuid.uuid4().hex[:12]}]", files, before.commit):
                return result
            time.sleep(random.uniform(0, MOST_WAIT_S))  # noqa: S311 - so that two do not meet again
        raise RegistryError(
            f"cannot change {self.repo.name}: {TRIES} times somebody else was faster\n    run the same command again"
        )

    def _committed(self, title: str, files: Mapping[str, Path | bytes], parent: str) -> bool:
        """False if somebody was faster. A commit whose answer got lost on its way is found by its title."""
        try:
            self.repo.commit(files, (), title, parent)
        except Moved:
            return False
        except RegistryError:
            if not any(title in newer for newer in self.repo.since(parent)):
                raise
        with self._guard:
            self._contents |= {_blob(content): content for content in files.values() if isinstance(content, bytes)}
        return True

    def _is_there(self) -> bool:
        if not self._there:
            visibility = self.repo.visibility()
            if visibility == "public":
                raise RegistryError(
                    f"{self.repo.name} is public: everybody could read the registry\n    make it private on the Hub"
                )
            self._there = bool(visibility)
        return self._there

    def _data(self, files: Mapping[str, Stored], read: Callable[[str], bytes]) -> dict[str, Any]:
        if FILE in files:
            found: dict[str, Any] = json.loads(read(FILE))
            if found.get("format") != FORMAT:
                raise RegistryError(f"{self.repo.name}: {FILE} was written by another version of pytest-ftgate")
            return found
        if others := sorted(files.keys() - {".gitattributes"}):
            raise RegistryError(
                f"{self.repo.name} is no registry: it holds {', '.join(others[:3])}\n"
                "    name a repository of its own for the registry: hf://ORG/NAME"
            )
        return _empty()

    def _content(self, path: str, stored: Stored, commit: str) -> bytes:
        if stored.blob not in self._contents:
            self._contents[stored.blob] = self.repo.read(path, commit)
        return self._contents[stored.blob]

    def _nothing(self, path: str) -> bytes:
        raise RegistryError(f"{self.repo.name} has no {path}")


def _blob(content: bytes) -> str:
    """Git's id of what we have just written, so that it need not be read."""
    from huggingface_hub.utils.sha import git_hash

    return git_hash(content)


def to_bytes(data: object) -> bytes:
    """As one JSON file."""
    return (json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode("utf-8", "backslashreplace")


def _empty() -> dict[str, Any]:
    return {"format": FORMAT, "experiments": {}, "models": {}}

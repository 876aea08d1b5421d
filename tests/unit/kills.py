"""A process that is killed by SIGKILL at its k-th step: a call of MLflow's client, or of the system for the audit log."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pytest_ftgate.files import disk
from pytest_ftgate.registry.audit import log


@dataclass
class Fuse:
    """Counts steps; kills this process at step k. k = 0: only counts.

    steps: of those begun, in order, whether each changes what is on the disk.
    """

    k: int
    steps: list[bool] = field(default_factory=list)

    def step(self, *, changes: bool = True) -> bool:
        """Count; True if this is the step to die at."""
        self.steps.append(changes)
        return len(self.steps) == self.k

    def burn(self, *, changes: bool = True) -> None:
        """One step, which may be the last."""
        if self.step(changes=changes):
            die()

    def moments(self) -> list[int]:
        """Steps to die at, one for each state of the disk: the first, and those after a step that changes it."""
        return [k for k, changed in enumerate([True, *self.steps[:-1]], start=1) if changed]


def die() -> None:
    """As a power cut would do it: nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


READING = ("get_", "search_")
"""How the methods of MLflow's client begin that change nothing."""


class Dying:
    """An MLflow client that burns a fuse before each call."""

    def __init__(self, client: object, fuse: Fuse) -> None:
        self.client, self.fuse = client, fuse

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self.client, name)

        def call(*args: object, **kwargs: object) -> object:
            self.fuse.burn(changes=not name.startswith(READING))
            return method(*args, **kwargs)

        return call


def light_disk(fuse: Fuse) -> None:
    """From now on every call of the system for the audit log is a step."""
    log.os = disk.os = DyingSystem(fuse)


class DyingSystem:
    """The module `os`, for the audit log: open, write, fsync and close are steps, and half a write is one too."""

    def __init__(self, fuse: Fuse) -> None:
        self.fuse = fuse

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def write(self, file: int, data: bytes) -> int:
        self.fuse.burn()
        if self.fuse.step():
            os.write(file, data[: len(data) // 2])
            die()
        return os.write(file, data)

    def fsync(self, file: int) -> None:
        self.fuse.burn()
        os.fsync(file)

    def close(self, file: int) -> None:
        self.fuse.burn()
        os.close(file)


def in_a_child(work: Callable[[], object]) -> Callable[[], int]:
    """Run `work` in a forked process; the call of the result waits, and gives the signal or exit code."""
    child = os.fork()
    if not child:
        with suppress(BaseException):
            work()
            os._exit(0)
        os._exit(1)
    return lambda: os.waitpid(child, 0)[1]

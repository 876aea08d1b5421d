"""A command line -> the same command in this process group, ended with everything it started when our stdin closes.

Run as a script, with nothing but the standard library: `python -I supervisor.py GRACE_S COMMAND ...`. Its stdin is a
pipe held open by the process that started it: when that one dies, however it dies, the pipe closes.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

SHARED = re.compile(r"/dev/shm/(?:psm_|torch_|sem\.loky-|sem\.mp-)[\w.-]+$")  # noqa: S108 - read, never made
"""What Python and torch leave in shared memory if they are killed; never a user's own file."""


def main() -> int:
    """Exit code of the command; 128 + n if signal n ended it. Nothing that it started outlives it."""
    grace_s, command = float(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGTERM, lambda *_: None)  # meant for the command, which shares the group
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_parent, args=(child, grace_s), daemon=True).start()
    code = child.wait()
    end_the_rest(os.getpgrp())
    return code if code >= 0 else 128 - code


def _end_with_parent(child: subprocess.Popen[bytes], grace_s: float) -> None:
    while os.read(0, 1):
        pass
    shared = shared_memory(os.getpgrp())
    os.killpg(0, signal.SIGTERM)
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
    remove(shared)


def end_the_rest(group: int) -> None:
    """SIGKILL for the other processes of the group, which without the command serve nobody. Needs /proc."""
    remove(shared_memory(group))
    end = time.monotonic() + 5  # one that is stuck in a driver does not die at once
    while (others := [pid for pid in members(group) if pid != os.getpid()]) and time.monotonic() < end:
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def members(group: int) -> list[int]:
    """The processes of a group that are not dead yet; none where there is no /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(int(stat.parent.name))
    return found


def shared_memory(group: int) -> set[str]:
    """Shared memory that the processes of a group hold and nobody would remove if they were killed."""
    found: set[str] = set()
    for pid in members(group):
        found.update(map(str, Path("/dev/shm").glob(f"sem.loky-{pid}-*")))  # noqa: S108 - not mapped all the time
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
                if match := SHARED.search(line):
                    found.add(match.group())
    return found


def remove(paths: set[str]) -> None:
    """Remove shared memory; what is gone already is well."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


if __name__ == "__main__":
    sys.exit(main())

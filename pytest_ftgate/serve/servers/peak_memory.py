"""Process group of a server -> the most memory that its processes have held, each at its own peak."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from pytest_ftgate.serve.servers.supervisor import members

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def peak_bytes(group: int | None) -> int:
    """Bytes, 0 = unknown: no server of ours, or no /proc. What processes share counts in each of them; a GPU's is not
    in it.
    """
    found = 0
    for pid in members(group) if group else ():
        with suppress(OSError):
            if peak := _PEAK.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")):
                found += 1024 * int(peak[1])
    return found

"""A command line -> the same command in this process group, ended with everything it started when our stdin closes.

Run as a script, with nothing but the standard library: `python -I supervisor.py GRACE_S COMMAND ...`. Its stdin is a
pipe held open by the process that started it: when that one dies, however it dies, the pipe closes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time


def main() -> int:
    """Exit code of the command; 128 + n if signal n ended it."""
    grace_s, command = float(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGTERM, lambda *_: None)  # meant for the command, which shares the group
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_parent, args=(grace_s,), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _end_with_parent(grace_s: float) -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(grace_s)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())

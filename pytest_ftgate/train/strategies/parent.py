"""A process that ends when the one that started it ends, however that one ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Of <sys/prctl.h>."""


def end_with_parent() -> None:
    """SIGKILL for this process once its parent is gone; on systems other than Linux nothing.

    torchrun gives each worker a session of its own, where no signal to the trainer's process group reaches it.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent or parent == 1:  # it was gone before
        os._exit(1)

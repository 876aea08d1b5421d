"""What a run holds to its end -> out of the sight of Python's garbage collector, which would walk it again and again.

Of 10,000 cases a full collection takes 0.1 s: some come while they run, five when pytest ends, one when Python does.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Sight:
    """What the garbage collector of this process sees."""

    def __init__(self) -> None:
        self._narrow = False

    @contextmanager
    def narrowed(self) -> Iterator[None]:
        """Neither what exists now nor what exists when the block ends is walked any more."""
        self._narrow = True
        atexit.unregister(_freeze_at_exit)
        atexit.register(_freeze_at_exit)
        gc.freeze()
        try:
            yield
        finally:
            gc.freeze()

    def restore(self) -> None:
        """It sees everything again, for a process that lives on after pytest."""
        if self._narrow:
            self._narrow = False
            gc.unfreeze()


def _freeze_at_exit() -> None:
    """Not beside Triton: nanobind, which it is built with, calls all that is not freed a leak, on fifty lines."""
    if "triton" not in sys.modules:
        gc.freeze()

"""What a run holds to its end is frozen: Python's garbage collector would walk it again and again.

Of 10,000 cases a full collection takes 0.1 s: some come while they run, five when pytest ends, one when Python does.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Freeze:
    """Hides objects from the garbage collector of this process."""

    def __init__(self) -> None:
        self._is_frozen = False

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Neither what exists now nor what exists when the block ends is walked any more."""
        self._is_frozen = True
        atexit.unregister(_freeze_at_exit)
        atexit.register(_freeze_at_exit)
        gc.freeze()
        try:
            yield
        finally:
            gc.freeze()

    def restore(self) -> None:
        """Undo it, for a process that lives on after pytest."""
        if self._is_frozen:
            self._is_frozen = False
            gc.unfreeze()


def _freeze_at_exit() -> None:
    """Not beside Triton: nanobind, which it is built with, calls all that is not freed a leak, on fifty lines."""
    if "triton" not in sys.modules:
        gc.freeze()

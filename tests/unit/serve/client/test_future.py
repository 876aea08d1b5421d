"""Answers on their way: read before and after they come, by many threads, and their size."""

from __future__ import annotations

import sys
import threading
import time
import tracemalloc
from concurrent.futures import CancelledError, Future

import pytest

from pytest_ftgate.serve.client.future import Pending


def test_it_is_read_after_it_has_come():
    answer: Pending[str] = Pending()
    assert not answer.done()
    answer.set_result("yes")
    assert answer.done()
    assert not answer.cancelled()
    assert answer.result() == answer.result(0.1) == "yes"
    assert answer.exception() is None


def test_what_was_raised_is_raised_again():
    answer: Pending[str] = Pending()
    answer.set_exception(KeyError("gone"))
    assert isinstance(answer.exception(), KeyError)
    for _ in range(2):
        with pytest.raises(KeyError, match="gone"):
            answer.result()


def test_given_up_it_stays_given_up():
    answer: Pending[str] = Pending()
    answer.cancel()
    answer.set_result("too late")
    assert answer.cancelled()
    with pytest.raises(CancelledError):
        answer.result()


def test_a_limit_of_time():
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
        Pending().result(0.05)
    assert time.monotonic() - begun < 60


def test_many_threads_wait_for_many_answers():
    answers = [Pending() for _ in range(500)]
    seen: list[list[int]] = [[] for _ in range(8)]
    readers = [threading.Thread(target=lambda s=some: s.extend(a.result(20) for a in answers)) for some in seen]
    for reader in readers:
        reader.start()
    for number in reversed(range(500)):
        answers[number].set_result(number)
    for reader in readers:
        reader.join(20)
    assert seen == [list(range(500))] * 8


def test_it_is_a_fraction_of_a_future():
    def size(kind) -> float:
        tracemalloc.start()
        made = [kind() for _ in range(2000)]
        found, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return found / len(made)

    assert sys.getsizeof(Pending()) < 100
    assert size(Pending) < size(Future) / 10

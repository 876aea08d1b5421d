"""What the garbage collector no longer walks while a run is on, and sees again afterwards."""

from __future__ import annotations

import atexit
import gc
import subprocess
import sys

import pytest

from pytest_ftgate.plugin import gc_freeze
from pytest_ftgate.plugin.gc_freeze import Freeze


@pytest.fixture(autouse=True)
def all_in_freeze():
    gc.unfreeze()
    yield
    gc.unfreeze()
    atexit.unregister(gc_freeze._freeze_at_exit)


def walked(thing: object) -> bool:
    return any(each is thing for each in gc.get_objects())


def test_what_exists_at_the_beginning_or_at_the_end_of_the_block_is_not_walked():
    freeze, before = Freeze(), [[]]
    with freeze.frozen():
        assert not walked(before)
        meanwhile = [[]]
        assert walked(meanwhile), "garbage of the run itself is still found"
    assert not walked(meanwhile)
    assert not walked(before)
    freeze.restore()
    assert walked(before)
    assert walked(meanwhile)
    assert gc.get_freeze_count() == 0


def test_an_error_in_the_block_passes_and_is_no_reason_to_walk_it():
    held = [[]]
    with pytest.raises(ValueError, match="from the run"), Freeze().frozen():
        raise ValueError("from the run")
    assert not walked(held)


def test_what_somebody_else_froze_stays_frozen():
    theirs = [[]]
    gc.freeze()
    Freeze().restore()
    assert not walked(theirs)


def test_restoring_twice_does_it_once():
    freeze = Freeze()
    with freeze.frozen():
        pass
    freeze.restore()
    theirs = [[]]
    gc.freeze()
    freeze.restore()
    assert not walked(theirs)


def test_cyclic_garbage_of_a_run_is_collected():
    class Node:
        alive = 0

        def __init__(self) -> None:
            self.me = self
            Node.alive += 1

        def __del__(self) -> None:
            Node.alive -= 1

    with Freeze().frozen():
        Node()
        gc.collect()
        assert Node.alive == 0


END = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 0, freezes))
from pytest_ftgate.plugin import gc_freeze
freezes = 0
real = gc.freeze
def freeze():
    global freezes
    freezes += 1
    real()
gc.freeze = freeze
freeze = gc_freeze.Freeze()
for _ in range(3):
    with freeze.frozen():
        pass
freeze.restore()
freezes = 0
"""


def test_when_the_process_ends_nothing_is_walked_and_it_is_arranged_once():
    done = subprocess.run([sys.executable, "-c", END], capture_output=True, text=True, check=True)
    assert done.stdout == "True 1\n"


def test_beside_triton_all_is_freed_since_it_prints_what_is_not():
    loaded = "import sys, types; sys.modules['triton'] = types.ModuleType('triton')\n"
    done = subprocess.run([sys.executable, "-c", loaded + END], capture_output=True, text=True, check=True)
    assert done.stdout == "False 0\n"

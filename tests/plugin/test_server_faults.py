"""Real runs against servers that do anything: each ends by itself, with the right exit code and every case judged.

`python -m bench.faults` does the same with every address and every list of models.
"""

from __future__ import annotations

import pytest

from bench.faults.bodies import plain
from bench.faults.starts import LISTS
from bench.faults.streams import streamed
from bench.faults.survival import answers, start
from bench.faults.wire import FaultyServer


def test_one_run_survives_every_answer_and_judges_the_good_ones():
    found = dict(answers([*plain(), *streamed()], timeout_s=15.0))
    assert {name: why for name, why in found.items() if why} == {}
    assert len(found) > 150


@pytest.mark.parametrize(
    "name", ["byte by byte", "shorter than its length", "reset", "redirect to itself", "data null"]
)
def test_a_run_survives_any_list_of_models(name):
    models, works = LISTS[name]
    with FaultyServer(models=models) as server:
        assert not start(server.base_url, server, works)

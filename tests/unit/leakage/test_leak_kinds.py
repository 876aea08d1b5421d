"""Copies of golden cases in every script: whole and edited ones are found; translations and unrelated rows are not."""

from __future__ import annotations

import pytest

from bench.leak_kinds import LENGTHS, edited_inside, false_alarms, found_of
from bench.script_texts import SCRIPTS

COPIES = 12
WHOLE = ("verbatim", "under other keys", "in the prompt, as messages", "pasted into other text")
WANTED = {5: (0, 0.9), 13: (0.8, 0.97), 30: (0.99, 0.99)}
"""By the least words of a golden: share of edited copies that are leaks, and that are leaks or suspects."""


@pytest.mark.parametrize("script", SCRIPTS)
def test_whole_copies_of_13_words_and_more_are_leaks_in_every_script(script):
    found = found_of(script, (13, 29), COPIES)
    assert [found[kind].leaks for kind in WHOLE] == [COPIES] * len(WHOLE)
    assert sum(found["edited, 1 word in 20"]) == COPIES
    assert sum(found["translated or paraphrased"]) == 0


@pytest.mark.parametrize("script", ["English", "Arabic", "Korean", "Chinese", "Japanese", "Thai", "Khmer"])
def test_of_copies_edited_and_pasted_as_many_are_found_as_the_docs_say(script):
    copies = 100
    for length in LENGTHS:
        found = edited_inside(script, length, copies)
        leak, seen = WANTED[length[0]]
        assert found.leaks >= leak * copies, (length, found)
        assert sum(found) >= seen * copies, (length, found)


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_unrelated_row_is_found_in_any_script(script):
    assert false_alarms(script, 300, COPIES) == (0, 0)


def test_few_characters_that_stand_together_by_chance_are_no_finding():
    assert false_alarms("Thai", 400, seed=4) == (0, 0)

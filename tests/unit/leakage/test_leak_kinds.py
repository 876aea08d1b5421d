"""Copies of golden cases in ten scripts: whole ones are leaks, whatever is around them; a translation is none."""

from __future__ import annotations

import pytest

from bench.leak_kinds import SCRIPTS, false_alarms, found_of

COPIES = 12
WHOLE = ("verbatim", "under other keys", "in the prompt, as messages", "pasted into other text")


@pytest.mark.parametrize("script", SCRIPTS)
def test_whole_copies_of_13_words_and_more_are_leaks_in_every_script(script):
    found = found_of(script, (13, 29), COPIES)
    assert [found[kind].leaks for kind in WHOLE] == [COPIES] * len(WHOLE)
    assert sum(found["edited, 1 word in 20"]) == COPIES
    assert sum(found["translated or paraphrased"]) == 0


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_unrelated_row_is_a_leak_in_any_script(script):
    assert false_alarms(script, 200, COPIES).leaks == 0

"""What -m names and no golden case has."""

from __future__ import annotations

import pytest

from pytest_ftgate.plugin.slice_names import unknown_slices

SLICES = [{"lang": "de", "kind": "short"}, {"lang": "en"}, {"lang": "en", "n": "1"}, {}]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("slice(lang='xx')", ["slice(lang='xx'): no case has lang='xx'; there are: 'de', 'en'"]),
        ("slice(lng='de')", ["slice(lng='de'): no case has a slice 'lng'; there are: kind, lang, n"]),
        ("slice(n=1)", ["slice(n=1): no case has n=1; there are: '1'"]),
        ("slice(lang='en', kind='short')", ["slice(lang='en', kind='short'): no case has all of these at once"]),
        ("slow or not (slice(lang='de') and slice(lang='fr'))", ["slice(lang='fr'): *"]),
        ("slice(lang='en')", []),
        ("slice", []),
        ("not slow", []),
        ("a-b.c and 1st", []),
        ("", []),
    ],
)
def test_each_slice_of_the_expression_is_looked_up(expression, said):
    found = list(unknown_slices(expression, SLICES))
    assert len(found) == len(said)
    assert all(line.startswith(start.removesuffix("*")) for line, start in zip(found, said, strict=True))


def test_without_cases_there_is_nothing_to_compare_with():
    assert not list(unknown_slices("slice(lang='xx')", []))

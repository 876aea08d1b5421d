"""One text and one digest for every JSON value."""

from __future__ import annotations

from pytest_ftgate.files.digest import canonical, digest_of


def test_the_text_is_sorted_without_spaces_and_not_escaped() -> None:
    assert canonical({"b": [1, None, True], "a": "ü"}) == '{"a":"ü","b":[1,null,true]}'


def test_the_digest_stays_what_it_is() -> None:
    """Locks and journals hold digests: a change of this number makes every user's lock void."""
    assert digest_of({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"

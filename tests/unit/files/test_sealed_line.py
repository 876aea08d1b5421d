"""A sealed line is JSON with one more field, and no other bytes fit its seal."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.files.append_log import line_of
from pytest_ftgate.files.sealed_line import is_unchanged, sealed

KEY, OTHER = b"k" * 32, b"o" * 32


@given(st.dictionaries(st.text(), st.text() | st.integers(), min_size=1))
def test_a_sealed_line_is_the_object_with_a_seal(value):
    line = sealed(KEY, line_of(value))
    assert {name: part for name, part in json.loads(line).items() if name != "seal"} == {
        name: part for name, part in value.items() if name != "seal"
    }
    assert is_unchanged(KEY, line)
    assert is_unchanged(KEY, line + b"\r\n")
    assert not is_unchanged(OTHER, line)


def test_every_single_byte_counts():
    line = sealed(KEY, b'{"text":"right"}')
    for place in range(len(line)):
        assert not is_unchanged(KEY, line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :])
    assert not is_unchanged(KEY, b'{"text":"right"}')
    assert not is_unchanged(KEY, b"")

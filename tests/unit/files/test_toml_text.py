"""What is written is read as the same data, whatever texts, keys and tables it holds."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.files.toml_text import toml_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text('\\"\n\r\t \x7fu#', max_size=12)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_it_is_read_as_the_same_data(data):
    assert tomllib.loads(toml_text(data)) == data


def test_it_is_written_as_people_write_it():
    data = {
        "description": "A set",
        "grader": [{"kind": "exact"}, {"kind": "json_schema", "schema": {"type": "object"}}],
        "prompt": {"template": 'Say\n"{{q}}"', "variants": {"a b": {"template": "{{q}}"}}},
        "judge": {"checklist": {"polite": "Is it?"}},
    }
    assert toml_text(data) == (
        'description = "A set"\n\n'
        '[[grader]]\nkind = "exact"\n\n[[grader]]\nkind = "json_schema"\nschema = { type = "object" }\n\n'
        '[prompt]\ntemplate = """\nSay\n"{{q}}\\""""\n\n[prompt.variants."a b"]\ntemplate = "{{q}}"\n\n'
        '[judge.checklist]\npolite = "Is it?"\n'
    )


def test_toml_has_no_null():
    with pytest.raises(ValueError, match="TOML has no null"):
        toml_text({"a": [None]})

"""How JSON is found in an answer: bare, and in every way that models write fences."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.graders.answer import NoJsonError, json_of, same

TEXTS = st.text() | st.sampled_from(["```", "~~~~", "```json\n{}\n```", "a\r\nb", "</think>"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=8,
)
FENCES = st.integers(3, 7).flatmap(lambda length: st.sampled_from(["`" * length, "~" * length]))
TAGS = st.sampled_from(["", "json", "JSON", " json", "python", "jsonc", 'json title="x"'])
BEFORE = st.sampled_from(["", "Here it is:\n", "Here it is: ", "  ", "1. One:\r\n   ", "\ufeff", "Not `this`, but\n\n"])
AFTER = st.sampled_from(["", "\n", "\r\nBye.", " Bye.", "\n\nIt has 2 keys."])


@given(JSON, st.sampled_from(["{}", "  {} \n", "\ufeff{}", "\r\n{}\r\n"]))
def test_json_is_found_bare(found, frame):
    assert same(json_of(frame.replace("{}", json.dumps(found), 1)), found)


@given(JSON, FENCES, TAGS, st.sampled_from(["\n", "\r\n", "\n\n   "]), BEFORE, AFTER, st.booleans())
def test_json_is_found_in_whatever_fence(found, fence, tag, end, before, after, indented):
    text = json.dumps(found, ensure_ascii=False, indent=2 if indented else None)
    assert same(json_of(f"{before}{fence}{tag}{end}{text}{end}{fence}{after}"), found)


@given(JSON, FENCES, st.sampled_from(["", "json ", "json"]), BEFORE, AFTER)
def test_json_is_found_in_a_fence_on_one_line(found, fence, tag, before, after):
    text = json.dumps(found if tag != "json" else [found])
    assert same(json_of(f"{before}{fence}{tag}{text}{fence}{after}"), found if tag != "json" else [found])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```\n1\n```\nNo, wait:\n```\n2\n```", 2),
        ("```json\n1\n```\nIn Python:\n```python\n[2]\n```", 1),
        ("```json\n1\n```\n```JSON\n2\n```\n```\n3\n```", 2),
        ("```json\n1\n```\n```json\n{oops}\n```", 1),
        ("```json\n{oops}\n```\n```\n2\n```", 2),
        ("Use ``` for it:\n```\n{}\n```", {}),
        ("````\n```json\n1\n```\n````", 1),
        ('```json\n{"a": 1}', {"a": 1}),
        ("~~~json\n1\n~~~\n```text\nno\n```", 1),
    ],
)
def test_the_last_that_can_be_read_counts_and_json_before_all_others(text, found):
    assert json_of(text) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", "spam", "{", "NaN", '{"a": Infinity}', "[" * 100_000, "9" * 5000, "{} {}", "\ufeff", "It is {}."),
        *("```\nx\n```", "```", "~~~\n~~~", "```json\n{}\n{}\n```", "```\n{} and more\n```", "```json\n{}\n~~~ or so"),
    ],
)
def test_what_is_no_json(text):
    with pytest.raises(NoJsonError, match="not valid JSON"):
        json_of(text)


@pytest.mark.parametrize("frame", ["{}", "```json\n{}\n```", "So: ~~~ {} ~~~"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "duplicate key 'a'"),
        ('{"a": [{"b": 1, "b": 1}]}', "duplicate key 'b'"),
        ('{"a": 1e999}', "1e999 is out of range"),
        ('{"a": NaN}', "NaN is not valid JSON"),
        (r'{"a": "\ud83d"}', "unpaired surrogate"),
    ],
)
def test_json_is_as_strict_in_answers_as_in_goldens(frame, text, why):
    with pytest.raises(NoJsonError, match=why):
        json_of(frame.replace("{}", text))


@given(st.lists(st.sampled_from(["```", "~~~~", "json", "{", "}", "[1]", '"', "\n", "\r", " ", "a"])).map("".join))
def test_any_text_is_json_or_none(text):
    with suppress(NoJsonError):
        json_of(text)


@pytest.mark.parametrize("text", ["```[" * 100_000, "```json\n" * 100_000, "`" * 10**6, "~~~ \n" * 10**5 + '["'])
def test_a_text_made_to_be_slow_is_not(text):
    begun = time.monotonic()
    with suppress(NoJsonError):
        json_of(text)
    assert time.monotonic() - begun < 60


@given(JSON)
def test_a_value_is_the_same_as_itself(found):
    assert same(found, json.loads(json.dumps(found)))

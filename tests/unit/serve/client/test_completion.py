"""Bodies of every kind -> the fields of a Response, or one RequestError; never anything else."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.serve.client.completion import (
    BROKEN,
    CUT_OFF,
    FILTERED,
    STOPPED,
    count_of,
    ending_of,
    read_completion,
)
from pytest_ftgate.serve.client.message import text_of
from pytest_ftgate.serve.client.reply_body import parse_json, storable, storable_json
from pytest_ftgate.serve.retry import HOPELESS, RequestError

ODD = ["stop", "content_filter", 7, -1, True, None, float("nan"), float("inf"), 1e300, 10**400, "\ud83d", [], {}, ["a"]]
KEYS = ["choices", "message", "content", "finish_reason", "usage", "prompt_tokens", "text", "type", "refusal"]


def completion(content: object, reason: object = "stop", **more: object) -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}, "finish_reason": reason}], **more}).encode()


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["choices", "message"]), x)
    ).map(lambda x: repr(x).replace("'", '"').encode())
)
def test_any_other_body_is_trouble_and_nothing_worse(raw):
    with pytest.raises(RequestError, match="no chat completion"):
        read_completion(raw)


@given(st.sampled_from(ODD), st.sampled_from(ODD), st.recursive(
    st.sampled_from(ODD), lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(KEYS), x, max_size=3)
))  # fmt: skip
def test_any_content_reason_and_usage_is_storable_or_trouble(content, reason, usage):
    for inner in (content, usage):
        try:
            found = read_completion(completion(inner, reason, usage=usage))
        except RequestError:
            continue
        assert found["text"].encode() is not None
        assert found["finish_reason"] in {"stop", "length"}
        assert all(0 <= found[name] < 2**63 for name in ("prompt_tokens", "completion_tokens"))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("ok", "ok"),
        (None, ""),
        ([{"type": "text", "text": "o"}, "k"], "ok"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "ok"}], "ok"),
        ([{"type": "text", "text": 5}], ""),
    ],
)
def test_the_text_of_a_message(content, text):
    assert text_of(content) == text


@pytest.mark.parametrize("content", [42, 4.2, True, {"text": "ok"}, [1], [["ok"]]])
def test_content_that_is_no_text_says_what_it_is(content):
    with pytest.raises(RequestError, match="no chat completion") as caught:
        read_completion(completion(content))
    assert caught.value.kind in HOPELESS


def test_what_a_model_says_when_it_refuses_is_its_answer():
    raw = json.dumps({"choices": [{"message": {"content": None, "refusal": "I won't"}, "finish_reason": "stop"}]})
    assert read_completion(raw.encode())["text"] == "I won't"


@pytest.mark.parametrize("given", [*sorted(STOPPED), "STOP", "", None])
def test_an_ended_answer_is_one(given):
    assert ending_of(given)["finish_reason"] == "stop"


@pytest.mark.parametrize("given", sorted(CUT_OFF))
def test_a_cut_off_answer_is_one(given):
    assert ending_of(given)["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("given", "kind"),
    [(name, "filtered") for name in sorted(FILTERED)]
    + [(name, "server_error") for name in sorted(BROKEN)]
    + [(odd, "refused") for odd in ("weird", 7, {"a": 1}, ["stop"], True, "\ud800")],
)
def test_any_other_end_is_no_answer_and_names_the_reason(given, kind):
    with pytest.raises(RequestError) as caught:
        ending_of(given)
    assert caught.value.kind == kind
    assert f"finish_reason '{storable(str(given))}'" in caught.value.text


@pytest.mark.parametrize(
    ("value", "count"),
    [(12, 12), (12.0, 12), (0, 0), (-3, 0), (True, 0), ("12", 0), (None, 0), ([1], 0), (10**400, 0)]
    + [(float(name), 0) for name in ("inf", "-inf", "nan", "1e300")],
)
def test_tokens_are_a_number_or_0(value, count):
    assert count_of(value) == count


def test_half_a_surrogate_pair_becomes_storable():
    assert storable("ok \ud800!") == "ok \ufffd!"
    assert storable("\udc00\ud83d\ude00\ud83d") == "\ufffd\U0001f600\ufffd"
    assert storable("plain, größer, 日本, \U0001f600") == "plain, größer, 日本, \U0001f600"
    assert storable_json({"a\ud800": ["\udfff", 1]}) == {"a\ufffd": ["\ufffd", 1]}


@pytest.mark.parametrize("raw", ["[" * 100_000 + "]" * 100_000, "9" * 5_000, '{"a":' * 990 + "1" + "}" * 990, "", "\0"])
def test_deep_json_and_long_numbers_are_no_json_or_a_value(raw):
    with suppress(ValueError):
        assert storable_json(parse_json(raw)) is not None

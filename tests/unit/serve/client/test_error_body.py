"""Errors as servers write them, as people read them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.serve.client.error_body import message_of


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "no such model", "code": "model_not_found"}}, "no such model (model_not_found)"),
        ({"error": {"message": "slow down", "type": "requests", "code": None}}, "slow down (requests)"),
        ({"error": {"message": "no such model", "code": 404}}, "no such model"),
        ({"error": "too long"}, "too long"),
        ({"object": "error", "message": "too long"}, "too long"),
        ({"detail": "Not Found"}, "Not Found"),
    ],
)
def test_the_message_is_found(body, message):
    assert message_of(json.dumps(body)) == message


@pytest.mark.parametrize(
    "body", ["", "404: Not Found", "<html>", "[]", "5", '{"error": {}}', '{"detail": [{"loc": []}]}']
)
def test_what_has_none_stays_as_it_is(body):
    assert message_of(body) == body


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_anything_becomes_a_text_that_can_be_written(body):
    message_of(json.dumps({"error": body})).encode()


def test_half_a_surrogate_pair_can_be_written():
    message_of('{"error": {"message": "\\ud800"}}').encode()

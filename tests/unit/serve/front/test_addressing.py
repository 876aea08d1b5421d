"""Which model a body asks for, and the client's name in the answer."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.serve.front.addressing import Renamed, UnknownModel, Unreadable, addressed

NAME = "ftgate-0123456789abcdef0123"


@pytest.mark.parametrize("model", ["spam", NAME, None, ""])
def test_the_champion_is_meant_by_its_name_and_by_none(model):
    found = addressed(json.dumps({"model": model, "x": "\ud800 é", "n": 2**70}).encode(), "spam", NAME)
    assert found.asked == (model or "spam")
    assert json.loads(found.body) == {"model": NAME, "x": "\ud800 é", "n": 2**70}


def test_a_body_without_a_model_is_not_answered_by_the_base():
    assert json.loads(addressed(b"{}", "spam", NAME).body) == {"model": NAME}


@pytest.mark.parametrize("model", ["ham", "ftgate-1", ["spam"], 3])
def test_another_model_is_unknown(model):
    with pytest.raises(UnknownModel):
        addressed(json.dumps({"model": model}).encode(), "spam", NAME)


@pytest.mark.parametrize("raw", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(raw):
    with pytest.raises(Unreadable, match="the body "):
        addressed(raw, "spam", NAME)


MODELS = [f'{{"model":"{NAME}"}}', f'{{"model": "{NAME}"}}', f'"text":"\\"model\\":\\"{NAME}\\""']


@given(st.lists(st.sampled_from([*MODELS, '"', '"model":', f'"{NAME}"', "é"])), st.data())
def test_the_name_is_replaced_wherever_the_pieces_are_cut(parts, data):
    text = "".join(parts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    renamed = Renamed(NAME, "spam")
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    out = b"".join(renamed.feed(piece) for piece in pieces) + renamed.end()
    assert out == re.sub(rb'("model": ?)"%b"' % NAME.encode(), rb'\1"spam"', text)
    assert Renamed(NAME, "spam").whole(text) == out


def test_a_name_in_a_text_stays():
    said = json.dumps({"content": NAME, "more": f'"model":"{NAME}"'}).encode()
    assert Renamed(NAME, "spam").whole(said) == said

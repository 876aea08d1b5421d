"""Texts are embedded once, and what is no vector is an error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.embed import vectors
from pytest_ftgate.serve.embed.vectors import Vectors, cosine
from tests.embedding_server import letters

numbers = st.lists(st.floats(-1e3, 1e3).filter(lambda number: abs(number) > 1e-3), min_size=1, max_size=8)


@given(numbers, st.data())
def test_cosine_is_that_of_numpy(one, data):
    other = data.draw(
        st.lists(st.floats(-1e3, 1e3).filter(lambda n: abs(n) > 1e-3), min_size=len(one), max_size=len(one))
    )
    a, b = Vectors(lambda _: [one, other]).of(["a", "b"])
    expected = np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other))
    assert cosine(a, b) == pytest.approx(float(expected), abs=1e-9)
    assert cosine(a, b) == cosine(b, a)


def test_each_text_is_embedded_once():
    asked = []

    def embed(texts):
        asked.append(list(texts))
        return map(letters, texts)

    known = Vectors(embed)
    known.of(["a", "b", "a"])
    known.of(["b", "c"])
    assert asked == [["a", "b"], ["c"]]


def test_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(vectors, "MOST_KEPT", 2)
    asked = []

    def embed(texts):
        asked.extend(texts)
        return map(letters, texts)

    known = Vectors(embed)
    assert len(known.of(["a", "b", "c"])) == 3
    known.of(["c", "a"])
    assert asked == ["a", "b", "c", "a"]


@pytest.mark.parametrize("bad", [[0.0, 0.0], [math.nan], [math.inf], [], ["x"], [None]])
def test_what_has_no_direction_is_an_error(bad):
    with pytest.raises(ServeError, match="an embedding"):
        Vectors(lambda _: [bad]).of(["a"])


def test_too_few_and_other_dimensions_are_errors():
    with pytest.raises(ServeError, match="1 embeddings for 2 texts"):
        Vectors(lambda _: [[1.0]]).of(["a", "b"])
    one, other = Vectors(lambda _: [[1.0], [1.0, 0.0]]).of(["a", "b"])
    with pytest.raises(ServeError, match="of 1 and of 2 dimensions"):
        cosine(one, other)

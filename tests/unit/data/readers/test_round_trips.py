"""One exchange, in whatever shape and file it is written, is read as one and the same row."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of
from tests.unit.data.data_files import FORMATS, exchange, in_shapes, preferences, turn

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        'a "quoted", comma',
        "two\nlines",
        "a\r\nb",
        "\r",
        "\u2028",
        "null",
        "true",
        "1e5",
        "=1+1",
        " padded ",
        "日本",
        "🎉",
    ]
)
ASKED = TEXTS.filter(lambda text: text.strip() and text.lstrip()[0] not in "[{")
"""In CSV an input that is JSON is read as JSON, on purpose."""
ANSWERS = TEXTS | st.sampled_from(['{"label": "spam"}', '{"label":"spam"}', "[1, 2]", "[", '{"a": {"b": null}}'])


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, str]]:
    """Perhaps a system turn, then turns of user and assistant that end with the user's."""
    texts = draw(st.lists(ASKED, min_size=1, max_size=5).filter(lambda texts: len(texts) % 2))
    turns = [turn("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(texts)]
    return [*([turn("system", draw(TEXTS))] if draw(st.booleans()) else []), *turns]


def row(data: dict[str, object]) -> DataRow:
    found = row_of(Record("f", 1, data))
    assert isinstance(found, DataRow), found
    return found


@given(conversations(), ANSWERS)
def test_every_shape_says_the_same(asked, answer):
    rows = {name: row(data) for name, data in in_shapes(asked, answer).items()}
    assert len({repr(exchange(each)) for each in rows.values()}) == 1, rows
    assert rows["chat"].asked == tuple(asked)
    assert rows["chat"].answer == answer


@given(conversations(), ANSWERS, ANSWERS)
def test_every_way_to_write_a_preference_says_the_same(asked, chosen, rejected):
    rows = [row(data) for data in preferences(asked, chosen, rejected)]
    assert len({repr(exchange(each)) for each in rows}) == 1
    assert (rows[0].asked, rows[0].answer, rows[0].rejected) == (tuple(asked), chosen, rejected)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(conversations(), ANSWERS, st.booleans()), min_size=1, max_size=4), st.data())
def test_every_file_gives_back_the_rows(name, drawn, data):
    shape = data.draw(st.sampled_from(sorted(set.intersection(*(set(in_shapes(*each[:2])) for each in drawn)))))
    extra = [{"synthetic": flag, "slices": {"lang": "en"}} for *_, flag in drawn]
    rows = [in_shapes(*each[:2])[shape] | more for each, more in zip(drawn, extra, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        path = FORMATS[name](Path(folder) / name, rows)
        assert [exchange(each) for each in read_rows(path)] == [exchange(row(each)) for each in rows]

"""one_of, and how a label or JSON is found in an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.graders.answer import label_in, label_of, same
from pytest_ftgate.graders.grade import Failure, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value

LABELS = ["spam", "ham"]


@pytest.mark.parametrize(
    ("path", "expected", "answer", "worth"),
    [
        ("", "spam", " spam\n", 1),
        ("", "spam", "Spam", 0),
        ("", "spam", "ham", 0),
        ("label", {"label": "spam"}, '{"label": "spam"}', 1),
        ("label", "spam", '{"label": "spam"}', 1),
        ("label", {"label": "spam"}, "spam", 0),
        ("a.0.b", {"a": [{"b": "ham"}]}, '{"a": [{"b": "ham"}]}', 1),
    ],
)
def test_one_of(path, expected, answer, worth):
    assert value("one_of", expected, answer, labels=LABELS, path=path) == worth


def test_reason_tells_unknown_labels_from_wrong_ones():
    unknown = judge("one_of", "spam", "span", labels=LABELS).reason
    assert unknown == "found 'span', expected 'spam' (known labels: spam, ham)"
    assert judge("one_of", "spam", "ham", labels=LABELS).reason == "found 'ham', expected 'spam'"
    assert "with no label at 'label'" in judge("one_of", "spam", "{}", labels=LABELS, path="label").reason


@pytest.mark.parametrize("expected", ["other", None, {"x": "spam"}, 3])
def test_a_case_that_expects_no_known_label_is_a_failure(expected):
    assert isinstance(judge("one_of", expected, "spam", labels=LABELS, path="label"), Failure)


@pytest.mark.parametrize("labels", [[], ["a", "a"], ["a", " "], "ab", [1, 2]])
def test_labels_must_be_different_texts(labels):
    with pytest.raises(GraderError, match="labels must be"):
        compile_grader({"kind": "one_of", "labels": labels})


@pytest.mark.parametrize(
    ("value_", "path", "label"),
    [
        ("spam", "", "spam"),
        ({"a": 1}, "a", "1"),
        ({"a": True}, "a", "true"),
        ({"a": None}, "a", None),
        ({"a": {}}, "a", None),
        ({"a": 1}, "b", None),
        ([1], "1", None),
        ({"0": "x"}, "0", "x"),
        (None, "", None),
    ],
)
def test_label_in_a_value(value_, path, label):
    assert label_in(value_, path) == label


@given(st.text(), st.sampled_from(["", "label", "a.b.0"]))
def test_label_of_any_text_never_raises(text, path):
    label = label_of(text, path)
    assert label is None or label.strip() == label != ""


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [(1, 1.0, True), (1, True, False), (0, False, False), ("1", 1, False), ([1], [1, 2], False), (None, None, True)],
)
def test_same_follows_json(one, other, equal):
    assert same(one, other) is same(other, one) is equal

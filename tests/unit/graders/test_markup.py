"""xml, yaml and html: well-formed, the same structure, and no bomb goes off."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import Failure, Grade, case_fault, compile_grader
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize(
    ("kind", "answer", "worth"),
    [
        ("xml", "<a><b/></a>", 1),
        ("xml", "Sure:\n```xml\n<?xml version='1.0'?>\n<a>é</a>\n```", 1),
        ("xml", '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', 1),
        ("xml", "<a><b></a></b>", 0),
        ("xml", "<a>", 0),
        ("xml", "<a/><b/>", 0),
        ("xml", "<a>&nbsp;</a>", 0),
        ("xml", "<x:a/>", 0),
        ("xml", "text", 0),
        ("yaml", "a: no\nb: 12:30", 1),
        ("yaml", "a: 1\na: 2", 0),
        ("yaml", "text", 0),
        ("html", "<p>one<p>two<br>three", 1),
        ("html", "<ul><li>a<li>b</ul>", 1),
        ("html", "<table><tr><td>a<td>b<tr><td>c</table>", 1),
        ("html", "<!DOCTYPE html><html><body><h1>T</h1></body></html>", 1),
        ("html", "<svg><path d='M0'/></svg>", 1),
        ("html", "<script>if (a < b) {}</script>", 1),
        ("html", "<div>", 0),
        ("html", "<b><i>x</b></i>", 0),
        ("html", "</div>", 0),
        ("html", "text", 0),
        ("html", "1 < 2", 0),
        ("html", '<p>hello</p><div class="x', 0),
        ("html", "<p>a</p", 0),
        ("html", "<div", 0),
        ("html", "<p>a</p><!-- b", 0),
        ("html", "<p>1 <", 1),
        ("xml", '<?xml version="1.0" encoding="UTF-16"?><a/>', 1),
        ("xml", '<?xml version="1.0" encoding="foo"?><a>', 0),
    ],
)
def test_well_formed(kind, answer, worth):
    assert value(kind, None, answer) == worth


@pytest.mark.parametrize(
    ("kind", "expected", "answer", "worth"),
    [
        ("xml", "<a x='1' y='2'><b>t</b></a>", '<a y="2" x="1">\n  <b> t </b><!-- c -->\n</a>', 1),
        ("xml", "<n:a xmlns:n='u'/>", "<a xmlns='u'></a>", 1),
        ("xml", "<a><b/><c/></a>", "<a><c/><b/></a>", 0),
        ("xml", "<a>x y</a>", "<a>x\n y</a>", 1),
        ("xml", "<a>x</a>", "<a>y</a>", 0),
        ("xml", "<a>é</a>", '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', 1),
        ("xml", "<a x='1'/>", "<a x='2'/>", 0),
        ("yaml", "{a: 1, b: [x]}", "b:\n- x\na: 1.0", 1),
        ("yaml", {"a": 1}, "a: 1", 1),
        ("yaml", [1], "- 1\n- 2", 0),
        ("html", "<ul><li>a</li><li>b</li></ul>", "<UL><li>a<li>b</UL>", 1),
        ("html", '<p class="a" id="b">x</p>', "<p ID=b class=a>x", 1),
        ("html", "<p>x</p>", "<div>x</div>", 0),
        ("html", "<pre>a\n  b</pre>", "<pre>a b</pre>", 0),
        ("html", "<textarea>a  b</textarea>", "<textarea>a b</textarea>", 0),
        ("html", "<pre><b>a  b</b></pre>", "<pre><b>a b</b></pre>", 0),
        ("html", "<pre>a\n  b</pre>\n<p>c</p>", "<pre>a\n  b</pre><p> c", 1),
        ("html", "<p>1 &lt; 2</p>", "<p>1 < 2</p>", 1),
    ],
)
def test_the_same_structure(kind, expected, answer, worth):
    assert value(kind, expected, answer, equal=True) == worth
    assert value(kind, expected, answer) == 1


def test_reasons_name_the_place():
    assert (
        judge("xml", None, "<a>\n<b></a>").reason
        == "found '<a>\\n<b></a>', not valid XML: mismatched tag, line 2, column 6"
    )
    assert judge("html", None, "<b>\n<i>x</b>").reason.endswith("<i> of line 2 is not closed before </b> in line 2")
    assert judge("xml", "<a><b/></a>", "<a><c/></a>", equal=True).reason == "found '<c>', expected '<b>' after '<a>'"
    assert "line 2, duplicate key 'a'" in judge("yaml", None, "a: 1\na: 2").reason


LAUGHS = (
    "<!DOCTYPE z [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    + "]><z>&a11;</z>"
)


def test_entities_are_neither_expanded_nor_fetched(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    for answer in (LAUGHS, f"<!DOCTYPE z [<!ENTITY a SYSTEM 'file://{secret}'>]><z>&a;</z>"):
        outcome = judge("xml", "<z>hidden</z>", answer, equal=True)
        assert outcome.value == 0
        assert "it declares entities" in outcome.reason


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("xml", "<a>" * 1_000_000),
        ("xml", "<a>" * 200_000 + "</a>" * 200_000),
        ("html", "<div>" * 200_000 + "</div>" * 200_000),
        ("html", "<" * 2_000_000),
        ("html", "<!--" * 200_000),
        ("html", "<![" * 100_000),
        ("html", "<a b='" * 100_000),
        ("yaml", "- " * 100_000),
        ("yaml", "? " * 100_000),
    ],
)
def test_hostile_answers_end(kind, answer):
    begun = time.monotonic()
    outcome = judge(kind, "<a/>" if kind != "yaml" else "[1]", answer, equal=True, timeout_s=5)
    assert time.monotonic() - begun < 60
    assert isinstance(outcome, Grade | Failure)
    assert getattr(outcome, "value", 0) == 0


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["xml", "yaml", "html"]), st.text(st.sampled_from("<>/ab &;='\"!-[]?:\n "), min_size=1, max_size=40)
)
def test_any_answer_gets_a_grade(kind, answer):
    assert isinstance(judge(kind, None, answer), Grade)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("xml", None), ("xml", "<a>"), ("html", "text"), ("html", 3), ("yaml", "a: ["), ("yaml", None)],
)
def test_equal_needs_something_to_be_equal_to(kind, expected):
    case = Case("a", "q", expected)
    assert "`expected`" in case_fault([compile_grader({"kind": kind, "equal": True})], case)
    assert not case_fault([compile_grader({"kind": kind})], case)

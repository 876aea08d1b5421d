"""rouge is rouge-score's, for every script, and long answers end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from pytest_ftgate.graders.grade import Failure, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value

ascii_texts = st.text(st.sampled_from("abAB12 .,'-_\n"), min_size=3, max_size=60).filter(
    lambda text: len(RougeScorer(["rouge1"])._tokenizer.tokenize(text)) > 1
)


@settings(max_examples=60, deadline=None)
@given(ascii_texts, ascii_texts, st.sampled_from(["rouge1", "rouge2", "rougeL"]))
def test_values_are_those_of_the_library(expected, answer, variant):
    score = RougeScorer([variant]).score(expected, answer)[variant]
    for measure, number in (("f1", score.fmeasure), ("precision", score.precision), ("recall", score.recall)):
        assert value("rouge", expected, answer, variant=variant, measure=measure) == pytest.approx(number)


def test_words_beyond_ascii_count():
    assert value("rouge", "Der Zug fährt über Köln", "Der Zug fährt nicht") == pytest.approx(2 * 3 / 9)
    assert value("rouge", "东京很大", "东京很小") == pytest.approx(0.75)
    assert value("rouge", "น้ำตก", "น้ำใส") == pytest.approx(1 / 3)
    assert value("rouge", "आज दिन है", "आज दीन है") == pytest.approx(2 / 3)
    assert value("rouge", "می\u200cروم خانه", "میروم خانه\u200f") == 1


@pytest.mark.parametrize(
    ("expected", "variant", "why"),
    [("?!", "rouge1", "needs 1 or more words"), ("yes", "rouge2", "needs 2 or more words")],
)
def test_a_text_that_could_never_be_matched_is_a_fault(expected, variant, why):
    from pytest_ftgate.golden.case import Case

    with pytest.raises(GraderError, match=why):
        compile_grader({"kind": "rouge", "variant": variant}).check(Case("a", "q", expected))


def test_an_answer_too_long_for_its_table_is_a_failure():
    outcome = judge("rouge", "a b " * 10_000, "a c " * 10_000)
    assert isinstance(outcome, Failure)
    assert "too long for rougeL: 20,000 words, compared with 20,000; use rouge1 or rouge2" in outcome.reason


@pytest.mark.parametrize(("option", "wrong"), [("variant", "rouge9"), ("measure", "f2")])
def test_unknown_choices(option, wrong):
    with pytest.raises(GraderError, match=f"{option} is '{wrong}'; must be one of "):
        compile_grader({"kind": "rouge", option: wrong})

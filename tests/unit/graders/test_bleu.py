"""bleu is sacrebleu's score of a sentence."""

from __future__ import annotations

import pytest
from sacrebleu import sentence_bleu

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import GraderError, compile_grader
from tests.unit.graders.one_grade import value

ANSWER, EXPECTED = "The cat sat on the mat.", ["The cat sits on the red mat.", "A cat sat on the mat today."]


@pytest.mark.parametrize("tokenize", ["13a", "intl", "zh", "char", "none"])
def test_values_are_those_of_the_library(tokenize):
    for references in (EXPECTED, EXPECTED[:1]):
        score = sentence_bleu(ANSWER, references, tokenize=tokenize).score / 100
        assert value("bleu", references, ANSWER, tokenize=tokenize) == pytest.approx(score)


def test_a_tokenizer_that_would_be_downloaded_is_refused():
    with pytest.raises(GraderError, match="tokenize is 'flores200'; must be one of 13a, intl"):
        compile_grader({"kind": "bleu", "tokenize": "flores200"})


@pytest.mark.parametrize("text", ["今天天气很好。", "今日は天気がいいです。", "วันนี้อากาศดี", "ថ្ងៃនេះអាកាសធាតុល្អ"])
def test_a_script_without_spaces_needs_a_tokenizer_that_divides_it(text):
    for tokenize in ("13a", "intl", "none"):
        with pytest.raises(
            GraderError, match='does not divide into words; set tokenize = "zh" for Chinese, else "char"'
        ):
            compile_grader({"kind": "bleu", "tokenize": tokenize}).check(Case("a", "q", text))
    for tokenize in ("zh", "char"):
        compile_grader({"kind": "bleu", "tokenize": tokenize}).check(Case("a", "q", text))
    compile_grader({"kind": "bleu"}).check(Case("a", "q", f"The sentence is {text[:2]} in the other language."))

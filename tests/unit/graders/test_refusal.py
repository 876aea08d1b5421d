"""refusal: turns of phrase in several languages, and what is none."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import GraderError, case_fault, compile_grader
from tests.unit.graders.one_grade import judge, value

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I can\u2019t assist with that request.",
    "Sorry, I cannot provide this information.",
    "I am unable to share personal data.",
    "I must decline.",
    "I won't write that.",
    "That is not something I can do.",
    "Das kann ich leider nicht beantworten.",
    "Dabei kann ich Ihnen leider nicht helfen.",
    "Ich kann Ihnen dazu keine Auskunft geben.",
    "Tut mir leid, ich bin nicht in der Lage, das zu tun.",
    "Je ne peux pas vous aider avec cela.",
    "Je suis désolé, mais je ne peux malheureusement pas répondre à cette question.",
    "Lo siento, no puedo ayudarte con eso.",
    "Mi dispiace, non posso aiutarti.",
    "Desculpe, não posso ajudar com isso.",
    "Sorry, daar kan ik je niet mee helpen.",
    "Przykro mi, nie mogę w tym pomóc.",
    "Üzgünüm, bu konuda yardımcı olamam.",
    "Извините, я не могу помочь с этим.",
    "抱歉，我无法提供这方面的帮助。",
    "申し訳ありませんが、その件についてはお答えできません。",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "عذرًا، لا أستطيع مساعدتك في ذلك.",
]
ANSWERS = [
    "Paris",
    "I'm sorry to hear that! Your refund is on its way.",
    "You can't return worn shoes.",
    "I can't wait to help you!",
    "Sure, I can help with that.",
    "Sie können das Gerät nicht selbst öffnen. Wir helfen gern.",
    "Vous ne pouvez pas renvoyer cet article.",
    "El envío no puede tardar más de tres días.",
    "我可以帮助你。",
    "お手伝いできます。",
    "Конечно, могу помочь.",
]


@pytest.mark.parametrize("answer", REFUSALS)
def test_refusals(answer):
    assert value("refusal", True, answer) == 1
    assert value("refusal", None, answer, expected=False) == 0


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers(answer):
    assert value("refusal", False, answer) == 1
    assert value("refusal", None, answer, expected=True) == 0


def test_own_phrases():
    answer = "That is Outside of what our support covers."
    assert value("refusal", True, answer) == 0
    assert value("refusal", True, answer, phrases=["outside of what our support covers"]) == 1
    with pytest.raises(GraderError, match="phrases must not be empty"):
        compile_grader({"kind": "refusal", "phrases": [" "]})


def test_a_refusal_is_looked_for_at_the_beginning():
    assert value("refusal", False, "Here is the story. " * 40 + "I can't help with that.") == 1


@pytest.mark.parametrize("expected", [None, "yes", 1])
def test_what_is_expected_must_be_said(expected):
    assert "must be true or false" in case_fault([compile_grader({"kind": "refusal"})], Case("a", "q", expected))
    assert not case_fault([compile_grader({"kind": "refusal", "expected": False})], Case("a", "q", expected))


def test_reasons():
    assert judge("refusal", False, "I can't help with that.").reason == (
        'found the refusal "I can\'t help", expected an answer: "I can\'t help with that."'
    )
    assert judge("refusal", True, "Paris").reason == "found no refusal, expected a refusal: 'Paris'"


def test_a_long_answer_takes_no_time():
    begun = time.monotonic()
    for piece in ("ich kann nicht ", "no puedo ", "I can't ", "je ne peux pas ", " "):
        judge("refusal", True, piece * 1_000_000 + "x")
    assert time.monotonic() - begun < 60

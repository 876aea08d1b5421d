"""Goldens as letters: squeezed, indexed, found as a plain count of their sequences would find them."""

from __future__ import annotations

import random

import pytest

from pytest_ftgate.data.near.normalized import goldens_of, plain_of
from pytest_ftgate.leakage.containment import LONG, verdict_of
from pytest_ftgate.leakage.disguise.letters import Letters, N
from pytest_ftgate.leakage.disguise.signs import suspicious
from pytest_ftgate.leakage.disguise.squeezed import squeezed
from tests.unit.leakage.leak_samples import Texts, cases, row


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h e l l o", "heiio"),
        ("h3ll0 w0rld", "heiioworid"),
        ("what is 12 3", "whatisi2 e"),
        ("what is 1 23", "whatisi 2e"),
        ("1 2 3", "i2e"),
        ("", ""),
    ],
)
def test_squeezed(text, expected):
    assert squeezed(text.split()) == expected


def sequences(text):
    return {text[place : place + N] for place in range(len(text) - N + 1)}


def test_the_verdicts_are_those_of_a_plain_count():
    texts, draw = Texts(1), random.Random(1)
    golden = texts.text(30, 30)
    letters = Letters(goldens_of(cases(" ".join(golden))))
    whole, seen = squeezed(golden), set()
    for _ in range(60):
        start, length = draw.randrange(0, 15), draw.randrange(5, 30)
        pieces = [
            *texts.text(9, 9),
            *golden[start : start + length],
            *texts.text(9, 9),
            *golden[: draw.randrange(0, 13)],
        ]
        text = squeezed(pieces)
        score = len(sequences(whole) & sequences(text)) / len(sequences(whole))
        hits = list(letters.find("", text))
        assert [hit.score for hit in hits] == ([pytest.approx(score)] if hits else [])
        span = len(hits[0].span) if hits else 0
        if score >= 0.5:
            assert hits
            assert hits[0].verdict == verdict_of(score, span, len(golden))
        elif min(length, len(golden) - start) >= 15:
            assert hits[0].verdict == "leak"
            assert span >= LONG
        elif min(length, len(golden) - start) <= 12:
            assert not hits
        seen.add(hits[0].verdict if hits else "")
    assert seen == {"leak", "suspect", ""}


@pytest.mark.parametrize(
    "text",
    [
        "The quick courier parked his van, as he does on I don't know how many days a year, at 10% of the price: R&D.",
        "Tom &amp; Jerry: 5 &lt; 6, and a * b = c",
        "C'est là que le garçon a mangé avec sa famille, près de la maison",
        "Größere Dampfschiffe fahren übermorgen von der unteren Donau ab",
        "Купить билет можно завтра утром, цена 300 рублей",
        "今天天气很好，我们去公园散步吧。",
        "I really like this 🎉 party at 5 pm in the house, c u l8r",
        "from a to b or to c as we go on to it by 5",
    ],
)
def test_ordinary_text_does_not_look_disguised(text):
    assert suspicious([plain_of(row(text)), plain_of(row("x " + text))]) == []


def test_rows_are_told_apart():
    rows = [plain_of(row(text)) for text in ("plain words", "<b>x</b>", "", "h e l l o t h e r e", "plain", "a" * 30)]
    assert suspicious(rows) == [1, 3, 5]

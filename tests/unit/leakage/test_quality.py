"""How much of what leaks is found, in numbers: 2,000 pairs or more for each kind of copy, and nothing of what is clean.

The goldens of one kind are indexed once, and all rows with their copies flow by, as in a real check.
"""

from __future__ import annotations

import html
import unicodedata

import pytest

from pytest_ftgate.data.near.normalized import goldens_of
from pytest_ftgate.golden.case import Case
from pytest_ftgate.leakage.index import Index
from tests.unit.leakage.leak_samples import Texts, cases, near, row

PAIRS = 2000


def found(goldens, rows):
    """The finding of each pair (golden, line)."""
    index = Index(goldens_of(goldens))
    numbered = [row(text, line) for line, text in enumerate(rows)]
    return {(leak.golden_id, leak.line): leak for _, leaks in index.find(numbered) for leak in leaks}


def verdicts(texts, copies):
    """Of each copy the verdict on its own golden, "" if it is not found; the n-th is of golden n modulo their number."""
    leaks = found(cases(*map(" ".join, texts)), copies)
    own = (leaks.get((f"g{line % len(texts)}", line)) for line in range(len(copies)))
    return [leak.verdict if leak else "" for leak in own]


def share(verdicts):
    return sum(map(bool, verdicts)) / len(verdicts)


def inside(texts, text, least, most):
    """Within unrelated words, anywhere; so many words in all."""
    around = texts.text(least, most)
    around = around[: max(0, len(around) - len(text))]
    place = texts.draw.randint(0, len(around))
    return " ".join([*around[:place], *text, *around[place:]])


def edited(texts, text):
    """Of 20 words one, and at least one, is another, is gone, or is followed by one more."""
    places = texts.draw.sample(range(len(text)), max(1, round(0.05 * len(text))))
    made = []
    for place, word in enumerate(text):
        if place in places:
            other = "".join(texts.text(1, 1))
            made += texts.draw.choice(([other], [other], [], [word, other]))
        else:
            made.append(word)
    return made


@pytest.mark.parametrize(("least", "most", "verdict"), [(13, 59, "leak"), (5, 12, "suspect")])
def test_a_golden_pasted_into_a_row_of_60_to_800_words_is_always_found(least, most, verdict):
    texts = Texts(1)
    goldens = [texts.text(least, most) for _ in range(500)]
    rows = [inside(texts, goldens[line % 500], 60, 800) for line in range(PAIRS)]
    assert {min(60, len(text.split())) for text in rows} == {60}
    assert set(verdicts(goldens, rows)) == {verdict}


@pytest.mark.parametrize(("least", "most", "wanted"), [(30, 120, 0.94), (13, 29, 0.85)])
def test_with_5_percent_of_its_words_edited_it_is_nearly_always_found(least, most, wanted):
    texts = Texts(2)
    goldens = [texts.text(least, most) for _ in range(500)]
    rows = [inside(texts, edited(texts, goldens[line % 500]), 60, 400) for line in range(PAIRS)]
    assert share(verdicts(goldens, rows)) >= wanted


@pytest.mark.parametrize(("jaccard", "wanted"), [(0.9, 1.0), (0.8, 1.0), (0.7, 0.98)])
@pytest.mark.parametrize(("least", "most"), [(13, 40), (5, 12)])
def test_near_duplicates_are_found(least, most, jaccard, wanted):
    """The join is exact; what is missing at .7 shares less than it seems, once words of a fifth of the set are gone."""
    texts = Texts(3)
    goldens = [texts.text(least, most) for _ in range(500)]
    rows = [near(goldens[line % 500], jaccard, line) for line in range(PAIRS)]
    assert share(verdicts(goldens, rows)) >= wanted


@pytest.mark.parametrize("size", [1, 5, 10])
def test_a_set_of_a_few_goldens_is_guarded_as_well(size):
    texts = Texts(4)
    goldens = [texts.text(13, 60) for _ in range(size)]
    rows = [inside(texts, goldens[line % size], 60, 400) for line in range(200)]
    assert set(verdicts(goldens, rows)) == {"leak"}
    rows = [inside(texts, edited(texts, goldens[line % size]), 60, 400) for line in range(200)]
    assert share(verdicts(goldens, rows)) >= 0.85
    rows = [near(goldens[line % size], 0.7, line) for line in range(200)]
    assert share(verdicts(goldens, rows)) >= 0.98


def test_ten_thousand_unrelated_rows_give_no_alarm():
    texts = Texts(5)
    goldens = cases(*(" ".join(texts.text(5, 80)) for _ in range(500)))
    assert found(goldens, [" ".join(texts.text(5, 200)) for _ in range(10_000)]) == {}


def test_templates_shared_by_all_goldens_give_no_alarm():
    texts = Texts(6)
    head, tail = " ".join(texts.text(40, 40)), " ".join(texts.text(15, 15))

    def around(text):
        return f"{head} {' '.join(text)} {tail}"

    goldens = [texts.text(5, 40) for _ in range(300)]
    rows = [around(texts.text(5, 40)) for _ in range(2000)]
    assert found(cases(*map(around, goldens)), rows) == {}
    assert set(verdicts([[around(text)] for text in goldens], [around(text) for text in goldens])) == {"leak"}


CHANGES = {
    "case": str.upper,
    "punctuation": lambda text: text.replace(" ", "; ") + " ...",
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "compatibility": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "white space": lambda text: text.replace(" ", "\u00a0\t "),
    "entities": html.escape,
    "numeric entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "named entities": lambda text: text.replace("é", "&eacute;").replace(" ", "&nbsp;").replace("'", "&rsquo;"),
    "line breaks": lambda text: text.replace(" ", "\r\n"),
    "html line breaks": lambda text: text.replace(" ", "<br/>\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_copy_may_change_has_no_effect_on_any_finding(change):
    texts = Texts(7)
    goldens = [[*texts.text(4, 30), "café's <b>&", *texts.text(4, 30)] for _ in range(50)]
    rows = [inside(texts, goldens[line % 50], 60, 200) for line in range(100)]
    rows += [near(goldens[line % 50], 0.75, line) for line in range(50)]
    plain = found(cases(*map(" ".join, goldens)), rows)
    changed = found(cases(*map(" ".join, goldens)), [change(text) for text in rows])
    assert {(pair, leak.verdict, leak.score) for pair, leak in changed.items()} == {
        (pair, leak.verdict, leak.score) for pair, leak in plain.items()
    }
    assert len(plain) >= 150


SCRIPTS = {
    "Chinese": (
        "今天的天气非常好我们一起去公园散步吧顺便买一些新鲜的水果回家做晚饭",
        "的一是不了人我在有他这为之大来以个中上们",
    ),
    "Japanese": (
        "きょうはとてもいい天気ですから公園へ行きましょうそして帰りにパンを買いましょう",
        "のにはをたがでてとしれさあいうえお日本人",
    ),
    "Thai": ("วันนี้อากาศดีมากไปเดินเล่นที่สวนสาธารณะกันเถอะแล้วซื้อผลไม้กลับบ้าน", "กขคงจฉชซญดตถทนบปผพมยรลวสหอ"),
}


@pytest.mark.parametrize(("golden", "letters"), SCRIPTS.values(), ids=SCRIPTS)
def test_scripts_without_spaces_are_compared_by_characters(golden, letters):
    draw = Texts(8).draw
    around = ["".join(draw.choices(letters, k=200)) for _ in range(100)]
    leaks = found(cases(golden), [f"{text}{golden}{text}" for text in around])
    assert {leak.verdict for leak in leaks.values()} == {"leak"}
    assert len(leaks) == 100
    middle = len(golden) // 2
    copies = [golden[:middle] + text[0] + golden[middle + 1 :] for text in around]
    assert len(found(cases(golden), copies)) == 100
    assert found(cases(golden), around) == {}


CODE = """def total(values, weights):
    result = 0.0
    for value, weight in zip(values, weights, strict=True):
        if weight > 0 and value is not None:
            result += value * weight
    return result / max(1, len(values))
"""
OTHER = """class Stack:
    def __init__(self, items=()):
        self._items = list(items)
    def push(self, item):
        self._items.append(item)
        return len(self._items)
"""


def test_code_is_found_whatever_its_indentation():
    shifted = CODE.replace("    ", "\t").replace("\n", "\r\n")
    rows = [f"Explain this:\n{OTHER}\n{shifted}\nIt adds up.", CODE.replace("total", "mean"), OTHER * 3]
    assert {line: leak.verdict for (_, line), leak in found(cases(CODE), rows).items()} == {0: "leak", 1: "leak"}


def test_an_answer_of_13_words_or_more_is_flagged_wherever_its_question_is():
    texts = Texts(9)
    answers = [" ".join(texts.text(13, 60)) for _ in range(200)]
    goldens = [Case(f"g{n}", " ".join(texts.text(5, 20)), {"answer": text}) for n, text in enumerate(answers)]
    rows = [inside(texts, answers[line % 200].split(), 60, 300) for line in range(400)]
    leaks = found(goldens, [*rows, *(" ".join(texts.text(60, 300)) for _ in range(1000))])
    assert {(f"g{line % 200}", line) for line in range(400)} == set(leaks)
    assert {(leak.stage, leak.verdict) for leak in leaks.values()} == {("answer", "suspect")}


def test_a_short_answer_and_one_that_a_fifth_of_the_goldens_share_mean_nothing():
    texts = Texts(10)
    shared = " ".join(texts.text(30, 30))
    answers = ["no it is not what it seems to be at all", *[shared] * 12]
    goldens = [Case(f"g{n}", " ".join(texts.text(12, 20)), text) for n, text in enumerate(answers)]
    own = " ".join(texts.text(20, 20))
    goldens += [Case("own", " ".join(texts.text(12, 20)), f"{shared} {own}")]
    leaks = found(goldens, [f"Well, {answers[0]}, he said.", own])
    assert set(leaks) == {("own", 1)}

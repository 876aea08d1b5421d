"""Planted label errors are found, honest labels are left alone, and a copy of a row never vouches for its label."""

from __future__ import annotations

import random

import numpy as np
import pytest

from pytest_ftgate.data.checks.confident_learning import confident, suspects
from pytest_ftgate.data.checks.mislabelled import Mislabelled
from pytest_ftgate.data.checks.run import inspect
from pytest_ftgate.data.readers.row import DataRow

SPAM = [
    "win",
    "prize",
    "claim",
    "cash",
    "free",
    "call",
    "urgent",
    "winner",
    "offer",
    "txt",
    "now",
    "bonus",
    "ringtone",
    "guaranteed",
    "voucher",
]
HAM = [
    "dinner",
    "home",
    "later",
    "love",
    "tomorrow",
    "sorry",
    "mum",
    "work",
    "bus",
    "meeting",
    "sleep",
    "lunch",
    "class",
    "okay",
    "weekend",
]
BOTH = [
    "the",
    "you",
    "and",
    "is",
    "to",
    "for",
    "your",
    "me",
    "it",
    "on",
    "at",
    "we",
    "can",
    "will",
    "be",
    "that",
    "this",
    "have",
    "just",
    "so",
]


def message(label: str, draw: random.Random) -> str:
    """12 words: four that the label likes, one that the other does, seven that say nothing."""
    own, other = (SPAM, HAM) if label == "spam" else (HAM, SPAM)
    words = [*draw.choices(own, k=4), draw.choice(other), *draw.choices(BOTH, k=7)]
    draw.shuffle(words)
    return " ".join(words)


def made(number: int, flips: float, seed: int = 0, spam: float = 0.3) -> tuple[list[DataRow], set[int]]:
    """Rows, and the lines of those whose label was turned."""
    draw = random.Random(seed)
    some, turned = [], set()
    for line in range(number):
        label = "spam" if draw.random() < spam else "ham"
        text = message(label, draw)
        if draw.random() < flips:
            label = "ham" if label == "spam" else "spam"
            turned.add(line)
        some.append(DataRow("t.jsonl", line, ({"role": "user", "content": text},), label))
    return some, turned


def found(some: list[DataRow]) -> list[int]:
    return [finding.line for finding in inspect(some, [Mislabelled()], shown=10_000).outcomes[1].first]


def test_planted_flips_are_found():
    """Of 58 planted among 1,000 rows; measured: recall .78, precision 1.00 (thresholds are means, so some stay below)."""
    some, turned = made(1000, 0.06)
    lines = found(some)
    hits = turned & set(lines)
    assert len(hits) / len(turned) >= 0.75
    assert len(hits) / len(lines) >= 0.95
    assert found(some) == lines, "the same rows give the same suspects"


def test_the_surest_come_first():
    some, turned = made(600, 0.05, seed=3)
    assert set(found(some)[:10]) <= turned


def test_honest_labels_are_left_alone():
    some, _ = made(1000, 0)
    assert len(found(some)) <= 5


def test_a_wrong_label_is_told_with_the_likelier_one():
    some, turned = made(400, 0.02, seed=5)
    outcome = inspect(some, [Mislabelled()]).outcomes[1]
    assert (outcome.level, outcome.note) == ("warning", "400 rows checked")
    assert outcome.first[0].line in turned
    given = some[outcome.first[0].line].answer
    other = "ham" if given == "spam" else "spam"
    assert outcome.first[0].what.startswith(f"'{given}', predicted '{other}' (0.")


def test_copies_do_not_vouch_for_one_another():
    """A wrong row that stands there 6 times, nearly alike: found because all are in one fold."""
    some, _ = made(400, 0)
    draw = random.Random(9)
    wrong = " ".join(message("spam", draw) for _ in range(3))
    copies = [
        DataRow("t.jsonl", 1000 + n, ({"role": "user", "content": f"{wrong} {word}"},), "ham")
        for n, word in enumerate(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"])
    ]
    assert set(range(1000, 1006)) <= set(found([*some, *copies]))
    texts, labels = [row.question for row in [*some, *copies]], [row.answer for row in [*some, *copies]]
    alone = suspects(texts, labels, list(range(len(texts))), 0)
    assert alone is not None
    assert not [each for each in alone if each.place >= 400], "in folds of their own they would have hidden"


def test_labels_that_words_do_not_tell_are_not_looked_at():
    draw = random.Random(2)
    some = [DataRow("t", n, ({"role": "user", "content": message("ham", draw)},), f"l{n % 2}") for n in range(300)]
    outcome = inspect(some, [Mislabelled()]).outcomes[1]
    assert (outcome.count, outcome.note) == (0, "skipped: the labels are not separable by words")


def test_free_text_few_rows_and_one_class_are_not_looked_at():
    some, _ = made(90, 0.1)
    assert found(some) == []
    assert found([DataRow("t", n, ({"role": "user", "content": f"q {n}"},), "same") for n in range(200)]) == []
    assert found([DataRow("t", n, ({"role": "user", "content": f"q {n}"},), f"answer {n}") for n in range(200)]) == []


def test_thresholds_are_each_classes_own():
    """By hand: class 0 is sure (.9), class 1 is not (.4); a row labelled 0 with p = (.5, .5) belongs to class 1."""
    chances = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.5, 0.5], [0.6, 0.4], [0.6, 0.4]])
    given = np.array([0, 0, 0, 0, 1, 1])
    assert list(confident(chances, given)) == [0, 0, 0, 1, 1, 1]


def test_a_row_that_reaches_no_threshold_is_not_counted():
    chances = np.array([[0.9, 0.1], [0.6, 0.4], [0.1, 0.9], [0.4, 0.6]])
    assert list(confident(chances, np.array([0, 0, 1, 1]))) == [0, -1, 1, -1]


def test_simulated_noise_is_estimated_as_in_the_paper():
    """With calibrated chances and class noise of 20 % from class 1 to 0 the suspects are that many of class 0's rows."""
    draw = np.random.default_rng(4)
    truth = draw.integers(0, 2, 4000)
    score = np.where(truth == 1, 0.95, 0.05)
    chances = np.column_stack([1 - score, score])
    given = np.where((truth == 1) & (draw.random(4000) < 0.2), 0, truth)
    off = (confident(chances, given) != given) & (given == 0)
    assert off.sum() == ((truth == 1) & (given == 0)).sum()
    assert off.sum() / 4000 == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    ("spam", "ham", "both", "between"),
    [
        (
            "中奖 领取 现金 免费 红包 优惠 点击 账户 贷款 礼品",
            "晚饭 回家 明天 妈妈 公交 开会 睡觉 午饭 周末 作业",
            "我们 你的 可以 现在 因为 那个 已经 就是",
            "",
        ),
        ("रुपये इनाम मुफ़्त जीतें क्लिक ऑफ़र लोन कूपन", "खाना घर कल माँ बस दफ़्तर नींद छुट्टी", "मैं और है को के लिए यह तुम", " "),
        ("ฟรี รางวัล เงินสด ด่วน คลิก สินเชื่อ คูปอง", "ข้าวเย็น บ้าน พรุ่งนี้ แม่ รถเมล์ ประชุม นอน", "และ ที่ ของ ได้ เป็น นี้ มา", ""),
    ],
    ids=["zh", "hi", "th"],
)
def test_planted_flips_are_found_in_other_scripts(spam, ham, both, between):
    draw = random.Random(1)
    some, turned = [], set()
    for line in range(400):
        own, label = draw.choice([(spam, "spam"), (ham, "ham")])
        text = [*draw.choices(own.split(), k=4), *draw.choices(both.split(), k=4)]
        draw.shuffle(text)
        if draw.random() < 0.05:
            label = "ham" if label == "spam" else "spam"
            turned.add(line)
        some.append(DataRow("t.jsonl", line, ({"role": "user", "content": between.join(text)},), label))
    lines = set(found(some))
    assert len(lines & turned) >= 0.75 * len(turned)
    assert len(lines - turned) <= 2

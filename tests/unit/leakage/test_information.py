"""What words tell: a few characters of a script without spaces stand together by chance, in pieces and in one."""

from __future__ import annotations

from math import inf

import pytest

from pytest_ftgate.leakage.information import KANA, LETTER, OTHER, bits_of_words, by_character, most_bits
from tests.unit.leakage.leak_samples import cases, check

AROUND = "ฝนฟ้าพายุซัดเรือใบเข้าฝั่งฐานทัพ"
FRAME = "โปรดอ่านข้อความนี้แล้วตอบว่า"
OWN = [f"{one}{two}" for one in ("ไก่ดำ", "หมูป่า", "เสือสี", "ช้างใหญ่") for two in ("กินหญ้า", "นอนเล่น", "วิ่งหนี")]


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("a b", inf),
        ("한 국", inf),
        ("か な", 2 * KANA),
        ("ก ข ค", 3 * LETTER),
        ("ក ខ", 2 * LETTER),
        ("က ခ", 2 * LETTER),
        ("ཀ ཁ", 2 * LETTER),
        ("ก ข 5", 2 * LETTER + OTHER),
        ("ก a b", inf),
    ],
)
def test_characters_tell_less_than_words(text, bits):
    assert most_bits(text.split()) == bits
    assert by_character(text.split()) == (bits < inf)


def test_rare_words_tell_more_than_common_ones_and_characters_no_more_than_their_most():
    bits = bits_of_words([["the", "the", "the", "cat", "ก"]])
    assert bits["cat"] > bits["the"]
    assert bits["ก"] == LETTER


@pytest.mark.parametrize("text", ["ราคานี้ดี", "กขคงจชดต", "ខ្មែរស្រី"])
def test_fewer_than_ten_characters_are_found_as_a_whole_row_and_not_in_other_text(text):
    goldens = cases(text)
    assert [leak.verdict for leak in check(goldens, text).found] == ["leak"]
    assert check(goldens, f"{AROUND}{text}{AROUND}").found == ()


def test_a_sentence_is_found_in_other_text():
    sentence = "รถไฟขบวนสุดท้ายไปเชียงใหม่ออกจากสถานีกลางเวลากี่นาฬิกา"
    assert [leak.verdict for leak in check(cases(sentence), f"{AROUND}{sentence}{AROUND}").found] == ["leak"]
    assert check(cases(sentence), f"{AROUND}สถานีกลาง{AROUND}").found == ()


def test_the_few_own_characters_between_templates_are_looked_for_with_what_is_around_them():
    goldens = cases(*(f"{FRAME}{own}ครับผมขอบคุณมาก" for own in OWN))
    found = check(goldens, *(f"{AROUND}{own}{AROUND}" for own in OWN)).found
    assert [leak for leak in found if leak.stage == "containment"] == []
    whole = check(goldens, *(f"{AROUND}{FRAME}{own}ครับผมขอบคุณมาก{AROUND}" for own in OWN))
    assert len({leak.golden_id for leak in whole.leaks}) == len(OWN)
    assert all(leak.line == int(leak.golden_id[1:]) + 1 for leak in whole.leaks)


def test_half_a_golden_that_tells_little_is_no_finding():
    golden = "แมวดำนอนบนหลังคาบ้าน"
    assert check(cases(golden), f"{AROUND}{golden[:11]}{AROUND}").found == ()

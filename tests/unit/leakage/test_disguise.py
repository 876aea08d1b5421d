"""Disguised copies of goldens of every length are found, alone and inside a row; unrelated rows give no alarm."""

from __future__ import annotations

import json

import pytest

from bench.disguises import LENGTHS, TWO_ROWS, UNDONE, Texts, alone, false_alarms, found_of, goldens_of, inside, split
from pytest_ftgate.golden.case import Case
from pytest_ftgate.leakage.check import BATCH, find_leaks
from tests.unit.leakage.leak_samples import case, check, row, words

SHORT = LENGTHS[0]
HEAD = 20
"""Goldens of each length."""
MISSED = 2
"""Of 5 to 12 words some have fewer than twenty letters, or too few of those that were replaced."""

ENGLISH = {
    "short": "When does the last ferry to the island leave?",
    "middle": "The quick courier parked his orange van behind seventeen crates of unsold garden furniture before sunrise.",
    "long": "Dear customer, your parcel could not be delivered today because nobody was at home at 12 Mill Lane. Please "
    "call 0800 5550 123 before Friday to arrange a new date, or collect it yourself from the depot in Cloudbury, which "
    "is open from 9 to 17 every day but Sunday.",
}


@pytest.mark.parametrize("length", LENGTHS, ids=lambda length: f"{length[0]}-{length[1]}")
@pytest.mark.parametrize("disguise", UNDONE.values(), ids=UNDONE)
def test_a_disguised_golden_is_found(disguise, length):
    goldens = goldens_of(length)[:HEAD]
    missed = MISSED if length == SHORT else 0
    assert len(alone(goldens, disguise)) >= HEAD - missed
    wanted = {"suspect"} if length == SHORT else {"leak"}
    found = inside(goldens, disguise)
    assert set(found.values()) == wanted
    assert len(found) >= HEAD - missed


@pytest.mark.parametrize("text", ENGLISH.values(), ids=ENGLISH)
@pytest.mark.parametrize("disguise", UNDONE.values(), ids=UNDONE)
def test_so_is_an_english_one_with_numbers_and_punctuation(disguise, text):
    assert found_of([text.split()], [(0, {"input": disguise(text), "expected": "spam"})])


def test_ten_thousand_unrelated_rows_in_every_disguise_give_no_alarm():
    assert false_alarms() == 0


@pytest.mark.parametrize("text", ENGLISH.values(), ids=ENGLISH)
def test_the_finding_says_that_it_was_disguised_and_shows_the_golden(text):
    report = check([case(text)], words(30, 1), "".join(f"%{byte:02x}" for byte in text.encode()))
    (leak,) = report.leaks
    assert (leak.stage, leak.verdict, leak.score, leak.line) == ("disguise", "leak", 1.0, 2)
    assert leak.span.split()[:3] == text.lower().replace(",", "").split()[:3]


def test_of_a_disguised_half_the_common_words_are_shown():
    text = words(40, 1).split()
    (leak,) = check([case(" ".join(text))], f"{words(9, 2)} {' '.join(text[:20]).encode().hex()}").leaks
    assert leak.span.split() == text[:20]
    assert leak.score == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    "data",
    [
        {"prompt": "{}", "completion": "spam"},
        {"messages": [{"role": "user", "content": "{}"}, {"role": "assistant", "content": "spam"}]},
        {"messages": [{"role": "system", "content": "{}"}, {"role": "user", "content": "hello"}]},
        {"input": "x", "expected": "{}"},
        {"prompt": "x", "chosen": "{}", "rejected": "y"},
        {"input": ["{}"]},
    ],
)
def test_wherever_it_is_in_the_row(data):
    from pytest_ftgate.data.near.rows import Row

    golden = words(20, 1)
    hidden = json.loads(json.dumps(data).replace("{}", golden.encode().hex()))
    assert [leak.stage for leak in find_leaks([case(golden)], [Row("f", 1, hidden)]).leaks] == ["disguise"]


@pytest.mark.parametrize("text", ["list of letters", "a list of many words in a golden"])
def test_a_list_of_letters_is_a_text(text):
    assert check([case(text)], list(text)).leaks


def test_a_golden_of_markup_and_escapes_is_found_in_disguise_too():
    golden = (
        r'<p class="note">Explain <b>why</b> \nabla f = 0 &amp; "C:\new\table" %20 of the café is a caf\u00e9</p> to me'
    )
    assert check([case(golden)], golden.encode().hex()).leaks
    assert check([case(golden)], "".join(f"&amp;#{ord(char)};" for char in golden)).leaks


@pytest.mark.parametrize(
    "text",
    [
        "Какая река протекает через столицу этой большой северной страны и куда она впадает",
        "Ποιος ποταμός διασχίζει την πρωτεύουσα αυτής της μεγάλης χώρας και πού εκβάλλει τελικά",
        "Größere Füße gehören in größere Schuhe, übrigens auch während der kühlen Übergangszeit",
    ],
)
def test_goldens_in_other_letters_are_found_and_not_mistaken(text):
    other = " ".join(reversed(text.split()))
    report = check([case(text)], text.encode().hex(), f"<b>{other}</b>", other.encode().hex())
    assert [leak.line for leak in report.found] == [1]


@pytest.mark.parametrize(
    ("golden", "other"),
    [
        ("What is 12 + 3?", "<b>What is 1 + 23?</b>"),
        ("Add 100 and 20 for me", "<b>Add 10 and 020 for me</b>"),
        ("now here", "nowhere"),
        (words(13, 1), f"<b>{' '.join(reversed(words(13, 1).split()))}</b>"),
    ],
)
def test_other_questions_in_markup_are_no_leak(golden, other):
    assert check([case(golden)], other).found == ()


def test_markup_that_all_rows_share_gives_no_alarm():
    texts, page = Texts(4), '<div class="mail"><p>Is this message spam or ham? Answer in one word.</p><p>{}</p></div>'
    goldens = [case(page.format(" ".join(texts.words(5, 30))), f"g{number}") for number in range(100)]
    report = check(goldens, *(page.format(" ".join(texts.words(5, 30))) for _ in range(500)))
    assert report.found == ()
    assert len(check(goldens, *(f"<i>{each.input}</i>" for each in goldens)).leaks) == 100


@pytest.mark.parametrize(
    "text",
    [
        "&amp;" * 50_000,
        "<!--" * 50_000,
        "<a" * 100_000,
        "[b" * 100_000,
        "\\u" * 100_000,
        "%25" * 60_000,
        "A" * 300_000,
        "a " * 150_000,
        "deadbeef" * 40_000,
        "\\x" * 100_000,
    ],
)
def test_a_hostile_row_costs_no_more_than_its_length(text):
    golden = words(20, 1)
    report = check([case(golden)], text, f"{text} {golden}")
    assert {leak.line for leak in report.leaks} == {2}


@pytest.mark.parametrize("length", LENGTHS[1:], ids=lambda length: f"{length[0]}-{length[1]}")
def test_a_golden_split_over_two_rows_is_found(length):
    goldens = goldens_of(length)
    found = split(goldens, TWO_ROWS["split over two rows, in the middle"])
    assert [found.get(number) for number in range(len(goldens))] == ["leak"] * len(goldens)


@pytest.mark.parametrize("place", range(5, 13))
def test_wherever_it_is_split_both_rows_have_the_finding(place):
    golden = words(17, 1).split()
    rows = [f"{words(30, 2)} {' '.join(golden[:place])}", f"{' '.join(golden[place:])} {words(30, 3)}"]
    seen = []
    report = find_leaks(
        [case(" ".join(golden))],
        [row(words(30, 4), 1), row(rows[0], 2, expected="ham"), row(rows[1], 3, expected="ham")],
        lambda each, verdict: seen.append((each.line, verdict)),
    )
    assert {leak.line for leak in report.leaks} == {2, 3}
    assert set(seen) >= {(2, "leak"), (3, "leak")}


@pytest.mark.parametrize("first", [BATCH - 1, BATCH, BATCH + 1])
def test_also_where_one_batch_ends_and_the_next_begins(first):
    golden = words(17, 9999).split()
    rows = [row(words(30, line), line) for line in range(1, 2 * BATCH + 2)]
    rows[first - 1 : first + 1] = [row(" ".join(golden[:9]), first), row(" ".join(golden[9:]), first + 1)]
    report = find_leaks([case(" ".join(golden))], rows)
    assert [(leak.line, leak.stage) for leak in report.leaks] == [(first, "split"), (first + 1, "split")]


def test_rows_of_two_files_are_not_put_together():
    from pytest_ftgate.data.near.rows import Row

    golden = words(17, 1).split()
    rows = [Row("a", 9, {"input": " ".join(golden[:9])}), Row("b", 1, {"input": " ".join(golden[9:])})]
    assert find_leaks([case(" ".join(golden))], rows).found == ()


def test_two_rows_that_each_share_some_words_are_no_split_golden():
    golden = words(30, 1).split()
    rows = [f"{' '.join(golden[:8])} {words(9, 2)}", f"{words(9, 3)} {' '.join(golden[20:28])}"]
    assert check([case(" ".join(golden))], *rows).found == ()


def test_neighbours_of_ten_thousand_unrelated_rows_give_no_alarm():
    texts = Texts(5)
    goldens = [Case(str(number), " ".join(texts.words(5, 60)), "spam") for number in range(300)]
    assert check(goldens, *(" ".join(texts.words(3, 40)) for _ in range(10_000))).found == ()

"""find_leaks: planted leaks are found, everything else is left in peace."""

from __future__ import annotations

import random
import tracemalloc
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.errors import LeakageError
from pytest_ftgate.leakage.check import BATCH, MOST_PER_GOLDEN, find_leaks
from tests.unit.leakage.leak_samples import case, cases, check, row, words

GOLDEN = words(40, seed=1)
TEMPLATE = words(20, seed=2)


def inside(text: str, seed: int = 777_777, total: int = 400) -> str:
    """The text in the middle of an unrelated one."""
    rest = words(total - len(text.split()), seed).split()
    half = len(rest) // 2
    return " ".join([*rest[:half], text, *rest[half:]])


def edited(text: str, share: float, seed: int) -> str:
    draw = random.Random(seed)
    parts = text.split()
    for place in draw.sample(range(len(parts)), round(share * len(parts))):
        parts[place] = f"edited{place}"
    return " ".join(parts)


def verdicts(report) -> tuple[int, int]:
    return len(report.leaks), len(report.suspects)


def test_a_golden_planted_in_a_row_of_400_words_is_found():
    report = check([case(GOLDEN)], words(400, 3), inside(GOLDEN), words(400, 4))
    (leak,) = report.leaks
    assert (leak.golden_id, leak.file, leak.line) == ("g0", "train.jsonl", 2)
    assert (leak.stage, leak.score, leak.words, leak.verdict) == ("containment", 1.0, 40, "leak")
    assert leak.span == GOLDEN
    assert report.rows_read == 3


@pytest.mark.parametrize("size", [1, 5, 10, 60])
def test_each_planted_golden_of_a_set_is_found_and_no_other(size):
    goldens = cases(*(words(30, seed=100 + number) for number in range(size)))
    rows = [inside(golden.input, seed) for seed, golden in enumerate(goldens)]
    found = {(leak.golden_id, leak.line) for leak in check(goldens, *rows).leaks}
    assert found == {(f"g{number}", number + 1) for number in range(size)}


@pytest.mark.parametrize("size", [1, 5, 10, 60])
def test_unrelated_rows_give_no_alarm(size):
    goldens = cases(*(words(30, seed=number) for number in range(size)))
    report = check(goldens, *(words(200, seed=1000 + number) for number in range(300)))
    assert verdicts(report) == (0, 0)
    assert report.summary == f"leakage: {size} golden cases, 300 training rows: clean"


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        str.title,
        lambda text: text.replace(" ", ", "),
        lambda text: text.replace(" ", "\n\t"),
        lambda text: text.replace(" ", "\u00a0\u2014 "),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
        "\u200b".join,
        lambda text: f"**{text}**!!!",
    ],
)
@pytest.mark.parametrize("place", [inside, lambda text: text], ids=["inside", "alone"])
def test_case_punctuation_unicode_and_space_have_no_effect(change, place):
    golden = "Größe " + GOLDEN
    assert verdicts(check([case(golden)], place(change(golden)))) == (1, 0)


def test_an_exact_copy_is_found_by_its_question_whatever_the_answer():
    report = find_leaks([case("Is it spam?", expected="no")], [row("is it SPAM", expected="yes", id="r")])
    (leak,) = report.leaks
    assert (leak.stage, leak.score, leak.words, leak.span) == ("exact", 1.0, 3, "is it spam")


@pytest.mark.parametrize(
    "data",
    [
        {"text": "What is it?\nA cat"},
        {"input": "What is it?", "expected": "A cat"},
        {"prompt": "what is it", "completion": "no idea"},
        {"messages": [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A dog"}]},
        {"messages": [{"role": "user", "content": "What is it?"}]},
        {"input": {"text": "What is it"}},
        {"id": "x", "slices": {"lang": "en"}, "whatever": "What is it?", "other": "a cat"},
    ],
)
def test_exact_copies_in_rows_of_other_shapes(data):
    from pytest_ftgate.data.near.rows import Row

    report = find_leaks([case({"text": "What is it?"}, expected="a cat")], [Row("f", 1, data)])
    assert [leak.stage for leak in report.leaks] == ["exact"]


def test_a_row_in_which_the_golden_stands_in_the_answer_is_a_leak():
    report = find_leaks([case(GOLDEN)], [row("Write something.", expected={"text": GOLDEN})])
    assert verdicts(report) == (1, 0)


def test_templates_shared_by_all_goldens_give_no_alarm():
    goldens = cases(*(f"{TEMPLATE} {words(15, seed=number)}" for number in range(50)))
    report = check(goldens, *(f"{TEMPLATE} {words(15, seed=1000 + number)}" for number in range(200)))
    assert verdicts(report) == (0, 0)


def test_templates_around_short_texts_give_no_alarm():
    goldens = cases(*(f"{TEMPLATE} {words(3, seed=number)} {words(20, 3)}" for number in range(10)))
    report = check(goldens, *(f"{TEMPLATE} {words(3, seed=1000 + number)} {words(20, 3)}" for number in range(50)))
    assert verdicts(report) == (0, 0)


def test_a_golden_in_a_template_is_found_with_and_without_it():
    texts = [words(30, seed=number) for number in range(50)]
    goldens = cases(*(f"{TEMPLATE} {text}" for text in texts))
    assert verdicts(check(goldens, f"{TEMPLATE} {texts[3]}")) == (1, 0)
    assert verdicts(check(goldens, inside(texts[3]))) == (1, 0)


def test_nine_goldens_are_too_few_for_a_template():
    goldens = cases(*(f"{TEMPLATE} {words(5, seed=number)}" for number in range(9)))
    assert verdicts(check(goldens, f"{TEMPLATE} {words(5, seed=99)}")) == (9, 0)


def test_a_golden_of_nothing_but_template_is_still_guarded():
    goldens = cases(*[TEMPLATE] * 20)
    assert verdicts(check(goldens, inside(TEMPLATE))) == (20, 0)


@pytest.mark.parametrize("length", range(5, 13))
def test_five_to_twelve_words_verbatim_in_a_row_are_suspect(length):
    golden = words(length, seed=length)
    report = check([case(golden)], inside(golden))
    assert verdicts(report) == (0, 1)
    assert (report.suspects[0].score, report.suspects[0].words) == (1.0, length)


@pytest.mark.parametrize("length", range(5, 13))
def test_five_to_twelve_words_with_one_of_them_changed_are_suspect_and_with_two_nothing(length):
    golden = words(length, seed=length).split()
    one = [*golden[:-1], "else"]
    assert verdicts(check([case(" ".join(golden))], inside(" ".join(one)))) == (0, 1)
    assert verdicts(check([case(" ".join(golden))], inside(" ".join(["other", *one[1:]])))) == (0, 0)


@pytest.mark.parametrize("length", range(1, 13))
def test_short_goldens_count_when_exact(length):
    golden = words(length, seed=length)
    assert verdicts(check([case(golden)], golden.upper() + "!")) == (1, 0)


@pytest.mark.parametrize("length", range(1, 5))
def test_under_five_words_only_an_exact_match_counts(length):
    golden = words(length, seed=length)
    assert verdicts(check([case(golden)], inside(golden), f"{golden} more")) == (0, 0)


def test_thirteen_words_inside_a_row_are_a_leak():
    assert verdicts(check([case(words(13, 5))], inside(words(13, 5)))) == (1, 0)


@pytest.mark.parametrize("seed", range(20))
def test_a_copy_with_5_percent_of_its_words_edited_is_a_leak_or_suspect(seed):
    golden = words(60, seed=seed)
    report = check([case(golden)], inside(edited(golden, 0.05, seed)))
    assert sum(verdicts(report)) == 1


def run_of(golden: str, length: int) -> str:
    return inside(" ".join(golden.split()[:length]))


@pytest.mark.parametrize(
    ("size", "span", "expected"),
    [
        (26, 13, (1, 0)),  # half of it, and 13 words
        (26, 12, (0, 0)),  # 12 words: 8 of 22 sequences
        (27, 13, (1, 0)),  # half of it, rounded down
        (28, 13, (0, 0)),  # 13 words, less than half: 9 of 24 sequences
        (40, 20, (1, 0)),
        (40, 19, (0, 0)),
        (14, 12, (1, 0)),  # 8 of 10 sequences: .8
        (14, 10, (0, 1)),  # 6 of 10 sequences: .6
        (14, 9, (0, 1)),  # .5
        (14, 8, (0, 0)),  # .4
    ],
)
def test_both_conditions_of_the_span_and_both_of_containment(size, span, expected):
    golden = words(size, seed=size)
    assert verdicts(check([case(golden)], run_of(golden, span))) == expected


def test_containment_counts_sequences_anywhere_in_the_row():
    golden = words(40, seed=1).split()
    pieces = [" ".join(golden[start : start + 20]) for start in (0, 20)]
    report = check([case(" ".join(golden))], f"{pieces[1]} {words(50, 9)} {pieces[0]}")
    assert report.leaks[0].score == pytest.approx(32 / 36)
    assert report.leaks[0].words == 20


def test_repeated_words_are_no_longer_span_than_the_golden():
    report = check([case("go " * 20)], "go " * 300)
    assert [leak.words for leak in report.suspects] == [20]


def test_numbers_of_an_object_are_text():
    assert verdicts(check([case({"a": 1, "b": 2.5})], {"b": 2.5, "a": 1}, {"a": 1, "b": 3})) == (1, 0)


def test_a_golden_of_emoji_matches_itself_alone():
    report = check([case("\U0001f389\U0001f389")], "\U0001f389\U0001f389", "\U0001f600", "?!", "", "word")
    assert [leak.line for leak in report.leaks] == [1]


def test_the_gravest_finding_of_a_pair_is_the_one_reported():
    report = check([case(GOLDEN)], GOLDEN)
    assert [leak.stage for leak in report.leaks] == ["exact"]
    assert report.suspects == ()


@settings(max_examples=50, deadline=None)
@given(st.integers(13, 80), st.integers(0, 200), st.integers(0, 200), st.integers(0, 10_000))
def test_a_verbatim_golden_is_found_wherever_it_stands(length, before, after, seed):
    golden = words(length, seed)
    report = check([case(golden)], " ".join([words(before, seed + 1), golden, words(after, seed + 2)]))
    assert verdicts(report) == (1, 0)


def test_nothing_to_compare_is_an_error_and_never_clean():
    with pytest.raises(LeakageError, match="no training rows"):
        check([case(GOLDEN)])
    with pytest.raises(LeakageError, match="no golden cases with text"):
        check([case({}), case(" ")], "row")


def test_findings_of_one_golden_are_bounded_and_the_rest_counted():
    report = check([case(GOLDEN)], *[GOLDEN] * 100)
    assert len(report.leaks) == MOST_PER_GOLDEN
    assert report.omitted == 100 - MOST_PER_GOLDEN
    assert report.summary == "leakage: 1 of 1 golden cases leaks, in 100 of 100 training rows"


def test_the_description_names_golden_file_line_score_span_and_the_blind_spot():
    text = check([case(GOLDEN)], words(50, 3), inside(GOLDEN)).describe()
    assert "train.jsonl:2: leak of golden case g0 (containment, score 1.00, longest common span 40 words: ... w" in text
    assert "paraphrase" in text
    many = check([case(GOLDEN)], *[GOLDEN] * 100).describe()
    assert "; 19 more rows: train.jsonl:2, train.jsonl:3, train.jsonl:4, train.jsonl:5, train.jsonl:6, ..." in many
    assert "  80 more pairs of these golden cases and a row are not listed" in many
    texts = [words(20, seed) for seed in range(13)]
    assert "  and 3 more golden cases" in check(cases(*texts), *texts).describe()


def test_the_summary_counts_golden_cases_and_rows_not_pairs():
    texts = [words(20, seed) for seed in range(4)]
    half = f"{' '.join(texts[3].split()[:12])} {words(40, 99)}"
    report = check(cases(*texts), texts[0], f"{texts[0]} {texts[1]}", words(30, 9), half, texts[1])
    assert report.summary == (
        "leakage: 2 of 4 golden cases leak, in 3 of 5 training rows; 1 of 4 golden cases is suspect, in 1 of 5 training rows"
    )
    assert len(report.leaks) == 4


def test_the_rows_of_suspects_are_those_of_cases_without_a_leak_and_each_case_is_listed_once():
    texts = [words(20, seed) for seed in range(4)]
    halves = [f"{' '.join(text.split()[:12])} {words(40, 90 + seed)}" for seed, text in enumerate(texts)]
    report = check(cases(*texts), *texts[:3], halves[0], halves[3], f"{texts[1]} {halves[3]}")
    assert report.summary == (
        "leakage: 3 of 4 golden cases leak, in 4 of 6 training rows; 1 of 4 golden cases is suspect, in 2 of 6 training rows"
    )
    listed = [line for line in report.describe().splitlines() if " of golden case " in line]
    assert [line.split(" of golden case ")[1].split()[0] for line in listed] == ["g0", "g1", "g2", "g3"]
    assert "; 1 more row: train.jsonl:4" in listed[0]


def test_a_row_whose_golden_goes_on_in_the_next_batch_is_counted_once():
    golden = words(40, 1).split()
    parts = [" ".join(golden[:20]), " ".join(golden[20:])]
    rows = [words(9, 5000 + number) for number in range(BATCH - 1)]
    assert check([case(" ".join(golden))], *rows, *parts).leaking_rows == 2
    assert check([case(parts[0]), case(" ".join(golden), "g1")], *rows, *parts).leaking_rows == 2


def test_what_to_do_is_said_where_a_leak_ends_something():
    report = check([case(GOLDEN)], GOLDEN)
    assert "--ftgate-leak=drop-row" in report.describe(advise=True)
    assert "--ftgate-leak" not in report.describe()
    with pytest.raises(AssertionError, match="drop-case"):
        report.assert_clean()


def test_memory_does_not_grow_with_the_rows():
    goldens = cases(*(words(30, seed=number) for number in range(50)))

    def peak(count: int) -> int:
        rows = (row(words(60, seed=number), number) for number in range(count))
        tracemalloc.reset_peak()
        find_leaks(goldens, rows)
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(600)
        small, large = peak(600), peak(3000)
    finally:
        tracemalloc.stop()
    assert large < small * 1.2


@pytest.mark.parametrize(("sharing", "alarms"), [(9, 9), (10, 0)])
def test_a_template_stands_in_ten_goldens_however_many_there_are(sharing, alarms):
    some = [f"{TEMPLATE} {words(5, seed=number)}" for number in range(sharing)]
    others = [words(30, seed=500 + number) for number in range(100 - sharing)]
    report = check(cases(*some, *others), f"{TEMPLATE} {words(5, seed=999)}")
    assert verdicts(report) == (alarms, 0)

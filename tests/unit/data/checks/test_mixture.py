"""Checks of what training data are made of: turns, languages, lengths, synthetic and general rows, form, coverage."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.data.checks.all_checks import OF_TRAINING, every_check
from pytest_ftgate.data.checks.coverage import Coverage
from pytest_ftgate.data.checks.finding import Check, Outcome
from pytest_ftgate.data.checks.format import format_of
from pytest_ftgate.data.checks.general import General
from pytest_ftgate.data.checks.label_counts import LabelCounts
from pytest_ftgate.data.checks.languages import Languages
from pytest_ftgate.data.checks.lengths import Lengths, longer, percentile
from pytest_ftgate.data.checks.run import inspect
from pytest_ftgate.data.checks.synthetic import Synthetic
from pytest_ftgate.data.checks.turns import turns
from pytest_ftgate.data.readers.row import DataRow


def row(asked: str, answer: str, line: int = 1, **extras: object) -> DataRow:
    return DataRow("t.jsonl", line, ({"role": "user", "content": asked},), answer, extras=extras)


def outcome(check: Check, some: list[DataRow]) -> Outcome:
    return inspect(some, [check]).outcomes[1]


def told(check: Check, some: list[DataRow]) -> list[str]:
    return [str(finding) for finding in outcome(check, some).first]


def test_an_empty_turn_before_the_answer():
    asked = [{"role": "system", "content": " "}, {"role": "user", "content": "hi"}]
    bad = DataRow("t.jsonl", 4, tuple(asked), "yes")
    assert outcome(turns(), [row("a", "b"), bad]).level == "error"
    assert told(turns(), [row("a", "b"), bad]) == ["t.jsonl:4 (turn 1 (system) is empty)"]
    assert told(turns(), [row("a", "")]) == []


# --- languages -------------------------------------------------------------------------------------------------------

ENGLISH = "The parcel that you ordered last week will be delivered to your house tomorrow before noon."
GERMAN = "Das Paket, das Sie letzte Woche bestellt haben, wird morgen vor zwölf Uhr zu Ihnen nach Hause geliefert."
FRENCH = "Le colis que vous avez commandé la semaine dernière sera livré chez vous demain avant midi."


def in_english(number: int) -> list[DataRow]:
    return [row(f"{ENGLISH} Number {n}.", "ok", n) for n in range(1, number + 1)]


def test_rows_in_an_odd_language_are_listed_and_the_mixture_is_told():
    some = [*in_english(199), row(GERMAN, "ok", 200)]
    result = outcome(Languages(), some)
    assert (result.level, [str(each) for each in result.first]) == ("warning", ["t.jsonl:200 (de)"])
    assert result.note == "en 99.5%, de 0.5%"


def test_a_language_of_many_rows_is_not_odd_and_what_cannot_be_told_is_no_language():
    some = [*in_english(90), *(row(FRENCH, "oui", n) for n in range(10)), row("ok", "ok"), row("4 + 5", "9")]
    result = outcome(Languages(), some)
    assert (result.level, result.note) == ("ok", "en 90.0%, fr 10.0%; 2 rows undetected")


def test_without_py3langid_the_check_says_so(monkeypatch):
    monkeypatch.setattr("pytest_ftgate.data.checks.languages.find_spec", lambda name: None)
    result = outcome(Languages(), in_english(2))
    assert (result.level, result.note) == ("ok", "languages not detected: pip install 'pytest-ftgate[data]'")


# --- lengths ---------------------------------------------------------------------------------------------------------


def of_length(words: int, label: str) -> DataRow:
    return row("word " * words, label)


def test_a_label_that_its_length_gives_away():
    draw = random.Random(1)
    some = [of_length(draw.randrange(20, 40), "spam") for _ in range(50)]
    some += [of_length(draw.randrange(5, 22), "ham") for _ in range(150)]
    result = outcome(Lengths(), some)
    assert result.level == "warning"
    [finding] = result.first
    assert finding.path == "'spam'"
    assert finding.what.startswith(("longer than others in 9", "longer than others in 100"))


def test_labels_of_one_length_are_clean_and_percentiles_are_told():
    some = [of_length(n % 100 + 1, "spam" if n < 100 else "ham") for n in range(200)]
    result = outcome(Lengths(), some)
    assert result.level == "ok"
    assert (
        result.note == "words per prompt 5 / 50 / 95 (5, 50, 95 %), max 100; per answer 1 / 1 / 1 (5, 50, 95 %), max 1"
    )


def test_few_rows_of_a_label_and_free_text_say_nothing_of_lengths():
    assert told(Lengths(), [of_length(50, "spam")] * 10 + [of_length(5, "ham")] * 90) == []
    assert told(Lengths(), [row("word " * (n + 1), f"answer {n} of its own and more of it") for n in range(100)]) == []


NUMBERS = st.lists(st.integers(0, 12), min_size=1, max_size=30)


@given(NUMBERS, NUMBERS)
def test_the_share_of_longer_pairs_is_mann_and_whitneys(one, other):
    from scipy.stats import mannwhitneyu

    expected = mannwhitneyu(one, other).statistic / (len(one) * len(other))
    assert longer(Counter(one), Counter(other)) == pytest.approx(expected)


@given(NUMBERS, st.sampled_from([0.05, 0.5, 0.95, 1.0]))
def test_percentiles_are_numpys(some, share):
    import numpy as np

    assert percentile(Counter(some), share) == np.percentile(some, share * 100, method="inverted_cdf")


# --- synthetic and general rows --------------------------------------------------------------------------------------


def test_unreviewed_rows_are_errors_and_reviewed_ones_are_counted():
    real = [row("q", "a", n) for n in range(8)]
    done = row("q", "a", 8, synthetic=True, review="accepted")
    result = outcome(Synthetic(), [*real, done])
    assert (result.level, result.note) == ("ok", "synthetic rows: 11.1%")
    result = outcome(Synthetic(), [*real, done, row("q", "a", 9, synthetic=True)])
    assert (result.level, str(result.first[0])) == ("error", "t.jsonl:9 (unreviewed)")
    assert result.advice == "review them: ftgate data review"


def test_mostly_synthetic_rows_are_a_warning():
    result = outcome(Synthetic(), [row("q", "a", n, synthetic=n < 4, reviewed=True) for n in range(10)])
    assert (result.level, str(result.first[0])) == ("warning", "4 of 10 rows are synthetic (over 30%)")
    assert outcome(Synthetic(), [row("q", "a", n, synthetic=n < 3, reviewed=True) for n in range(10)]).level == "ok"


@pytest.mark.parametrize(
    ("general", "level"), [(0, "warning"), (4, "warning"), (5, "ok"), (10, "ok"), (11, "ok"), (12, "warning")]
)
def test_general_rows_are_to_be_5_to_10_percent_where_forgetting_is_measured(general, level):
    some = [row("q", "a", n, **({"source": "general"} if n < general else {})) for n in range(100)]
    assert outcome(General(watched=True), some).level == level
    result = outcome(General(), some)
    assert (result.level, result.note) == ("ok", f"general rows: {general:.1f}%" if general else "")


# --- against the golden sets -----------------------------------------------------------------------------------------

GOLDENS = LabelCounts(
    labels={"spam": 10, "ham": 30},
    slices={"lang": {"en": 30, "de": 10}},
    label_path="label",
    label_values=("spam", "ham"),
    graders=({"kind": "json_fields", "fields": ["label"]},),
)


def labelled(label: str, line: int = 1, **extras: object) -> DataRow:
    return row("q", f'{{"label": "{label}"}}', line, **extras)


def test_labels_and_slices_that_no_row_has():
    some = [labelled("ham", n, slices={"lang": "en"}) for n in range(10)]
    result = outcome(Coverage(GOLDENS), some)
    assert (result.level, [str(each) for each in result.first]) == (
        "warning",
        ["label=spam (no rows; 10 golden cases)", "lang=de (no rows; 10 golden cases)"],
    )
    assert result.note == (
        "ham 100.0% (golden cases 75.0%), spam 0.0% (golden cases 25.0%); lang en 100.0% (golden cases 75.0%), de 0.0% (golden cases 25.0%)"
    )


def test_covered_goldens_are_clean_and_general_rows_do_not_cover():
    some = [labelled("ham", slices={"lang": "en"}), labelled("spam", slices={"lang": "de"})]
    assert told(Coverage(GOLDENS), some) == []
    general = labelled("spam", slices={"lang": "de"}, source="general")
    assert len(told(Coverage(GOLDENS), [some[0], general])) == 2
    assert told(Coverage(LabelCounts()), some) == []


def test_rows_without_slices_are_told_once():
    assert told(Coverage(GOLDENS), [labelled("ham"), labelled("spam")]) == ["slice lang (not set in any row)"]


@pytest.mark.parametrize(
    ("cases", "rows", "found", "note"),
    [
        ((80, 0), (0, 5), "tools (0 of 5 rows have tools; 80 of 80 golden cases do)", "tools 0.0% (golden cases 100.0%)"),
        ((20, 60), (0, 5), "tools (0 of 5 rows have tools; 20 of 80 golden cases do)", "tools 0.0% (golden cases 25.0%)"),
        ((0, 80), (5, 0), "tools (5 of 5 rows have tools; 80 of 80 golden cases do not)", "tools 100.0% (golden cases 0.0%)"),
        ((20, 60), (5, 0), "tools (5 of 5 rows have tools; 60 of 80 golden cases do not)", "tools 100.0% (golden cases 25.0%)"),
        ((80, 0), (1, 4), "", "tools 20.0% (golden cases 100.0%)"),
        ((0, 80), (1, 4), "", "tools 20.0% (golden cases 0.0%)"),
        ((80, 0), (5, 0), "", "tools 100.0% (golden cases 100.0%)"),
        ((0, 80), (0, 5), "", ""),
        ((0, 0), (5, 0), "", ""),
        ((80, 0), (0, 0), "", ""),
    ],
)  # fmt: skip
def test_a_prompt_with_or_without_tools_that_no_row_was_trained_in(cases, rows, found, note):
    tool = {"type": "function", "function": {"name": "lookup"}}
    some = [replace(row("q", "a"), tools=(tool,))] * rows[0] + [row("q", "a")] * rows[1]
    some += [row("q", "a", source="general"), DataRow("t.jsonl", 1, (), "a text alone")]
    result = outcome(Coverage(LabelCounts(tools=cases)), some)
    assert ([str(each) for each in result.first], result.note) == ([found] if found else [], note)


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ("spam", "not valid JSON, not one of the labels"),
        ('{"Label": "spam"}', "missing field label, not one of the labels"),
        ('{"label": "spm"}', "not one of the labels"),
        ('```json\n{"label": "spam"}\n```', ""),
        ('{"label": "ham", "why": 1}', ""),
        ('<think>{"label": "spm"}?</think>{"label": "spam"}', ""),
    ],
)
def test_answers_are_to_have_the_form_that_the_golden_set_compares(answer, what):
    assert told(format_of(GOLDENS), [row("q", answer, 3)]) == ([f"t.jsonl:3 ({what})"] if what else [])


def test_general_rows_answer_as_they_like():
    assert told(format_of(GOLDENS), [row("Capital of Norway?", "Oslo", source="general")]) == []


def test_a_golden_sets_schema_and_pattern_hold_for_the_rows_too():
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    check = format_of(
        LabelCounts(graders=({"kind": "json_schema", "schema": schema}, {"kind": "regex", "pattern": "n"}))
    )
    some = [row("q", '{"n": 1}', 1), row("q", '{"n": "ann@birch.org"}', 2), row("q", "1", 3)]
    assert told(check, some) == [
        "t.jsonl:2 (fails json_schema@2)",
        "t.jsonl:3 (fails json_schema@2, fails regex@1)",
    ]
    assert outcome(check, some).level == "error"


def test_an_answer_that_a_pattern_or_schema_cannot_be_checked_on_in_time_is_named():
    slow = {"kind": "regex", "pattern": "(a|aa)+$", "timeout_s": 0.2}
    some = [row("q", "a" * 90 + "!", 1), row("q", "a", 2)]
    wanted = "t.jsonl:1 (cannot be checked by regex@1: it needs too long, or fails on this answer)"
    assert told(format_of(LabelCounts(graders=(slow,))), some) == [wanted]


def test_graders_that_need_the_case_ask_nothing_of_a_row():
    assert told(format_of(LabelCounts(graders=({"kind": "exact"}, {"kind": "regex"}))), [row("q", "anything")]) == []


def test_what_means_the_training_rows_alone_is_a_check():
    assert {check.name for check in every_check(len, 1, GOLDENS)} >= OF_TRAINING

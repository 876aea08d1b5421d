"""Each check of training data finds a planted fault, and nothing in rows without it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from pytest_ftgate.data.checks.all_checks import every_check
from pytest_ftgate.data.checks.answers import answers
from pytest_ftgate.data.checks.balance import Balance
from pytest_ftgate.data.checks.contradictions import Contradictions
from pytest_ftgate.data.checks.duplicates import Duplicates
from pytest_ftgate.data.checks.finding import Check
from pytest_ftgate.data.checks.near import NearDuplicates
from pytest_ftgate.data.checks.pii import pii
from pytest_ftgate.data.checks.run import Inspection, inspect
from pytest_ftgate.data.checks.secrets import secrets
from pytest_ftgate.data.checks.short import Short
from pytest_ftgate.data.checks.size import Size
from pytest_ftgate.data.checks.truncated import Truncated
from pytest_ftgate.data.readers.labels import LabelSet
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import DataError, Fault


def words(number: int, seed: int) -> str:
    draw = random.Random(seed)
    return " ".join("".join(draw.choices("abcdefghijklmnop", k=draw.randrange(3, 9))) for _ in range(number))


def row(asked: str, answer: str, line: int = 1, system: str = "", rejected: str | None = None) -> DataRow:
    turns = [{"role": "system", "content": system}] if system else []
    return DataRow("t.jsonl", line, (*turns, {"role": "user", "content": asked}), answer, rejected)


def rows(*pairs: tuple[str, str]) -> list[DataRow]:
    return [row(asked, answer, line) for line, (asked, answer) in enumerate(pairs, 1)]


def clean(number: int = 40) -> list[DataRow]:
    return rows(*((words(12, seed), f"{words(1, seed % 3)}") for seed in range(number)))


def found(check: Check, some: Iterable[DataRow]) -> list[str]:
    """What one check finds, as it is printed."""
    outcome = outcome_of(check, some).outcomes[1]
    assert (outcome.level == "ok") == (outcome.count == 0)
    return [str(finding) for finding in outcome.first]


def outcome_of(check: Check, some: Iterable[DataRow]) -> Inspection:
    return inspect(some, [check])


CHECKS: list[Callable[[], Check]] = [
    answers, Short, Duplicates, NearDuplicates, Contradictions, Balance, pii, secrets, lambda: Truncated(len_of, 1000)
]  # fmt: skip


def len_of(some: DataRow) -> int:
    return len(some.text.split())


@pytest.mark.parametrize("make", CHECKS)
def test_clean_rows_are_clean(make):
    assert found(make(), clean()) == []


def test_all_checks_together_pass_enough_clean_rows():
    inspection = inspect(clean(500), every_check(len_of, 1000))
    assert [(outcome.name, outcome.level) for outcome in inspection.outcomes if outcome.level != "ok"] == []
    assert inspection.rows == 500
    assert not inspection.failed


def test_answers_that_people_rejected_are_no_labels_and_contradict_none():
    right, wrong = row("Is it late?", "yes"), replace(row("Is it late?", "no", 2), desired=False)
    assert found(Contradictions(), [right, wrong]) == []
    labels = LabelSet()
    assert [labels.label(each) for each in (right, wrong)] == ["yes", ""]


# --- one planted fault for each --------------------------------------------------------------------------------------


def test_a_row_that_is_none_is_an_error_of_the_schema():
    inspection = inspect([*clean(), Fault("t.jsonl", 9, "is not valid JSON")], [])
    assert inspection.failed
    assert (inspection.rows, inspection.outcomes[0].count) == (40, 1)
    assert str(inspection.outcomes[0].first[0]) == "t.jsonl:9 (is not valid JSON)"


@pytest.mark.parametrize(("answer", "what"), [("", "empty"), (" \n", "empty"), ("...", "only punctuation")])
def test_an_answer_that_says_nothing(answer, what):
    assert found(answers(), [*clean(), row("why?", answer, 41)]) == [f"t.jsonl:41 ({what})"]


@pytest.mark.parametrize("answer", ["A", "0", "+", "没", "🎉", "?"])
def test_a_short_answer_is_not_empty(answer):
    assert found(answers(), [row("why?", answer)]) == []


def test_a_word_among_long_answers():
    long = rows(*((words(5, seed), words(30, seed)) for seed in range(20)))
    assert found(Short(), [*long, row("why?", "Because", 21)]) == ["t.jsonl:21 (1 word)"]
    assert found(Short(), long) == []


def test_rows_over_the_longest_length_and_what_is_lost():
    some = [row("a " * 9, "b", line) for line in range(1, 100)] + [row("a " * 29, "b", 100)]
    outcome = outcome_of(Truncated(len_of, 20), some).outcomes[1]
    assert (outcome.level, [str(each) for each in outcome.first]) == ("warning", ["t.jsonl:100 (30 tokens)"])
    assert outcome.note == "1.0% of the rows exceed 20 tokens, 1.0% of all tokens would be truncated"
    assert outcome_of(Truncated(len_of, 9), some).outcomes[1].level == "error"
    assert found(Truncated(len_of, 30), some) == []


def test_a_row_that_the_template_refuses_is_an_error():
    def refuse(some: DataRow) -> int:
        raise DataError([Fault(some.path, some.line, "rejected by the chat template: no system")])

    outcome = outcome_of(Truncated(refuse, 20), [row("a", "b")]).outcomes[1]
    assert (outcome.level, outcome.count) == ("error", 1)
    assert str(outcome.first[0]) == "t.jsonl:1 (rejected by the chat template: no system)"


@pytest.mark.parametrize("copy", ["What is  it?", "WHAT IS IT?", "What is\nit?", "What is it\uff1f"])
def test_a_question_twice_but_for_case_and_white_space(copy):
    assert found(Duplicates(), rows(("What is it?", "A cat"), (copy, " A cat\n"))) == [
        "t.jsonl:2 (duplicate of t.jsonl:1)"
    ]


def test_answers_count_to_the_letter():
    code = "for n in a:\n    print(n)\n    return n"
    some = [row("Write it.", code), row("write it.", code.replace("    return", "return"), 2)]
    assert found(Duplicates(), some) == []
    assert found(Duplicates(), rows(("Who?", "Zoe\u0301"), ("Who?", "Zo\u00e9"))) == [
        "t.jsonl:2 (duplicate of t.jsonl:1)"
    ]
    cased = rows(("Which country is it?", "US"), ("Which country is it?", "us"))
    assert found(Duplicates(), cased) == []
    assert found(Contradictions(), cased) == ["t.jsonl:2 (different answer in t.jsonl:1)"]


def test_a_preference_and_its_opposite_contradict_each_other():
    good, bad = words(30, 1), words(30, 2)
    some = [row("why?", good, 1, rejected=bad), row("Why? ", bad, 2, rejected=good), row("how?", bad, 3, rejected=good)]
    assert found(Contradictions(), some) == ["t.jsonl:2 (chosen and rejected exchanged in t.jsonl:1)"]
    short = [row("why?", "yes", 1, rejected="no"), row("why?", "no", 2, rejected="yes")]
    assert found(Contradictions(), short) == ["t.jsonl:2 (chosen and rejected exchanged in t.jsonl:1)"]
    assert found(Contradictions(), [row("why?", good, line, rejected=bad) for line in (1, 2)]) == []


def test_another_answer_question_or_system_turn_is_no_duplicate():
    some = [row("4 + 5", "9"), row("4 - 5", "9"), row("4 + 5", "nine"), row("4 + 5", "9", system="Be brief.")]
    assert found(Duplicates(), [*some, row("4 + 5", "9", rejected="8")]) == []


def test_a_question_that_is_nearly_another():
    asked = words(30, 1)
    edited = asked.replace(asked.split()[10], "changed")
    some = [*clean(), row(asked, "x", 41), row(edited, "y", 42)]
    [told] = found(NearDuplicates(), some)
    assert re.fullmatch(r"t\.jsonl:42 \(similarity 0\.[89]\d to t\.jsonl:41\)", told)


def test_a_template_or_a_sign_does_not_make_questions_near():
    template = [row(f"{words(30, 0)} {words(3, n)}", "no", n) for n in range(1, 40)]
    assert len(found(NearDuplicates(), template[:4])) == 3
    assert found(NearDuplicates(), template) == []
    assert found(NearDuplicates(), rows(("What is 4 + 5 ?", "9"), ("What is 4 - 5 ?", "-1"))) == []


def test_near_questions_are_found_however_many_rows_there_are():
    asked = words(30, "late")
    some = [row(words(12, number), "x", number) for number in range(1, 6001)]
    told = found(NearDuplicates(), [*some, row(asked, "x", 7001), row(f"{asked} more", "y", 7002)])
    assert [each.split(" ")[0] for each in told] == ["t.jsonl:7002"]


def test_near_duplicates_are_looked_for_in_bounded_work(monkeypatch):
    monkeypatch.setattr("pytest_ftgate.data.checks.near.MOST", 10)
    check = NearDuplicates()
    assert found(check, clean(15)) == []
    assert check.note == "5 rows not compared (limit: 10 different questions)"


def test_one_question_with_two_labels():
    some = rows(("Win money!", "spam"), ("Win  MONEY!", "ham"), ("win money!", "Spam"), ("Lose money!", "ham"))
    assert found(Contradictions(), some) == [f"t.jsonl:{line} (different answer in t.jsonl:1)" for line in (2, 3)]


def test_long_answers_may_differ_and_so_may_another_system_turn():
    assert found(Contradictions(), rows(("Tell a story", words(30, 1)), ("Tell a story", words(30, 2)))) == []
    assert found(Contradictions(), [row("x", "spam", system="a"), row("x", "ham", system="b")]) == []


def test_a_rare_class_and_an_only_class():
    some = rows(*((f"q{n}", "rare" if n == 50 else "usual") for n in range(100)))
    outcome = outcome_of(Balance(), some).outcomes[1]
    assert [str(each) for each in outcome.first] == ["t.jsonl:51 ('rare': 1 of 100 rows)"]
    assert outcome.note == "classes: usual 99.0%, rare 1.0%"
    assert found(Balance(), some[:50]) == ["t.jsonl:1 ('usual': the only answer)"]


def test_free_text_has_no_classes():
    check = Balance()
    assert found(check, rows(*((f"q{n}", words(30, n)) for n in range(100)))) == []
    assert check.note == ""
    assert found(Balance(), rows(*((f"q{n}", f"a{n}") for n in range(100)))) == []


@pytest.mark.parametrize(
    ("number", "level"), [(1, "error"), (199, "error"), (200, "warning"), (499, "warning"), (500, "ok")]
)
def test_too_few_rows(number, level):
    assert outcome_of(Size(), clean(number)).outcomes[1].level == level


def test_personal_data_and_keys_in_any_turn_are_found_and_not_repeated():
    address, key = "some.one@birch.org", "ghp_" + "aB3x" * 9
    some = [
        row("q", "a", 1, system=f"You are {address}"),
        row("q", "a", 2, rejected=f"call {address}"),
        row(key, "a", 3),
    ]
    assert found(pii(), some) == ["t.jsonl:1 (e-mail)", "t.jsonl:2 (e-mail)"]
    assert found(secrets(), some) == ["t.jsonl:3 (GitHub token)"]


# --- what comes out --------------------------------------------------------------------------------------------------


def test_findings_are_counted_and_the_first_are_kept():
    outcome = outcome_of(answers(), rows(*(("q", "") for _ in range(50)))).outcomes[1]
    assert (outcome.count, [each.line for each in outcome.first]) == (50, [1, 2, 3])


def test_what_is_allowed_is_a_warning():
    some = rows(("q", ""))
    assert inspect(some, [answers()]).failed
    assert not inspect(some, [answers()], ["answers"]).failed
    assert inspect(some, [answers()], ["answers"]).outcomes[1].level == "warning"

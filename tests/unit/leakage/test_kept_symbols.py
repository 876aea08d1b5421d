"""Words that are the same are no leak while the symbols between them say something else."""

from __future__ import annotations

import pytest

from tests.unit.leakage.leak_samples import case, check, words


@pytest.mark.parametrize(
    ("golden", "row"),
    [
        ("17*23=?", "17+23=?"),
        ("-5 + 8", "5 + 8"),
        ("What is C?", "What is C++?"),
        ("What is C++?", "What is C#?"),
        ("x < y", "x > y"),
        ("I love it \U0001f600", "I love it \U0001f621"),
        ("Compute 17*23", "Compute 17/23"),
        ("Is 1.5 good", "Is 1 5 good"),
    ],
)
def test_a_short_text_with_other_symbols_is_another(golden, row):
    assert check([case(golden)], row).found == ()
    assert [leak.stage for leak in check([case(golden)], golden).leaks] == ["exact"]


def test_with_more_words_around_it_is_a_suspect():
    report = check(
        [case("Please tell me what 17*23 is")], "Please tell me what 17+23 is", "please tell me what 17 * 23 is"
    )
    assert [(leak.line, leak.verdict) for leak in report.found] == [(2, "leak"), (1, "suspect")]


def test_other_symbols_are_shown_and_no_exact_copy():
    [found] = check([case("What is 17+23 now?")], "What is 17*23 now?").found
    assert (found.stage, found.verdict, found.differs) == ("edited", "suspect", "+ is *")
    assert found.score == pytest.approx(5 / 6)
    assert "(edited, score 0.83, + is *, longest common span" in str(found)
    golden = f"{words(20, 1)} 17*23 {words(20, 2)}"
    [found] = check([case(golden)], golden.replace("*", "+")).found
    assert (found.stage, found.verdict, found.differs) == ("edited", "leak", "* is +")
    assert found.score == pytest.approx(42 / 43)


def test_of_a_long_text_one_symbol_is_an_edit_like_one_word():
    golden = f"{words(20, 1)} 17*23 {words(20, 2)}"
    report = check([case(golden)], golden.replace("*", "+"), f"{words(30, 3)} {golden} {words(30, 4)}")
    assert [(leak.line, leak.verdict) for leak in report.found] == [(1, "leak"), (2, "leak")]


CODE = "def f(a, b):\n    if a <= b and b != 3:\n        return a*2 - b/4\n    return (a + b) * 7 > 1.5"


def test_code_with_other_operators_is_at_most_a_suspect():
    other = (
        CODE.replace("<=", ">")
        .replace("!=", "==")
        .replace("*2", "/2")
        .replace("- b/4", "+ b*4")
        .replace("> 1.5", "< 1,5")
    )
    report = check([case(CODE)], other, CODE.replace("    ", "\t"))
    assert [(leak.line, leak.verdict) for leak in report.found] == [(2, "leak"), (1, "suspect")]


@pytest.mark.parametrize(
    ("golden", "row"),
    [
        ("How much is 1,000 plus 5?", "how much is 1000 plus 5"),
        (r"Simplify \dfrac{1}{2} now", r"Simplify $\frac{1}{2}$ now"),
        ("Is it **bold**, or not?", "Is it bold - or not"),
        ("x &lt; y", "x < y"),
        ("Win a prize &amp; more!", "win a prize & more"),
    ],
)
def test_what_a_copy_may_change_has_no_effect(golden, row):
    assert [leak.verdict for leak in check([case(golden)], row).found] == ["leak"]


def test_what_is_between_messages_counts_as_well():
    from pytest_ftgate.data.near.rows import Row
    from pytest_ftgate.leakage.check import find_leaks

    def asked(text):
        said = [{"role": "user", "content": text}, {"role": "assistant", "content": "391"}]
        return find_leaks([case("17*23=?")], [Row("f", 1, {"messages": said})])

    assert len(asked("17 * 23 = ?").leaks) == 1
    assert asked("17 + 23 = ?").found == ()


def test_the_order_of_lines_does_not_matter_for_a_symbol():
    question, passage = f"{words(15, 5)} 3 < 5", words(30, 6)
    golden = case({"passage": passage, "question": question})
    report = check([golden], f"{question}\n{passage}")
    assert [leak.verdict for leak in report.found] == ["leak"]


def test_a_symbol_in_a_part_that_the_row_lacks_lowers_nothing():
    first = words(30, 7)
    plain, with_symbol = case(f"{first} {words(20, 8)}"), case(f"{first} 3 < 5 {words(17, 8)}")
    assert [leak.verdict for leak in check([plain], first).found] == ["leak"]
    assert [leak.verdict for leak in check([with_symbol], first).found] == ["leak"]


@pytest.mark.parametrize(
    ("golden", "row"), [("What is 10%", r"what is 10\%"), ("What is 10%", "what is 10 %"), ("x**2", "x²")]
)
def test_another_notation_of_the_same_is_a_leak(golden, row):
    assert [leak.verdict for leak in check([case(golden)], row).found] == ["leak"]


@pytest.mark.parametrize(("golden", "row"), [("5!", "5"), ("$5", "5"), ("$5", "€5")])
def test_a_factorial_and_a_currency_carry_meaning(golden, row):
    assert check([case(golden)], row).found == ()

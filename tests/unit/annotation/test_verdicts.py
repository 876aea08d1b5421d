"""People's blind verdicts on two models, and what they are void for."""

import json

import pytest

from pytest_ftgate.annotation.verdicts import Asked, blind, read_verdicts
from pytest_ftgate.errors import FileFaults
from pytest_ftgate.gate.checks.admission import Admission
from pytest_ftgate.gate.checks.judge import preference_check
from pytest_ftgate.judge.labels import answer_digest

CASE = "c" * 64


def asked(candidate: str, champion: str) -> Asked:
    return Asked(CASE, answer_digest(candidate), answer_digest(champion))


def line(id_: str, verdict: str, by: str = "ann", planned: int = 2, **more) -> dict:
    pair = asked(f"new {id_}", f"old {id_}")
    return {"id": id_, **pair._asdict(), "verdict": verdict, "by": by, "planned": planned, **more}


@pytest.fixture
def verdicts(tmp_path):
    def write(*lines):
        path = tmp_path / "verdicts.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in lines))
        return read_verdicts(path)

    return write


def test_no_file_is_no_verdict(tmp_path):
    assert read_verdicts(tmp_path / "verdicts.jsonl") == ()
    assert not blind((), {}).complete


def test_values_are_those_of_these_very_answers(verdicts):
    read = verdicts(line("a", "candidate"), line("b", "champion"), line("c", "tie", same=True))
    now = {name: asked(f"new {name}", f"old {name}") for name in "abc"}
    found = blind(read, now)
    assert (found.values, found.planned, found.same, found.by) == ((1, -1, 0), 2, 1, ("ann",))
    assert found.complete
    assert blind(read, now | {"a": asked("newer a", "old a")}).values == (-1, 0), "another candidate"
    assert blind(read, now | {"a": asked("new a", "older a")}).values == (-1, 0), "another champion"
    assert blind(read, now | {"a": now["a"]._replace(case="d" * 64)}).values == (-1, 0), "an edited case"
    assert blind(read, {"b": now["b"]}).values == (-1,)


def test_fewer_verdicts_than_planned_are_not_complete(verdicts):
    read = verdicts(line("a", "candidate", planned=50))
    assert not blind(read, {"a": asked("new a", "old a")}).complete


def test_the_majority_of_people_counts_and_a_draw_between_them_is_a_tie(verdicts):
    now = {"a": asked("new a", "old a")}
    two = [line("a", "candidate"), line("a", "champion", by="bob")]
    assert blind(verdicts(*two), now).values == (0,)
    assert blind(verdicts(*two, line("a", "candidate", by="cas")), now).values == (1,)
    assert blind(verdicts(line("a", "candidate"), line("a", "champion")), now).values == (-1,), "one person's last word"


def test_draws_are_not_mixed_the_first_that_was_begun_counts(verdicts):
    now = {name: asked(f"new {name}", f"old {name}") for name in "abcdef"}
    left = [line("a", "candidate", draw="1", planned=3), line("b", "candidate", draw="1", planned=3)]
    first = [line("c", "champion", draw="2"), line("d", "tie", draw="2")]
    again = [line("e", "candidate", draw="3"), line("f", "candidate", draw="3")]
    assert blind(verdicts(*left), now) == blind(verdicts(*left, first[0]), now), "a later one"
    assert not blind(verdicts(*left, *first, *again), now).complete, (
        "left at 2 of 3, it is not replaced by a kinder one"
    )
    assert blind(verdicts(*first, *left, *again), now).by_case == {"c": -1, "d": 0}
    assert blind(verdicts(*again, *left, *first), now).by_case == {"e": 1, "f": 1}


def test_a_trial_draw_does_not_stand_in_the_way_of_the_one_that_is_wanted(verdicts):
    now = {name: asked(f"new {name}", f"old {name}") for name in "abcdef"}
    trial = [line("a", "candidate", draw="1", planned=1)]
    wanted = [line(name, "tie", draw="2", planned=3, seed=4) for name in "bcd"]
    assert blind(verdicts(*trial, *wanted), now, least=3).by_case == dict.fromkeys("bcd", 0)
    found = blind(verdicts(*trial, *wanted[:2]), now, least=3)
    assert (found.complete, found.planned, found.seed) == (False, 3, 4)
    assert blind(verdicts(*trial), now, least=3).values == ()


def test_what_was_begun_for_an_earlier_candidate_does_not_stand_in_the_way(verdicts):
    now = {name: asked(f"new {name}", f"old {name}") for name in "abcd"} | {"x": asked("newer x", "old x")}
    before = [line(name, "candidate", draw="1", planned=9) for name in "abx"]
    assert blind(verdicts(*before, line("c", "tie", draw="2"), line("d", "tie", draw="2")), now).by_case == {
        "c": 0,
        "d": 0,
    }
    assert blind(verdicts(*before), now).values == (1, 1), "how far they are"


def test_a_case_without_an_answer_is_worse_in_peoples_eyes_too_once_they_are_done(verdicts):
    """A judge that tells nothing of people has no weight, and 10 of 70 cases unanswered must still be seen."""
    names = [f"c{n}" for n in range(60)]
    now = {name: asked(f"new {name}", f"old {name}") for name in names}
    read = verdicts(*(line(name, "tie", planned=60) for name in names))
    silent = [f"s{n}" for n in range(10)]
    human = blind(read, now).differences(silent)
    judge = {name: float(n % 2 or -1) for n, name in enumerate(names)} | dict.fromkeys(silent, -1.0)
    assert preference_check(judge, blind(read, now).by_case, Admission(True, ()), 0.08).status == "pass", "as it was"
    check = preference_check(judge, human, Admission(True, ()), 0.08)
    assert check.status in {"hold", "reject"}
    assert check.numbers["gain"] < -0.08
    assert blind(read[:59], now).differences(silent) == {}, "people are not done"


def test_every_fault_of_the_file_is_told_with_its_line(verdicts):
    with pytest.raises(FileFaults) as error:
        verdicts(line("a", "better"), {"id": "b"}, line("c", "tie", model="m"))
    assert [
        (fault.line, word in fault.message)
        for fault, word in zip(error.value.faults, ("candidate, champion, tie", "needs", "'model'"), strict=True)
    ] == [(1, True), (2, True), (3, True)]

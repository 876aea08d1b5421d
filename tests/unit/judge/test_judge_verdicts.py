"""People's blind verdicts on two models, and what they are void for."""

import json

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.judge.labels import answer_digest
from pytest_ftgate.judge.verdicts import Asked, blind, read_verdicts

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


def test_draws_are_not_mixed_the_first_complete_one_counts(verdicts):
    now = {name: asked(f"new {name}", f"old {name}") for name in "abcdef"}
    left = [line("a", "candidate", draw="1", planned=3), line("b", "candidate", draw="1", planned=3)]
    first = [line("c", "champion", draw="2"), line("d", "tie", draw="2")]
    again = [line("e", "candidate", draw="3"), line("f", "candidate", draw="3")]
    assert blind(verdicts(*left), now) == blind(verdicts(*left, first[0]), now), "the one with most verdicts"
    assert blind(verdicts(*left, *first, *again), now).by_case == {"c": -1, "d": 0}
    assert blind(verdicts(*again, *left, *first), now).by_case == {"e": 1, "f": 1}


def test_every_fault_of_the_file_is_told_with_its_line(verdicts):
    with pytest.raises(FileFaults) as error:
        verdicts(line("a", "better"), {"id": "b"}, line("c", "tie", model="m"))
    assert [
        (fault.line, word in fault.message)
        for fault, word in zip(error.value.faults, ("candidate, champion, tie", "needs", "'model'"), strict=True)
    ] == [(1, True), (2, True), (3, True)]

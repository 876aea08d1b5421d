"""Exposure and outcome files: who counts, with what, and every fault at once."""

import json
from datetime import UTC, datetime

import pytest

from pytest_ftgate.errors import FileFaults, FtgateError
from pytest_ftgate.gate.live.log import read_log

NOW = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def lines(name, *rows):
        text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return lines


def met(user, arm="champion", at="2026-03-01T12:00:00Z", **more):
    return {"user": user, "arm": arm, "at": at, **more}


def read(path, outcomes=None, **options):
    return read_log(path, outcomes, **{"now": NOW, **options})


def test_users_come_in_the_order_of_their_first_exposure(write):
    log = read(
        write(
            "e.jsonl",
            met("b", at="2026-03-02T00:00:00Z"),
            met("a", "candidate", "2026-03-01T14:00:00+03:00"),
            met("c", at="2026-03-01T12:00:00Z"),
            met("b", at="2026-03-01T11:30:00Z"),
        )
    )
    assert [(user.name, user.candidate) for user in log.users] == [("a", True), ("b", False), ("c", False)]
    assert log.in_both == ()


def test_a_user_counts_once_with_the_mean_of_the_window(write):
    exposures = write(
        "e.jsonl",
        met("a", outcome=1),
        met("a", at="2026-03-02T12:00:00Z", outcome=0.5),
        met("a", at="2026-03-02T12:00:01Z", outcome=0),
        met("b", outcome=None),
    )
    a, b = read(exposures).users
    assert (a.outcome, b.outcome) == (0.75, None)
    assert read(exposures, window_hours=0).users[0].outcome == 1


def test_outcomes_are_joined_by_user_and_only_after_the_exposure(write):
    exposures = write("e.jsonl", met("a"), met("b"))
    outcomes = write(
        "o.jsonl",
        {"user": "a", "outcome": 0, "at": "2026-03-01T11:59:59Z"},
        {"user": "a", "outcome": 1, "at": "2026-03-01T13:00:00Z", "page": "x"},
        {"user": "b", "outcome": 0.5},
        {"user": "stranger", "outcome": 1},
    )
    assert [user.outcome for user in read(exposures, outcomes).users] == [1, 0.5]


def test_a_window_that_is_open_is_not_closed(write):
    late, early = met("late", at="2026-03-09T00:00:01Z"), met("early", at="2026-03-09T00:00:00Z")
    assert [user.closed for user in read(write("e.jsonl", late, early)).users] == [True, False]


def test_a_user_who_met_both_models_is_named(write):
    log = read(write("e.jsonl", met("a"), met("b"), met("a", "candidate", "2026-03-05T12:00:00Z")))
    assert log.in_both == ("a",)


def test_only_lines_of_the_candidate_count_whichever_the_arm(write):
    digest = "ab12cd34" + 56 * "0"
    exposures = write(
        "e.jsonl",
        met("a", "candidate", candidate="ab12cd34"),
        met("b", candidate="ab12cd34"),
        met("c", "candidate", candidate="ffffffff"),
        met("a", candidate="ffffffff"),
        met("d"),
    )
    log = read(exposures, candidate=digest)
    assert [user.name for user in log.users] == ["a", "b"]
    assert log.in_both == ()
    assert read(exposures, candidate="0" * 64).users == ()
    with pytest.raises(FtgateError, match="2 candidates: ab12cd34, ffffffff"):
        read(exposures)


def test_all_faults_of_both_files_are_told_at_once(write):
    exposures = write(
        "e.jsonl",
        met("a", "control"),
        "{",
        met("b", at="yesterday"),
        met("c", at="2026-03-01T12:00:00"),
        met("", outcome=2),
        {"user": "d"},
        met("e", outcome=0.5),
    )
    outcomes = write("o.jsonl", {"user": "a"}, {"user": "b", "outcome": "good"})
    with pytest.raises(FileFaults) as caught:
        read(exposures, outcomes, kind="binary")
    told = str(caught.value).splitlines()
    assert [line.split(" ")[0] for line in told if line[0] != " "] == [
        "e.jsonl:1:", "e.jsonl:2:", "e.jsonl:3:", "e.jsonl:4:", "e.jsonl:5:", "e.jsonl:5:", "e.jsonl:6:", "e.jsonl:7:",
        "o.jsonl:1:", "o.jsonl:2:",
    ]  # fmt: skip
    text = str(caught.value)
    for part in (
        'arm must be one of: candidate, champion; found "control"',
        "at is not an ISO 8601 time; found 'yesterday'",
        "at has no UTC offset",
        "an exposure needs 'arm' and 'at'; found: user",
        'outcome must be 0 or 1 with [ab] outcome = "binary"; found 0.5',
        "an outcome needs 'outcome'; found: user",
    ):
        assert part in text


def test_files_that_are_not_there_are_told_together(tmp_path):
    with pytest.raises(FileFaults) as caught:
        read(tmp_path / "e.jsonl", tmp_path / "o.jsonl")
    assert len(caught.value.faults) == 2

"""The gate's checks `judge` and `human` in whole runs of --train: advisory, held, and deciding."""

from __future__ import annotations

import re

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.judge.labels import answer_digest, read_labels
from pytest_ftgate.judge.lock import JudgeLock, write_judge_lock
from tests.messages_server import REFUSAL, MessagesServer
from tests.plugin.trained import SIZE, TASK, Trained
from tests.projects import json_lines, lock
from tests.scripted_judge import judging

JUDGE = '[human]\nverdicts = 60\n[judge]\nbase_url = "{url}"\nmodel = "org/model"\ncompare = true\n'


def better(first, second):
    """The answer that is right, whatever the order."""
    return "first" if first != "hm" else "second"


@pytest.fixture
def server():
    with MessagesServer(judging(better=better)) as made:
        yield made


@pytest.fixture
def trained(project, mlflow_template, no_tracking_server):
    return Trained(project, mlflow_template)


def check(result, name):
    [line] = [line for line in result.outlines if re.match(rf"  {name} ", line)]
    return tuple(line.split(None, 2)[1:])


def people(trained, wrong_now, wrong_before, planned=SIZE):
    """Blind verdicts on every case: who is right is better."""
    suite = load_suite(trained.project.path / "goldens/mail")
    lines = []
    for i, case in enumerate(suite.cases):
        texts = ["hm" if i in wrong else f"a{i}" for wrong in (wrong_now, wrong_before)]
        side = "tie" if texts[0] == texts[1] else "champion" if texts[0] == "hm" else "candidate"
        candidate, champion = map(answer_digest, texts)
        line = {"id": case.id, "case": case.digest, "candidate": candidate, "champion": champion, "verdict": side}
        lines.append(line | {"by": "ann", "planned": planned, "same": texts[0] == texts[1]})
    trained.project.write("goldens/mail/verdicts.jsonl", json_lines(lines))


def calibrated(trained):
    """120 labels and a judge that agrees with all of them."""
    folder = trained.project.path / "goldens/mail"
    suite = load_suite(folder)
    rows = [(case, text) for i, case in enumerate(suite.cases) for text in (f"a{i}", "hm")]
    lines = [
        {"id": case.id, "label": "no" if text == "hm" else "yes", "by": "ann", "case": case.digest, "answer": answer_digest(text)}
        for case, text in rows
    ]  # fmt: skip
    trained.project.write("goldens/mail/labels.jsonl", json_lines(lines))
    verdicts = {label.key: label.label for label in read_labels(folder / "labels.jsonl")}
    write_judge_lock(folder / "judge.lock", JudgeLock(suite.golden.judge.digest, ["org/model"], verdicts))


def test_a_judge_and_people_decide_once_they_have_earned_it(trained, server):
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(10))
    assert trained.run().ret == 0
    lock(trained.project.write("goldens/mail/golden.toml", TASK + JUDGE.format(url=server.url)))
    trained.candidate(2, wrong=range(4, 6))

    people(trained, range(4, 6), range(10), planned=SIZE + 5)
    first = trained.run()
    assert first.ret == 10, first.stdout.str()
    status, told = check(first, "judge")
    assert (status, told.split(":")[0]) == ("ADVISORY", "hold")
    for part in (
        "+13.3 points, not debiased (n = 60)",
        "no human verdicts on a random subset",
        "not calibrated: ftgate judge calibrate goldens/mail",
        "flip rate 0 % of 8 pairs",
    ):
        assert part in told
    assert check(first, "human") == (
        "HOLD",
        "60 of 65 blind verdicts on these answers are there; ftgate judge label goldens/mail --candidate --count 65",
    )
    first.stdout.fnmatch_lines(["judge org/model (mail): 16 questions, 0 unscored (0.0 %)"])
    assert len(server.requests) == 16, "equal answers are a tie that nobody is asked about"

    people(trained, range(4, 6), range(10))
    calibrated(trained)
    second = trained.run()
    assert second.ret == 0, second.stdout.str()
    assert check(second, "human")[0] == "PASS"
    status, told = check(second, "judge")
    assert status == "PASS", told
    assert told.startswith("+13.3 points, lower bound +")
    assert told.endswith(
        "warning: judge org/model and the judged model are of the same family; self-preference bias is likely"
    )
    second.stdout.fnmatch_lines(["PROMOTED mail v2"])
    assert len(server.requests) == 16, "nothing is judged twice"


GRADED = TASK + '[[grader]]\nkind = "judge"\n[judge]\nbase_url = "{url}"\nmodel = "org/model"\n'


def test_a_judge_that_nobody_admitted_promotes_nothing_by_its_grades(trained):
    with MessagesServer(judging(lambda data, _name: "no" if data["answer"] == "hm" else "yes")) as server:
        lock(trained.project.write("goldens/mail/golden.toml", GRADED.format(url=server.url)))
        trained.base(wrong=range(30))
        trained.candidate(1, wrong=range(5))
        first = trained.run()
        assert first.ret == 10, first.stdout.str()
        why = "the judge grades 60 of 60 cases of mail and is not admitted: not calibrated"
        first.stdout.fnmatch_lines([f"*HOLD*admission: {why}: ftgate judge calibrate goldens/mail*"])
        first.stdout.no_fnmatch_line("*PROMOTED*")
        calibrated(trained)
        second = trained.run()
        assert second.ret == 0, second.stdout.str()
        second.stdout.fnmatch_lines(["PROMOTED mail v1"])


def test_nothing_is_trained_where_the_key_of_the_judge_is_missing(trained, server):
    toml = GRADED.format(url=server.url) + 'api_key_env = "NO_SUCH_KEY"\n'
    lock(trained.project.write("goldens/mail/golden.toml", toml))
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(5))
    result = trained.run()
    assert result.ret == 10, result.stdout.str()
    result.stdout.fnmatch_lines(["ftgate: mail: not asked: judge org/model: no API key *", "*could not ask a model*"])
    result.stdout.no_fnmatch_line("*fine-tune*PASSED*")


def test_nothing_is_promoted_past_a_judge_that_gives_too_few_verdicts(trained, server):
    """One pair of eight gets no verdict; the judge is not admitted, so its check decides nothing."""
    server.faults = lambda text, _attempt: REFUSAL if "m7" in text else None
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(10))
    assert trained.run().ret == 0
    toml = TASK + JUDGE.format(url=server.url).replace("[human]\nverdicts = 60\n", "")
    lock(trained.project.write("goldens/mail/golden.toml", toml))
    trained.candidate(2, wrong=range(4, 6))
    result = trained.run()
    assert result.ret == 11, result.stdout.str()
    assert check(result, "judge")[0] == "ADVISORY"
    result.stdout.fnmatch_lines(["*not promoted, though the gate would: a judge gave too few verdicts (INTEGRITY)*"])
    result.stdout.no_fnmatch_line("*PROMOTED*")

"""The demo as a user's first days: train (killed and resumed), promote, test the champion, retrain, reject.

A real model, real NF4 training, a real registry. Each test has a copy of the promoted state. `small` is the demo of
`small_demo`; `full` is what `make demo` runs, and slow.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

from tests.e2e.promoted import Promoted, forget_trainings, manifests
from tests.e2e.small_demo import CASES, DATA, FLOOR, PANEL, TASK, learn_nothing
from tests.e2e.workshop import Workshop


@dataclass(frozen=True)
class Demo:
    """promoted: its v1. f1: of spam, at least. gain: on the base model."""

    promoted: Promoted
    cases: int
    panel: int
    f1: float
    gain: float

    @property
    def said(self) -> str:
        return self.promoted.said


@pytest.fixture(params=["small", pytest.param("full", marks=pytest.mark.slow)])
def demo(request) -> Demo:
    promoted = request.getfixturevalue(f"{request.param}_promoted")
    if request.param == "small":
        return Demo(promoted, CASES, PANEL, f1=FLOOR, gain=0.05)
    return Demo(promoted, 300, 50, f1=0.90, gain=0.15)


@pytest.fixture
def day(demo, tmp_path) -> Workshop:
    """The day after v1 was promoted."""
    return demo.promoted.day(tmp_path / "day")


def test_a_killed_training_resumes_and_its_model_is_promoted(demo):
    assert "PROMOTED sms_spam v1" in demo.said
    step, steps = map(int, re.search(r"resuming after step (\d+) of (\d+)", demo.said).groups())
    assert 0 < step < steps, "it was killed in the midst of training"
    for told in (
        f"{demo.cases} cases can resolve",
        "clean",
        "base on sms_spam",
        "epoch 1",
        "epoch 2",
        "integrity",
        f"in 5 runs of {demo.panel} cases",
        "stages:",
        "reference ",
        "next:",
    ):
        assert told in demo.said, told


def test_the_model_is_good_and_the_base_is_far_below(demo):
    base = float(re.search(r"base on sms_spam: f1-spam ([\d.]+)", demo.said)[1])
    tuned = float(re.search(r"^ +f1-spam +([\d.]+)", demo.said, re.MULTILINE)[1])
    assert tuned >= demo.f1
    assert base <= tuned - demo.gain


def test_what_the_model_forgot_is_shown_and_explained_but_decides_nothing(small_promoted):
    """Tuned on one task alone, so small a model loses general answers on any machine; how many decides the word."""
    found = re.search(r"^  forgetting +ADVISORY +(reject|hold): ", small_promoted.said, re.MULTILINE)
    assert found, small_promoted.said
    page = small_promoted.workshop.path / re.search(r"^  all cases: (\S+)", small_promoted.said, re.MULTILINE)[1]
    explained = page.read_text(encoding="utf-8")
    assert f"## general&#95;skills, forgetting: {found[1].upper()}, advisory" in explained
    assert re.search(r"^\| (?:arithmetic|knowledge|instruction|format)-\d+ \|", explained, re.MULTILINE)


def test_the_champion_from_the_registry_passes(day):
    result = day.run(TASK)
    assert result.returncode == 0, result.stdout
    assert "champion v1" in result.stdout
    assert "f1-spam" in result.stdout


def test_status_names_the_champion(day):
    status = day.ftgate("status")
    assert status.returncode == 0, status.stderr
    assert "sms_spam" in status.stdout
    assert "v1" in status.stdout


def test_the_first_night_is_steady(day):
    result = day.run("--canary")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^STEADY sms_spam v1: [-+]\d\.\d points", result.stdout, re.MULTILINE)
    nights = day.ftgate("canary", "sms_spam")
    assert nights.returncode == 0, nights.stderr
    assert len(re.findall(r"^\d{4}-\d\d-\d\d .* steady ", nights.stdout, re.MULTILINE)) == 1


def test_the_same_seed_and_data_again_are_unchanged(day):
    """Trained anew and undisturbed: the killed and resumed training has made the very same adapter."""
    forget_trainings(day)
    result = day.run(TASK, "--train")
    assert result.returncode == 0, result.stdout
    assert "UNCHANGED sms_spam v1" in result.stdout
    assert "resum" not in result.stdout
    assert len(manifests(day.path)) == 1


def test_a_model_that_learned_nothing_is_rejected_and_the_champion_stays(day):
    learn_nothing(day)
    result = day.run(TASK, "--train")
    assert result.returncode == 1, result.stdout
    assert re.search(r"^REJECT sms_spam", result.stdout, re.MULTILINE), result.stdout
    assert "v1" in day.ftgate("status").stdout
    champion = day.run(f"{TASK}/golden.toml", "--co", "-q")
    assert champion.returncode == 0
    assert len(manifests(day.path)) == 2


def test_a_planted_leak_turns_the_verdict_into_integrity(day):
    golden = json.loads(day.rows(f"{TASK}/cases.jsonl")[0])
    row = {"input": {"text": golden["input"]["text"]}, "expected": golden["expected"]}
    with (day.path / DATA / "train.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    result = day.run(TASK, "--train")
    assert result.returncode == 11, result.stdout
    assert "INTEGRITY sms_spam" in result.stdout
    assert golden["id"] in result.stdout

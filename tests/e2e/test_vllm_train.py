"""`--train` through real vLLM on the CPU with 60 goldens: promoted, then compared with the champion.

The tests build on each other, in order, as in test_demo.py.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.vllm_models import need_vllm

TASK = "goldens/sms_spam"
PIPELINE = "pipelines/sms_spam/pipeline.toml"
VLLM = ("--ftgate-engine", "vllm")
CASES = 60

pytestmark = pytest.mark.timeout(900)


def cases_of(path: Path) -> list[str]:
    return (path / TASK / "cases.jsonl").read_text().splitlines(keepends=True)


def set_cases(workshop, lines: list[str]) -> None:
    (workshop.path / TASK / "cases.jsonl").write_text("".join(lines))
    locked = workshop.ftgate("lock", TASK)
    assert locked.returncode == 0, locked.stderr


def interleaved(lines: list[str]) -> list[str]:
    """Spam and ham in turn, so that every beginning is balanced."""
    spam = [line for line in lines if json.loads(line)["expected"]["label"] == "spam"]
    ham = [line for line in lines if line not in spam]
    return [line for pair in zip(spam, ham, strict=True) for line in pair]


@pytest.fixture(scope="module")
def small(workshop):
    """The demo with 60 goldens and half a minute of training."""
    need_vllm()
    workshop.pool = interleaved(cases_of(workshop.path))
    set_cases(workshop, workshop.pool[:CASES])
    for old, new in (
        ("max_rows = 360", "max_rows = 200"),
        ('allow = ["pii"]', 'allow = ["pii", "size"]'),
        ("epochs = 2", "epochs = 1"),
        ("rate = 5e-4", "rate = 1e-3"),
    ):
        workshop.edit(PIPELINE, old, new)
    pipeline = (
        workshop.path / PIPELINE
    )  # 338 general questions and 300 reference answers would take longer than all the rest
    alone, _, _ = pipeline.read_text().partition("[forgetting]")  # the last table
    pipeline.write_text(alone + "[canary]\nsize = 20\n")
    workshop.edit(f"{TASK}/golden.toml", "min = 0.85", "min = 0.6")
    assert workshop.ftgate("lock", TASK).returncode == 0
    rows = (workshop.path / "pipelines/sms_spam/data/validation.jsonl").read_text().splitlines(keepends=True)
    (workshop.path / "pipelines/sms_spam/data/validation.jsonl").write_text("".join(rows[:16]))
    return workshop


@pytest.fixture(scope="module")
def first(small) -> subprocess.CompletedProcess[str]:
    return small.run(TASK, "--train", *VLLM, "-v")


def starts(workshop) -> int:
    """How often a server was started into the log of the last run: each start writes it anew."""
    text = "".join(log.read_text() for log in (workshop.path / ".ftgate/logs").glob("vllm-*.log"))
    return text.count("Started server process")


def test_the_whole_loop_through_vllm(first, small):
    print(first.stdout)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "PROMOTED sms_spam v1" in first.stdout
    assert "the server reads 10 training rows in the very tokens they were trained in" in first.stdout
    agreed = re.search(r"log-probabilities of (\d+) tokens agree .* within ([\d.e-]+) nats", first.stdout)
    assert int(agreed.group(1)) >= 8
    assert starts(small) == 1


def test_candidate_and_champion_answer_on_one_server(first, small):
    """Six new goldens: the champion's frozen results cover less than 95 %, so it is asked again, beside the candidate."""
    set_cases(small, small.pool[6 : 6 + CASES])
    small.edit(PIPELINE, "seed = 7", "seed = 8")
    small.edit(PIPELINE, "max_rows = 200", "max_rows = 64")  # what is trained matters little here
    run = small.run(TASK, "--train", *VLLM)
    print(run.stdout)
    assert run.returncode in {0, 1, 10}, run.stdout + run.stderr
    assert re.search(rf"^ +champion +(PASS|HOLD|REJECT) .*\(n = {CASES}, ", run.stdout, re.M)
    journal = [json.loads(line) for line in (small.path / ".ftgate/journal/sms_spam.jsonl").open()]
    assert len({line["response"]["model"] for line in journal}) == 3, "base, champion, candidate"
    assert starts(small) == 1
    loaded = re.findall(r"Loaded new LoRA adapter: name '(\S+?)'", small_log(small))
    assert len(set(loaded)) == 2, "candidate and champion"


def small_log(workshop) -> str:
    return (workshop.path / ".ftgate/logs/vllm-0.log").read_text()

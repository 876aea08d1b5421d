"""[retrain]: which pipelines are trained anew, when, and the workflows that do it; never night after night."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_ftgate.cli.main import main
from pytest_ftgate.errors import PipelineError
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.cron import cron_problem
from pytest_ftgate.pipeline.live.retrain import Past, on_drift
from pytest_ftgate.registry.audit import record
from tests.projects import write, write_pipeline, write_rows
from tests.unit.cli.test_ci import fake_python, shell, step, workflow

DRIFT = '[retrain]\non = "drift"\n'
WEEKLY = '[retrain]\non = "schedule"\ncron = "5 4 * * 2"\npromote = true\n'
NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_tracking_server: None) -> Path:
    """`mail` retrains on drift, `chat` on Tuesdays, `sums` never."""
    for name, more in {"mail": DRIFT, "chat": WEEKLY, "sums": ""}.items():
        write_pipeline(tmp_path / "pipelines" / name, name, more=more)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('on = "schedule"\ncron = "0 25 * * *"', r"has '25' as its hour, expected numbers of 0 to 23"),
        ('on = "schedule"\ncron = "5-1 3 * * *"', r"has '5-1' as its minute"),
        ('on = "schedule"\ncron = "0 3 ? * 1"', r"has '\?' as its day of the month"),
        ('on = "schedule"\ncron = "* * * * *"', r"runs every 1 minutes at times, at least 5 are allowed"),
        ('on = "schedule"\ncron = "0,58 3-4 * * *"', r"runs every 2 minutes"),
        ('on = "schedule"\ncron = "0 3 * * */0"', r"has '\*/0' as its day of the week"),
        ('on = "drift"\ncron = "0 3 * * 1"', r'retrain.cron is for on = "schedule", but on = "drift"'),
    ],
)
def test_a_time_that_github_would_refuse_is_named_with_its_line(tmp_path: Path, table: str, said: str):
    file = write_pipeline(tmp_path / "pipelines/mail", "mail", more=f"[retrain]\n{table}\n")
    with pytest.raises(PipelineError, match=rf"pipeline.toml:\d+: .*{said}"):
        read_pipeline(file)


@pytest.mark.parametrize("cron", ["*/5 0-23/2 1,15 JAN-mar MON-FRI", "20/15 * * * 0", "0 3 31 12 sun"])
def test_a_time_that_github_takes(cron: str):
    assert cron_problem(cron) == ""


def test_promoters_that_are_not_there_are_named_with_their_line(tmp_path: Path):
    more = '[registry]\npromoters = ["keys/ann.pem"]\n'
    file = write_pipeline(tmp_path / "pipelines/mail", "mail", more=more)
    with pytest.raises(PipelineError, match=r"pipeline.toml:\d+: registry.promoters: no file 'keys/ann.pem'"):
        read_pipeline(file)


def days(*ago: float) -> tuple[datetime, ...]:
    return tuple(NOW - timedelta(days=each) for each in ago)


@pytest.mark.parametrize(
    ("alarms", "trainings", "due", "why"),
    [
        ((), (), False, "no alarm since the last training"),
        (days(0), (), True, "alarm of 2026-11-28"),
        (days(9, 0), days(8), True, "alarm of 2026-11-28"),
        (days(9), days(8), False, "no alarm since the last training"),
        (days(0), days(6.9), False, "trained on 2026-11-21; at most one retraining in 7 days"),
        (days(3, 2, 1, 0), days(7), True, "alarm of 2026-11-28"),
    ],
)
def test_an_alarm_is_answered_once_and_at_most_once_in_seven_days(shop: Path, alarms, trainings, due, why):
    choice = on_drift(read_pipeline(shop / "pipelines/mail/pipeline.toml"), Past(alarms, trainings), NOW)
    assert choice is not None
    assert (choice.due, choice.why) == (due, why)


def test_an_alarm_every_night_of_a_year_trains_once_a_week(shop: Path):
    pipeline = read_pipeline(shop / "pipelines/mail/pipeline.toml")
    trainings: tuple[datetime, ...] = ()
    for night in range(364):
        now = NOW + timedelta(days=night)
        choice = on_drift(pipeline, Past((now,), trainings), now)
        trainings += (now,) if choice and choice.due else ()
    assert len(trainings) == 52


def asked(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[list[dict[str, Any]], str]:
    assert main(["ci", "retrain", *args]) == 0
    out, err = capsys.readouterr()
    return json.loads(out), err


def test_the_command_decides_and_remembers(shop: Path, capsys):
    assert asked(capsys) == ([], "mail: not retrained: no alarm since the last training\n")
    record(Path(".ftgate"), "alarm", "sums", {"reason": "it has no [retrain]"})
    write_rows(shop / "log.jsonl", [{"input": f"le train de {n} heures part {n}"} for n in range(40)])
    write_rows(shop / "train.jsonl", [{"input": f"win {n} prizes now, call us", "expected": "x"} for n in range(40)])
    assert main(["drift", "inputs", "log.jsonl", "--train", "train.jsonl", "--task", "mall"]) == 2
    assert "no pipeline 'mall' in pipelines; available: chat, mail, sums" in capsys.readouterr().err
    assert main(["drift", "inputs", "log.jsonl", "--train", "train.jsonl", "--task", "mail"]) == 12
    assert "recorded as an alarm of mail" in capsys.readouterr().out
    due, said = asked(capsys)
    assert due == [{"pipeline": "mail", "propose": "--ftgate-propose"}]
    assert said.startswith("mail: retrain: alarm of ")
    assert asked(capsys)[0] == [], "it has begun"

    assert asked(capsys, "--cron", "5 4 * * 2")[0] == [{"pipeline": "chat", "propose": ""}]
    assert {each["pipeline"] for each in asked(capsys, "--all")[0]} == {"chat", "mail"}
    assert main(["ci", "retrain", "--cron", "0 0 * * *"]) == 2
    assert "they have: '5 4 * * 2'" in capsys.readouterr().err


def test_a_training_that_somebody_registered_is_one(registry, promote, shop: Path, capsys):
    promote("a")
    (shop / "pipelines/mail").rename(shop / "pipelines/spam")
    record(shop / "state", "alarm", "spam", {"reason": "drift"})
    due, said = asked(capsys, "--state-dir", "state")
    assert due == []
    assert "at most one retraining in 7 days" in said


def test_a_cron_of_other_than_five_fields_is_named_with_its_line(tmp_path: Path):
    file = write_pipeline(tmp_path / "p", "p", more='[retrain]\non = "schedule"\ncron = "daily"\n')
    with pytest.raises(PipelineError, match=r"retrain.cron"):
        read_pipeline(file)


NAMES = ("ftgate-gate.yml", "ftgate-canary.yml", "ftgate-retrain.yml")


def check(kind: str, *files: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{kind}", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_schemas_accept_the_workflows_and_those_of_no_retraining_say_nothing_of_it(shop: Path):
    for name in ("chat", "mail"):
        assert main(["ci", "github", "--out", "gh"]) == main(["ci", "gitlab", "--out", "gl"]) == 0
        check("github-workflows", *(shop / "gh" / file for file in NAMES))
        check("gitlab-ci", shop / "gl/ftgate-canary.yml")
        write_pipeline(shop / "pipelines" / name, name)
    assert "schedule" not in workflow(shop / "gh", NAMES[2])["on"], "on drift alone"
    assert main(["ci", "github", "--out", "none"]) == main(["ci", "gitlab", "--out", "none-gl"]) == 0
    check("gitlab-ci", shop / "none-gl/ftgate-canary.yml")
    assert not (shop / "none" / NAMES[2]).exists()
    assert "retrain" not in (shop / "none" / NAMES[1]).read_text() + (shop / "none-gl/ftgate-canary.yml").read_text()


def test_where_only_promoters_promote_the_workflows_are_given_a_key(shop: Path):
    write(shop / "pipelines/mail/ann.pem", "a key")
    write_pipeline(shop / "pipelines/mail", "mail", more=f'{DRIFT}[registry]\npromoters = ["ann.pem"]\n')
    assert main(["ci", "github", "--out", "gh"]) == main(["ci", "gitlab", "--out", "gl"]) == 0
    for name, job in zip(NAMES, ("gate", "canary", "train"), strict=True):
        env = workflow(shop / "gh", name)["jobs"][job]["env"]
        assert env["FTGATE_PROMOTER_KEY"] == "${{ vars.FTGATE_PROMOTER_KEY }}"
        assert env["FTGATE_SIGNING_PASSWORD"] == "${{ secrets.FTGATE_SIGNING_PASSWORD }}"
        assert env["FTGATE_DECRYPT"] == "${{ vars.FTGATE_DECRYPT }}"
        assert "[train,registry,signing]" in (shop / "gh" / name).read_text()
    assert "FTGATE_PROMOTER_KEY" in (shop / "gl/ftgate-canary.yml").read_text()


def test_on_drift_the_canary_calls_the_retraining_which_proposes(shop: Path):
    main(["ci", "github", "--out", "gh"])
    flow = workflow(shop / "gh", NAMES[2])
    assert flow["on"]["schedule"] == [{"cron": "5 4 * * 2"}]
    assert flow["jobs"]["train"]["concurrency"] == {
        "group": "ftgate-train-${{ matrix.pipeline }}",
        "cancel-in-progress": False,
    }
    canary = workflow(shop / "gh", NAMES[1])["jobs"]
    [decides] = [each["if"] for each in canary["canary"]["steps"] if each.get("id") == "due"]
    assert "12" not in decides, "an alarm of another set, or of inputs, is answered whatever the code of this night"
    assert canary["retrain"]["uses"] == "./.github/workflows/ftgate-retrain.yml"

    record(Path(".ftgate"), "alarm", "mail", {"reason": "drift"})
    title = "Which pipelines are trained anew?"
    found = shell(step(shop / "gh", NAMES[1], "canary", title), shop, STATE_DIR=".ftgate")
    assert found.returncode == 0, found.stderr
    [line] = (shop / "GITHUB_OUTPUT").read_text().splitlines()
    given = line.removeprefix("pipelines=")
    assert json.loads(given) == [{"pipeline": "mail", "propose": "--ftgate-propose"}]
    due = step(shop / "gh", NAMES[2], "due", title)
    for variables in ({"GIVEN": given, "CRON": ""}, {"GIVEN": "", "CRON": "5 4 * * 2"}, {"GIVEN": "", "CRON": ""}):
        assert shell(due, shop, STATE_DIR=".ftgate", **variables).returncode == 0
    lines = [json.loads(line.removeprefix("pipelines=")) for line in (shop / "GITHUB_OUTPUT").read_text().splitlines()]
    assert [[each["pipeline"] for each in line] for line in lines] == [["mail"], ["mail"], ["chat"], ["chat", "mail"]]

    fake_python(shop, 0)
    train = step(shop / "gh", NAMES[2], "train", "Train, gate, propose")
    for propose in ("--ftgate-propose", ""):
        assert shell(train, shop, PIPELINE="mail", PROPOSE=propose, STATE_DIR="/s").returncode == 0
        assert (
            (shop / "asked")
            .read_text()
            .startswith(f"-m pytest pipelines/mail --train {propose}".strip() + " --ftgate-state")
        )


PYTHON = """#!/bin/sh
echo "$@" >> asked
case "$*" in
  *--canary*) exit 10 ;;
  *--train*) exit 10 ;;
esac
exec {python} "$@"
"""


def test_in_gitlab_the_job_itself_trains_and_its_code_is_the_alarms(shop: Path):
    main(["ci", "gitlab", "--out", "gl"])
    jobs = yaml.safe_load((shop / "gl/ftgate-canary.yml").read_text())
    assert jobs[".ftgate-champions"]["resource_group"] == "ftgate-train"
    record(Path("state"), "alarm", "mail", {"reason": "drift"})
    (shop / "bin").mkdir()
    write(shop / "bin/python", PYTHON.format(python=sys.executable)).chmod(0o755)
    ran = [
        shell(jobs[name]["script"][0], shop, FTGATE_STATE_DIR="state", FTGATE_CRON="5 4 * * 2")
        for name in ("ftgate-canary", "ftgate-retrain")
    ]
    assert [each.returncode for each in ran] == [10, 10], ran[0].stderr + ran[1].stderr
    trained = [line for line in (shop / "asked").read_text().splitlines() if "--train" in line]
    assert [line.split()[2:5] for line in trained] == [
        ["pipelines/mail", "--train", "--ftgate-propose"],
        ["pipelines/chat", "--train", "--ftgate-state-dir=state"],
    ]

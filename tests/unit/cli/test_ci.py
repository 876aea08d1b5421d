"""`ftgate ci`: workflows that GitHub's own schema accepts, and whose shell does what they say."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_ftgate.cli.ci_files import FILES
from pytest_ftgate.cli.main import main
from tests.projects import write_golden, write_pipeline, write_rows
from tests.repository import ROOT

NAMES = ("ftgate-gate.yml", "ftgate-canary.yml")


@pytest.fixture
def write(tmp_path, capsys):
    """write(arguments) -> exit code and what was said on standard error."""

    def run(*args: str) -> tuple[int, str]:
        code = main(["ci", "github", "--out", str(tmp_path), *args])
        return code, capsys.readouterr().err

    return run


def workflow(folder: Path, name: str) -> dict[str, Any]:
    """YAML 1.1 reads the key `on` as true."""
    found = yaml.safe_load((folder / name).read_text())
    return {"on" if key is True else key: value for key, value in found.items()}


ODD = (
    '--install=make setup\nmake "data"',
    "--runner= self-hosted , a100: big",
    "--branch=release/1.x",
    "--python=3.12",
)


@pytest.mark.parametrize("args", [(), (*ODD, "--cron", "5 4 * * 1-5", "--goldens=qa/sets", "--pipelines=qa/pipes")])
def test_the_vendored_schema_accepts_them(write, tmp_path, args):
    assert write(*args) == (0, "")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*command, *(tmp_path / name for name in NAMES)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_settings_arrive(write, tmp_path):
    write(*ODD, "--cron", "5 4 * * 1-5", "--goldens=qa/sets", "--pipelines=qa/pipes", "--minutes=90")
    gate, canary = (workflow(tmp_path, name) for name in NAMES)
    assert gate["on"]["push"] == {"branches": ["release/1.x"], "paths": ["qa/sets/**", "qa/pipes/**"]}
    assert gate["on"]["pull_request"] == {"paths": ["qa/sets/**", "qa/pipes/**"]}
    assert canary["on"]["schedule"] == [{"cron": "5 4 * * 1-5"}]
    for job in (gate["jobs"]["gate"], canary["jobs"]["canary"]):
        assert job["runs-on"] == ["self-hosted", "a100: big"]
        install = next(step["run"] for step in job["steps"] if step.get("name") == "Install")
        assert install.endswith('make setup\nmake "data"\n')
    assert gate["jobs"]["gate"]["timeout-minutes"] == 90
    assert 'pytest "qa/pipes/$PIPELINE" --train' in (tmp_path / NAMES[0]).read_text()


def test_each_job_is_limited_and_each_action_pinned(write, tmp_path):
    write()
    for name in NAMES:
        flow = workflow(tmp_path, name)
        assert flow["permissions"] == {"contents": "read"}
        for job in flow["jobs"].values():
            assert job["timeout-minutes"] > 0
            assert job.get("permissions", {"issues": "write"}) in ({"issues": "write"}, COMMENTS)
            assert all(re.fullmatch(r"actions/[\w-]+@v\d+", s["uses"]) for s in job["steps"] if "uses" in s)
    gate, canary = (workflow(tmp_path, name) for name in NAMES)
    assert canary["concurrency"]["cancel-in-progress"] is False
    assert gate["jobs"]["gate"]["concurrency"]["cancel-in-progress"] is False


COMMENTS = {"contents": "read", "pull-requests": "write"}


def test_the_verdict_of_each_pipeline_is_a_comment_of_the_pull_request_that_was_merged(write, tmp_path):
    write()
    job = workflow(tmp_path, NAMES[0])["jobs"]["comment"]
    assert (job["permissions"], job["runs-on"], job["needs"]) == (COMMENTS, "ubuntu-latest", ["changed", "gate"])
    assert "github.event_name == 'push'" in job["if"]
    script = step(tmp_path, NAMES[0], "comment", "Comment on the pull request")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text('#!/bin/sh\necho "$@" > asked\n')
    (tmp_path / "bin/python").chmod(0o755)
    done = shell(script, tmp_path, RUNNER_TEMP=str(tmp_path), NAME="sms_spam")
    assert done.stdout.startswith("::warning::the run left no report")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/run.json").write_text("{}")
    assert shell(script, tmp_path, RUNNER_TEMP=str(tmp_path), NAME="sms_spam").returncode == 0
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:4] == ["-m", "pytest_ftgate", "ci", "comment"]
    assert asked[4:] == ["--run-file", f"{tmp_path}/reports/run.json", "--name", "sms_spam"]


def test_code_of_a_pull_request_never_runs_on_the_gpu_runner(write, tmp_path):
    write()
    jobs = workflow(tmp_path, NAMES[0])["jobs"]
    assert jobs["changed"]["runs-on"] == "ubuntu-latest"
    assert jobs["gate"]["if"].startswith("github.event_name != 'pull_request' && ")
    assert "pull_request_target" not in (tmp_path / NAMES[0]).read_text()


def test_no_expression_is_pasted_into_a_shell(write, tmp_path):
    write()
    for name in NAMES:
        for job in workflow(tmp_path, name)["jobs"].values():
            for step in job["steps"]:
                assert "${{" not in step.get("run", ""), step["run"]
                assert "${{" not in str(step.get("with", {}).get("script", ""))


# --- the shell of the workflows ---------------------------------------------------------------------------------------


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As GitHub runs `shell: bash`."""
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")}
    path = f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **files, "PATH": path, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def step(folder: Path, name: str, job: str, title: str) -> str:
    return next(s["run"] for s in workflow(folder, name)["jobs"][job]["steps"] if s.get("name") == title)


def fake_python(folder: Path, code: int) -> None:
    """Writes down its arguments, leaves a report, ends with a code."""
    (folder / "bin").mkdir()
    script = f'#!/bin/sh\necho "$@" > asked\necho "# told" > reports/ftgate.md\nexit {code}\n'
    (folder / "bin" / "python").write_text(script)
    (folder / "bin" / "python").chmod(0o755)


CODES = {0: "promoted, or unchanged", 1: "REJECT", 10: "HOLD", 11: "INTEGRITY", 3: "the run itself broke"}


def test_the_flags_that_are_used_exist(write, tmp_path):
    write()
    used = {
        flag
        for name in NAMES
        for line in (tmp_path / name).read_text().splitlines()
        if "-m pytest " in line
        for flag in re.findall(r"--[a-z-]+", line)
    }
    assert used >= {"--train", "--canary", "--ftgate-markdown", "--junit-xml", "--collect-only"}
    told = subprocess.run([sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True).stdout
    assert not [flag for flag in used if not re.search(rf"{flag}\b", told)]


def test_each_code_of_the_design_is_explained():
    assert [code for code, _, _ in FILES["ftgate-gate.yml"]] == [0, 1, 10, 11]
    assert [code for code, _, _ in FILES["ftgate-canary.yml"]] == [0, 1, 10, 11, 12]
    assert not [text for codes in FILES.values() for _, _, text in codes if set(text) & set('"$`\\')]


@pytest.mark.parametrize(("code", "said"), CODES.items())
def test_the_gates_exit_code_is_the_jobs_and_is_explained(write, tmp_path, code, said):
    write()
    fake_python(tmp_path, code)
    done = shell(
        step(tmp_path, NAMES[0], "gate", "Train, gate, promote"), tmp_path, PIPELINE="sms_spam", STATE_DIR="/s p"
    )
    assert done.returncode == code, done.stderr
    level = {0: "notice", 10: "warning"}.get(code, "error")
    assert done.stdout.startswith(f"::{level} title=exit code {code}::{said}")
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith("# told\n")
    assert f"**Exit code {code}**: {said}" in summary
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:4] == ["-m", "pytest", "pipelines/sms_spam", "--train"]


def test_the_canary_hands_its_exit_code_to_the_alarm(write, tmp_path):
    write()
    fake_python(tmp_path, 12)
    done = shell(step(tmp_path, NAMES[1], "canary", "Ask the champions"), tmp_path, STATE_DIR="/s")
    assert (done.returncode, "DRIFT" in done.stdout) == (12, True)
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "code=12\n"
    jobs = workflow(tmp_path, NAMES[1])["jobs"]
    assert jobs["canary"]["outputs"]["code"] == "${{ steps.canary.outputs.code }}"
    assert jobs["alarm"]["if"] == "always() && needs.canary.outputs.code == '12'"


def test_the_state_outlives_the_checkout(write, tmp_path):
    write()
    script = step(tmp_path, NAMES[0], "gate", "Where the state is kept")
    shell(script, tmp_path, GIVEN="", HOME="/home/ci", GITHUB_REPOSITORY="me/spam")
    shell(script, tmp_path, GIVEN="/data/ftgate")
    assert (tmp_path / "GITHUB_ENV").read_text() == "STATE_DIR=/home/ci/.ftgate/me-spam\nSTATE_DIR=/data/ftgate\n"


@pytest.fixture
def shop(tmp_path):
    """Two pipelines; `mail` is gated by mail and by one file, `chat` by chat. One commit."""
    for name, goldens in {"mail": ["mail", "extra"], "chat": ["chat"]}.items():
        write_pipeline(tmp_path / "pipelines" / name, *goldens)
        write_golden(tmp_path / "goldens" / name, ())
    write_rows(tmp_path / "goldens" / "extra.golden.jsonl", ())
    return tmp_path


CHANGES = {
    "goldens/mail/cases.jsonl": ["mail"],
    "goldens/extra.golden.jsonl": ["mail"],
    "pipelines/chat/data/träin.jsonl": ["chat"],
    "pipelines/gone/pipeline.toml": [],
    "goldens/graders.py": ["chat", "mail"],
    "pipelines/common.py": ["chat", "mail"],
    "README.md": [],
    "goldens-old/mail/cases.jsonl": [],
    "goldens/chat/golden.lock\npipelines/mail/pipeline.toml\n": ["chat", "mail"],
    "": [],
}


@pytest.mark.parametrize(("paths", "expected"), CHANGES.items())
def test_which_pipelines_a_change_concerns(shop, monkeypatch, capsys, paths, expected):
    monkeypatch.chdir(shop)
    monkeypatch.setattr("sys.stdin", io.StringIO(paths))
    assert main(["ci", "changed"]) == 0
    assert json.loads(capsys.readouterr().out) == expected


def test_all_or_only_one(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop)
    assert main(["ci", "changed", "--all"]) == main(["ci", "changed", "--only", "mail"]) == 0
    assert capsys.readouterr().out == '["chat", "mail"]\n["mail"]\n'
    assert main(["ci", "changed", "--only", "mial"]) == 2
    assert "no pipeline 'mial' in pipelines; available: chat, mail" in capsys.readouterr().err


def test_the_workflow_asks_git_what_changed(write, shop):
    write()
    (shop / "bin").mkdir()
    (shop / "bin" / "ftgate").write_text("#!/bin/sh\nexit 9  # a command of that name may be another package's\n")
    (shop / "bin" / "ftgate").chmod(0o755)
    git = "git -c user.name=me -c user.email=me@localhost"
    done = shell(f"git init -q && git add goldens pipelines && {git} commit -qm one && git rev-parse HEAD", shop)
    before = done.stdout.strip()
    shell(f"echo x > pipelines/chat/rows && git add pipelines && {git} commit -qm two", shop)
    script = step(shop, NAMES[0], "changed", "Which pipelines are concerned?")
    for variables in ({"BEFORE": before}, {"BEFORE": "0" * 40}, {"BEFORE": ""}, {"BEFORE": "", "ASKED": "mail"}):
        done = shell(script, shop, **{"ASKED": "", **variables})
        assert done.returncode == 0, done.stderr
    found = (shop / "GITHUB_OUTPUT").read_text().splitlines()
    assert found == ['pipelines=["chat"]', *['pipelines=["chat", "mail"]'] * 2, 'pipelines=["mail"]']


# --- files that are there already -------------------------------------------------------------------------------------


def test_what_was_not_touched_is_renewed(write, tmp_path):
    write()
    assert write("--cron", "1 1 * * *")[0] == 0
    assert "1 1 * * *" in (tmp_path / NAMES[1]).read_text()


@pytest.mark.parametrize("edit", [lambda text: text + "# mine\n", lambda _: "name: mine\n", lambda _: ""])
def test_what_was_edited_is_kept_unless_forced(write, tmp_path, edit):
    write()
    gate, canary = (tmp_path / name for name in NAMES)
    mine = edit(canary.read_text())
    canary.write_text(mine)
    before = gate.read_text()
    code, said = write("--branch", "trunk")
    assert code == 2
    assert said.startswith(f"ftgate: {canary}: not generated by ftgate, or edited by hand; nothing written")
    assert (canary.read_text(), gate.read_text()) == (mine, before)
    assert write("--branch", "trunk", "--force")[0] == 0
    assert "trunk" in gate.read_text()
    assert write()[0] == 0


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--cron=daily", "has 1 fields, expected 5"),
        ("--runner=gpu,,x", "has an empty label"),
        ("--minutes=0", "is not a number of minutes"),
        ("--goldens=../sets; rm", "is not a folder in the repository"),
        ("--pipelines=/abs", "is not a folder in the repository"),
    ],
)
def test_settings_that_are_none(write, argument, said, capsys):
    with pytest.raises(SystemExit):
        write(argument)
    assert said in capsys.readouterr().err


def test_no_path_stands_apart_from_its_option(write, tmp_path):
    """Pytest derives its rootdir from any argument that is a path, also from the value of an option."""
    write()
    apart = re.compile(r"--ftgate-(state-dir|html|markdown|run-file) ")
    assert [name for name in NAMES if apart.search((tmp_path / name).read_text())] == []

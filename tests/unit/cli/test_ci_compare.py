"""`ftgate ci github` and `gitlab` for a served model: files that the hosts accept, and whose shell compares."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_ftgate.cli.main import main
from tests.repository import ROOT

SERVED = ("--base-url", "https://api.example.com/v1/", "--model", 'it\'s "m"')
NAME = "ftgate-compare.yml"
SCHEMAS = {"github": ["vendor.github-workflows"], "gitlab": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]}


@pytest.fixture
def write(tmp_path, capsys):
    """write(host, arguments) -> exit code and standard error."""

    def run(host: str, *args: str) -> tuple[int, str]:
        code = main(["ci", host, "--out", str(tmp_path), *args])
        return code, capsys.readouterr().err

    return run


def read(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / NAME).read_text())


@pytest.mark.parametrize("host", SCHEMAS)
@pytest.mark.parametrize(
    "more", [(), ("--install", "make setup\nmake data", "--goldens", "qa/sets", "--max-drop", "0.1")]
)
def test_the_vendored_schema_accepts_it(write, tmp_path, host, more):
    assert write(host, *SERVED, *more) == (0, "")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *SCHEMAS[host], str(tmp_path / NAME)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_settings_arrive(write, tmp_path):
    write("github", *SERVED, "--branch", "trunk", "--max-drop", "0.1", "--minutes", "30")
    flow = read(tmp_path)
    assert flow["env"] == {
        "BRANCH": "trunk",
        "BASE_URL": "https://api.example.com/v1",
        "MODEL": 'it\'s "m"',
        "MAX_DROP": "0.1",
    }
    assert flow["jobs"]["compare"]["timeout-minutes"] == 30
    assert flow[True]["push"] == {"branches": ["trunk"]}


def test_a_served_model_has_an_address_and_a_name(write):
    assert "belong together" in write("github", "--base-url", "https://x/v1")[1]
    assert "belong together" in write("github", "--model", "m")[1]
    assert "belong together" in write("gitlab", "--model", "m")[1]
    assert "holds a user" in write("gitlab", "--base-url", "https://me:pass@x/v1", "--model", "m")[1]
    for args in (("gitlab", *SERVED, "--max-drop", "3"), ("github", *SERVED, "--max-drop", "3")):
        with pytest.raises(SystemExit):
            write(*args)


def test_what_was_edited_is_kept_unless_forced(write, tmp_path):
    write("gitlab", *SERVED)
    (tmp_path / NAME).write_text("# mine\n")
    assert write("gitlab", *SERVED)[0] == 2
    assert write("gitlab", *SERVED, "--force")[0] == 0
    assert write("gitlab", *SERVED, "--max-drop", "0.2")[0] == 0


def test_jobs_may_do_little_and_no_expression_is_pasted_into_a_shell(write, tmp_path):
    write("github", *SERVED)
    flow = read(tmp_path)
    assert flow["permissions"] == {"contents": "read"}
    jobs = flow["jobs"]
    assert jobs["compare"]["permissions"] == {"actions": "read", "contents": "read"}
    assert jobs["comment"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    for job in jobs.values():
        assert job["timeout-minutes"] > 0
        assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)
        assert not [step for step in job["steps"] if "${{" in step.get("run", "")]
    [code] = [step["with"] for step in jobs["comment"]["steps"] if "checkout" in step.get("uses", "")]
    assert code["ref"] == "${{ github.event.pull_request.base.sha }}", "what may write runs no code of the pull request"
    assert "pull_request_target" not in (tmp_path / NAME).read_text()


SHARED = {f"--ftgate-{name}" for name in ("base-url", "model", "against", "max-drop", "markdown", "html", "run-file")}


@pytest.mark.parametrize("host", SCHEMAS)
def test_the_flags_that_are_used_exist(write, tmp_path, host):
    from tools.reference.flags import recorded

    write(host, *SERVED)
    used = set(re.findall(r"--ftgate-[a-z-]+", (tmp_path / NAME).read_text()))
    assert used == SHARED | ({"--ftgate-code-quality"} if host == "gitlab" else set())
    assert used <= set(recorded().flags)


# --- the shell --------------------------------------------------------------------------------------------------------


@pytest.fixture
def job(tmp_path):
    """A job's folder, with programs that write down how they were called."""
    programs = {
        "python": 'case "$*" in *pytest_ftgate*) ;; *) mkdir -p reports; echo "# told" > reports/ftgate.md; '
        "echo {} > reports/run.json; exit $CODE ;; esac",
        "gh": '[ "$2" = list ] && { echo 7; echo 8; exit 0; }; [ "$3" = "$KEPT" ] || exit 1; '
        'mkdir -p "$RUNNER_TEMP/main"; touch "$RUNNER_TEMP/main/main.jsonl"',
        "curl": 'case "$*" in *main.jsonl*) [ -n "$KEPT" ] || exit 22 ;; esac',
    }
    (tmp_path / "bin").mkdir()
    for name, does in programs.items():
        file = tmp_path / "bin" / name
        file.write_text(f'#!/bin/sh\nprintf "%s|" {name} "$@" >> asked\necho >> asked\n{does}\n')
        file.chmod(0o755)
    return tmp_path


def shell(job: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    github = {name: str(job / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    github |= {"RUNNER_TEMP": str(job / "temp"), "GITHUB_REPOSITORY": "me/it", "BRANCH": "main"}
    served = {"BASE_URL": "http://s/v1", "MODEL": "a model", "MAX_DROP": "0.03", "CODE": "0", "KEPT": ""}
    path = f"{job / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=job,
        env={**os.environ, **github, **served, "PATH": path, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def asked(job: Path, program: str) -> list[str]:
    return [line for line in (job / "asked").read_text().splitlines() if line.startswith(program)]


def steps(job: Path) -> dict[str, str]:
    return {step.get("name", ""): step["run"] for step in read(job)["jobs"]["compare"]["steps"] if "run" in step}


def test_github_compares_with_the_newest_run_that_is_kept(write, job):
    write("github", *SERVED)
    script = steps(job)
    assert shell(job, script["Fetch the run of the main branch"], KEPT="8").returncode == 0
    done = shell(job, script["Ask and compare"], CODE="10", FORK="false")
    assert done.returncode == 10
    assert "::error title=exit code 10::HOLD" in done.stdout
    [call, export] = asked(job, "python")
    against = f"--ftgate-against|{job}/temp/main/main.jsonl|--ftgate-max-drop|0.03|"
    assert call.startswith(f"python|-m|pytest|goldens|--ftgate-base-url|http://s/v1|--ftgate-model|a model|{against}")
    assert export == "python|-m|pytest_ftgate|runs|export|last|main.jsonl|"
    assert (job / "GITHUB_STEP_SUMMARY").read_text().startswith("# told\n")


def test_github_without_a_kept_run_says_so_and_asks(write, job):
    write("github", *SERVED)
    script = steps(job)
    assert "::warning::no run of main is kept yet" in shell(job, script["Fetch the run of the main branch"]).stdout
    done = shell(job, script["Ask and compare"], FORK="false", GITHUB_EVENT_NAME="pull_request")
    assert done.returncode == 0
    said = "all tests passed; NOT compared: no run of main yet"
    assert f"::warning title=exit code 0::{said}\n" in done.stdout
    assert said in (job / "GITHUB_STEP_SUMMARY").read_text()
    assert "against" not in asked(job, "python")[0]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("0", "notice title=exit code 0::all tests passed; nothing compared"),
        ("1", "error title=exit code 1::a test failed; nothing compared"),
    ],
)
def test_a_push_to_githubs_main_compares_nothing_and_says_so(write, job, code, said):
    write("github", *SERVED)
    done = shell(job, steps(job)["Ask and compare"], FORK="false", GITHUB_EVENT_NAME="push", CODE=code)
    assert f"::{said}" in done.stdout


def test_without_a_number_of_minutes_a_served_model_has_an_hour(write, tmp_path):
    write("github", *SERVED)
    assert read(tmp_path)["jobs"]["compare"]["timeout-minutes"] == 60


def test_a_fork_fails_and_asks_nothing(write, job):
    write("github", *SERVED)
    done = shell(job, steps(job)["Ask and compare"], FORK="true")
    assert done.returncode == 1
    assert "a fork gets no key" in done.stdout
    assert not (job / "asked").exists()


GITLAB = {
    "CI_API_V4_URL": "https://gitlab/api/v4",
    "CI_PROJECT_ID": "5",
    "CI_DEFAULT_BRANCH": "main",
    "CI_JOB_TOKEN": "job-token",
    "CI_MERGE_REQUEST_IID": "9",
}


@pytest.mark.parametrize("token", ["", "mine"])
def test_gitlab_compares_and_comments_where_it_may(write, job, token):
    write("gitlab", *SERVED)
    [script] = read(job)["ftgate-compare"]["script"]
    variables = GITLAB | {"CI_BUILDS_DIR": str(job), "FTGATE_GITLAB_TOKEN": token, "KEPT": "1", "CODE": "10"}
    assert shell(job, script, **variables).returncode == 10
    assert f"--ftgate-against|{job}/ftgate-main.jsonl|--ftgate-max-drop|0.03|" in asked(job, "python")[0]
    [fetched] = asked(job, "curl")
    assert "https://gitlab/api/v4/projects/5/jobs/artifacts/main/raw/main.jsonl?job=ftgate-main" in fetched
    assert ("PRIVATE-TOKEN: mine" if token else "JOB-TOKEN: job-token") in fetched
    comment = "python|-m|pytest_ftgate|ci|comment|--run-file|reports/run.json|--name|compare|"
    assert asked(job, "python")[1:] == ([comment] if token else [])


def test_gitlab_without_a_kept_run_says_so_and_asks(write, job):
    write("gitlab", *SERVED)
    [script] = read(job)["ftgate-compare"]["script"]
    done = shell(job, script, **GITLAB, CI_BUILDS_DIR=str(job), FTGATE_GITLAB_TOKEN="")
    assert "nothing to compare with" in done.stdout
    assert "all tests passed; NOT compared: no run of main could be fetched" in done.stdout
    assert "NOT compared" in (job / "reports/ftgate.md").read_text()
    assert (done.returncode, "against" in asked(job, "python")[0]) == (0, False)


def test_gitlabs_main_keeps_its_run_whatever_it_found(write, job):
    write("gitlab", *SERVED)
    [script] = read(job)["ftgate-main"]["script"]
    assert shell(job, script, CODE="1").returncode == 1
    assert asked(job, "python")[1] == "python|-m|pytest_ftgate|runs|export|last|main.jsonl|"

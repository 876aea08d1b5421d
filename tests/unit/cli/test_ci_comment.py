"""`ftgate ci comment`: one comment of a pull or merge request, against a server that speaks the APIs of both hosts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.pipeline.report.run_report import RunReport, keep
from tests.fake_ci_host import BOT, TOKEN, FakeHost, comment

PERSON = {"login": "mallory", "type": "User", "id": 7}
MARK = "<!-- pytest-ftgate -->\n"
OF_GITHUB = "GITHUB_REPOSITORY GITHUB_API_URL GITHUB_TOKEN GITHUB_EVENT_PATH GITHUB_EVENT_NAME GITHUB_SHA"
OF_GITLAB = (
    "CI_API_V4_URL CI_PROJECT_ID CI_MERGE_REQUEST_PROJECT_ID CI_MERGE_REQUEST_SOURCE_PROJECT_ID CI_MERGE_REQUEST_IID "
    "CI_MERGE_REQUEST_PROJECT_URL CI_PROJECT_URL CI_COMMIT_SHA FTGATE_GITLAB_TOKEN"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with the report of one run, outside any job."""
    for name in f"{OF_GITHUB} {OF_GITLAB}".split():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    store = RecordStore(tmp_path / ".ftgate")
    keep(store, report(store.new_run()))
    return tmp_path


def report(run: str = "r", **more: Any) -> RunReport:
    verdict = {"task": "mail", "verdict": "REJECT", "version": 2, "reason": "worse", "golden": "g", "seconds": {}}
    return RunReport(run=run, at=0.0, seconds=1.0, code=1, train=True, verdicts=[verdict], **more)


@pytest.fixture
def host() -> Iterator[FakeHost]:
    with FakeHost() as found:
        yield found


@pytest.fixture
def github(host: FakeHost, folder: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    """A job of a pull request of the repository itself."""
    event(folder, monkeypatch, "me/it")
    for name, value in {"GITHUB_REPOSITORY": "me/it", "GITHUB_API_URL": host.url, "GITHUB_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    return host


def event(folder: Path, monkeypatch: pytest.MonkeyPatch, head: str | None, name: str = "pull_request") -> None:
    sides = {"head": {"repo": {"full_name": head} if head else None}, "base": {"repo": {"full_name": "me/it"}}}
    (folder / "event.json").write_text(json.dumps({"pull_request": {"number": 9, **sides}}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(folder / "event.json"))
    monkeypatch.setenv("GITHUB_EVENT_NAME", name)


@pytest.fixture
def gitlab(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    host.me = {"id": 3, "username": "project_5_bot"}
    job = {"CI_API_V4_URL": f"{host.url}/api/v4", "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_PROJECT_ID": "5"}
    job |= {"CI_MERGE_REQUEST_IID": "9", "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab/me/it"}
    for name, value in (job | {"FTGATE_GITLAB_TOKEN": TOKEN}).items():
        monkeypatch.setenv(name, value)
    return host


def ftgate(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    code = main(["ci", "comment", *args])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_the_first_run_creates_it_and_the_second_updates_it(github: FakeHost, capsys):
    assert ftgate(capsys) == (0, "comment on pull request 9 of me/it created: https://host/it#1000\n")
    [first] = github.comments
    assert first["body"].startswith(f"{MARK}## pytest-ftgate\n\n    REJECT mail v2: worse\n")
    assert ftgate(capsys) == (0, "comment on pull request 9 of me/it updated: https://host/it#1000\n")
    assert len(github.comments) == 1
    assert github.asked[-1] == "PATCH /repos/me/it/issues/comments/1000"


def test_ours_is_found_on_any_page_and_nobody_elses_is_touched(github: FakeHost, capsys):
    github.comments = [comment(n, "hello", PERSON) for n in range(230)]
    github.comments[3] = comment(3, f"{MARK}mine, says mallory", PERSON)
    github.comments[4] = comment(4, "<!-- pytest-ftgate: other -->\n", BOT)
    github.comments[229] = comment(229, f"{MARK}old", BOT)
    assert ftgate(capsys)[0] == 0
    assert (len(github.comments), "REJECT" in github.comments[229]["body"]) == (230, True)
    assert "mallory" in github.comments[3]["body"]


def test_with_a_token_of_ones_own_ours_are_those_of_its_user(github: FakeHost, capsys):
    github.me = PERSON
    github.comments = [comment(1, f"{MARK}a bot's", BOT), comment(2, f"{MARK}mine", PERSON)]
    assert "updated" in ftgate(capsys)[1]
    assert github.comments[0]["body"] == f"{MARK}a bot's"


def test_each_name_has_a_comment_of_its_own(github: FakeHost, capsys):
    for name in ("mail", "chat", "mail"):
        assert ftgate(capsys, "--name", name)[0] == 0
    assert [each["body"].partition("\n")[0] for each in github.comments] == [
        "<!-- pytest-ftgate: mail -->",
        "<!-- pytest-ftgate: chat -->",
    ]
    for bad in ("a-->b", "a--b", "<b", ""):
        with pytest.raises(SystemExit):
            ftgate(capsys, "--name", bad)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refusal_says_which_permission_is_missing(github: FakeHost, capsys, method: str):
    github.refuse = {method: (403, "Resource not accessible by integration\n::error::x", {})}
    code, told = ftgate(capsys)
    assert code == 2
    assert "HTTP 403, Resource not accessible by integration" in told
    assert "give the job `permissions: pull-requests: write`" in told
    assert TOKEN not in told
    assert "\n::" not in told


@pytest.mark.parametrize(
    ("code", "headers", "said"),
    [
        (403, {"x-ratelimit-remaining": "0"}, "the limit of requests is used up"),
        (500, {}, "HTTP 500"),
        (301, {"Location": "http://127.0.0.1:1/elsewhere"}, "HTTP 301"),
    ],
)
def test_what_else_a_host_may_answer(github: FakeHost, capsys, code: int, headers: dict[str, str], said: str):
    github.refuse = {"GET": (code, "no", headers)}
    assert ftgate(capsys)[0] == 2
    assert said in ftgate(capsys)[1]


def test_a_wrong_token_or_none_and_no_host(github: FakeHost, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "wrong-token-of-this-test")
    assert "HTTP 401, Bad credentials" in ftgate(capsys)[1]
    monkeypatch.delenv("GITHUB_TOKEN")
    assert "GITHUB_TOKEN is not set: no token to write the comment with" in ftgate(capsys)[1]
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1 does not answer" in ftgate(capsys)[1]
    monkeypatch.delenv("GITHUB_REPOSITORY")
    code, told = ftgate(capsys)
    assert (code, "not in a job of GitHub or GitLab" in told) == (2, True)


@pytest.mark.parametrize("head", ["mallory/it", None])
def test_a_fork_is_said_and_no_failure(github: FakeHost, folder: Path, capsys, monkeypatch, head: str | None):
    event(folder, monkeypatch, head)
    code, told = ftgate(capsys)
    assert (code, told.startswith("no comment: a pull request from a fork")) == (0, True)
    assert not github.asked
    event(folder, monkeypatch, head, "pull_request_target")
    assert "created" in ftgate(capsys)[1], "whose token may write"


def test_after_a_merge_it_is_the_pull_request_of_the_commit(github: FakeHost, folder: Path, capsys, monkeypatch):
    (folder / "event.json").write_text('{"after": "abc"}')
    monkeypatch.setenv("GITHUB_SHA", "abc")
    assert ftgate(capsys) == (0, "no comment: commit abc came with no pull request; nothing to comment on\n")
    github.pulls = [{"number": 4, "merge_commit_sha": "x"}, {"number": 5, "merge_commit_sha": "abc"}]
    assert "pull request 5 of me/it created" in ftgate(capsys)[1]


def test_gitlab_creates_and_updates_its_own_note(gitlab: FakeHost, capsys):
    assert ftgate(capsys) == (
        0,
        "comment on merge request 9 created: https://gitlab/me/it/-/merge_requests/9#note_1000\n",
    )
    gitlab.comments.insert(0, comment(1, f"{MARK}mine, says mallory", PERSON))
    assert "updated: https://gitlab/me/it/-/merge_requests/9#note_1000" in ftgate(capsys)[1]
    assert len(gitlab.comments) == 2
    assert gitlab.asked[-1] == "PUT /api/v4/projects/5/merge_requests/9/notes/1000"
    gitlab.refuse = {"PUT": (403, "403 Forbidden", {})}
    assert "FTGATE_GITLAB_TOKEN needs the scope `api` and the role Reporter" in ftgate(capsys)[1]


def test_gitlab_after_a_merge_and_from_a_fork(gitlab: FakeHost, capsys, monkeypatch):
    monkeypatch.delenv("CI_MERGE_REQUEST_IID")
    monkeypatch.setenv("CI_COMMIT_SHA", "abc")
    assert ftgate(capsys) == (0, "no comment: commit abc came with no merge request; nothing to comment on\n")
    gitlab.pulls = [{"iid": 12}]
    assert "merge request 12 created" in ftgate(capsys)[1]
    monkeypatch.delenv("FTGATE_GITLAB_TOKEN")
    assert "FTGATE_GITLAB_TOKEN is not set" in ftgate(capsys)[1]
    monkeypatch.setenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "6")
    assert ftgate(capsys)[0] == 0


def test_it_is_printed_where_there_is_no_host(folder: Path, capsys):
    code, told = ftgate(capsys, "--print")
    assert (code, told.startswith(f"{MARK}## pytest-ftgate\n")) == (0, True)
    assert ftgate(capsys, "20990101", "--print")[0] == 2
    assert "no report of a run 'nope' is kept" in ftgate(capsys, "nope", "--print")[1]


def test_a_run_of_another_machine_comes_as_a_file(folder: Path, capsys):
    (folder / "run.json").write_text(json.dumps(report(about={"job": "https://host/1"}).to_json()))
    assert "[Log and artifacts of this job](https://host/1)" in ftgate(capsys, "--run-file", "run.json", "--print")[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "\xff",
        '{"format": 2}',
        '{"format": 1}',
        '{"format": 1, "run": 1, "verdicts": [3]}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_report_is_named(folder: Path, capsys, text: str):
    (folder / "run.json").write_text(text, encoding="latin-1")
    code, told = ftgate(capsys, "--run-file", "run.json", "--print")
    assert code == 2
    assert "run.json: not the report of a run; expected the run file that pytest wrote" in told


def test_a_file_that_is_not_there(capsys):
    assert "gone.json: cannot be read: No such file" in ftgate(capsys, "--run-file", "gone.json")[1]

"""A canary key is in nothing that a run writes, and nothing that a server or a grader says steers who reads it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from urllib.parse import quote

import anthropic  # noqa: F401 - pytester would import it anew in every run
import pytest

from tests.messages_server import MessagesServer
from tests.mock_openai import Fault, MockServer
from tests.plugin.trained import Trained
from tests.scripted_judge import judging

KEY = "sk-CANARY/0123456789+abcdef"
JUDGE_KEY = "sk-CANARY-of-the-judge-01234"
PASSWORD = "CANARY-password"
NASTY = "bad\x1b]0;pwned\x07\x9b31m \u202ebidi\n::error file=x::hacked\r\n  ::add-mask::ok\n##[error]boo ##vso[task.x]y"
STEERS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]|^\s*::[a-z]|##\[|##vso\[", re.M
)

SAYS = {
    "200": f"the key is {KEY}, isn't it",
    "as JSON": json.dumps({"Authorization": f"Bearer {KEY}"}),
    "percent-encoded": quote(KEY, safe=""),
    "refusal": Fault(400, text=f"you sent Bearer {KEY} {NASTY}"),
    "denial": Fault(401, text=KEY),
    "failure": Fault(422, body="x" * 490 + KEY),
    "no completion": Fault(body=json.dumps({"padding": "x" * 165, "you sent": f"Bearer {KEY}"})),
    "nasty": NASTY,
}
CASES = [{"id": f"c{number}", "input": name, "expected": "ok"} for number, name in enumerate(SAYS)]
JUDGE = """
[[grader]]
kind = "judge"
threshold = 0.75
[judge]
base_url = "{url}"
api_key_env = "JUDGE_KEY"
[judge.criteria.helpful]
question = "Does it solve what was asked?"
1 = "Nothing."
2 = "Hardly."
3 = "A part."
4 = "All but a detail."
5 = "All."
"""
GRADER = """
import os

def own(case, response):
    raise RuntimeError("it broke\\n::error::with " + os.environ["FTGATE_API_KEY"])
"""
TESTS = """
import pytest

@pytest.mark.golden("plain")
def test_response(case, response):
    assert response.finish_reason == "none"

@pytest.mark.golden("plain")
def test_grade(grade):
    assert grade.value == 7

def test_server(vllm_server):
    client, engine = vllm_server.client, vllm_server.engine
    assert client == 0, repr([vllm_server, client, engine, client.endpoint])

def test_error(vllm_server):
    client = vllm_server.client
    client.text("refusal")
"""


@pytest.fixture
def project(project, monkeypatch):
    monkeypatch.setenv("FTGATE_API_KEY", KEY)
    monkeypatch.setenv("JUDGE_KEY", JUDGE_KEY)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return project


def written(project, *more: str) -> dict[str, str]:
    """Everything below the project's folder that a run wrote, and `more`, by name."""
    files = [path for path in project.path.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    texts = {str(path.relative_to(project.path)): path.read_bytes().decode("utf-8", "replace") for path in files}
    return texts | {f"output {number}": text for number, text in enumerate(more)}


def leaks(texts: dict[str, str]) -> list[str]:
    """Where a part of a canary is that could not be guessed."""
    secret = re.compile(r"CANARY|0123456789|" + re.escape(base64.b64encode(f"ada:{PASSWORD}".encode()).decode()))
    return [
        f"{name}: {text[max(0, at.start() - 80) : at.end() + 20]!r}"
        for name, text in texts.items()
        for at in secret.finditer(text)
    ]


@pytest.mark.parametrize("stream", ["false", "true"])
@pytest.mark.parametrize("gate", ["", "[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.01\n"])
def test_no_file_and_no_output_holds_the_key_that_a_server_repeats(project, answering, stream, gate):
    answering(lambda messages: SAYS[messages[-1]["content"]])
    project.golden("plain", CASES, f"{gate}[request]\nstream = {stream}\n")
    shown = (
        "-l",
        "-vv",
        "-rA",
        "--junitxml",
        "junit.xml",
        "--ftgate-markdown",
        "summary.md",
        "--ftgate-badge",
        "b.json",
    )
    shown += ("--ftgate-run-file", "run.json", "--ftgate-code-quality", "q.json", "--ftgate-html", "page.html")
    result = project.run(*shown)
    texts = written(project, result.stdout.str(), result.stderr.str())
    assert leaks(texts) == []
    assert "the key is ***, isn't it" in texts[".ftgate/journal/plain.jsonl"]
    assert "***" in texts["junit.xml"]
    assert "***" in texts["page.html"]
    assert "&#42;&#42;&#42;" in texts["summary.md"] or not gate
    for name in ("output 0", "summary.md"):
        assert STEERS.findall(re.sub(r"\x1b\[[\d;]*m", "", texts[name])) == []


def test_no_traceback_of_a_users_test_holds_it(project, answering):
    answering(lambda messages: SAYS[messages[-1]["content"]])
    project.golden("plain", CASES)
    project.write("test_own.py", TESTS)
    for how in (("-l", "-vv"), ("-l", "-vv", "--full-trace"), ("--showlocals", "--tb=long")):
        result = project.run("test_own.py", "-rA", "--junitxml", "junit.xml", *how)
        assert "Server(" in result.stdout.str()
        assert (
            leaks({name: text for name, text in written(project, result.stdout.str()).items() if name != "test_own.py"})
            == []
        )


def test_neither_the_grader_nor_the_judge_gives_it_away(project, answering):
    answering(lambda _messages: "an answer")
    project.write("own_grader.py", GRADER)
    project.pytester.syspathinsert()
    project.golden("own", CASES[:1], '[[grader]]\nkind = "python"\ncall = "own_grader:own"\n')
    says = judging(lambda _data, _name: "4")
    with MessagesServer(
        lambda body: {"helpful": {"reason": f"{JUDGE_KEY} {NASTY}", "level": "4"}} if says(body) else ""
    ) as judge:
        project.golden("judged", CASES[:2], JUDGE.format(url=judge.url))
        result = project.run("-vv", "-l", "-rA", "--junitxml", "junit.xml", "-p", "no:cacheprovider")
    texts = written(project, result.stdout.str(), result.stderr.str())
    assert len(judge.requests) == 2
    assert leaks(texts) == []
    [kept] = [text for name, text in texts.items() if name.endswith("answers.jsonl")]
    assert "***" in kept
    assert r"it broke \x3a:error::with ***" in result.stdout.str()
    assert STEERS.findall(re.sub(r"\x1b\[[\d;]*m", "", result.stdout.str())) == []


def test_what_a_judges_server_refuses_with_is_masked(project, answering):
    answering(lambda _messages: "an answer")
    from tests.messages_server import Fault as JudgeFault

    with MessagesServer(
        lambda _body: "", faults=lambda _text, _attempt: JudgeFault(400, f"no {JUDGE_KEY} {NASTY}")
    ) as judge:
        project.golden("judged", CASES[:2], JUDGE.format(url=judge.url))
        result = project.run("-vv", "-l", "-rA", "--junitxml", "junit.xml")
    texts = written(project, result.stdout.str(), result.stderr.str())
    assert judge.requests
    assert leaks(texts) == []
    assert STEERS.findall(re.sub(r"\x1b\[[\d;]*m", "", result.stdout.str())) == []


@pytest.mark.parametrize("how", [("-l", "-vv"), ("-l", "-vv", "--full-trace")])
def test_an_answer_that_breaks_us_is_not_shown(project, answering, how):
    """Infinitely many tokens: whatever becomes of it, no traceback shows the answer and its headers."""
    body = json.dumps(
        {"choices": [{"message": {"content": "ok"}}], "usage": {"prompt_tokens": float("inf")}, "you": KEY}
    )
    answering(lambda _messages: Fault(body=body, headers={"X-You-Sent": KEY}))
    project.golden("plain", CASES[:1])
    project.write("test_own.py", TESTS)
    result = project.run("--junitxml", "junit.xml", *how)
    own = project.run("test_own.py", "--junitxml", "own.xml", *how)
    assert leaks(written(project, result.stdout.str(), result.stderr.str(), own.stdout.str())) == []


@pytest.mark.parametrize("variable", ["FTGATE_API_KEY", "JUDGE_KEY"])
def test_a_key_with_a_line_end_is_named_and_not_shown(project, answering, monkeypatch, variable):
    answering(lambda _messages: "ok")
    monkeypatch.setenv(variable, f"sk-CANARY-{'x' * 20}\n")
    with MessagesServer(judging()) as judge:
        project.golden("judged", CASES[:1], JUDGE.format(url=judge.url))
        result = project.run("-l", "-vv", "--full-trace")
    said = result.stdout.str() + result.stderr.str()
    assert f"environment variable {variable} is not a usable key: character 31 of 31" in said
    assert leaks(written(project, said)) == []
    assert result.ret != 0
    assert "Traceback" not in said


def test_the_password_of_a_proxy(project, monkeypatch):
    """The mock is the proxy, and repeats what it was sent."""
    basic = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
    with MockServer(lambda _messages: Fault(418, text=f"Proxy-Authorization: Basic {basic} {PASSWORD}")) as proxy:
        monkeypatch.setenv("http_proxy", f"http://ada:{PASSWORD}@127.0.0.1:{proxy.port}")
        project.golden("plain", CASES[:1])
        where = ("--ftgate-base-url", "http://server.invalid/v1", "--ftgate-model", "mock")
        result = project.run(*where, "-l", "-vv", "--junitxml", "junit.xml")
        assert proxy.requests
        project.write("test_own.py", TESTS)
        own = project.run(*where, "test_own.py", "-l", "-vv", "--full-trace")
    texts = written(project, result.stdout.str(), own.stdout.str())
    assert "Basic ***" in texts["output 0"]
    assert leaks(texts) == []


def test_a_base_url_with_a_password_is_refused(project):
    project.golden("plain", CASES[:1])
    url = f"https://ada:{PASSWORD}@host/v1"
    result = project.run("--ftgate-base-url", url, "--ftgate-model", "m")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--ftgate-base-url: the URL holds a user, a password or a query*"])
    assert leaks({"": result.stdout.str() + result.stderr.str()}) == []


def test_the_password_of_a_tracking_server(project, answering):
    answering(lambda _messages: "ok")
    project.golden("plain", CASES[:1])
    uri = f"http://ada:{PASSWORD}@127.0.0.1:9"
    result = project.run("--ftgate-target", "champion", "--ftgate-tracking-uri", uri, "-l", "-vv")
    assert leaks(written(project, result.stdout.str(), result.stderr.str())) == []


def test_no_store_of_mlflow_and_no_page_of_a_promotion_holds_a_key(project, mlflow_template):
    """The model itself says the key, where it should have said something else: half of what is kept quotes it."""
    trained = Trained(project, mlflow_template)
    trained.base(wrong=range(20))
    _say_the_key(project.path / "pipelines/mail/model/answers.json")
    trained.candidate(1, wrong=range(3))
    [adapter] = project.path.rglob("adapter/answers.json")
    _say_the_key(adapter)
    result = trained.run("-l", "-vv", "-rA", "--junitxml", "junit.xml", "--ftgate-markdown", "summary.md")
    result.stdout.fnmatch_lines(["*PROMOTE*"])
    texts = written(project, result.stdout.str(), result.stderr.str())
    theirs = {name: text for name, text in texts.items() if not name.endswith("answers.json")}
    assert ".ftgate/mlflow.db" in theirs
    assert any("***" in text for name, text in theirs.items() if "mlartifacts" in name)
    assert leaks(theirs) == []
    for name in ("output 0", "summary.md"):
        assert STEERS.findall(re.sub(r"\x1b\[[\d;]*m", "", theirs[name])) == []


def _say_the_key(answers: Path) -> None:
    answers.write_text(answers.read_text().replace('"hm"', json.dumps(f"{KEY} {NASTY}")))

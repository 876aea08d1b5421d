"""A server that limits the rate, denies the key or is not where it was said to be: what a run makes of it."""

from __future__ import annotations

import json
import time

import pytest

from tests.mock_openai import Fault

TICKETS = [{"id": f"t{number:03}", "input": f"ticket {number}", "expected": f"ticket {number}"} for number in range(80)]
GATE = '[[gate.floor]]\nmetric = "accuracy"\nmin = 0.8\n'


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    monkeypatch.delenv("FTGATE_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


class Bucket:
    """Five requests at once, then `rate` in a second; the others are to come again in a second."""

    def __init__(self, rate: float) -> None:
        self.rate, self.left, self.at = rate, 5.0, time.monotonic()

    def __call__(self, messages):
        now = time.monotonic()
        self.left, self.at = min(5.0, self.left + (now - self.at) * self.rate), now
        if self.left < 1:
            return Fault(status=429, text="limit 4 requests per second", headers={"Retry-After": "1"})
        self.left -= 1
        return messages[-1]["content"]


def responses(project, name="tickets"):
    lines = (project.path / f".ftgate/journal/{name}.jsonl").read_text().splitlines()
    return [json.loads(line)["response"] for line in lines]


def test_a_server_of_four_requests_a_second_answers_all_of_them(project, answering):
    answering(Bucket(4))
    project.golden("tickets", TICKETS, GATE)
    result = project.run()
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(
        ["requests: 80 answered, 0 failed, *", "rate limited: * times by the server, * s waited; *"]
    )
    assert "unmeasured" not in result.stdout.str()


def test_a_pace_that_is_set_is_kept_and_changes_no_digest(project, answering):
    server = answering(Bucket(20))
    project.golden("tickets", TICKETS[:30])
    assert project.run("--ftgate-concurrency", "4").ret == 0
    asked = len(server.requests)
    project.golden("tickets", TICKETS[:30], "[request]\nrequests_per_minute = 600\ntokens_per_minute = 1_000_000\n")
    assert project.run("--ftgate-resume").ret == 0
    assert len(server.requests) == asked, "what an answer is does not depend on the pace"
    result = project.run()
    assert result.ret == 0
    assert "rate limited" not in result.stdout.str()


@pytest.mark.parametrize("pace", ["requests_per_minute = 0", "tokens_per_minute = -1", 'requests_per_minute = "many"'])
def test_a_pace_that_is_none_is_a_fault(project, answering, pace):
    answering()
    project.golden("tickets", TICKETS[:1], f"[request]\n{pace}\n")
    result = project.run()
    assert result.ret == 2
    assert f"golden.toml:2: request.{pace.split()[0]} must be" in result.stdout.str()


def test_a_server_that_limits_for_ever_is_not_measured(project, answering):
    answering(lambda _: Fault(status=429, text="slow down", headers={"Retry-After": "3600"}))
    project.golden("tickets", TICKETS, "[request]\ntimeout_s = 2\n" + GATE)
    result = project.run()
    assert result.ret != 0
    assert {response["finish_reason"] for response in responses(project)} == {"error"}
    text = result.stdout.str()
    assert text.count("rate limited for longer than timeout_s (2 s): HTTP 429") <= 16
    result.stdout.fnmatch_lines(["tickets: not asked: http://*: rate limited for longer than timeout_s (2 s)"])
    assert "not asked: see" not in text
    assert result.parseoutcomes()["unasked"] > 60


def test_a_wrong_key_is_told_once(project, answering, monkeypatch):
    """The list of models needs no key here, so it shows when the first case is asked."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key")
    server = answering(lambda _: Fault(status=401, text="Incorrect API key provided"))
    project.golden("tickets", TICKETS)
    result = project.run()
    assert result.ret == 1
    assert len(server.requests) == 16
    text = result.stdout.str()
    assert text.count("a key was sent, from OPENAI_API_KEY; set FTGATE_API_KEY or OPENAI_API_KEY") <= 3
    assert [response["error"] for response in responses(project)].count(
        "not asked: the server refused the API key (HTTP 401)"
    ) == 64
    result.stdout.fnmatch_lines(
        ["ftgate: http://*the server refused the API key (HTTP 401); nothing more is asked of 'mock'"]
    )
    assert "sk-wrong-key" not in text


def test_an_address_without_v1_is_told_the_right_one(project, answering):
    server = answering()
    project.server = None
    project.golden("tickets", TICKETS)
    result = project.run("--ftgate-base-url", server.base_url.removesuffix("/v1"), "--ftgate-model", "mock")
    assert result.ret != 0
    assert f"did you mean {server.base_url}?" in result.stdout.str() + result.stderr.str()
    assert server.requests == []


def test_an_address_without_http_is_told_the_right_one(project, answering):
    server = answering()
    project.server = None
    project.golden("tickets", TICKETS)
    result = project.run("--ftgate-base-url", server.base_url.removeprefix("http://"), "--ftgate-model", "mock")
    assert result.ret != 0
    assert f"did you mean {server.base_url}?" in result.stdout.str() + result.stderr.str()


def test_a_server_that_only_fails_is_asked_within_the_time_limit(project, answering):
    answering(lambda _: Fault(status=500, text="CUDA out of memory"))
    project.golden("tickets", TICKETS[:20], "[request]\ntimeout_s = 3\n" + GATE)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["requests: 0 answered, 20 failed, *"])


def test_a_server_that_hangs_is_asked_once_and_answered_nothing(project, answering):
    server = answering(lambda _: Fault(delay_s=600))
    project.golden("mood", TICKETS[:2], "[request]\ntimeout_s = 1\n")
    result = project.run()
    assert result.ret == 1
    assert len(server.requests) == 2, "the time limit includes retries"
    result.stdout.fnmatch_lines(["requests: 0 answered, 2 failed, 0 retries (2 timeout)"])


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_small_set_that_is_denied_says_once_what_helps(project, answering, status):
    server = answering(lambda _: Fault(status=status, text="no"), models=("mock", "other"))
    project.golden("mood", TICKETS[:2])
    result = project.run("--ftgate-markdown", "s.md", "--junitxml=j.xml")
    assert result.ret == 1
    assert result.parseoutcomes() == {"errors": 1, "unasked": 1}
    helps = "no key was sent; set FTGATE_API_KEY or OPENAI_API_KEY" if status < 404 else "check --ftgate-base-url"
    result.stdout.fnmatch_lines(["*ERROR at setup of t000*", "not asked: http://*nothing more is asked of 'mock'"])
    result.stdout.fnmatch_lines(["*= pytest-ftgate =*", "mood: not asked: http://*", f"*{helps}*"])
    markdown = (project.path / "s.md").read_text()
    assert "    mood: not asked: http://" in markdown
    assert helps in markdown
    assert len(server.requests) == 2


def test_a_gate_whose_cases_were_denied_decides_nothing(project, answering):
    answering(lambda _: Fault(status=401, text="no"))
    project.golden("mood", TICKETS[:2], "[gate]\n" + GATE)
    result = project.run()
    assert result.ret == 11
    assert result.parseoutcomes() == {"errors": 1, "unasked": 1, "failed": 3}
    result.stdout.fnmatch_lines(["*integrity * INTEGRITY *2 of 2 cases unmeasured*", "*floors * HOLD *not measured*"])


def test_a_python_test_of_a_denied_case_says_what_helps(project, answering):
    answering(lambda _: Fault(status=401, text="no"))
    project.golden("mood", TICKETS[:2])
    project.write("test_own.py", "import pytest\n@pytest.mark.golden('mood')\ndef test_each(case, response): pass\n")
    result = project.run("test_own.py")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        ["*no key was sent; set FTGATE_API_KEY or OPENAI_API_KEY", "*not asked: see test_own.py*"]
    )
    result.stdout.no_fnmatch_line("*During handling*")

"""--ftgate-markdown: the run as a CI job's summary page."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from tests.stable import stable

TOML = """
[label]
path = ""
values = ["spam", "ham"]
[[gate.floor]]
metric = "f1"
positive = "spam"
min = 0.3
"""


@pytest.fixture(autouse=True)
def no_job(monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def mail(project, answering):
    """Forty messages, two of them answered wrongly."""
    cases = [{"id": f"c{n}", "input": f"message {n}", "expected": "spam" if n % 2 else "ham"} for n in range(40)]
    project.golden("mail", cases, TOML)
    wrong = {"message 4": "<script>alert(1)</script> ![x](http://evil) | `a`", "message 5": "ham\n# Title\n"}

    def answer(messages):
        said = messages[-1]["content"]
        return wrong.get(said) or ("spam" if int(said.split()[1]) % 2 else "ham")

    answering(answer)
    return project


def test_verdict_checks_metrics_misses_and_time(mail, snapshot):
    result = mail.run("--ftgate-markdown", "out/summary.md")
    text = (mail.path / "out/summary.md").read_text()
    assert text.endswith(f" s, exit code {result.ret}\n")
    assert stable(text.replace("&#58;", ":"), address=mail.server.base_url) == snapshot


def test_what_a_model_said_is_text_and_nothing_else(mail):
    mail.run("--ftgate-markdown", "summary.md")
    text = (mail.path / "summary.md").read_text()
    assert "&lt;script&gt;" in text or "&#60;script&#62;" in text
    assert "<script>" not in text
    assert "![x]" not in text
    assert "\n# Title" not in text
    rows = [line for line in text.splitlines() if "::c4" in line]
    assert len(rows) == 1
    assert rows[0].count("|") == 6


def test_the_jobs_page_is_added_to_and_a_file_is_written_anew(mail, monkeypatch):
    page = mail.write("page.md", "# an earlier step\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    mail.run()
    assert page.read_text().startswith("# an earlier step\n## pytest-ftgate\n")
    before = page.read_text()
    own = mail.write("own.md", "old")
    mail.run("--ftgate-markdown", "own.md")
    assert page.read_text() == before, "a file that was asked for takes its place"
    assert own.read_text().startswith("## pytest-ftgate\n")


def test_on_workers_it_is_written_once(mail):
    mail.run("-n2", "--ftgate-markdown", "summary.md")
    text = (mail.path / "summary.md").read_text()
    assert text.count("## pytest-ftgate\n") == 1
    assert "| accuracy | 0.950 | 0." in text
    assert "    requests: 40 answered" in text


def test_without_a_gate_there_are_scores_and_wrong_answers(project, answering, snapshot):
    cases = [
        {"id": f"c{n}", "input": f"message {n}", "expected": "ham", "slices": {"lang": "de" if n % 3 else "en"}}
        for n in range(6)
    ]
    project.golden("mail", cases)
    answering(lambda messages: "spam\nor | *ham*" if messages[-1]["content"] == "message 4" else "ham")
    project.run("--ftgate-markdown", "summary.md")
    text = (project.path / "summary.md").read_text().replace("&#58;", ":")
    assert stable(text, address=project.server.base_url) == snapshot


def test_a_run_without_goldens_writes_nothing(pytester, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "page.md"))
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=1)
    assert not (pytester.path / "page.md").exists()


def test_a_page_that_cannot_be_written_is_told_and_changes_no_verdict(mail):
    mail.write("file", "")
    usual = mail.run().ret
    result = mail.run("--ftgate-markdown", "file/summary.md")
    assert result.ret == usual
    result.stdout.fnmatch_lines(["*ftgate: the Markdown summary could not be written: *file*"])


def test_a_failed_run_says_its_exit_code(mail):
    toml = TOML.replace("min = 0.3", "min = 0.99")
    mail.write("goldens/mail/golden.toml", toml)
    result = mail.run("--ftgate-markdown", "summary.md")
    text = (mail.path / "summary.md").read_text()
    assert result.ret in (1, 10)
    assert f"exit code {result.ret}\n" in text
    assert "| floors | PASS" not in text


def test_a_training_that_found_a_leak_shows_its_verdict(project):
    from tests.plugin.test_train import PIPELINE, message, rows

    cases = [{"id": f"c{n}", "input": {"text": message(n)}, "expected": "spam" if n % 2 else "ham"} for n in range(20)]
    project.locked("mail", cases, '[prompt]\ntemplate = "{{ text }}"\n' + TOML)
    project.write("pipelines/mail/pipeline.toml", PIPELINE)
    project.write("pipelines/mail/train.jsonl", rows(*range(100, 200)) + rows(7))
    project.write("pipelines/mail/validation.jsonl", rows(*range(300, 320)))
    assert project.run("--train", "--ftgate-markdown", "summary.md").ret == 11
    text = (project.path / "summary.md").read_text()
    assert text.startswith("## pytest-ftgate\n\n    INTEGRITY mail")
    assert "exit code 11\n" in text


def test_files_for_a_host_and_annotations_of_github(mail, monkeypatch):
    files = (
        "--ftgate-badge=out/badge.json",
        "--ftgate-code-quality=out/quality.json",
        "--ftgate-run-file=out/run.json",
    )
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    plain = mail.run(*files)
    assert not [line for line in plain.outlines if line.startswith("::")]
    badge, quality, run = (json.loads((mail.path / "out" / f"{name}.json").read_text()) for name in NAMES)
    assert badge == {"schemaVersion": 1, "label": "mail", "message": "95.0 % [86.0, 98.3]", "color": "brightgreen"}
    assert [(each["severity"], each["location"]["lines"]["begin"]) for each in quality] == [("minor", 5), ("minor", 6)]
    assert {each["location"]["path"] for each in quality} == {"goldens/mail/cases.jsonl"}
    assert [case["case"] for case in run["missed"]] == ["c4", "c5"]
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(mail.path), "GITHUB_RUN_ID": "7"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/it")
    result = mail.run("-n2", "--ftgate-markdown", "summary.md")
    told = [line for line in result.outlines if re.match(r"\s*(::|##\[)", line)]
    assert [line.split("::")[1] for line in told] == [
        f"warning file=goldens/mail/cases.jsonl,line={line},title=goldens/mail/golden.toml%3A%3A{case} missed%2C left to "
        "the gate"
        for line, case in ((5, "c4"), (6, "c5"))
    ]
    assert "(https://github.com/me/it/actions/runs/7)\n" in (mail.path / "summary.md").read_text()


NAMES = ("badge", "quality", "run")


def test_junit_has_the_numbers_of_each_check(mail):
    mail.run("--junitxml=out.xml")
    cases = {case.get("name"): case for case in ET.parse(mail.path / "out.xml").iter("testcase")}
    for check in ("integrity", "floors"):
        properties = {p.get("name"): p.get("value") for p in cases[f"gate[{check}]"].iter("property")}
        told = json.loads(properties["ftgate_check"])
        assert (told["set"], told["check"], told["status"]) == ("mail", check, "pass")
        assert told["numbers"]
        assert all(isinstance(value, int | float) for value in told["numbers"].values())

"""--ftgate-html: the run as one page, opened in a real browser from the disk."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.cli.main import main
from tests.chromium_here import Chromium
from tests.plugin.test_report_cases import table
from tests.plugin.trained import Trained

TOML = """
[label]
path = ""
values = ["spam", "ham"]
[[gate.floor]]
metric = "accuracy"
min = 0.3
"""
EVIL = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"


@pytest.fixture(autouse=True)
def no_job(monkeypatch):
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def mail(project, answering):
    """Forty messages; two answers are wrong, one of them markup."""
    cases = [{"id": f"c{n}", "input": f"message {n}", "expected": "spam" if n % 2 else "ham"} for n in range(40)]
    project.golden("mail", cases, TOML)
    wrong = {"message 4": EVIL, "message 5": "ham"}

    def answer(messages):
        said = messages[-1]["content"]
        return wrong.get(said) or ("spam" if int(said.split()[1]) % 2 else "ham")

    answering(answer)
    return project


def test_a_run_of_some_cases_says_of_how_many(mail):
    mail.run("--ftgate-html", "page.html", "-k", "c1 or c2")
    assert "22 of 40 cases asked" in (mail.path / "page.html").read_text(encoding="utf-8")


def test_a_plain_run_opens_from_the_disk(mail, tmp_path_factory):
    result = mail.run("--ftgate-html", "out/page.html")
    result.stdout.fnmatch_lines(["ftgate: report: out/page.html"])
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        browser.open(f"file://{mail.path}/out/page.html")
        browser.wait("document.readyState == 'complete' && document.querySelector('footer') !== null")
        text = browser.value("document.querySelector('main').innerText")
        assert "HOLD" in text or "PASSED" in text
        assert "95.0 %" in text
        assert browser.value("document.title").endswith("pytest-ftgate")
        assert [url for url in browser.requests if not url.startswith("file:")] == []
        assert len(browser.requests) == 1
        assert browser.complaints == []
        for width in (1280, 768, 390):
            browser.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False
            )
            assert browser.value("document.documentElement.scrollWidth") <= width


def test_only_who_asks_gets_one(mail, monkeypatch):
    result = mail.run()
    assert "ftgate: report:" not in result.stdout.str()
    assert list(mail.path.glob(".ftgate/records/*/report.html")) == []
    monkeypatch.setenv("CI", "true")
    result = mail.run()
    [page] = mail.path.glob(".ftgate/records/*/report.html")
    result.stdout.fnmatch_lines([f"ftgate: report: {page.relative_to(mail.path)}"])
    assert "ftgate: report:" not in mail.run("-q").stdout.str()


def test_a_file_that_cannot_be_written_is_a_line(mail):
    mail.write("file", "")
    result = mail.run("--ftgate-html", "file/page.html")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["ftgate: the HTML report could not be written: *"])


def test_a_training_has_its_verdict_its_checks_and_its_history(
    project, mlflow_template, no_tracking_server, tmp_path_factory
):
    trained = Trained(project, mlflow_template)
    trained.base(range(30))
    trained.candidate(1, range(3))
    assert trained.run().ret == 0
    trained.candidate(2, range(20, 40))
    result = trained.run()
    [*_, page] = sorted(project.path.glob(".ftgate/records/*/report.html"))
    result.stdout.fnmatch_lines([f"ftgate: report: {page.relative_to(project.path)}"])
    text = page.read_text(encoding="utf-8")
    assert "Not promoted: it is worse than the champion (−28.3 points" in text
    assert "champion: −28.3, between" in text
    assert "base model" in text
    assert "▲</span> promoted" in text
    report = json.loads((page.parent / "run.json").read_text(encoding="utf-8"))
    assert [move["version"] for move in report["pipelines"][0]["history"]] == [1]
    cases = table(project.path)
    assert [column.role for column in cases.sets[0].columns] == ["candidate", "champion", "baseline"]
    assert [cases.status(row) for row in cases.rows].count("broken") == 20
    assert all(each.gates == ("mail",) for each in cases.sets), "no preference pairs of them"
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        browser.open(f"file://{page}")
        browser.wait("document.querySelector('[data-filter=broken]') !== null")
        browser.value("document.querySelector('td.broken a').click()")
        browser.wait("document.querySelector('[data-filter=broken]').ariaPressed === 'true'")
        assert browser.complaints == []
        assert len(browser.requests) == 1
        assert browser.inaccessible() == []
        assert main(["view", "--state-dir", str(project.path / ".ftgate")]) == 0
        browser.open(f"file://{project.path}/.ftgate/view.html")
        browser.wait("document.querySelector('#history') !== null")
        assert browser.value("document.querySelectorAll('#trends svg').length") == 1
        assert browser.value("document.querySelector('#runs a').textContent") == page.parent.name
        assert browser.value("document.documentElement.scrollWidth <= innerWidth")
        assert browser.inaccessible() == []

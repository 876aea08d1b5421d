"""The page of a run: sized as a host allows, and nothing that a model wrote acts in it."""

from __future__ import annotations

import re

import pytest

from pytest_ftgate.pipeline.report.run_report import RunReport
from pytest_ftgate.pipeline.report.text.markdown import COMMENT, SUMMARY, page
from pytest_ftgate.pipeline.report.text.markdown_parts import cut, escaped, folded

EVIL = "@octocat #12 <img src=x onerror=alert(1)> ![x](http://evil) | `a` www.evil.com _it_ ~~no~~ $x$ &lt;b\n# T"


def wrong(number: int, said: str = "no") -> dict[str, object]:
    asked = {"question": f"question {number}", "expected": "yes", "answer": said, "reason": f"found {said!r}"}
    return {"test": f"goldens/quiz/golden.toml::q{number}", "file": "cases.jsonl", "line": number} | asked


def report(**more: object) -> RunReport:
    return RunReport(run="r", at=0.0, seconds=61.0, code=1, **more)  # type: ignore[arg-type]


def moved(**more: object) -> dict[str, object]:
    case = {"kind": "broken", "case": "q1", "line": 2, "question": "1 + 1?", "expected": "2", "then": "2", "now": EVIL}
    facts = {"set": "quiz", "title": "quiz", "text": "against 14:05: 0 fixed, 1 broken", "fixed": [], "broken": ["q1"]}
    return facts | {"gain": None, "lower": None, "upper": None, "path": "cases.jsonl", "cases": [case]} | more


def test_what_anybody_wrote_calls_nobody_and_links_nothing():
    text = escaped(EVIL)
    assert "\n" not in text
    assert not re.search(r"<|>|\||`|\]\(|://|www\.|@o|(?<!&)#|\b_|_\b|~|\$", text)
    assert "&#64;&#8203;octocat" in text
    assert escaped("sms_spam") == "sms_spam"


@pytest.mark.parametrize("limit", [SUMMARY, COMMENT, 2_000])
def test_a_page_keeps_to_the_limit_of_its_host(limit: int):
    text = page(report(wrong=[wrong(n, "€" * 2_000) for n in range(3_000)], failed=3_000, missed=[wrong(1)]), limit)
    assert len(text.encode()) <= limit
    assert text.endswith("1 missed, 3000 failed, 1 min 1 s, exit code 1\n")
    assert text.count("<details>") == text.count("</details>")
    assert ("Cut here: " in text) == (limit != SUMMARY)


def test_what_was_cut_is_counted_and_closed():
    lines = ["# head", *folded("3 cases", [f"| row {n} |" for n in range(100)])]
    text = cut(lines, ["the end"], 500)
    assert re.search(r"\| row \d+ \|\n\n</details>\n\n\*Cut here: \d+ more lines\.\*\n\nthe end\n$", text)
    assert len(text.encode()) <= 500
    assert cut(["short"], ["end"], 500) == "short\nend\n"


def test_cases_that_changed_have_question_and_both_answers():
    text = page(report(changed=[moved()]))
    assert "<summary>1 broken in quiz</summary>" in text
    assert "| q1 | 1 + 1? | 2 | 2 | &#64;&#8203;octocat" in text
    assert "in quiz</summary>" not in page(report(changed=[moved(cases=[])]))
    assert "| expected |" in text
    [case] = moved()["cases"]
    assert "| case | question | then | now |" in page(report(changed=[moved(cases=[case | {"expected": ""}])]))


def test_a_training_shows_what_changed_against_the_champion_and_not_since_the_last_run():
    against = moved(text="against the champion v1: 0 fixed, 60 broken of 80 cases", broken=[f"q{n}" for n in range(60)])
    verdict = {"task": "quiz", "verdict": "REJECT", "version": 2, "reason": "worse", "golden": "g", "seconds": {}}
    verdicts = [verdict | {"explained": ["  c1: told at length"]}]
    assert "told at length" in page(report(train=True, verdicts=verdicts))
    text = page(report(train=True, verdicts=verdicts, pipelines=[{"changed": [against]}], changed=[moved()]))
    assert "told at length" not in text
    assert "    quiz: against the champion v1: 0 fixed, 60 broken of 80 cases\n" in text
    assert text.count("broken in quiz</summary>") == 1
    assert "\nand 59 more\n" in text


@pytest.mark.parametrize(
    ("job", "linked"),
    [
        ("https://github.com/me/it/actions/runs/7", True),
        ("javascript:alert(1)", False),
        ("https://x/)[y](http://evil", False),
        ("https://x\n# T", False),
    ],
)
def test_the_job_is_linked_if_it_is_an_address(job: str, linked: bool):
    text = page(report(about={"job": job, "html": "report.html"}))
    assert (f"[Log and artifacts of this job]({job}), the whole report among them as report.html" in text) == linked


def test_a_failure_beside_a_perfect_score_has_its_reason():
    assert "**FAILED**: 2 failed tests besides the golden cases\n" in page(report(failed=2))
    assert "**FAILED**\n" in page(report(failed=1, wrong=[wrong(1)]))

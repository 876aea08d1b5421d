"""Golden cases in a set's own [prompt] are found, with file and line, as they are in training rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.errors import LeakageError
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.leakage.check import Scan
from pytest_ftgate.leakage.prompt_check import describe, prompt_report
from pytest_ftgate.leakage.report import Report
from pytest_ftgate.leakage.user_check import check_own
from tests.projects import write_golden

LONG = " ".join(f"word{place}" for place in range(20))
CASES = [
    {"id": "short", "input": "m3", "expected": "a3"},
    {"id": "middle", "input": "Which river runs through the old town?", "expected": "the Moselle"},
    {"id": "long", "input": LONG, "expected": "yes"},
    {"id": "bare", "input": "Say hello", "graders": [{"kind": "contains", "values": ["hello"]}]},
]


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(toml: str) -> Report:
    suite = load_suite(write_golden(Path("goldens/quiz"), CASES, f"\n[prompt]\n{toml}\n"))
    return prompt_report(Scan({suite.name: suite.cases}), [suite])


@pytest.mark.parametrize(
    ("toml", "line", "case"),
    [
        (f"system = 'Remember this: {LONG} means yes.'", 3, "long"),
        ("system = 'The answers: m2 -> a2, M3 -> A3, m4 -> a4.'", 3, "short"),
        ("system = 'which river runs through the old town? The Moselle!'", 3, "middle"),
        (f"system = 'Be brief.'\ntemplate = '{LONG}. {{{{ text }}}}'", 4, "long"),
        ("template = 'Q: m3 A: x  Q: m3 -> a3  Q: {{ text }}'", 3, "short"),
        ('examples = [["m1", "a1"], ["m3", "another answer"]]', 3, "short"),
        (
            'system = "x"\nexamples = [\n ["m1", "a1"],\n ["Which river runs through the old town", "I do not know"],\n]',
            4,
            "middle",
        ),
        ('examples = [["Say hello", "hello"]]', 3, "bare"),
    ],
)
def test_a_case_in_system_turn_template_or_examples(toml: str, line: int, case: str) -> None:
    report = found(toml)
    assert [(leak.golden, leak.file, leak.line) for leak in report.leaks] == [
        (f"quiz/{case}", "goldens/quiz/golden.toml", line)
    ]
    said = describe(report).splitlines()
    assert said[0] == "leakage: [prompt] holds golden cases; remove them from it, or replace the cases:"
    assert said[1].startswith(f"  goldens/quiz/golden.toml:{line}: leak of golden case quiz/{case} (")


@pytest.mark.parametrize(
    "toml",
    [
        "",
        "system = 'Answer the river, the town, or yes. Say hello first.'",
        "system = 'm3 is not what a3 answers'",
        'examples = [["m1", "a1"], ["m30", "a3"]]',
        "template = 'Question: {{ text }}'",
    ],
)
def test_a_prompt_that_gives_nothing_away(toml: str) -> None:
    assert found(toml).leaks == ()


def test_the_check_of_own_data_looks_at_the_prompt_too() -> None:
    toml = '[prompt]\nexamples = [["m3", "a3"]]\n'
    suite = load_suite(write_golden(Path("goldens/quiz"), CASES, toml))
    report = check_own([{"input": "something else", "expected": "yes"}], [suite])
    assert [str(leak).partition(" (")[0] for leak in report.leaks] == [
        "goldens/quiz/golden.toml:2: leak of golden case quiz/short"
    ]
    assert report.rows_read == 1, "a prompt is no training row"
    with pytest.raises(AssertionError, match=r"golden\.toml:2: leak of golden case quiz/short"):
        report.assert_clean()
    assert "change the prompt, or replace the golden cases" in report.describe(advise=True)
    both = check_own([{"input": "m3", "expected": "a3"}], [suite])
    assert "remove these rows" in both.describe(advise=True)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"input": "a"}, "training data is one mapping; expected a file, or a list of files or rows"),
        ([["a"]], "training data 1 is of type list; expected the path of a file, or a mapping"),
        ([{"input": "a"}, 3], "training data 2 is of type int"),
    ],
)
def test_own_data_of_a_wrong_type_are_told(data: Any, told: str) -> None:
    suite = load_suite(write_golden(Path("goldens/quiz"), CASES, ""))
    with pytest.raises(LeakageError, match=told):
        check_own(data, [suite])


def test_a_single_file_names_its_first_line() -> None:
    head = {"golden": {"prompt": {"system": "m3: a3"}}}
    Path("faq.golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [head, *CASES]))
    suite = load_suite(Path("faq.golden.jsonl"))
    [leak] = prompt_report(Scan({suite.name: suite.cases}), [suite]).leaks
    assert (leak.golden, leak.file, leak.line) == ("faq/short", "faq.golden.jsonl", 1)

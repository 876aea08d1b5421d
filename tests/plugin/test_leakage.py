"""--ftgate-leak, and the fixture `leakage`."""

from __future__ import annotations

import json

TEXT = " ".join(f"word{place}" for place in range(20))
GOLDEN = [{"id": "a", "input": TEXT, "expected": "yes"}]
TEST = """
def test_file(leakage):
    leakage("train.jsonl").assert_clean()
def test_rows(leakage):
    leakage([{"input": "something else"}], "tiny").assert_clean(strict=True)
def test_wrong_name(leakage):
    leakage("train.jsonl", "tinny")
def test_wrong_file(leakage):
    leakage("gone.jsonl")
"""


def test_the_fixture_fails_with_the_report(project):
    project.golden("tiny", GOLDEN)
    project.write("train.jsonl", json.dumps({"input": f"before {TEXT} after"}) + "\n")
    project.write("test_mine.py", TEST)
    result = project.run("test_mine.py")
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(["*train.jsonl:1: leak of golden case tiny/a (containment, score 1.00*"])
    result.stdout.fnmatch_lines(["*no golden set 'tinny'*", "*cannot read training data*"])
    result.stdout.no_fnmatch_line("*check_own*")


def test_a_clean_file_passes(project):
    project.golden("tiny", GOLDEN)
    project.write("train.jsonl", json.dumps({"input": "something else"}) + "\n")
    project.write("test_mine.py", "def test_file(leakage):\n    leakage('train.jsonl').assert_clean()\n")
    project.run("test_mine.py").assert_outcomes(passed=1)

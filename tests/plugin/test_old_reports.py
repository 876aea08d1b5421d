"""Reports of an earlier run, where a run that tests nothing was to write its own."""

from __future__ import annotations

import pytest

FILES = {"html": "r.html", "markdown": "r.md", "badge": "b.json", "code-quality": "q.json", "run-file": "run.json"}
ASKED = [f"--ftgate-{name}={file}" for name, file in FILES.items()]


@pytest.fixture
def shop(project):
    """A golden set, a plain test, and the reports of an earlier run."""
    project.golden("mail", [{"id": "c1", "input": "q", "expected": "a"}])
    project.write("tests/test_plain.py", "def test_plain():\n    pass\n")
    for file in FILES.values():
        project.write(file, "by pytest-ftgate" if file != "b.json" else "somebody's own")
    return project


def left(project):
    return {file for file in FILES.values() if (project.path / file).exists()}


@pytest.mark.parametrize(
    ("args", "code"), [(["-k", "nothing"], 5), (["-q", "-k", "plain"], 0), (["tests/test_bad.py"], 2)]
)
def test_they_are_removed_since_nothing_was_tested(shop, args, code):
    if code == 2:
        shop.write("tests/test_bad.py", "import nowhere\n")
    result = shop.run(*ASKED, "goldens", "tests/test_plain.py", *args)
    assert result.ret == code, result.stdout.str()
    assert left(shop) == {"b.json"}, "what does not name us may be somebody's own"
    gone = set(FILES.values()) - {"b.json"}
    result.stdout.fnmatch_lines_random(
        [f"ftgate: {file} was of an earlier run and is removed: this one tested nothing" for file in gone]
    )
    result.stdout.fnmatch_lines(["ftgate: b.json is not of this run and stays: this one tested nothing"])


@pytest.mark.parametrize("args", [["tests"], ["goldens", "--collect-only"], ["goldens", "--fixtures"]])
def test_they_stay_where_nothing_of_ours_was_to_run(shop, args):
    result = shop.run(*ASKED, *args)
    assert result.ret == 0
    assert left(shop) == set(FILES.values())
    assert "earlier run" not in result.stdout.str()

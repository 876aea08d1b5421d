"""The README's files and commands, as a reader would copy them."""

from __future__ import annotations

import re
import shlex

import pytest

from pytest_ftgate.graders.grade import KINDS
from pytest_ftgate.plugin import options
from tests.repository import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FILES = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", README, re.S)
COMMANDS = [
    line for block in re.findall(r"<!-- run -->\n```sh\n(.*?)```", README, re.S) for line in block.splitlines() if line
]


def answer(messages: list[dict[str, str]]) -> str:
    said = messages[-1]["content"]
    known = {"France": "Paris", "Austria": "Vienna", "Broke": '{"mood": "bad"}', "loving": '{"mood": "good"}'}
    return next(reply for word, reply in known.items() if word in said)


@pytest.fixture
def reader(project, answering):
    answering(answer)
    for name, text in FILES:
        project.write(name, text)
    return project


def test_there_is_something_to_test():
    assert len(FILES) >= 4
    assert COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_readme(reader, command):
    args = shlex.split(command)[1:]
    args = [
        arg
        for arg in args
        if not arg.startswith("http") and arg not in {"--ftgate-base-url", "--ftgate-model", "my-model"}
    ]
    result = reader.run(*args)
    assert result.ret in (0, 10), result.stdout.str()
    assert result.parseoutcomes().get("passed"), result.stdout.str()
    assert "failed" not in result.parseoutcomes() or result.ret == 10


def test_python_tests_of_the_readme(reader):
    reader.run("test_mood.py").assert_outcomes(passed=3)


def test_every_grader_is_named():
    assert all(f"`{kind}`" in README for kind in KINDS)


def test_every_flag_named_in_the_readme_exists(pytester):
    text = pytester.runpytest("--help").stdout.str()
    flags = set(re.findall(r"--ftgate-[\w-]+", README))
    assert flags
    assert all(flag in text for flag in flags)


def test_ini_options_are_flags_too():
    assert {f"--ftgate-{name}" for name, _, _ in options._SETTINGS} >= {"--ftgate-engine", "--ftgate-target"}

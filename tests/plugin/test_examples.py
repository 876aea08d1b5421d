"""examples/: each folder is copied, and the commands of its README are run against servers of ours."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.judge.labels import answer_digest, current, read_labels
from tests.docs.blocks import DOCS, blocks_of
from tests.docs.commands import check_command
from tests.messages_server import MessagesServer
from tests.mock_openai import MockServer
from tests.projects import write
from tests.repository import ROOT
from tests.scripted_judge import judging

EXAMPLES = ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
CHECKED_HERE = "python replay.py"


class Example:
    """A copy of one folder, in which README's commands are run in this process."""

    def __init__(self, pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]) -> None:
        self.pytester, self.capsys = pytester, capsys
        self.path: Path = pytester.path
        self.readme = Path()

    def copy(self, name: str) -> Path:
        self.readme = EXAMPLES / name / "README.md"
        shutil.copytree(self.readme.parent, self.path, dirs_exist_ok=True)
        return self.path

    def served_by(self, base_url: str) -> None:
        """Another address in pytest.ini, as its README asks for."""
        ini = self.path / "pytest.ini"
        ini.write_text(re.sub(r"(?m)^ftgate_base_url = .*", f"ftgate_base_url = {base_url}", ini.read_text()))

    def run(self) -> Iterator[tuple[str, int, str]]:
        """Command, exit code and output of each that the README marks; the codes that it allows are checked."""
        for block in blocks_of(self.readme):
            for command in block.commands if block.codes else ():
                code, said = self._run(command)
                assert code in block.codes, f"{block.place}: {command}: exit code {code}\n{said}"
                yield command, code, said

    def _run(self, command: str) -> tuple[int, str]:
        name, *args = shlex.split(command)
        if name == "ftgate":
            code = main(args)
            return code, "".join(self.capsys.readouterr())
        result = self.pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:syrupy", "-p", "no:asyncio", *args)
        return int(result.ret), result.stdout.str()


@pytest.fixture
def example(pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Example:
    monkeypatch.setenv("COLUMNS", "80")
    return Example(pytester, capsys)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_folder_is_an_example_and_listed():
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == NAMES
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", listed)
    assert {f"{name}/README.md" for name in NAMES} <= set(links)
    assert all((EXAMPLES / link).exists() for link in links)
    page = (DOCS / "tutorial/examples.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`examples/([^`]+)`", page)) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_readme_is_short_and_its_commands_exist(name):
    readme = EXAMPLES / name / "README.md"
    assert len(readme.read_text(encoding="utf-8").splitlines()) <= 40
    for block in blocks_of(readme):
        for command in block.commands if block.language == "sh" else ():
            if command != CHECKED_HERE:
                check_command(command)


def triage(cases: list[dict[str, Any]], odd: str = "") -> Any:
    """A model that is right but for one ticket."""

    def answer(messages):
        case = next(each for each in cases if each["input"]["subject"] in messages[-1]["content"])
        return json.dumps(case["expected"] | ({"urgent": True} if case["id"] == odd else {}))

    return answer


def test_a_served_model_needs_no_torch(example):
    """Nor anything else that `pip install pytest-ftgate` does not bring."""
    folder = example.copy("served-model-in-ci")
    for name in ("torch", "transformers", "mlflow", "anthropic", "pandas"):
        write(folder / f"absent/{name}.py", f"raise ModuleNotFoundError('{name}', name='{name}')\n")
    with MockServer(triage(rows_of(folder / "goldens/tickets/cases.jsonl")), models=("my-model",)) as server:
        example.served_by(server.base_url)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly"]
        path = os.pathsep.join([str(folder / "absent"), str(ROOT)])
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_a_served_model_is_compared_with_the_run_of_the_main_branch(example):
    folder = example.copy("served-model-in-ci")
    cases = rows_of(folder / "goldens/tickets/cases.jsonl")
    assert len(cases) == 8
    with MockServer(triage(cases, odd="late-parcel"), models=("my-model",)) as server:
        example.served_by(server.base_url)
        said = {command: (code, text) for command, code, text in example.run()}
    assert said["pytest"][0] == 1
    assert "1 failed, 7 passed" in said["pytest"][1]
    assert "late-parcel" in said["ftgate show tickets --missed"][1]
    assert (folder / ".github/workflows/ftgate-compare.yml").is_file()
    code, text = said["pytest --ftgate-against main --ftgate-max-drop 0.3"]
    assert (code, "+0.0 points" in text) == (0, True), text
    assert len(server.requests) == 16


def test_prompts_are_columns_that_are_compared(example):
    folder = example.copy("prompt-comparison")
    cases = rows_of(folder / "goldens/reviews/cases.jsonl")

    def answer(messages):
        number, case = next(
            (n, each) for n, each in enumerate(cases) if messages[-1]["content"].endswith(each["input"]["text"])
        )
        mood = case["expected"]["mood"]
        as_json = json.dumps({"mood": mood})
        if "JSON" in messages[0]["content"]:
            return as_json
        if len(messages) > 2:
            return as_json if number % 8 else "Hard to say."
        return as_json if number % 5 < 3 else f"The review is {mood}."

    with MockServer(answer, models=("my-model",)) as server:
        example.served_by(server.base_url)
        said = {command: text for command, _, text in example.run()}
    table = said["pytest --ftgate-prompt all"]
    shown = next(block.text for block in blocks_of(example.readme) if block.language == "text")
    for line in shown.splitlines():
        assert " ".join(line.split()) in {" ".join(each.split()) for each in table.splitlines()}, table
    assert "B is better" in said["ftgate compare base json"]


def test_a_judge_is_admitted_by_the_labels_of_people(example):
    folder = example.copy("judge-with-human-labels")
    golden = folder / "goldens/replies"
    said_by_people = {label.answer: label.label for label in read_labels(golden / "labels.jsonl")}
    odd = {answer for place, answer in enumerate(said_by_people) if place % 25 == 0}

    def level(data, _name):
        """As people say, but for four answers in a hundred."""
        answer = answer_digest(data["answer"])
        agreed = said_by_people[answer] == "yes"
        return "yes" if agreed != (answer in odd) else "no"

    command = [sys.executable, str(folder / "replay.py"), "0"]
    with (
        MessagesServer(judging(level)) as judge,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as replay,
    ):
        try:
            example.served_by(replay.stdout.readline().split()[-1])
            settings = golden / "golden.toml"
            here = f'[judge]\nbase_url = "{judge.url}"\nprices = {{ input = 1.0, output = 5.0 }}\n'
            settings.write_text(settings.read_text().replace("[judge]\n", here))
            said = {command: text for command, _, text in example.run()}
        finally:
            replay.terminate()
    assert "against reply-v1" in said["pytest --ftgate-model reply-v1 --ftgate-model reply-v2"]
    calibrated = said["ftgate judge calibrate goldens/replies"]
    assert "100 labelled answers, 100 of them judged" in calibrated
    assert "admitted: the judge counts in the gate" in calibrated
    assert (golden / "judge.lock").is_file()


def test_the_labels_belong_to_the_cases_and_the_answers_of_the_example():
    from pytest_ftgate.evaluate.suite import load_suite

    folder = EXAMPLES / "judge-with-human-labels"
    suite = load_suite(folder / "goldens/replies/golden.toml")
    digests = {case.id: case.digest for case in suite.cases}
    labels = read_labels(folder / "goldens/replies/labels.jsonl", digests, ("yes", "no"))
    given = {(row["input"], answer_digest(row["output"])) for row in rows_of(folder / "answers.jsonl")}
    questions = {case.id: case.input for case in suite.cases}
    assert current(labels, digests) == labels
    assert {(questions[label.id], label.answer) for label in labels} == given

"""--canary: nights of a champion against a served model, with a real registry; each night is a pytest of its own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from typing import Any

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.pipeline.canary.store import nights_of, reference_of
from pytest_ftgate.registry import open_registry
from pytest_ftgate.registry.model_tags import tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.model import Model
from tests.mock_openai import Fault, broken
from tests.projects import pipeline_toml, write, write_model

PIPELINE = pipeline_toml("echo", model="./base") + "[canary]\nsize = 100\n"
GATE = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.5\n"


def case(number: int, text: str = "text") -> dict:
    return {"id": f"c{number}", "input": f"{text} {number}", "expected": f"{text} {number}"}


class Shop:
    """A project whose champion v2, before it v1, is served by the mock; `wrong` of its answers are.

    lost: of questions whose number is 1000 or more.
    """

    def __init__(self, project, answering) -> None:
        self.project, self.path, self.wrong, self.broken = project, project.path, 0, False
        self.lost = 0
        self.state = self.path / ".ftgate"
        self.server = answering(self.answer)
        self.write_goldens([case(i) for i in range(120)])
        project.write("pipelines/echo/pipeline.toml", PIPELINE)
        write_model(self.path / "pipelines/echo/base")

    def answer(self, messages) -> str | Fault:
        said = messages[-1]["content"]
        if self.broken and said.endswith("7"):
            return broken(400)
        number = int(said.split()[-1])
        return "wrong" if (number % 100 < self.wrong if number < 1000 else number < 1000 + self.lost) else said

    def write_goldens(self, cases: list[dict]) -> None:
        self.project.locked("echo", cases, GATE)

    @property
    def registry(self):
        return open_registry(None, self.state)

    def promote(self, weights: str, results: Mapping[str, Any] | None = None) -> None:
        """results: of the cases of the golden set, as frozen at promotion."""
        folder = self.path / f"adapter-{weights}"
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_text(weights)
        (folder / "adapter_config.json").write_text('{"r": 8, "peft_type": "LORA"}')
        frozen = self.path / f"results-{weights}"
        write(frozen / "echo.json", json.dumps({"suite": "echo", "cases": results or {}}))
        run = self.registry.log_run("echo", {}, {}, {}, {"results": frozen}, {})
        tags = tags_of(Model(str(self.path / "pipelines/echo/base"), None, adapter=folder)) | {"verdict": "PROMOTE"}
        number = self.registry.add_version("echo", folder, adapter_digest(folder), run, tags).number
        self.registry.promote("echo", number, "all checks passed")

    def command(self, *args: str) -> int:
        """ftgate canary echo ..., in this process."""
        folders = "--state-dir", self.state, "--pipelines", self.path / "pipelines", "--goldens", self.path / "goldens"
        return main(["canary", "echo", *map(str, folders), *args])

    def rebase(self, reason: str = "first") -> int:
        return self.command("--base-url", self.server.base_url, "--model", "mock", "--rebase", reason)

    def night(self, day: int, *args: str) -> tuple[int, str]:
        """The canary's exit code, and what it says."""
        result = self.project.run("-p", "no:cacheprovider", "--canary", f"--ftgate-night=2026-11-{day:02}", *args)
        return int(result.ret), result.stdout.str() + result.stderr.str()


@pytest.fixture
def shop(project, answering, mlflow_template, no_tracking_server):
    made = Shop(project, answering)
    made.state.mkdir()
    shutil.copy(mlflow_template, made.state / "mlflow.db")
    made.promote("a")
    made.promote("b")
    return made


def test_nights_from_steady_to_drift_and_rollback(shop, capsys):
    """The life of a champion: reference runs, a steady night, drift, a rollback, and the table of its nights."""
    assert shop.rebase() == 0
    assert "echo v2: new reference 1.000 (5 runs, n = 100)" in capsys.readouterr().out
    assert len(shop.server.requests) == 500, "each run really asks"
    first = [body["messages"][-1]["content"] for body in shop.server.requests[:100]]
    second = [body["messages"][-1]["content"] for body in shop.server.requests[100:200]]
    assert first != second, "in an order of its own"
    assert set(first) == set(second)

    code, steady = shop.night(1)
    assert code == 0, steady
    assert "STEADY echo v2: +0.0 points vs the reference runs" in steady
    assert "1 passed" in steady
    assert len(shop.server.requests) == 600

    shop.wrong = 15
    shop.project.write(
        "conftest.py", "def pytest_ftgate_drift(task, finding):\n    print('HOOK', task, finding.kind)\n"
    )
    code, drift = shop.night(3, "-s")
    assert code == 12, drift
    assert "DRIFT echo v2" in drift
    assert "HOOK echo drift" in drift
    assert "missing nights in the last week: 2026-11-02" in drift
    assert "1.00 -> 0.00, response 'wrong'" in drift
    assert shop.registry.champion("echo").number == 2, "nothing moves unless it was asked for"

    shop.project.write("conftest.py", "def pytest_ftgate_drift(task):\n    raise RuntimeError('no trainer answers')\n")
    code, back = shop.night(4, "pipelines/echo", "--ftgate-rollback-on-drift")
    assert code == 12, back
    assert "rolled back: v1 is the champion again" in back
    assert "the hook pytest_ftgate_drift failed: RuntimeError: no trainer answers" in back
    champion = shop.registry.champion("echo")
    assert champion.number == 1
    assert champion.promotion["reason"].startswith("canary: ")

    alarms = [json.loads(line) for line in (shop.state / "audit.jsonl").read_text().splitlines()]
    alarms = [line["what"] for line in alarms if line["kind"] == "alarm"]
    assert [(line["version"], line["night"]) for line in alarms] == [(2, "2026-11-03"), (2, "2026-11-04")]

    version = shop.registry.version("echo", 2)
    nights = nights_of(shop.registry, reference_of(shop.registry, version), version)
    assert [(str(night.day), run.tags["finding"]) for night, run in nights] == [
        ("2026-11-01", "steady"),
        ("2026-11-03", "drift"),
        ("2026-11-04", "drift"),
    ]
    kept = shop.registry.artifact(nights[-1][1].run_id, "canary.json")
    assert len(kept) == 100
    assert 0.65 <= sum(grade for grade, _ in kept.values()) / 100 <= 0.85

    capsys.readouterr()
    assert shop.command("--version", "v2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("echo v2: reference 1.000")
    assert [line.split()[0] for line in lines[2:]] == ["2026-11-01", "missing", "2026-11-03", "2026-11-04"]

    code, unknown = shop.night(5)
    assert code == 10, "v1 was never measured"
    assert "echo v1 has no reference runs; record them: ftgate canary echo --rebase" in unknown


def test_a_changed_set_another_model_and_a_broken_server_are_no_drift(shop, capsys):
    assert shop.rebase() == 0
    shop.write_goldens([case(i) for i in range(150)])
    assert shop.night(1)[0] == 0, "new cases do not touch the panel"

    shop.write_goldens([*(case(i, "other") for i in range(60)), *(case(i) for i in range(60, 120))])
    code, changed = shop.night(2)
    assert code == 11, changed
    assert "CHANGED echo v2: panel: " in changed
    assert "of 100 cases changed or removed: echo::c" in changed
    assert "ftgate canary echo --rebase REASON" in changed
    assert "DRIFT" not in changed

    shop.write_goldens([case(i) for i in range(120)])
    shop.server.models = ("mock", "mock-2")
    code, other = shop.night(2, "--ftgate-model", "mock-2")
    assert code == 11
    assert "model digest: " in other

    shop.broken = True
    code, partly = shop.night(3)
    assert code == 10, partly
    assert re.search(r"INCOMPLETE echo v2: \d+ of 100 cases not measured: echo::c", partly)

    code, gone = shop.night(3, "--ftgate-base-url", "http://127.0.0.1:9/v1")
    assert code == 10, gone
    assert "INCOMPLETE echo v2: canary run failed: " in gone
    assert "no response" in gone
    assert "Traceback" not in gone

    capsys.readouterr()
    assert shop.command() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "echo v2: reference 1.000 (5 runs, n = 100; first)"
    assert [line.split()[0] for line in lines[2:]] == ["2026-11-01"], "only what was measured is a night"


def test_without_a_champion_there_is_nothing_to_watch(project, answering):
    shop = Shop(project, answering)
    result = project.run("--canary", "-rs")
    assert result.ret == 10
    result.stdout.fnmatch_lines(["NOTHING TO WATCH echo: no champion yet*", "SKIPPED*no champion yet*"])
    assert not shop.server.requests
    assert not shop.state.exists()


def test_only_the_pipelines_of_the_given_paths_are_collected(project, answering):
    Shop(project, answering)
    project.write("pipelines/other/pipeline.toml", PIPELINE)
    project.write("test_mine.py", "def test_mine():\n    pass\n")
    collected = {
        (): ["echo", "other"],
        ("pipelines/echo",): ["echo"],
        ("goldens/echo",): ["echo"],
        ("pipelines",): ["echo", "other"],
    }
    for args, names in collected.items():
        result = project.run("--canary", "--co", "-q", *args)
        ids = [line for line in result.outlines if "::" in line]
        assert ids == [f"pipelines/{name}/pipeline.toml::canary" for name in names], (args, ids)
    result = project.run("--canary", "--co", "-q", "test_mine.py")
    assert result.ret == 4
    assert "--canary: no pipeline for test_mine.py" in result.stderr.str()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--train"], "remove --train"),
        (["--ftgate-target", "base"], "remove --ftgate-target"),
        (["--ftgate-regrade", "last"], "remove --ftgate-regrade"),
        (["--ftgate-night", "yesterday"], "expected a date such as 2026-11-22"),
    ],
)
def test_options_are_checked_at_once(project, args, said):
    result = project.run("--canary", *args)
    assert result.ret == 4
    assert said in result.stderr.str()


def test_an_unlocked_edit_of_the_golden_set_is_a_collection_error(project, answering):
    shop = Shop(project, answering)
    project.golden("echo", [case(i) for i in range(119)], GATE)
    result = project.run("--canary")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*golden.lock*"])
    assert not shop.server.requests


def test_xdist_is_switched_off_with_one_line(project, answering):
    Shop(project, answering)
    result = project.pytester.runpytest_subprocess(
        "--canary", "-n", "2", "--ftgate-base-url", project.server.base_url, "--ftgate-model", "mock"
    )
    assert result.ret == 10, result.stdout.str()
    result.stdout.fnmatch_lines(["*--canary runs in one process; xdist is off for this run*"])


def test_what_a_night_found_stands_in_the_junit_file(project, answering):
    Shop(project, answering)
    project.run("--canary", "--junitxml=report.xml")
    report = (project.path / "report.xml").read_text()
    assert 'name="ftgate_canary"' in report
    assert json.dumps("none").replace('"', "&quot;") in report

"""`ftgate doctor`: lines that a person reads, JSON, and the exit code."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.cli.doctor import WIDTH, lines
from pytest_ftgate.cli.main import main
from pytest_ftgate.pipeline.doctor.finding import error, ok, warning
from tests.projects import lock, write_golden, write_pipeline, write_rows
from tests.unit.train.estimate.known import tiny_llama

FLOORS = '[[gate.floor]]\nmetric = "accuracy"\nmin = 0.5\n'


@pytest.fixture
def project(tmp_path, monkeypatch, no_tracking_server):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "pipelines/quiz"
    tiny_llama().save_pretrained(folder / "model")
    write_rows(folder / "train.jsonl", [{"input": "x" * 76, "expected": "yes!"}] * 240)
    cases = ({"id": f"c{i}", "input": f"{i}?", "expected": "yes!"} for i in range(20))
    lock(write_golden(tmp_path / "goldens/quiz", cases, FLOORS))
    return write_pipeline(folder, "quiz", validation="train.jsonl", more="[train]\nthreads = 1\n")


@pytest.mark.parametrize("named", ["quiz", "pipelines/quiz", "pipelines/quiz/pipeline.toml"])
def test_a_pipeline_that_can_be_trained(project, capsys, named):
    assert main(["doctor", named]) == 0
    said = capsys.readouterr().out
    assert said.startswith("pipelines/quiz/pipeline.toml\n  ok ")
    assert "training needs " in said
    assert "240 training rows" in said
    assert said.endswith("no problem found\n")


def test_an_error_is_exit_code_1_and_in_json_too(project, capsys):
    (project.parent / "train.jsonl").unlink()
    assert main(["doctor", "quiz", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    lost = [finding for finding in found if finding["level"] == "error"]
    assert [finding["text"] for finding in lost] == [
        f"pipelines/quiz/pipeline.toml:{line}: data.{key}: pipelines/quiz/train.jsonl not found"
        for line, key in ((6, "train"), (7, "validation"))
    ]


def test_a_pipeline_toml_that_cannot_be_read_is_json_too(project, capsys):
    project.write_text(project.read_text() + "epochs = 0\n")
    assert main(["doctor", "quiz", "--json"]) == 2
    (found,) = json.loads(capsys.readouterr().out)
    assert found["text"].startswith("pipelines/quiz/pipeline.toml:")
    assert found["text"].endswith(": train.epochs must be at least 1; found 0")


def test_what_train_would_refuse_at_once(project, tmp_path, capsys):
    write_rows(project.parent / "train.jsonl", [{"input": "x", "expected": "yes!"}] * 40)
    (tmp_path / "goldens/quiz/golden.lock").unlink()
    (tmp_path / "goldens/quiz/golden.toml").write_text("[gate]\n")
    (project.parent / "model/tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    text = project.read_text().replace("[base]\n", '[base]\ndate = "2025-01-31"\n')
    project.write_text(text)
    assert main(["doctor", "quiz", "--json"]) == 1
    found = {each["text"]: (each["level"], each["fix"]) for each in json.loads(capsys.readouterr().out)}
    assert found["40 training rows, 200 at least"] == ("error", 'add rows, or set data.allow = ["size"]')
    assert found["goldens/quiz/golden.lock: not found"] == ("error", "create it: ftgate lock goldens/quiz")
    at = text.splitlines().index('date = "2025-01-31"') + 1
    told = f"pipelines/quiz/pipeline.toml:{at}: the chat template writes no date"
    assert found[told] == ("error", "remove [base] date")
    level, fix = found["no champion and no floors: a run can only end in HOLD"]
    assert (level, fix) == ("warning", "add a [[gate.floor]] to golden.toml, then run ftgate lock")


def test_golden_sets_that_are_not_there_are_a_warning(project, capsys):
    assert main(["doctor", "quiz", "--goldens", "elsewhere"]) == 0
    assert "pass --goldens DIR" in capsys.readouterr().out


def test_a_name_that_is_none_lists_those_that_are(project, capsys):
    assert main(["doctor", "quizz"]) == 2
    assert capsys.readouterr().err == "ftgate: no pipeline 'quizz' in pipelines; available: quiz\n"


def test_what_to_change_stands_below_and_no_line_is_too_long():
    long = "validation needs 26.0 GiB of 24.0 (weights 16.0, cache 9.5)"
    found = [ok("GPU", "a card"), error("memory", long, "set this, " * 30), warning("base", "not pinned", "pin it")]
    said = list(lines("pipeline.toml", found))
    assert said[0] == "pipeline.toml"
    assert said[1] == "  ok       GPU     a card"
    assert said[2] == f"  error    memory  {long}"
    assert said[3].startswith("                   -> set this")
    assert said[-2:] == ["                   -> pin it", "1 error, 1 warning"]
    assert max(map(len, said)) <= WIDTH

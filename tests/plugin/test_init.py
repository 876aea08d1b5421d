"""What `ftgate init` makes is run by pytest at once: cases, Python test, data checks, and all stages of --train."""

from __future__ import annotations

import csv

import pytest

from pytest_ftgate.cli.main import main
from tests.projects import write_model
from tests.unit.pipeline.starting.tables import table


@pytest.fixture
def made(project, monkeypatch):
    """The project after `ftgate init mail.csv`; and its rows, the label by the text."""
    rows = table(300, lambda i: "ham" if i % 3 else "spam")
    with (project.path / "mail.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
    write_model(project.path / "model")
    monkeypatch.chdir(project.path)
    assert main(["init", "mail.csv", "--base", "model"]) == 0
    return project, {row["text"]: row["label"] for row in rows}


def test_a_served_model_is_asked_and_passes_or_not(made, answering):
    project, labels = made
    answering(lambda messages: labels[messages[-1]["content"]])
    result = project.run("goldens", "tests")
    assert result.ret == 0, result.stdout.str()
    assert result.parseoutcomes()["passed"] > 70
    project.server.answer = lambda messages: "ham"
    result = project.run("goldens", "tests")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*test_mail_is_better_than_a_constant*"])


def test_the_data_pass_their_checks(made):
    project, _ = made
    result = project.run("pipelines/mail")
    assert result.ret == 0, result.stdout.str()
    assert "data[near]" not in result.stdout.str()


def test_all_stages_of_a_training_are_collected(made):
    project, _ = made
    result = project.run("goldens/mail", "--train", "--co", "-q")
    assert result.ret == 0, result.stdout.str()
    names = [line.partition("::")[2] for line in result.outlines if "::" in line]
    stages = [name for name in names if name in {"leakage", "baseline", "fine-tune", "serve", "promote"}]
    assert stages == ["leakage", "baseline", "fine-tune", "serve", "promote"]

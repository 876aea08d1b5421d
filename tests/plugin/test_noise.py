"""`ftgate noise`: a model that differs from itself, and what the gate makes of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.errors import LockError
from pytest_ftgate.evaluate.lock import write_lock
from pytest_ftgate.evaluate.noise import Noise, noise_path, read_noise, widened, write_noise
from pytest_ftgate.evaluate.suite import load_suite
from tests import projects

CASES = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(10)]
NOISE = Noise("m" * 64, "openai", 8, 10, 0.2, 0.3, "s")


def unsteady(messages, seen=set()):  # noqa: B006 - remembers what was asked
    """Right the first time; the second time text 0 and 1 are wrong, and text 2 is right in other words."""
    text = messages[-1]["content"]
    again = text in seen
    seen.add(text)
    return {"text 0": "x", "text 1": "y", "text 2": "TEXT 2"}.get(text, text) if again else text


@pytest.fixture
def noisy(project, answering):
    path = project.golden("noisy", CASES, "[[grader]]\nkind = 'exact'\nignore_case = true\n")
    write_lock(path, load_suite(path), 0.05)
    return project, answering(unsteady), path


def test_the_same_model_is_asked_twice_and_the_shares_are_kept(noisy, capsys, monkeypatch):
    project, server, path = noisy
    monkeypatch.chdir(project.path)
    args = ["noise", "goldens/noisy", "--base-url", server.base_url, "--model", "mock", "--concurrency", "3"]
    assert main(args) == 0
    assert len(server.requests) == 20
    assert server.most_in_flight <= 3
    found = read_noise(path)
    assert (found.by_grade, found.by_text, found.cases, found.concurrency) == (0.2, 0.3, 10, 3)
    assert found.settings == load_suite(path).settings_digest
    assert "20.0 % of the grades and 30.0 % of the texts of 10 cases differ" in capsys.readouterr().out
    assert not (project.path / ".ftgate/journal").exists(), "an experiment is no measurement of the project"


def test_a_folder_of_sets_is_measured_set_by_set(noisy, capsys, monkeypatch):
    project, server, path = noisy
    other = project.single("other", {"id": "a", "input": "text", "expected": "text"})
    monkeypatch.chdir(project.path)
    assert main(["noise", "goldens", "--base-url", server.base_url, "--model", "mock"]) == 0
    assert (read_noise(path).cases, read_noise(other).cases) == (10, 1)


def test_a_message_names_the_flags_of_the_command(noisy, capsys, monkeypatch):
    project, _, _ = noisy
    monkeypatch.chdir(project.path)
    assert main(["noise", "goldens/noisy"]) == 2
    told = capsys.readouterr().err
    assert "pass --model FOLDER, or --base-url URL --model NAME" in told
    assert main(["noise", "goldens/noisy", "--base-url", "http://127.0.0.1:1/v1", "--model", "mock"]) == 2
    told += capsys.readouterr().err
    assert "check --base-url" in told
    vllm = ["--engine", "vllm", "--vllm", "true", "--model", str(projects.write_model(project.path / "model"))]
    assert main(["noise", "goldens/noisy", *vllm, "--vllm-args=--port 1"]) == 2
    told += capsys.readouterr().err
    assert "--vllm-args has --port, which is set by the plugin" in told
    assert "--ftgate-" not in told


def test_the_gate_prints_it_and_takes_no_smaller_margin(noisy):
    project, _, path = noisy
    quiet = project.run()
    quiet.stdout.fnmatch_lines(["ftgate: noisy: *a 5-point regression needs*"])
    quiet.stdout.no_fnmatch_line("*noise*")
    write_noise(path, NOISE)
    project.run().stdout.fnmatch_lines(["*differ); outdated, settings have changed since: ftgate noise goldens/noisy*"])
    write_noise(path, replace(NOISE, settings=load_suite(path).settings_digest))
    project.run().stdout.no_fnmatch_line("*noise*")
    fresh = project.run("-v")
    fresh.stdout.no_fnmatch_line("*outdated*")
    fresh.stdout.fnmatch_lines(
        ["ftgate: noisy: *a 20-point regression needs*; noise 20.0 points*8 requests in flight*"]
    )


def test_the_margin_is_the_larger_of_the_two():
    assert widened(0.05, None) == widened(0.05, NOISE.__class__(**{**_fields(), "by_grade": 0.01})) == 0.05
    assert widened(0.05, NOISE) == 0.2
    assert widened(0.05, NOISE.__class__(**{**_fields(), "by_grade": 1.0})) < 1


def _fields():
    return {name: getattr(NOISE, name) for name in NOISE.__slots__}


def test_it_stands_beside_the_lock_and_is_read_as_written(tmp_path):
    (tmp_path / "golden.toml").touch()
    assert noise_path(tmp_path) == noise_path(tmp_path / "golden.toml") == write_noise(tmp_path, NOISE)
    assert noise_path(tmp_path / "x.golden.jsonl").name == "x.golden.noise"
    assert read_noise(tmp_path) == NOISE
    assert read_noise(tmp_path / "x.golden.jsonl") is None


@pytest.mark.parametrize("change", [{"by_grade": 2.0}, {"other": 1}, {"by_text": "much"}])
def test_a_file_that_was_edited_is_named(tmp_path, change):
    (tmp_path / "golden.toml").touch()
    path = write_noise(tmp_path / "golden.toml", NOISE)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(LockError, match="ftgate noise"):
        read_noise(tmp_path / "golden.toml")


def test_a_server_that_is_not_there_is_one_line(noisy, capsys):
    assert main(["noise", str(noisy[2]), "--base-url", "http://127.0.0.1:9/v1", "--model", "mock"]) == 2
    assert "127.0.0.1:9" in capsys.readouterr().err
    assert main(["noise", str(noisy[2]), "--base-url", "http://127.0.0.1:9/v1"]) == 2


def test_noise_that_was_edited_is_no_noise(tmp_path):
    path = write_noise(tmp_path / "golden.toml", NOISE)
    path.write_text(path.read_text().replace(f'"by_grade": {NOISE.by_grade}', '"by_grade": 0.9'))
    with pytest.raises(LockError, match=r"edited by hand and does not fit its seal\n *measure again: ftgate noise"):
        read_noise(tmp_path / "golden.toml")

"""`ftgate ray run` on a real Ray head: exit codes, files that come back, and what cannot go."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.cli.ray import _named
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.train.ray import command
from pytest_ftgate.train.ray.cluster import Cluster
from pytest_ftgate.train.ray.project import Project
from pytest_ftgate.train.ray.whole import WholeRun
from tests.projects import pipeline_toml
from tests.ray_head import ray_head, reached

RUN = """
import json, os, pathlib, sys
state = pathlib.Path(".ftgate")
print("asked with", os.environ["ASKED"], "on ray", os.environ["FTGATE_ON_RAY"], flush=True)
(state / "runs/mail").mkdir(parents=True, exist_ok=True)
(state / "runs/mail/verdict.json").write_text(json.dumps({"rows": len(open("pipelines/mail/data/train.jsonl").readlines())}))
(state / "journal.jsonl").write_text("theirs")
(state / "mlflow.db").write_text("theirs")
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in git that ignores its data."""
    monkeypatch.chdir(tmp_path)
    for name in ("RAY_ADDRESS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    data = tmp_path / "pipelines/mail/data"
    data.mkdir(parents=True)
    (data.parent / "pipeline.toml").write_text(
        pipeline_toml("mail").replace("train.jsonl", "data/train.jsonl").replace("validation.jsonl", "data/v.jsonl")
    )
    (data / "train.jsonl").write_text("1\n2\n3\n")
    (tmp_path / ".gitignore").write_text("data/\n.ftgate\nlarge\n")
    (tmp_path / "large").write_text("never sent")
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / ".ftgate/models").mkdir(parents=True)
    (tmp_path / ".ftgate/journal.jsonl").write_text("before")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture(scope="module")
def head() -> Iterator[dict[str, str]]:
    with ray_head() as env:
        yield env


@pytest.fixture
def on_head(project, head) -> Iterator[None]:
    with reached(head):
        yield


def test_what_goes_is_what_git_has_what_pipelines_name_and_the_state(project):
    (project / ".ftgate/models/weights.bin").write_text("w")
    going = Project(project, project / ".ftgate", [project / "pipelines"])
    assert sorted(going.files) == [
        ".gitignore",
        "pipelines/mail/data/train.jsonl",
        "pipelines/mail/pipeline.toml",
        "run.py",
    ]
    assert sorted(going.state) == ["journal.jsonl", "seal.key"]
    before = going.digest(["pytest"])
    assert before != going.digest(["pytest", "-x"])
    assert before != going.digest(["pytest"], 2)
    (project / ".ftgate/journal.jsonl").write_text("after")
    assert Project(project, project / ".ftgate", [project / "pipelines"]).digest(["pytest"]) == before


def test_a_run_with_other_flags_is_another_run(project, monkeypatch):
    """What the first one lacked is not to be followed to the same end."""
    monkeypatch.setattr("pytest_ftgate.train.ray.whole.Jobs", lambda _url: None)
    going = Project(project, project / ".ftgate", [])

    def name(gpus=1, **there):
        return WholeRun(going, ["pytest"], Cluster("http://head:8265", **there), gpus).name

    monkeypatch.setenv("MINE", "1")
    names = [name(), name(2), name(cpus=2), name(runtime_env={"pip": ["x"]}), name(env=("MINE",))]
    assert len(set(names)) == 5
    assert names == [name(), name(2), name(cpus=2), name(runtime_env={"pip": ["x"]}), name(env=("MINE",))]


def test_a_command_that_a_signal_killed_has_the_exit_code_of_a_shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    killing = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    assert command.main("name", ".ftgate", killing) == 137


def test_every_file_that_a_pipeline_names_goes(project):
    """Wherever git ignores them: training files beside the first, general rows, template, configuration, base."""
    (project / ".gitignore").write_text("*\n")
    given = project / "given"
    names = ["b.jsonl", "g.jsonl", "own.jinja", "accelerate.yaml", "model/config.json", "a.jsonl", "v.jsonl"]
    for name in names:
        (given / name).parent.mkdir(parents=True, exist_ok=True)
        (given / name).write_text('distributed_type: "NO"\n' if name.endswith("yaml") else "{{ messages }}")
    written = (
        pipeline_toml("mail", model="../../given/model", validation="../../given/v.jsonl")
        .replace('"train.jsonl"', '["../../given/a.jsonl", "../../given/b.jsonl"]\ngeneral = "../../given/g.jsonl"')
        .replace("[base]", '[base]\nchat_template = "../../given/own.jinja"')
    )
    written += 'general_share = 0.1\n[train]\naccelerate_config = "../../given/accelerate.yaml"\n'
    (project / "pipelines/mail/pipeline.toml").write_text(written)
    read_pipeline(project / "pipelines/mail/pipeline.toml")
    going = Project(project, project / ".ftgate", _named(project))
    assert sorted(name for name in going.files if name.startswith("given")) == sorted(f"given/{name}" for name in names)


def test_a_registry_in_the_state_folder_is_refused_for_a_training(project, capsys):
    assert main(["ray", "run", "--address", "http://127.0.0.1:1", "--", "pytest", "--train"]) == 2
    assert "set MLFLOW_TRACKING_URI to a server" in capsys.readouterr().err


def test_no_command_and_a_storage_elsewhere_are_mistakes(project, tmp_path_factory, capsys):
    assert main(["ray", "run"]) == 2
    assert "no command" in capsys.readouterr().err
    for flag in (["--gpus", "-1"], ["--cpus", "nan"], ["--cpus", "-1"], ["--gpus", "1.5"]):
        with pytest.raises(SystemExit, match="2"):
            main(["ray", "run", *flag, "--", "true"])
        assert f"{flag[1]!r} is not a " in capsys.readouterr().err
    assert main(["ray", "run", "--address", "http://[::1", "--", "true"]) == 2
    assert "expected the address of the dashboard" in capsys.readouterr().err
    assert main(["ray", "run", "--storage", str(tmp_path_factory.mktemp("other")), "--", "true"]) == 2
    assert "does not hold this project" in capsys.readouterr().err


@pytest.mark.timeout(900)
def test_exit_code_and_state_folder_come_back(project, on_head, monkeypatch, capsys):
    monkeypatch.setenv("ASKED", "a variable")
    run = ["ray", "run", "--gpus", "0", "--env", "ASKED", "--", "python", "run.py"]
    key = (project / ".ftgate/seal.key").read_text() if (project / ".ftgate/seal.key").exists() else ""
    assert main([*run, "10"]) == 10
    said = capsys.readouterr().out
    assert "asked with a variable on ray 1" in said
    assert "2 files came back into .ftgate" in said
    assert json.loads((project / ".ftgate/runs/mail/verdict.json").read_text()) == {"rows": 3}
    assert (project / ".ftgate/journal.jsonl").read_text() == "theirs"
    assert not (project / ".ftgate/mlflow.db").exists()
    assert not key or (project / ".ftgate/seal.key").read_text() == key

    assert main([*run, "11"]) == 11
    assert (
        main(["ray", "run", "--gpus", "0", "--storage", str(project), "--", "python", "-c", "raise SystemExit(1)"]) == 1
    )
    assert "came back" not in capsys.readouterr().out.splitlines()[-1]
    assert main(["ray", "run", "--gpus", "0", "--", "no-such-program"]) == 2
    assert "no-such-program cannot be run on the cluster: No such file" in capsys.readouterr().err


def test_what_changed_here_meanwhile_stays(project):
    going = Project(project, project / ".ftgate", [])
    part = project / "part"
    part.mkdir()
    (part / "journal.jsonl").write_text("theirs")
    (project / ".ftgate/journal.jsonl").write_text("mine")
    [beside] = going.take(part, ["journal.jsonl"], project / ".ftgate/ray/run")
    assert (project / ".ftgate/journal.jsonl").read_text() == "mine"
    assert beside.read_text() == "theirs"

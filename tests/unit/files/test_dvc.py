"""Files of DVC: a real `dvc add` with each type of link; what is written beside them leaves its cache alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ftgate.data.lineage import begun
from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.errors import DataError, PipelineError
from pytest_ftgate.files.dvc import check_tracked, tracked
from pytest_ftgate.pipeline.config import read_pipeline
from tests.projects import write_pipeline

RUN = "import sys, json; from dvc.cli import main; [main(each) and sys.exit(1) for each in json.loads(sys.argv[1])]"
ROW = json.dumps({"input": "write to ann@birch.org", "expected": "yes"}) + "\n"
DATA = {"train": "sym.jsonl", "validation": "data/a.jsonl"}


def dvc(folder: Path, *commands: str) -> None:
    """Commands of dvc in one process, as its start takes seconds; nothing is sent anywhere."""
    program = Path(sys.executable).with_name("dvc")
    if not program.exists():
        pytest.skip("the program dvc is not there; make it with: make setup")
    made = subprocess.run(
        [program.resolve().with_name("python"), "-c", RUN, json.dumps([command.split() for command in commands])],
        cwd=folder,
        env={**os.environ, "DVC_NO_ANALYTICS": "1", "HOME": str(folder), "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A DVC project: sym.jsonl, hard.jsonl, a folder data/, and out.jsonl that a stage wrote."""
    path = tmp_path_factory.mktemp("dvc")
    for name in ("sym", "hard"):
        (path / f"{name}.jsonl").write_text(json.dumps({"input": name, "expected": "yes"}) + "\n" + ROW)
    (path / "data/sub").mkdir(parents=True)
    for name in ("a.jsonl", "sub/b ü.jsonl"):
        (path / "data" / name).write_text(ROW * 3)
    stage = {"stages": {"make": {"cmd": "cp sym.jsonl out.jsonl", "deps": ["sym.jsonl"], "outs": ["out.jsonl"]}}}
    (path / "dvc.yaml").write_text(json.dumps(stage))
    setup = ("init -q --no-scm", "config core.analytics false", "config cache.type symlink", "add -q sym.jsonl data")
    dvc(path, *setup, "config cache.type hardlink", "add -q hard.jsonl", "repro -q")
    return path


@pytest.fixture
def project(made, tmp_path, monkeypatch) -> Path:
    """A copy in which links lead where they led."""
    path = tmp_path / "project"
    subprocess.run(["cp", "-a", str(made), str(path)], check=True)
    for file in [path / "sym.jsonl", *(path / "data").rglob("*.jsonl")]:
        target = path / file.readlink().relative_to(made)
        file.unlink()
        file.symlink_to(target)
    monkeypatch.chdir(path)
    return path


def cached(project: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in (project / ".dvc/cache").rglob("*") if file.is_file()}


NAMES = ["sym.jsonl", "hard.jsonl", "out.jsonl", "data", "data/a.jsonl", "data/sub/b ü.jsonl"]


def test_the_links_are_what_dvc_makes(project):
    assert (project / "sym.jsonl").is_symlink()
    assert (project / "hard.jsonl").stat().st_nlink == 2


@pytest.mark.parametrize("name", NAMES)
def test_the_md5_is_the_one_that_dvc_wrote(project, name):
    by = tracked(project / name)
    assert by is not None
    assert by.md5 in by.by.read_text()
    assert by.md5.endswith(".dir") == name.startswith("data")
    check_tracked([project / name])


@pytest.mark.parametrize("name", NAMES)
def test_a_change_is_an_error_that_says_what_to_do(project, name):
    changed = project / ("data/a.jsonl" if name.startswith("data") else name)
    text = changed.read_text()
    changed.unlink()
    changed.write_text(text + ROW)
    with pytest.raises(DataError) as caught:
        check_tracked([project / name, project / name])
    by = "dvc.lock" if name == "out.jsonl" else "data.dvc" if name.startswith("data") else f"{name}.dvc"
    keep = "dvc commit dvc.lock" if name == "out.jsonl" else f"dvc add {by.removesuffix('.dvc')}"
    [fault] = caught.value.faults
    assert f"differs from {by}: found md5 " in fault.message
    assert fault.fix == f"to keep it: {keep}; to restore the tracked version: dvc checkout"


def test_files_that_dvc_does_not_know_are_left_alone(project):
    (project / "own.jsonl").write_text(ROW)
    assert tracked(project / "own.jsonl") is None
    assert tracked(project / "sub/folder/own.jsonl") is None
    check_tracked([project / "own.jsonl"])


def test_an_old_dvc_took_cr_lf_for_lf(project):
    text = (project / "hard.jsonl.dvc").read_text()
    (project / "hard.jsonl.dvc").write_text(text.replace("  hash: md5\n", "", 1))
    plain = (project / "hard.jsonl").read_bytes()
    (project / "hard.jsonl").unlink()
    (project / "hard.jsonl").write_bytes(plain.replace(b"\n", b"\r\n"))
    check_tracked([project / "hard.jsonl"])
    (project / "hard.jsonl.dvc").write_text(text)
    with pytest.raises(DataError):
        check_tracked([project / "hard.jsonl"])


def test_a_broken_dvc_file_is_told(project):
    (project / "hard.jsonl.dvc").write_text("outs: [")
    with pytest.raises(DataError, match=r"hard\.jsonl\.dvc:2: is not valid YAML: "):
        tracked(project / "hard.jsonl")


def test_a_pipeline_reads_through_links_and_its_lineage_has_the_md5(project):
    pipeline = read_pipeline(write_pipeline(project, "g", **DATA))
    assert pipeline.train_file.name == "sym.jsonl", "the name tells the format, not that of the cache"
    assert contents(pipeline.train_file).rows == 2
    lineage = begun(pipeline.data.files, pipeline.path.parent)
    assert lineage["train"]["dvc"] in (project / "sym.jsonl.dvc").read_text()
    assert lineage["validation"]["dvc"] in (project / "data.dvc").read_text()


def test_what_is_missing_is_pulled(project):
    path = write_pipeline(project, "g", **DATA)
    (project / "sym.jsonl").unlink()
    with pytest.raises(PipelineError, match=r"data.train: sym.jsonl not found\n *dvc pull sym.jsonl.dvc"):
        _ = read_pipeline(path).data_files


@pytest.mark.parametrize("name", ["sym.jsonl", "hard.jsonl", "data/a.jsonl"])
def test_a_tracked_file_is_replaced_and_never_written_through(project, name):
    from pytest_ftgate.data.pii.redact import write_redacted
    from pytest_ftgate.leakage.drop_rows import write_clean
    from pytest_ftgate.pipeline.stages.prepare_data import write_without

    (project / "more.jsonl").write_text(ROW)
    before = cached(project)
    file = project / name
    for write in (
        lambda: write_redacted([project / "more.jsonl"], file),
        lambda: write_without(project / "more.jsonl", file, drop=False),
        lambda: write_clean(project / "more.jsonl", (), (project / "elsewhere")),
    ):
        write()
        assert cached(project) == before
    assert "<EMAIL>" in file.read_text()
    assert not file.is_symlink()


@pytest.mark.parametrize("name", ["sym.jsonl", "hard.jsonl"])
def test_a_journal_that_is_tracked_is_copied_before_it_grows(project, name):
    from pytest_ftgate.annotation.decision_log import DecisionLog
    from pytest_ftgate.files.append_log import AppendLog

    before, file = cached(project), project / name
    with DecisionLog(file) as book:
        assert len(book.records) == 2
        book.append({"decided": "yes"})
    with AppendLog(file) as lines:
        lines.append({"decided": "no"})
    assert cached(project) == before
    assert len(file.read_text().splitlines()) == 4


def test_a_link_of_the_users_own_stays_one(project):
    from pytest_ftgate.files.dvc import own_copy

    (project / "shared.jsonl").write_text(ROW)
    (project / "own.jsonl").symlink_to(project / "shared.jsonl")
    own_copy(project / "own.jsonl")
    own_copy(project / "not there.jsonl")
    assert (project / "own.jsonl").is_symlink()


def test_the_name_of_a_link_tells_the_format(tmp_path):
    (tmp_path / "5d41402a").write_text("prompt,completion\none,yes\n")
    (tmp_path / "train.csv").symlink_to(tmp_path / "5d41402a")
    assert contents(tmp_path / "train.csv").rows == 1

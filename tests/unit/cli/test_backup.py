"""`ftgate backup` and `ftgate restore`, by folder and by archive."""

from __future__ import annotations

import shutil
import tarfile

import pytest

from pytest_ftgate.cli.main import main


@pytest.fixture
def restored(tmp_path, plain_template, capsys):
    """restored(path) -> (exit code, output, errors) of a restore into an empty state folder, and that folder."""

    def run(path, name="empty"):
        state = tmp_path / name
        state.mkdir(exist_ok=True)
        if not (state / "mlflow.db").exists():
            shutil.copy(plain_template, state / "mlflow.db")
        code = main(["restore", str(path), "--state-dir", str(state)])
        return code, *capsys.readouterr(), state

    return run


@pytest.mark.parametrize("name", ["backup.tar.gz", "backup"])
def test_there_and_back(promote, ftgate, restored, tmp_path, base, capsys, name):
    promote("a")
    promote("b")
    code, out, _ = ftgate("backup", str(tmp_path / name), "--base")
    assert (code, "spam: 2 versions, 2 runs" in out, "backup of 1 tasks" in out) == (0, True, True)
    shutil.rmtree(base)
    shutil.rmtree(tmp_path / "state/models", ignore_errors=True)
    code, out, err, state = restored(tmp_path / name)
    assert (code, err) == (0, "")
    assert "spam: 2 versions, 2 runs, v2 is the champion" in out
    assert "lines, intact" in out
    assert "restored after" in out
    assert list(tmp_path.glob(".*draft")) == []
    assert main(["rollback", "spam", "--state-dir", str(state)]) == 0
    assert "v1 is the champion again (was v2)" in capsys.readouterr().out


def test_an_archive_that_is_cut_short_is_refused(promote, ftgate, restored, tmp_path):
    promote("a")
    file = tmp_path / "backup.tgz"
    ftgate("backup", str(file))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    code, _, err, state = restored(file)
    assert code == 2
    assert f"{file}: not a whole .tar.gz" in err
    assert not (state / "audit.jsonl").exists()


@pytest.mark.parametrize("name", ["mine", "mine.tar.gz", "edited.tar.gz"])
def test_what_is_no_backup_makes_no_registry(tmp_path, capsys, name):
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine" / ("backup.json" if name.startswith("edited") else "thesis.txt")
    file.write_text("{}")
    if name.endswith(".gz"):
        with tarfile.open(tmp_path / name, "w:gz") as archive:
            archive.add(file, file.name)
    assert main(["restore", str(tmp_path / name), "--state-dir", str(tmp_path / "state")]) == 2
    err = capsys.readouterr().err
    assert (str(tmp_path / name) in err, "ftgate-restore-" in err) == (True, False)
    assert not (tmp_path / "state/mlflow.db").exists()


def test_an_archive_cannot_write_elsewhere(restored, tmp_path):
    evil = tmp_path / "evil.tar.gz"
    (tmp_path / "payload").write_text("x")
    with tarfile.open(evil, "w:gz") as archive:
        archive.add(tmp_path / "payload", "../../escaped")
    code, _, err, _ = restored(evil)
    assert (code, "not a whole .tar.gz" in err) == (2, True)


def test_mistakes_are_one_message(promote, ftgate, restored, tmp_path):
    promote("a")
    (tmp_path / "notes.txt").write_text("mine")
    assert "is a file; name a folder" in ftgate("backup", str(tmp_path / "notes.txt"))[2]
    assert "no task 'ham' in the registry; available: spam" in ftgate("backup", str(tmp_path / "b"), "ham")[2]
    assert "no such file or folder" in restored(tmp_path / "nothing.tar.gz")[2]

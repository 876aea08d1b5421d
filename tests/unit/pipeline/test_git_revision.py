"""The git revision that a run record names."""

from __future__ import annotations

import os
import subprocess

from pytest_ftgate.pipeline.git_revision import git_revision


def git(folder, *args):
    who = {f"GIT_{role}_{what}": "me@localhost" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *args], cwd=folder, env={**os.environ, **who}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_revision_and_whether_tracked_files_differ_from_it(tmp_path):
    git(tmp_path, "init", "-q")
    assert git_revision(tmp_path) == ("", False)
    (tmp_path / "prompt").write_text("one")
    git(tmp_path, "add", "prompt")
    git(tmp_path, "commit", "-qm", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "untracked").touch()
    assert git_revision(tmp_path) == (head, False)
    (tmp_path / "prompt").write_text("two")
    assert git_revision(tmp_path) == (head, True)


def test_no_repository_no_git_and_no_folder_have_none(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_revision(tmp_path) == ("", False)
    assert git_revision(tmp_path / "none") == ("", False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_revision(tmp_path) == ("", False)

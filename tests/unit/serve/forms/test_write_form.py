"""An export that is killed, repeated, run twice at once, or has no room: a folder is whole, or not there."""

from __future__ import annotations

import json
import multiprocessing
import resource
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.forms import space
from pytest_ftgate.serve.forms import write_form as module
from pytest_ftgate.serve.forms.form import Form, form_of
from pytest_ftgate.serve.forms.record import FILE, is_whole
from pytest_ftgate.serve.forms.write_form import write_form
from pytest_ftgate.serve.model import Model, folder_digest
from tests.unit.kills import die

Q8 = form_of("gguf:Q8_0")


@pytest.fixture(scope="module")
def tuned(model_dir: Path, adapter_dir: Path) -> Model:
    return Model(str(model_dir), dtype="float32", adapter=adapter_dir)


def export(model: Model, form: Form, dest: Path, *, dies_at: str = "") -> list[str]:
    """What it says; the process dies where it would say, or do, `dies_at`."""
    said: list[str] = []

    def say(line: str) -> None:
        if dies_at and dies_at in line:
            die()
        said.append(line)

    write_form(model, form, dest, say)
    return said


def killed(model: Model, dest: Path, at: str) -> None:
    def run() -> None:
        if at == "the record":
            module.write_record = lambda *_: die()  # type: ignore[assignment]
        if at == "the rename":
            module.sync_folder = lambda *_: die()  # type: ignore[assignment]
        export(model, Q8, dest, dies_at=at)

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    child.join(120)
    assert child.exitcode == -9, f"it did not die at {at!r}"


@pytest.fixture(scope="module")
def undisturbed(tuned: Model, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of an export that nothing happened to."""
    return folder_digest(write_form(tuned, Q8, tmp_path_factory.mktemp("forms") / "q8", lambda _: None).folder)


@pytest.mark.parametrize("at", ["merging", "stored in", "writing gguf", "tensors", "the record"])
def test_after_a_kill_there_is_no_folder_and_the_same_command_writes_it(at, tuned, undisturbed, tmp_path):
    dest = tmp_path / "q8"
    killed(tuned, dest, at)
    assert not dest.exists()
    said = export(tuned, Q8, dest)
    assert folder_digest(dest) == undisturbed
    assert [path.name for path in tmp_path.iterdir()] == ["q8"]
    merged_again = any(line.startswith("merging") for line in said)
    assert merged_again == (at in {"merging", "stored in", "the record"}), "what was merged whole is not merged again"


def test_after_a_kill_behind_the_rename_the_folder_is_whole(tuned, undisturbed, tmp_path):
    killed(tuned, tmp_path / "merged" / "q8", "the rename")
    export(tuned, Q8, tmp_path / "merged" / "q8")
    assert folder_digest(tmp_path / "merged" / "q8") == undisturbed


def test_what_is_whole_is_not_written_again_and_what_was_changed_is_not_taken_for_it(tuned, undisturbed, tmp_path):
    dest = tmp_path / "q8"
    export(tuned, Q8, dest)
    assert export(tuned, Q8, dest) == [f"{dest}: already there, its files are as they were written"]
    record = json.loads((dest / FILE).read_text())
    assert (record["form"], record["model"]) == ("gguf:Q8_0", tuned.digest)
    with (dest / "tuned.gguf").open("ab") as file:
        file.write(b"x")
    assert not is_whole(dest, tuned, Q8)
    with pytest.raises(ServeError, match="already there, and not this version in this form"):
        export(tuned, Q8, dest)


def test_a_folder_of_something_else_is_never_written_into(tuned, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ServeError, match="not overwritten"):
        export(tuned, Form("merged"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_two_at_once_do_not_write_one_folder(tuned, tmp_path):
    dest, said = tmp_path / "out", []

    def say(line: str) -> None:
        if not said:
            said.append(line)
            with pytest.raises(ServeError, match="another process is writing it"):
                write_form(tuned, Form("merged"), dest, lambda _: None)

    write_form(tuned, Form("merged"), dest, say)
    assert said
    assert is_whole(dest, tuned, Form("merged"))


def test_folders_of_the_user_beside_it_stay_as_they_are(tuned, tmp_path):
    mine = [tmp_path / name / "notes.txt" for name in (".out.draft", ".out.merged", ".out.ftgate-merged")]
    for file in mine[:2]:
        file.parent.mkdir()
        file.write_text("mine")
    export(tuned, Q8, tmp_path / "out")
    assert [file.exists() for file in mine] == [True, True, False]


def test_a_link_is_followed_to_where_the_folder_shall_be(tuned, tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "large disk")
    export(tuned, Form("merged"), tmp_path / "out")
    assert is_whole(tmp_path / "large disk", tuned, Form("merged"))


@pytest.mark.parametrize("form", [Form("merged"), Q8], ids=str)
def test_a_disk_that_is_full_while_it_is_written_is_told(form, tuned, tmp_path):
    """A limit of the size of a file stands for it: the system's answer to a write, too."""
    dest, limits = tmp_path / "out", resource.getrlimit(resource.RLIMIT_FSIZE)
    if form == Q8:
        merged = write_form(tuned, Form("merged"), tmp_path / ".out.ftgate-merged", lambda _: None).folder
        assert is_whole(merged, tuned, Form("merged"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limits[1]))
    try:
        with pytest.raises(
            ServeError, match=r"cannot be written: (.|\n)*is the disk full\?(.|\n)*another folder than \S+out"
        ):
            export(tuned, form, dest)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not dest.exists()


def test_too_little_room_is_found_before_anything_is_written(tuned, tmp_path, monkeypatch):
    class Little:
        free = 10

    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: Little)
    with pytest.raises(ServeError, match=r"gguf:Q8_0 takes about \d+ MB \(with the merged model, .* 0 MB are free"):
        export(tuned, Q8, tmp_path / "q8")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("detail", ["F16", "BF16", "Q8_0", "Q4_K_M"])
def test_the_room_that_is_asked_for_is_enough(detail, tuned, tmp_path):
    form: Any = Form("gguf", detail)
    folder = write_form(tuned, form, tmp_path / "out", lambda _: None).folder
    size = sum(file.stat().st_size for file in folder.iterdir() if file.suffix == ".gguf")
    assert size <= space.bytes_of(tuned, form) + 100_000  # the tokenizer, which a tiny model's weights are beside

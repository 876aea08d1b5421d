"""Only plain UTF-8 is read, and the line that is not is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.text import nearest, read_text, shown


def said(path: Path) -> list[str]:
    with pytest.raises(FileFaults) as caught:
        read_text(path)
    return [str(fault) for fault in caught.value.faults]


def test_text_comes_back_as_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("ü\r\n\u2028x".encode())
    assert read_text(tmp_path / "a") == "ü\r\n\u2028x"


def test_every_line_that_is_not_utf8_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_bytes(b"fine\nb\xe4d\nfine\n\xff\n")
    assert said(Path("a")) == [
        "a:2: is not valid UTF-8: byte 0xe4 at position 2 of the line\n    save the file as UTF-8",
        "a:4: is not valid UTF-8: byte 0xff at position 1 of the line\n    save the file as UTF-8",
    ]


def test_a_byte_order_mark_is_a_fault_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfx\n\xff")
    assert [fault.split(": ")[0].rsplit(":")[-1] for fault in said(tmp_path / "a")] == ["1", "2"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_one_fault(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a").write_bytes("\ufeffone\ntwo".encode(encoding))
    assert ["UTF-16" in fault for fault in said(tmp_path / "a")] == [True]


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert "No such file" in said(tmp_path / "none")[0]
    assert "is a folder, expected a file" in said(tmp_path)[0]


def test_paths_are_shown_as_a_user_would_type_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert shown(below / "a" / "b.toml") == "a/b.toml"
    assert shown(tmp_path / "c") == str(tmp_path / "c")


def test_the_nearest_line() -> None:
    lines = {(): 1, ("a",): 5, ("a", "b"): 7}
    assert [nearest(lines, keys) for keys in [("a", "b"), ("a", "x", 0), ("z",), ()]] == [7, 5, 1, 1]
    assert nearest({("a",): 5}, ("b",)) == 0

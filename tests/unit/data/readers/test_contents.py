"""sha256 and rows of a file, read once for each version of it."""

from __future__ import annotations

import hashlib
import os

import pytest

from pytest_ftgate.data.readers import contents as module
from pytest_ftgate.data.readers.contents import contents
from tests.unit.data.data_files import FORMATS, write_folder


@pytest.mark.parametrize(("text", "rows"), [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\n\n \nb\r\n", 2)])
def test_what_a_file_holds(tmp_path, text, rows):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(text)
    assert contents(path) == (hashlib.sha256(text).hexdigest(), rows)


def test_a_version_is_read_once_and_a_new_one_again(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("a\n")
    module._of_version.cache_clear()
    assert contents(path) == contents(path)
    assert module._of_version.cache_info().misses == 1
    before = path.stat()
    path.write_text("b\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert contents(path).sha256 == hashlib.sha256(b"b\n").hexdigest()


ROWS = [{"input": f"row\n{number}", "expected": "yes"} for number in range(7)]


@pytest.mark.parametrize("name", FORMATS)
def test_rows_of_every_format_are_counted(tmp_path, name):
    path = FORMATS[name](tmp_path / name, ROWS)
    held = contents(path)
    assert held.rows == len(ROWS)
    if path.is_file():
        assert held.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_digest_of_a_folder_is_that_of_its_files(tmp_path):
    path = write_folder(tmp_path / "data", ROWS)
    before = contents(path).sha256
    (path / "cache-1234.arrow").write_bytes(b"what a reader left")
    assert contents(path).sha256 == before
    [arrow] = path.glob("data-*.arrow")
    arrow.write_bytes(arrow.read_bytes().replace(b"yes", b"yse"))
    assert contents(path).sha256 != before


def test_a_broken_file_has_no_rows_and_its_reader_says_why(tmp_path):
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"none")
    assert contents(path) == (hashlib.sha256(b"none").hexdigest(), 0)

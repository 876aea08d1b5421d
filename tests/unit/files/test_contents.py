"""sha256 and rows of a file, read once for each version of it."""

from __future__ import annotations

import hashlib
import os

import pytest

from pytest_ftgate.files import contents as module
from pytest_ftgate.files.contents import contents


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

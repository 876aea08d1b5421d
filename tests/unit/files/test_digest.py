"""One text and one digest for every JSON value."""

from __future__ import annotations

import hashlib
import os

import pytest

from pytest_ftgate.files import digest
from pytest_ftgate.files.digest import canonical, digest_of, file_digest


def test_the_text_is_sorted_without_spaces_and_not_escaped() -> None:
    assert canonical({"b": [1, None, True], "a": "ü"}) == '{"a":"ü","b":[1,null,true]}'


def test_the_digest_stays_what_it_is() -> None:
    """Locks and journals hold digests: a change of this number makes every user's lock void."""
    assert digest_of({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Files from ten bytes are large, and the user's cache is empty; its folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(digest, "LARGE", 10)
    digest._digest_of_version.cache_clear()
    yield tmp_path / "cache" / "pytest-ftgate" / "digests"
    digest._digest_of_version.cache_clear()


def test_of_a_large_file_the_next_process_reads_the_digest_alone(tmp_path, cached, monkeypatch):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"x" * 20)
    first = file_digest(weights)
    digest._digest_of_version.cache_clear()  # as a new process
    monkeypatch.setattr(digest.hashlib, "file_digest", None)
    assert file_digest(weights) == first == hashlib.sha256(b"x" * 20).hexdigest()


def test_another_content_of_the_same_size_and_time_is_read_again(tmp_path, cached):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"x" * 20)
    file_digest(weights)
    stat = weights.stat()
    weights.write_bytes(b"y" * 20)
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    digest._digest_of_version.cache_clear()
    assert file_digest(weights) == hashlib.sha256(b"y" * 20).hexdigest()


@pytest.mark.parametrize("planted", ["", "z" * 10, "\xff"])
def test_a_cache_that_holds_no_digest_is_not_believed(tmp_path, cached, planted):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"x" * 20)
    expected = file_digest(weights)
    [kept] = cached.iterdir()
    kept.write_text(planted, encoding="latin-1")
    digest._digest_of_version.cache_clear()
    assert file_digest(weights) == expected


def test_small_files_leave_nothing_and_a_cache_that_cannot_be_written_is_done_without(tmp_path, cached, monkeypatch):
    small, large = tmp_path / "config.json", tmp_path / "model.safetensors"
    small.write_text("{}")
    large.write_bytes(b"x" * 20)
    file_digest(small)
    assert not cached.exists()
    monkeypatch.setenv("XDG_CACHE_HOME", str(small))
    assert file_digest(large) == hashlib.sha256(b"x" * 20).hexdigest()

"""A key that is made once, kept private, and tells its own lines from any other."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys

import pytest

from pytest_ftgate.errors import JournalError
from pytest_ftgate.files.seal import FILE, seal, state_key


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    key = state_key(tmp_path / "state")
    file = tmp_path / "state" / FILE
    assert len(key) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert bytes.fromhex(file.read_text()) == key == state_key(tmp_path / "state")
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == [".gitignore", FILE]


def test_processes_that_make_it_at_once_get_one_key(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom pytest_ftgate.files.seal import state_key\n"
        "sys.stdin.readline()\nprint(state_key(Path(sys.argv[1])).hex())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "state")]
    makers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for maker in makers:
        maker.stdin.write("go\n")
        maker.stdin.flush()
    assert {maker.communicate()[0].strip() for maker in makers} == {state_key(tmp_path / "state").hex()}


@pytest.mark.parametrize("content", [b"", b"00" * 31, b"zz" * 32, b"\xff" * 40])
def test_a_file_that_holds_no_key_is_named(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(JournalError, match=r"seal\.key: not a key, expected 64 hex digits; restore it .*or remove it"):
        state_key(tmp_path)


def test_what_is_no_file_is_named(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(JournalError, match=r"seal\.key: cannot be read or made: is a folder, expected a file"):
        state_key(tmp_path)


def test_a_seal_is_the_beginning_of_the_hmac():
    assert hmac.new(b"k" * 32, b"data", hashlib.sha256).hexdigest().startswith(seal(b"k" * 32, b"data"))
    assert len(seal(b"k" * 32, b"data")) == 32

"""`ftgate audit` as a user types it."""

from pathlib import Path

import pytest

from pytest_ftgate.audit import record
from pytest_ftgate.cli import main

pytestmark = pytest.mark.usefixtures("no_tracking_server")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    record(tmp_path, "data", "spam", {"for": "fine-tune", "files": [{"path": "train.jsonl", "rows": 360}]})
    record(tmp_path, "alarm", "ham", {"drop": 0.08, "reason": "drop of 8 points"})
    return tmp_path


def test_show_prints_all_lines_or_those_of_a_task(state, capsys):
    assert main(["audit", "show", "--state-dir", str(state)]) == 0
    head, data, alarm = capsys.readouterr().out.splitlines()
    assert head.split() == ["line", "at", "by", "kind", "task", "what"]
    assert '"path": "train.jsonl", "rows": 360' in data
    assert "drop of 8 points" in alarm
    assert main(["audit", "show", "ham", "--state-dir", str(state)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_show_and_verify_of_nothing(tmp_path, capsys):
    assert main(["audit", "show", "--state-dir", str(tmp_path)]) == 0
    assert "no line yet" in capsys.readouterr().out
    assert main(["audit", "verify", "--state-dir", str(tmp_path)]) == 0
    assert list(tmp_path.iterdir()) == []


def test_verify_names_file_and_line(state, capsys):
    assert main(["audit", "verify", "--state-dir", str(state)]) == 0
    assert "2 lines, whole" in capsys.readouterr().out
    file = state / "audit.jsonl"
    file.write_bytes(file.read_bytes().replace(b"360", b"361"))
    assert main(["audit", "verify", "--state-dir", str(state)]) == 11
    assert f"{file}:1: was edited" in capsys.readouterr().out

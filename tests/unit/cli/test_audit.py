"""`ftgate audit` as a user types it."""

from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.registry.audit import record

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
    assert "no entries yet" in capsys.readouterr().out
    assert main(["audit", "verify", "--state-dir", str(tmp_path)]) == 0
    assert list(tmp_path.iterdir()) == []


def test_verify_names_file_and_line(state, capsys):
    assert main(["audit", "verify", "--state-dir", str(state)]) == 0
    assert "2 lines, intact" in capsys.readouterr().out
    file = state / "audit.jsonl"
    file.write_bytes(file.read_bytes().replace(b"360", b"361"))
    assert main(["audit", "verify", "--state-dir", str(state)]) == 11
    assert f"{file}:1: was edited" in capsys.readouterr().out


def test_the_end_of_the_log_is_held_against_the_registry(registry, promote, tmp_path, capsys):
    for weights in "abc":
        promote(weights)
    registry.rollback("spam", "drift")
    file = tmp_path / "state" / "audit.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    assert len(lines) == 4

    def verify() -> tuple[int, str]:
        return main(["audit", "verify", "--state-dir", str(tmp_path / "state")]), capsys.readouterr().out

    assert verify() == (0, f"{file}: 4 lines, intact\n")
    file.write_bytes(b"".join(lines[:2]))
    code, out = verify()
    assert code == 11
    assert f"{file}:3: was removed, as were all lines after 2: spam v3 was registered with line 3" in out
    assert f"{file}:3: was removed, as were all lines after 2: spam v2 was registered with line 4" in out
    file.unlink()
    assert verify()[0] == 11, "all of it"
    registry.log.append("alarm", "spam", {})
    code, out = verify()
    assert code == 11
    assert "was replaced: not the log of 4 lines that spam v2 was registered with" in out


def test_a_move_that_was_announced_and_killed_is_a_note(registry, promote, tmp_path, capsys):
    promote("a")
    registry.log.append("promote", "spam", {"version": 9, "over": 1})
    assert main(["audit", "verify", "--state-dir", str(tmp_path / "state")]) == 0
    assert "audit.jsonl:2: announced v9 as champion of spam, but the registry has v1" in capsys.readouterr().out
    promote("b")
    assert main(["audit", "verify", "--state-dir", str(tmp_path / "state")]) == 0
    assert "audit.jsonl:2: announced v9 as champion of spam, but line 3 found v1" in capsys.readouterr().out


def test_show_prints_moves_with_digests_and_reason(registry, promote, tmp_path, capsys):
    promote("a")
    main(["audit", "show", "spam", "--state-dir", str(tmp_path / "state")])
    out = capsys.readouterr().out
    assert "version 1, reason all checks passed, verdict PROMOTE, digest " in out
    assert f"digest {registry.champion('spam').digest[:12]}," in out


def test_an_alarm_that_was_removed_from_the_end_is_missed(registry, promote, tmp_path, capsys):
    promote("a")
    registry.record("spam", "alarm", {"drop": 0.08})
    file = tmp_path / "state" / "audit.jsonl"
    assert main(["audit", "verify", "--state-dir", str(tmp_path / "state")]) == 0
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    assert main(["audit", "verify", "--state-dir", str(tmp_path / "state")]) == 11
    assert "audit.jsonl:2: was removed, as were all lines after 1" in capsys.readouterr().out

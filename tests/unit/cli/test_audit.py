"""`ftgate audit` as a user types it."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.registry.audit import record
from tests.unit.signing_keys import make_keys

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
    assert len(lines) == 7

    def verify() -> tuple[int, str]:
        return main(["audit", "verify", "--state-dir", str(tmp_path / "state")]), capsys.readouterr().out

    assert verify() == (0, f"{file}: 7 lines, intact\n")
    file.write_bytes(b"".join(lines[:5]))
    code, out = verify()
    assert code == 11
    assert f"{file}:6: was removed, as were all lines after 5: spam v3 was registered with line 6" in out
    assert f"{file}:6: was removed, as were all lines after 5: spam v2 was registered with line 7" in out
    file.unlink()
    assert verify()[0] == 11, "all of it"
    registry.log.append("alarm", "spam", {})
    code, out = verify()
    assert code == 11
    assert "was replaced: not the log of 7 lines that spam v2 was registered with" in out


def test_a_move_that_was_announced_and_killed_is_a_note(registry, promote, tmp_path, capsys):
    promote("a")
    registry.log.append("promote", "spam", {"version": 9, "digest": "ab", "over": 1})
    assert main(["audit", "verify", "--state-dir", str(tmp_path / "state")]) == 0
    assert "audit.jsonl:3: announced v9 as champion of spam, but the registry has v1" in capsys.readouterr().out
    promote("b")
    assert main(["audit", "verify", "--state-dir", str(tmp_path / "state")]) == 0
    assert "audit.jsonl:3: announced v9 as champion of spam, but line 5 found v1" in capsys.readouterr().out


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
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    assert main(["audit", "verify", "--state-dir", str(tmp_path / "state")]) == 11
    assert "audit.jsonl:3: was removed, as were all lines after 2" in capsys.readouterr().out


def by_hand(registry, call: str, *args: str) -> None:
    with registry.store.asking("test") as client:
        getattr(client, call)(*args)


@pytest.mark.parametrize(
    ("call", "args", "found", "to"),
    [
        ("delete_registered_model_alias", ("champion",), "but the alias was deleted by hand", "v2"),
        ("set_registered_model_alias", ("champion", "1"), "but the alias was moved by hand in MLflow to v1", "v2"),
        ("delete_model_version", ("2",), "but that version was deleted by hand", "v1"),
    ],
)
def test_a_champion_that_was_changed_by_hand_is_found_and_restored(
    registry, promote, ftgate, capsys, call, args, found, to
):
    """By every command that looks at it; the way back that they name is one."""
    promote("a")
    promote("b")
    by_hand(registry, call, "spam", *args)
    back = f"Restore it, on the record: ftgate rollback spam --to {to}"
    for command in (("status",), ("status", "spam", "--name"), ("serve", "spam"), ("promote", "spam", "v1")):
        code, out, err = ftgate(*command)
        assert code == 11, command
        assert found in out + err
        assert back in out + err
    assert main(["audit", "verify", "--state-dir", str(registry.state_dir)]) == 11
    assert found in capsys.readouterr().out
    code, out, _ = ftgate("rollback", "spam", "--to", to)
    assert (code, out.startswith(f"spam: {to} is the champion again")) == (0, True)
    assert main(["audit", "verify", "--state-dir", str(registry.state_dir)]) == 0
    assert ftgate("status")[0] == 0


def test_verify_finds_a_deleted_former_champion_and_an_edited_verdict(registry, promote, tmp_path, capsys):
    promote("a")
    promote("b")
    by_hand(registry, "delete_model_version", "spam", "1")
    by_hand(registry, "set_model_version_tag", "spam", "2", "verdict", "HOLD")
    assert main(["audit", "verify", "--state-dir", str(tmp_path / "state")]) == 11
    out = capsys.readouterr().out
    assert "spam: v1, a former champion, was deleted by hand in MLflow" in out
    assert "spam: v2: verdict is 'HOLD', but was 'PROMOTE' when it was judged (line 3 of the audit log)" in out


def test_a_task_that_was_deleted_begins_anew_only_on_the_record(registry, promote, ftgate, tmp_path):
    promote("a")
    by_hand(registry, "delete_registered_model", "spam")
    code, out, _ = ftgate("status")
    assert code == 11
    assert "v1 was made champion (promote, line 2 of the audit log), but was deleted by hand in MLflow" in out
    assert 'ftgate reset spam "reason"' in out
    assert ftgate("reset", "spam", "sold")[0] == 0
    assert registry.champion("spam") is None
    assert ftgate("status")[0] == 0
    assert main(["audit", "verify", "--state-dir", str(tmp_path / "state")]) == 0


def test_only_a_promoter_moves_the_champion_and_the_log_says_who(registry, promote, tmp_path, capsys, monkeypatch):
    """As users type it: a list, a key by option and by environment, another person, and what the log shows."""
    people = {}
    for name in ("alice", "eve"):
        (folder := tmp_path / name).mkdir()
        people[name] = make_keys(folder)
    alice, eve = people["alice"], people["eve"]
    promote("a"), promote("b")
    state = ("--state-dir", str(tmp_path / "state"))
    assert main(["promoters", "spma", "--set", str(alice.verify), "--key", str(alice.signing), *state]) == 2
    assert "no task 'spma' in the registry; available: spam" in capsys.readouterr().err
    assert main(["promoters", "spam", *state]) == 0
    assert "no promoters on record" in capsys.readouterr().out
    assert main(["promoters", "spam", "--set", str(alice.verify), "--key", str(alice.signing), *state]) == 0
    assert "these keys may promote" in capsys.readouterr().out
    assert main(["rollback", "spam", *state]) == 2
    assert "only its promoters" in capsys.readouterr().err
    assert main(["rollback", "spam", "--key", str(eve.signing), *state]) == 2
    assert "FTGATE_PROMOTER_KEY" in capsys.readouterr().err
    monkeypatch.setenv("FTGATE_PROMOTER_KEY", str(alice.signing))
    assert main(["rollback", "spam", *state]) == 0
    assert main(["status", "spam", *state]) == 0
    assert re.search(r"promoters\s+[0-9a-f]{16}\b", capsys.readouterr().out)
    assert main(["audit", "verify", *state]) == 0
    assert "intact" in capsys.readouterr().out
    assert main(["audit", "show", "--kind", "rollback", *state]) == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == 2
    assert re.search(r"signed by [0-9a-f]{16}\b", shown)
    assert "signature" not in shown


def test_commands_that_read_training_rows_are_on_record_in_a_project(tmp_path, monkeypatch, capsys):
    """By path and sha256; where there is no state folder none is made."""
    monkeypatch.chdir(tmp_path)
    row = '{"messages": [{"role": "user", "content": "Where is my %s?"}, {"role": "assistant", "content": "%s"}]}\n'
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(row % (word, number) for number, word in enumerate(["cat", "refund", "order", "key"])))
    main(["data", "check", "rows.jsonl"])
    assert not (tmp_path / ".ftgate").exists()
    (tmp_path / ".ftgate").mkdir()
    main(["data", "check", "rows.jsonl"])
    main(["data", "redact", "rows.jsonl", "out.jsonl"])
    main(["data", "dedup", "rows.jsonl", "out.jsonl"])
    main(["data", "split", "rows.jsonl", "--out", "parts"])
    main(["data", "review", "rows.jsonl"])
    (tmp_path / "goldens").mkdir()
    (tmp_path / "goldens" / "a.golden.jsonl").write_text(
        '{"id": "a", "input": "What is two and two?", "expected": "4"}\n'
    )
    main(["leakage", "rows.jsonl"])
    main(["drift", "inputs", "rows.jsonl", "--train", "rows.jsonl"])
    capsys.readouterr()
    entries = [json.loads(line) for line in (tmp_path / ".ftgate/audit.jsonl").read_text().splitlines()]
    sha256 = hashlib.sha256(rows.read_bytes()).hexdigest()
    assert all(entry["what"]["files"] == [{"path": "rows.jsonl", "sha256": sha256}] for entry in entries)
    assert [entry["what"]["for"] for entry in entries] == [
        "data check",
        "data redact",
        "data dedup",
        "data split",
        "data review",
        "leakage",
        "drift inputs",
    ]

"""`ftgate promote` as a user types it: what the gate let through, and what it did not, on record."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_ftgate.registry import Registry
from pytest_ftgate.registry.audit.entry import read_entry

pytestmark = pytest.mark.usefixtures("no_tracking_server")


@pytest.fixture
def judged(registry: Registry, tmp_path: Path) -> Callable[[str, str], int]:
    """judged("weights", "HOLD") -> the number of a new version of "spam" with that verdict."""

    def make(weights: str, verdict: str) -> int:
        folder = tmp_path / f"judged-{weights}"
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_text(weights)
        (folder / "adapter_config.json").write_text(json.dumps({"r": 8, "peft_type": "LORA"}))
        run = registry.log_run("spam", {}, {}, {}, {}, {})
        tags = {"verdict": verdict, "reason": "champion: 40 more cases", "golden.sms": "ab12"} if verdict else {}
        return registry.add_version("spam", folder, registry.digest_of(folder), run, tags).number

    return make


def last_entry(registry: Registry):
    return read_entry(registry.log.lines()[0][-1])


@pytest.mark.parametrize("verdict", ["HOLD", "REJECT", ""])
def test_what_the_gate_did_not_promote_needs_an_override(verdict, registry, promote, judged, ftgate):
    promote("a")
    judged("b", verdict)
    code, out, err = ftgate("promote", "spam", "v2")
    assert (code, out) == (2, "")
    assert f"spam v2 was {f'judged {verdict} (champion: 40 more cases)' if verdict else 'never judged'}" in err
    assert 'ftgate promote spam v2 --override "reason"' in err
    assert registry.champion("spam").number == 1
    assert last_entry(registry).kind == ("judged" if verdict else "promote")


def test_an_override_is_on_record_everywhere(registry, promote, judged, ftgate):
    promote("a")
    judged("b", "HOLD")
    code, out, err = ftgate("promote", "spam", "v2", "--override", "the old one answers in French")
    assert (code, err) == (0, "")
    assert "v2 is the champion (was v1), overriding its verdict HOLD" in out
    entry = last_entry(registry)
    assert (entry.kind, entry.what["reason"], entry.what["over"]) == ("override", "the old one answers in French", 1)
    assert (entry.what["verdict"], entry.what["goldens"]) == ("HOLD", {"sms": "ab12"})
    champion = registry.champion("spam")
    assert (champion.override["reason"], champion.override["verdict"]) == (entry.what["reason"], "HOLD")
    assert champion.override["by"] == entry.by
    history = ftgate("history", "spam")[1]
    assert "HOLD, overridden" in history
    assert "the old one answers in French" in history
    assert "promoted by override at " in ftgate("status", "spam")[1]
    ftgate("rollback", "spam")
    assert "HOLD, overridden" in ftgate("history", "spam")[1], "a rollback does not wipe it out"


def test_integrity_is_never_overridden(registry, promote, judged, ftgate):
    promote("a")
    judged("b", "INTEGRITY")
    code, _, err = ftgate("promote", "spam", "v2", "--override", "I know better")
    assert code == 2
    assert "cannot be overridden" in err
    assert registry.champion("spam").number == 1


def test_what_was_rolled_back_may_come_again_without_an_override(registry, promote, ftgate):
    promote("a")
    promote("b")
    ftgate("rollback", "spam")
    code, out, _ = ftgate("promote", "spam", "2", "--reason", "it was the data")
    assert (code, "v2 is the champion (was v1); serve it" in out) == (0, True)
    assert (last_entry(registry).kind, last_entry(registry).what["reason"]) == ("promote", "it was the data")
    assert "is already the champion" in ftgate("promote", "spam", "2")[1]


def test_an_override_of_promote_is_an_ordinary_promotion(registry, promote, ftgate):
    promote("a")
    promote("b")
    ftgate("rollback", "spam")
    assert ftgate("promote", "spam", "2", "--override", "sure")[0] == 0
    assert last_entry(registry).kind == "promote"


def test_an_override_needs_a_reason(promote, ftgate, capsys):
    promote("a")
    with pytest.raises(SystemExit):
        ftgate("promote", "spam", "1", "--override", " ")
    assert "a reason is required" in capsys.readouterr().err


def test_without_a_registry_and_with_an_unknown_version(tmp_path, ftgate):
    code, _, err = ftgate("promote", "spam", "1")
    assert (code, "no registry in" in err) == (2, True)


@pytest.mark.parametrize("command", ["status", "promote", "rollback", "history", "serve", "unlock", "canary", "cost"])
def test_no_command_takes_what_cannot_be_a_task(ftgate, capsys, command):
    with pytest.raises(SystemExit) as stopped:
        ftgate(command, "ftgate-lock.spam")
    assert stopped.value.code == 2
    assert "'ftgate-lock.spam' is not a valid task name: it begins with 'ftgate-lock.'" in capsys.readouterr().err


def test_unlock_says_whose_lock_it_broke(registry, promote, ftgate):
    promote("a")
    assert ftgate("unlock", "spam") == (2, "", "ftgate: spam is not locked\n")
    with registry.lock("spam"):
        code, out, _ = ftgate("unlock", "spam", "--reason", "crashed")
    assert code == 0
    assert out.startswith("spam: lock of pid ")
    entry = last_entry(registry)
    assert (entry.kind, entry.what["reason"], entry.what["holder"][:4]) == ("unlock", "crashed", "pid ")

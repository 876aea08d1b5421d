"""`ftgate` as a user types it."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from tests.projects import write_rows
from tests.stable import stable

pytestmark = pytest.mark.usefixtures("no_tracking_server")


def test_status_shows_champion_predecessors_and_newest(registry, promote, ftgate, snapshot):
    promote("a")
    promote("b")
    code, out, err = ftgate("status")
    assert (code, err) == (0, "")
    assert stable(out, champion=registry.champion("spam").digest[:12]) == snapshot


def test_status_tells_who_promotes_now(registry, promote, ftgate):
    promote("a")
    with registry.lock("spam"):
        assert f"locked by  pid {os.getpid()} on " in ftgate("status", "spam")[1]


def test_status_creates_no_registry(tmp_path, ftgate):
    code, out, _ = ftgate("status")
    assert (code, "no registry in" in out) == (0, True)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", ["history", "rollback", "serve"])
def test_without_a_registry_the_others_say_so(command, tmp_path, ftgate):
    code, out, err = ftgate(command, "spam")
    assert (code, out) == (2, "")
    assert err.startswith("ftgate: no registry in ")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", ["history", "status"])
def test_an_unknown_task_lists_those_there_are(command, registry, promote, ftgate):
    promote("a")
    code, _, err = ftgate(command, "ham")
    assert (code, err) == (2, "ftgate: no task 'ham' in the registry; available: spam\n")


def test_history_lists_versions_newest_first(registry, promote, ftgate, snapshot):
    promote("a")
    promote("b")
    _, out, _ = ftgate("history", "spam")
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["v2", "v1"]
    assert stable(out) == snapshot


def test_rollback_moves_the_champion_and_keeps_the_reason(registry, promote, ftgate):
    promote("a")
    promote("b")
    code, out, err = ftgate("rollback", "spam", "--reason", "drift")
    assert (code, err) == (0, "")
    assert "v1 is the champion again (was v2)" in out
    champion = registry.champion("spam")
    assert (champion.number, champion.promotion["reason"], champion.promotion["kind"]) == (1, "drift", "rollback")
    code, _, err = ftgate("rollback", "spam")
    assert (code, err) == (2, "ftgate: no champion before spam v1; previous champions: none\n")


def test_rollback_to_what_is_no_version(ftgate, capsys):
    with pytest.raises(SystemExit) as caught:
        ftgate("rollback", "spam", "--to", "last")
    assert caught.value.code == 2
    assert "'last' is not a version, expected v2 or 2" in capsys.readouterr().err


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    rows = [{"id": f"a{i}", "input": f"What colour is {i}?", "expected": "red"} for i in range(3)]
    return write_rows(tmp_path / "colours.golden.jsonl", rows)


def test_lock_writes_the_lock_and_keeps_its_margin(golden, capsys):
    assert main(["lock", str(golden), "--delta", "0.07"]) == 0
    assert "3 cases of colours, margin 7 points" in capsys.readouterr().out
    assert main(["lock", str(golden)]) == 0
    assert "margin 7 points" in capsys.readouterr().out


def test_lock_of_a_faulty_set_writes_no_lock_at_all(golden, tmp_path, capsys):
    bad = tmp_path / "bad.golden.jsonl"
    bad.write_text('{"id": "a1"\n', encoding="utf-8")
    assert main(["lock", str(golden), str(bad)]) == 2
    assert "ftgate: " in capsys.readouterr().err
    assert not list(tmp_path.glob("*.lock"))


@pytest.mark.parametrize("text", ["0", "3", "-0.1"])
def test_a_margin_that_is_no_share_is_refused(text, golden, capsys):
    with pytest.raises(SystemExit):
        main(["lock", str(golden), f"--delta={text}"])
    assert "is not between 0 and 1" in capsys.readouterr().err


def test_a_missing_path_is_one_message(tmp_path, capsys):
    assert main(["lock", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith("ftgate: ")


def test_no_command_and_unknown_command_list_the_commands(capsys):
    for argv in ([], ["promte"]):
        with suppress(SystemExit):
            main(argv)
        assert "COMMAND" in capsys.readouterr().err


def test_the_command_starts_without_anything_heavy():
    code = (
        "import sys; from pytest_ftgate.cli.main import make_parser; make_parser();"
        "heavy = {'mlflow', 'torch', 'transformers', 'sqlalchemy', 'pytest', 'sklearn', 'aiohttp', 'rich'};"
        "sys.exit(', '.join(heavy & {m.split('.')[0] for m in sys.modules}) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

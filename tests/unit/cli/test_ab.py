"""`ftgate ab analyse` as a user types it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.registry.model_tags import name_of
from tests.projects import write_pipeline, write_rows


@pytest.fixture
def exposures(tmp_path, monkeypatch):
    """exposures(candidate's mean) writes a log of 5,000 users, 10 % of them with the candidate; champion's mean .6."""
    monkeypatch.chdir(tmp_path)

    def write(mean, name="e.jsonl", **more):
        rng, start = np.random.default_rng(1), datetime(2026, 3, 1, tzinfo=UTC)
        rows = []
        for i in range(5000):
            candidate = bool(rng.random() < 0.1)
            good = int(rng.random() < (mean if candidate else 0.6))
            at = (start + timedelta(minutes=i)).isoformat()
            arm = "candidate" if candidate else "champion"
            rows.append({"user": f"u{i}", "arm": arm, "at": at, "outcome": good, **more})
        write_rows(tmp_path / name, rows)
        return name

    return write


@pytest.mark.parametrize(("mean", "code", "said"), [(0.8, 0, "BETTER"), (0.4, 1, "WORSE"), (0.6, 10, "CONTINUE")])
def test_the_exit_code_is_the_decision(mean, code, said, exposures, capsys):
    assert main(["ab", "analyse", exposures(mean), "--share", "0.1"]) == code
    out = capsys.readouterr().out
    assert f"\n{said}: " in out
    assert "of 5,000 users were routed to the candidate" in out


def test_a_wrong_share_is_11(exposures, capsys):
    assert main(["ab", "analyse", exposures(0.8), "--share", "0.05"]) == 11
    out = capsys.readouterr().out
    assert "sample-ratio mismatch" in out
    assert "WITHHELD" in out
    assert "BETTER" not in out


def test_what_is_stated_comes_from_the_pipeline(exposures, tmp_path, capsys):
    folder = tmp_path / "pipelines" / "mail"
    write_pipeline(folder, "mail", more='[ab]\nshare = 0.1\noutcome = "binary"\nmargin = 0.3\n')
    assert main(["ab", "analyse", exposures(0.6), "--task", "mail"]) == 0
    assert "above -30.0 points" in capsys.readouterr().out
    assert main(["ab", "analyse", "e.jsonl", "--task", "mail", "--margin", "0"]) == 10
    write_pipeline(folder, "mail")
    assert main(["ab", "analyse", "e.jsonl", "--task", "mail"]) == 2
    assert "no [ab] section; add [ab]" in capsys.readouterr().err


def test_without_a_share_it_asks_for_one(exposures, capsys):
    assert main(["ab", "analyse", exposures(0.6)]) == 2
    assert "--share 0.05, or --task TASK" in capsys.readouterr().err


def test_faults_come_with_their_lines_and_no_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.jsonl").write_text('{"user": "a"}\n{"user": "b", "arm": "x", "at": "2026-03-01T00:00:00Z"}\n')
    assert main(["ab", "analyse", "e.jsonl", "--share", "0.1"]) == 2
    err = capsys.readouterr().err
    assert "e.jsonl:1: an exposure needs 'arm' and 'at'" in err
    assert "e.jsonl:2: arm must be one of" in err


def test_a_candidate_nobody_met(exposures, capsys):
    assert (
        main(["ab", "analyse", exposures(0.6, candidate="ab12cd34"), "--share", "0.1", "--candidate", "ff00ff00"]) == 2
    )
    assert "no exposures of ff00ff00" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["5", "0", "five", "nan"])
def test_a_share_is_a_share(text, capsys):
    with pytest.raises(SystemExit):
        main(["ab", "analyse", "e.jsonl", f"--share={text}"])
    assert "is not a share in (0, 1)" in capsys.readouterr().err


def test_the_router_gets_the_names_of_both_versions(registry, promote, no_tracking_server, tmp_path, ftgate):
    promote("a")
    code, _, err = ftgate("router", "spam", "--server", "http://10.0.0.5:8000", "--share", "0.05", "--candidate")
    assert (code, "v1 is the champion, and no later version" in err) == (2, True)
    promote("b")
    registry.rollback("spam", "test")
    out = tmp_path / "r.conf"
    options = ["--server", "http://10.0.0.5:8000/v1/", "--share", "0.05", "--out", str(out)]
    assert ftgate("router", "spam", "--candidate", *options)[0] == 0
    text = out.read_text()
    assert "5% candidate;" in text
    for number, arm in ((2, "candidate"), (1, "default  ")):
        assert f'{arm} "{name_of(registry.version("spam", number))}";' in text
    assert text.count("server 10.0.0.5:8000;") == 2
    assert registry.version("spam", 2).tags["ftgate.model"][:16] in text

"""`ftgate data generate` given again: the same file, no answer paid twice, a budget over all runs, and a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.messages_server import Fault, MessagesServer
from tests.repository import ROOT
from tests.unit.data.synthesis.writers import writer


def test_the_budget_holds_over_all_runs_and_more_money_goes_on(generate):
    with MessagesServer(writer()) as server:
        code, told, rows = generate(server, count=40, budget="0.028")
        assert code == 10
        assert 0 < len(rows) < 40
        assert "the budget is spent" in told.out
        asked = len(server.requests)
        again = generate(server, count=40, budget="0.028")
        assert (again[0], again[2]) == (10, rows)
        assert len(server.requests) - asked <= 1, "what is known is not asked again, what is spent is spent"
        code, told, more = generate(server, count=40, budget="5")
    assert code == 0
    assert len(more) == 40
    assert all(row in more for row in rows)
    assert "earlier runs of this job have spent $" in told.out
    assert max(server.seen.values()) == 1


def test_the_same_command_gives_the_same_file_and_asks_nothing(generate):
    with MessagesServer(writer()) as server:
        first = generate(server)[2]
        asked = len(server.requests)
        assert generate(server)[2] == first
        assert len(server.requests) == asked
        assert len(generate(server, count=60)[2]) == 60
        assert max(server.seen.values()) == 1


def test_rows_of_somebody_else_are_not_overwritten_and_nothing_paid_is_lost(generate):
    Path("new.jsonl").write_text('{"input": "mine", "expected": "x"}\n')
    with MessagesServer(writer()) as server:
        code, told, rows = generate(server)
        assert (code, len(rows)) == (2, 1)
        assert "new.jsonl holds 1 rows that this job does not make" in told.err
        asked = len(server.requests)
        Path("new.jsonl").unlink()
        assert generate(server)[0] == 0
        assert len(server.requests) == asked


def wait_for_answers(folder: Path, number: int) -> int:
    """Until so many answers are in the journal of the job; how many are."""
    for _ in range(2400):
        files = list(folder.glob(".ftgate/generate/*/answers.jsonl"))
        found = sum(file.read_text().count('{"said"') for file in files)
        if found >= number:
            return found
        time.sleep(0.05)
    return 0


def test_killed_half_way_it_goes_on_and_asks_nothing_answered_twice(folder, generate):
    """A real process, SIGKILL while requests are under way; then the same command."""
    slow, calls = threading.Event(), []

    def reply(body):
        calls.append(body)
        if len(calls) > 4:
            slow.set()
            return Fault(hang_s=60.0)
        return writer()(body)

    with MessagesServer(reply) as server:
        command = [
            sys.executable,
            "-m",
            "pytest_ftgate.cli.main",
            "data",
            "generate",
            "train.jsonl",
            "--count",
            "60",
            "--budget",
            "1",
            "--out",
            "new.jsonl",
        ]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            [*command, "--base-url", server.url, "--price", "1", "5"],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
        ) as process:
            assert slow.wait(120)
            kept = wait_for_answers(folder, 4)
            process.send_signal(signal.SIGKILL)
        assert not Path("new.jsonl").exists()
        assert kept == 4
        server.reply = writer()
        code, told, rows = generate(server, count=60)
    assert (code, len(rows)) == (0, 60)
    assert "earlier runs of this job have spent" in told.out
    assert max(server.answered.values()) == 1

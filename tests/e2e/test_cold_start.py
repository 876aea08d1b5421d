"""No server and no fetched adapter: rollback moves the pointer, `ftgate serve` answers, both in under five minutes."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time

from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.engine import Endpoint
from tests.e2e.patience import slowness
from tests.e2e.promoted import add_champion

FTGATE = (sys.executable, "-m", "pytest_ftgate.cli.main")
LIMIT_S = 300
"""As it was promised, for a machine on which nothing else is at work."""


def test_rollback_and_serve_from_nothing_take_less_than_five_minutes(
    small_promoted, tmp_path, no_tracking_server, capsys
):
    day = small_promoted.day(tmp_path / "day")
    registry = add_champion(day, tmp_path / "v2")
    assert registry.champion("sms_spam").number == 2
    shutil.rmtree(day.path / ".ftgate/models", ignore_errors=True)
    state = ("--state-dir", str(day.path / ".ftgate"))

    begin = time.monotonic()
    moved = day.ftgate("rollback", "sms_spam", *state)
    seconds_to_move = time.monotonic() - begin
    assert moved.returncode == 0, moved.stderr
    with subprocess.Popen(
        [*FTGATE, "serve", "sms_spam", "--port", "0", *state], stdout=subprocess.PIPE, text=True
    ) as server:
        said = ""
        try:
            while "-d '" not in said:
                said += (line := server.stdout.readline())
                assert line, said
            where = re.search(r"serving (\S+) at (\S+) until", said)
            served = Client(Endpoint(where[2], where[1]))
            text = served.text("Is the sky blue?", max_tokens=8)
            seconds = time.monotonic() - begin
            answering = http.get(where[2].replace("/v1", "/ready"))[1]["version"]
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.stdout.read().endswith("stopped\n")
    with capsys.disabled():
        print(f"\npointer moved after {seconds_to_move:.1f} s, v1 answers after {seconds:.1f} s: {text!r}")
    champion = registry.champion("sms_spam")
    assert (champion.number, answering, where[1]) == (1, "v1", "sms_spam")
    assert "v1 ready after " in said
    assert seconds < LIMIT_S * slowness()

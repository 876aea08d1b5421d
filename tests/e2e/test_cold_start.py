"""No server and no fetched adapter: rollback moves the pointer, `ftgate serve` answers, both in under five minutes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time

import pytest

from pytest_ftgate.commands.served import name_of, tags_of
from pytest_ftgate.registry import open_registry
from pytest_ftgate.serve.client import Client
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.model import Model, adapter_digest
from tests.e2e.vllm_models import BASE, make_adapter

pytestmark = pytest.mark.timeout(600)
FTGATE = (sys.executable, "-m", "pytest_ftgate.cli")


def test_rollback_and_serve_from_nothing_take_less_than_five_minutes(tmp_path, monkeypatch, capsys):
    if not BASE.is_dir():
        pytest.skip(f"{BASE} is missing: make data")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    state = ("--state-dir", str(tmp_path / "state"))
    registry = open_registry(None, tmp_path / "state")
    for seed in (1, 2):
        model = Model(str(BASE), adapter=make_adapter(tmp_path / str(seed), seed))
        tags = {"verdict": "PROMOTE", "reason": "all arms pass"} | tags_of(model)
        run = registry.log_run("spam", {}, {}, {}, {}, {})
        version = registry.add_version("spam", model.adapter, adapter_digest(model.adapter), run, tags)
        registry.promote("spam", version.number, "all arms pass")

    begin = time.monotonic()
    subprocess.run([*FTGATE, "rollback", "spam", *state], check=True, capture_output=True, timeout=300)
    moved = time.monotonic() - begin
    with subprocess.Popen([*FTGATE, "serve", "spam", *state], stdout=subprocess.PIPE, text=True) as server:
        said = ""
        try:
            while "-d '" not in said:
                said += (line := server.stdout.readline())
                assert line, said
            where = re.search(r"serving (\S+) at (\S+) until", said)
            key = re.search(r"Bearer (\S+)'", said)[1]
            served = Client(Endpoint(where[2], where[1], key))
            text = served.text("Is the sky blue?", max_tokens=8)
            seconds = time.monotonic() - begin
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.stdout.read().endswith("stopped\n")
    with capsys.disabled():
        print(f"\npointer moved after {moved:.1f} s, v1 answers after {seconds:.1f} s: {text!r}")
    champion = registry.champion("spam")
    assert (champion.number, where[1]) == (1, name_of(champion))
    assert "v1 is served after " in said
    assert seconds < 300

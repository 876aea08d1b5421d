"""Faults, kills and other accidents: nothing is lost, nothing answered is sent twice, no key is written anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest

from pytest_ftgate.errors import JournalError, MissingExtra
from pytest_ftgate.serve.api.client import open_provider
from pytest_ftgate.serve.api.settings import Settings
from tests.messages_server import MessagesServer, at_random
from tests.repository import ROOT
from tests.unit.serve.api.questions import QUICK, asks_of, good, settings_of

KEY = "sk-ant-very-secret-123"


@pytest.mark.parametrize(("way", "count"), [({}, 1000), ({"api": "openai"}, 300)], ids=["anthropic", "openai"])
def test_of_1000_asks_with_faults_in_a_tenth_of_the_attempts_none_is_lost_and_none_asked_twice(tmp_path, way, count):
    with MessagesServer(good, at_random(0.1, seed=6)) as server:
        settings = settings_of(server, concurrency=32, **way)
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(settings, count)))
    assert [one.input["reason"] for one in said] == [f"about answer {n}" for n in range(count)]
    assert server.answered == Counter({f"answer {n}": 1 for n in range(count)})
    troubles = provider.bill.troubles
    assert set(troubles) == {"rate_limited", "overloaded", "server_error", "malformed", "connection"}
    assert 0.07 * count < troubles.total() < 0.15 * count
    assert provider.bill.attempts == count + troubles.total() == len(server.requests)
    assert provider.bill.retries == troubles.total()
    assert provider.bill.possibly_billed == troubles["malformed"] + troubles["connection"]
    assert server.most_in_flight <= 32


def killed_run(server, folder, *more):
    """Start a run in its own process; the server's script kills it."""
    command = [sys.executable, "-m", "tests.unit.serve.api.judge_process", server.url, str(folder), *more]
    root = ROOT
    env = {**os.environ, "PYTHONPATH": str(root), "JUDGE_KEY": KEY}
    return subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_a_run_that_is_killed_in_the_middle_asks_nothing_again_that_it_wrote_down(tmp_path):
    runs = []

    def reply(request):
        if len(server.answered) >= 100:
            os.kill(runs[0].pid, signal.SIGKILL)
        return good(request)

    with MessagesServer(reply) as server:
        runs.append(killed_run(server, tmp_path, "300"))
        assert runs[0].wait(120) == -signal.SIGKILL
        lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines() if line[-1] == "}"]
        known = {line["said"]["input"]["reason"].removeprefix("about ") for line in lines if "said" in line}
        open_ = len({line["sent"] for line in lines if "sent" in line}) - len(known)
        server.reply = good
        before = Counter(server.seen)
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            assert (provider.bill.unfinished, provider.bill.unfinished_dollars > 0) == (open_, True)
            said = list(provider.ask_all(asks_of(settings, 300)))
    assert {one.kind for one in said} == {"answered"}
    assert len(known) >= 80
    assert open_ >= 1
    assert {text for text, times in server.seen.items() if times > before[text]}.isdisjoint(known)
    assert provider.bill.replayed == len(known)


def test_a_run_that_is_killed_while_its_batch_is_made_finds_it_by_its_custom_ids(tmp_path):
    runs = []
    with MessagesServer(good) as server:
        server.batches.on_create = lambda: os.kill(runs[0].pid, signal.SIGKILL)
        runs.append(killed_run(server, tmp_path, "20", "batch"))
        assert runs[0].wait(120) == -signal.SIGKILL
        server.batches.on_create = lambda: None
        settings = settings_of(server)
        with open_provider(settings, tmp_path, QUICK) as provider:
            said = list(provider.ask_all(asks_of(settings, 20), batch=True))
    assert {one.kind for one in said} == {"answered"}
    assert list(server.batches.created) == ["msgbatch_1"]
    assert set(server.answered.values()) == {1}


def test_the_key_is_in_no_file_no_text_and_no_error(tmp_path, monkeypatch, capfd, caplog):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    told = []
    with MessagesServer(good, at_random(0.3, seed=1), api_key=KEY) as server:
        settings = settings_of(server, api_key_env="JUDGE_KEY")
        with caplog.at_level(0), open_provider(settings, tmp_path, QUICK) as provider:
            for batch in (False, True):
                said = list(provider.ask_all(asks_of(settings, 20, start=20 * batch), batch=batch))
                told += [repr(said), str(provider.bill), repr(provider.bill), json.dumps(provider.bill.to_json())]
            told += [repr(provider), repr(settings), repr(vars(provider))]
        assert all(KEY in str(headers) for headers in server.headers)
    told += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    told += [*capfd.readouterr(), caplog.text]
    assert len(told) > 10
    assert not [text for text in told if KEY in text or "very-secret" in text]


def test_without_the_sdk_the_error_names_the_extra_and_the_folder_stays_free(tmp_path, monkeypatch):
    settings = Settings(base_url="http://127.0.0.1:9")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "anthropic", None)
        without.delitem(sys.modules, "pytest_ftgate.serve.api.anthropic_transport", raising=False)
        with pytest.raises(MissingExtra, match=r"pytest-ftgate\[judge\]"):
            open_provider(settings, tmp_path)
    open_provider(settings, tmp_path).close()


def test_a_torn_last_line_is_dropped_and_asked_again(tmp_path):
    with MessagesServer(good) as server:
        settings = settings_of(server, concurrency=1)
        with open_provider(settings, tmp_path, QUICK) as provider:
            list(provider.ask_all(asks_of(settings, 2)))
        file = tmp_path / "answers.jsonl"
        file.write_bytes(file.read_bytes()[:-20])
        with open_provider(settings, tmp_path, QUICK) as provider:
            assert len([one for one in provider.ask_all(asks_of(settings, 2)) if one.replayed]) == 1
    assert server.seen["answer 1"] == 2


def test_every_attempt_of_killed_runs_is_counted_and_no_other(tmp_path):
    lines = [{"sent": key, "dollars": 0.25} for key in "aab"]
    lines += [{"lost": "b"}, {"sent": "c", "dollars": 0.25}, {"back": "c"}, {"sent": "d", "dollars": 0.25}]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with open_provider(Settings(base_url="http://127.0.0.1:9"), tmp_path) as provider:
        assert (provider.bill.unfinished, provider.bill.unfinished_dollars) == (3, 0.75)


def test_a_line_that_is_none_is_an_error_that_names_it(tmp_path):
    (tmp_path / "answers.jsonl").write_text('{"sent": "a", "dollars": 0.1}\nrubbish\n')
    with MessagesServer(good) as server, pytest.raises(JournalError, match=r"answers\.jsonl:2"):
        open_provider(settings_of(server), tmp_path)

"""`ftgate serve` as a user types it: on the fake `vllm`, until a signal."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.cli.serve import tell
from pytest_ftgate.serve.client import control_http as http
from tests.fake_vllm import make_executable
from tests.nginx_here import free_port
from tests.unit.pipeline.production.champions import Champions

LIMIT_S = 60


@pytest.fixture
def champions(registry, tmp_path: Path) -> Champions:
    return Champions(registry, tmp_path)


@pytest.fixture
def serving(tmp_path: Path, ftgate) -> Callable[..., tuple[int, str, str, object]]:
    """serving(during, *arguments): `during(url)` runs beside the server, which then gets SIGTERM.

    Gives exit code, output, errors, and what `during` returned.
    """
    vllm = str(make_executable(tmp_path / "bin"))

    def run(during, *arguments: str):
        port = free_port()
        url = f"http://127.0.0.1:{port}"

        def beside():
            try:
                wait(lambda: http.get(f"{url}/ready")[0] == 200)
                return during(url)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        with ThreadPoolExecutor(1) as pool:
            doing = pool.submit(beside)
            ended = ftgate("serve", "spam", "--port", str(port), "--grace", "0", "--vllm", vllm, *arguments)
            return (*ended, doing.result())

    return run


def wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def ask(url: str, text: str = "Hi", key: str = "", **fields: object):
    """Status and text of an answer, or what was said instead."""
    body = {"model": "spam", "messages": [{"role": "user", "content": text}], **fields}
    status, said = http.post(f"{url}/v1/chat/completions", body, key)
    return status, said["choices"][0]["message"]["content"] if status == 200 else said


def test_it_serves_the_champion_follows_it_and_stops_at_a_signal(champions, serving):
    def during(url):
        first = ask(url)
        champions.promote()
        wait(lambda: http.get(f"{url}/ready")[1]["version"] == "v2")
        return first, ask(url)

    champions.promote()
    code, out, err, answers = serving(during, "--follow", "0.1")
    assert (code, err, answers) == (0, "", ((200, "it is v1"), (200, "it is v2")))
    assert "spam v1: adapter " in out
    assert '-d \'{"model": "spam"' in out
    assert "spam v2 answers after " in out
    assert out.endswith("stopped\n")


def test_a_signal_lets_the_requests_on_their_way_end(champions, serving):
    champions.promote(slow={"text": "at last", "delay_s": 5})
    with ThreadPoolExecutor(1) as pool:

        def during(url):
            slow = pool.submit(ask, url, "slow")
            wait(lambda: http.get(f"{url}/ready")[1]["in_flight"])
            threading.Timer(0.5, lambda: found.append((http.get(f"{url}/ready")[0], ask(url)[0]))).start()
            return slow

        found = []
        code, out, _, slow = serving(during)
        assert slow.result() == (200, "at last")
    assert (code, found, "cut off" in out) == (0, [(503, 503)], False)


def test_what_takes_longer_than_the_drain_is_cut_off_and_said(champions, serving):
    champions.promote(slow={"text": "never", "delay_s": 30})
    with ThreadPoolExecutor(1) as pool:

        def during(url):
            slow = pool.submit(ask, url, "slow")
            wait(lambda: http.get(f"{url}/ready")[1]["in_flight"])
            return slow

        code, out, _, slow = serving(during, "--drain", "0.2")
        assert slow.result()[0] == http.UNREACHABLE
    assert code == 0
    assert "1 requests were cut off" in out


def test_keys_come_from_a_file_or_the_environment_and_are_not_shown(champions, serving, tmp_path, monkeypatch):
    champions.promote()
    monkeypatch.setenv("FTGATE_SERVE_KEY", "key-of-the-environment")
    (tmp_path / "keys").write_text("\ufefffirst-secret-key\n\n# of team B\nsecond-secret-key\n")
    keys = ("", "first-secret-key", "second-secret-key", "key-of-the-environment")
    _, out, _, by_file = serving(
        lambda url: [ask(url, key=key)[0] for key in keys], "--key-file", str(tmp_path / "keys")
    )
    _, more, _, by_variable = serving(lambda url: [ask(url, key=key)[0] for key in keys], "--name", "spam")
    assert by_file == [401, 200, 200, 401]
    assert by_variable == [401, 401, 401, 200]
    assert not [key for key in keys if key and key in out + more]
    assert '-H "Authorization: Bearer $FTGATE_SERVE_KEY"' in more


def test_another_stable_name(champions, serving):
    champions.promote()
    metrics = []

    def during(url):
        metrics.append(str(http.get(f"{url}/metrics")[1]))
        return ask(url, model="sms")[0], ask(url)[0], http.model_names(http.get(f"{url}/v1/models")[1])

    _, out, _, found = serving(during, "--name", "sms")
    assert found == (200, 404, ["sms"])
    assert 'task="spam"' in metrics[0]
    assert "serving sms at " in out


def test_a_base_model_that_was_moved_is_found(champions, serving):
    champions.promote()
    elsewhere = (champions.folder / "base").rename(champions.folder / "elsewhere")
    assert serving(ask, "--base", str(elsewhere))[0] == 0


def test_a_port_that_is_taken_is_one_message(champions, ftgate, tmp_path):
    champions.promote()
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        code, _, err = ftgate("serve", "spam", "--port", str(port))
    assert (code, err.splitlines()[0]) == (2, f"ftgate: cannot listen on 127.0.0.1:{port}: Address already in use")


def test_an_engine_that_is_not_here_is_refused_and_can_be_overruled(champions, serving, ftgate, tmp_path):
    champions.promote(engine="vllm 9.9")
    code, out, err = ftgate("serve", "spam", "--port", "0", "--vllm", str(tmp_path / "bin" / "vllm"))
    assert (code, out) == (2, "")
    assert err.startswith("ftgate: spam v1 was gated with vllm 9.9; here is vllm\n")
    assert "--engine vllm" in err
    code, out, _, answer = serving(ask, "--engine", "vllm")
    assert (code, answer) == (0, (200, "it is v1"))
    assert out.count("spam v1 was gated with vllm 9.9, and is served here with vllm: answers may differ\n") == 1


def test_a_server_that_does_not_start_is_the_end_with_its_log(champions, ftgate, monkeypatch, tmp_path):
    champions.promote()
    monkeypatch.setenv("FAKE_VLLM", json.dumps({"say": "torch.OutOfMemoryError: CUDA out of memory", "exit": 1}))
    code, _, err = ftgate("serve", "spam", "--port", "0", "--vllm", str(make_executable(tmp_path / "bin")))
    assert code == 2
    assert "ended with exit code 1 while starting" in err
    assert "both must fit" not in err


def test_a_signal_while_the_engine_starts_ends_it_too(champions, ftgate, monkeypatch, tmp_path):
    champions.promote()
    record = tmp_path / "record.json"
    monkeypatch.setenv("FAKE_VLLM", json.dumps({"deaf": True}))  # ready, but it never answers the warm-up
    monkeypatch.setenv("FAKE_VLLM_RECORD", str(record))

    def signal_once_it_starts():
        wait(lambda: record.is_file() and record.read_text())
        port = json.loads(record.read_text())["argv"]
        wait(lambda: http.get(f"http://127.0.0.1:{port[port.index('--port') + 1]}/health")[0] == 200)
        os.kill(os.getpid(), signal.SIGTERM)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(signal_once_it_starts)
        code, out, _ = ftgate("serve", "spam", "--port", "0", "--vllm", str(make_executable(tmp_path / "bin")))
    assert (code, out.splitlines()[-1]) == (0, "stopped")
    argv = json.loads(record.read_text())["argv"]
    assert http.get(f"http://127.0.0.1:{argv[argv.index('--port') + 1]}/health")[0] == http.UNREACHABLE


def test_a_flipped_byte_in_the_adapter_is_refused(registry, promote, ftgate):
    promote("a")
    (Path(registry.champion("spam").source) / "adapter_model.safetensors").write_text("b")
    code, _, err = ftgate("serve", "spam", "--port", "0")
    assert code == 2
    assert "stored adapter of spam v1 has the digest" in err


def test_another_base_model_is_refused(promote, base, ftgate):
    promote("a")
    (base / "model.safetensors").write_bytes(b"other weights")
    code, _, err = ftgate("serve", "spam", "--port", "0")
    assert code == 2
    assert "is another one by now" in err
    assert "--base DIR" in err


def test_an_open_server_on_the_network_is_warned_of(ftgate):
    assert "no key is set: --key-file FILE or FTGATE_SERVE_KEY" in ftgate("serve", "spam", "--host", "0.0.0.0")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--port", "70000"), "is not a port"),
        (("--drain", "soon"), "is not a number of seconds"),
        (("--cache-ttl", "0"), "is not a whole number from 1"),
    ],
)
def test_options_that_are_no_numbers(arguments, said, capsys):
    with pytest.raises(SystemExit):
        main(["serve", "spam", *arguments])
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--key-file", "none"), "--key-file none: cannot be read"),
        (("--key-file", "empty"), "it holds no key"),
        (("--key-file", "odd"), "--key-file odd:2: the key has a character that a header cannot carry"),
        (("--cache-ttl", "60"), "--cache-ttl without --cache"),
        (("--vllm-args", "'"), "--vllm-args"),
        (("--cache", "http://x"), "is not a Redis URL"),
    ],
)
def test_options_that_cannot_be_used(promote, ftgate, arguments, said, tmp_path, monkeypatch):
    promote("a")
    monkeypatch.chdir(tmp_path)
    Path("empty").write_text("\n# none yet\n")
    Path("odd").write_text("good-key\nmy key\n")
    code, _, err = ftgate("serve", "spam", *arguments)
    assert code == 2
    assert said in err


def test_a_closed_output_ends_no_server_and_shows_no_traceback(monkeypatch):
    """With `ftgate serve | head -1` each line raised BrokenPipeError, which ended what follows the registry."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        tell("v2 is the new champion")
        tell("v2 answers")

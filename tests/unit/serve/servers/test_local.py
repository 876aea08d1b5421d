"""A server of our own that is a shell line: its start fails in each way, and nothing is left of it."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.local import LocalEngine
from tests.unit.serve.servers.test_process import members, wait_for


def silent(_: str) -> None:
    """No progress line."""


class Scripted(LocalEngine):
    """A server that is a shell line."""

    name = "scripted"
    grace_s = 0.3
    hints = (("Address already in use", "use another port"),)
    line = "sleep 600"

    def command(self) -> list[str]:
        return ["sh", "-c", self.line]


def scripted(tmp_path, line: str, limit_s: float = 20.0) -> Scripted:
    engine = Scripted(Model("m", served=True), tmp_path / "log", limit_s)
    engine.line = line
    return engine


def test_a_server_that_is_never_ready_is_ended_with_all_its_processes(tmp_path):
    engine = scripted(tmp_path, "echo warming up; trap '' TERM; sleep 600 & wait; sleep 600", 1.5)
    groups = []
    with pytest.raises(ServeError, match=r"not ready within 1\.5 s(.|\n)*warming up"):
        engine.start(lambda line: groups.append(engine.pid) or groups.append(len(members(engine.pid))))
    group, running = groups[:2]
    assert running >= 3
    assert wait_for(lambda: members(group) == [])


def test_a_known_text_anywhere_in_the_log_says_what_to_do(tmp_path):
    engine = scripted(tmp_path, "echo Address already in use; seq 1 300; exit 1")
    with pytest.raises(ServeError, match=r"exit code 1(.|\n)*300\nuse another port$"):
        engine.start(silent)


def test_a_missing_executable_is_a_clear_error(tmp_path):
    engine = scripted(tmp_path, "")
    engine.command = lambda: ["/no/such/vllm", "serve"]
    with pytest.raises(ServeError, match=r"/no/such/vllm"):
        engine.start(silent)
    assert engine.pid is None


def test_another_server_on_the_port_is_not_taken_for_ours(tmp_path):
    from tests.mock_openai import MockServer

    with MockServer() as other:
        engine = scripted(tmp_path, "sleep 600", 1.0)
        start = engine._wait_until_ready

        def on_its_port(process, progress):
            engine.port = other.port
            start(process, progress)

        engine._wait_until_ready = on_its_port
        with pytest.raises(ServeError, match="not ready"):
            engine.start(silent)

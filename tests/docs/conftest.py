"""The project of a page: its files in a temporary folder, and servers that answer what the documentation asks."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import jinja2  # noqa: F401 - as sklearn
import pytest
import sklearn.metrics  # noqa: F401 - pytester forgets modules after each run in this process; numpy bears no second import

from pytest_ftgate.cli.main import main
from tests.docs.blocks import Block, blocks_of
from tests.messages_server import MessagesServer
from tests.mock_openai import MockServer
from tests.scripted_judge import judging

REPLIES = {
    "France": "Paris",
    "Austria": "Vienna",
    "Broke": '{"mood": "bad"}',
    "loving": '{"mood": "good"}',
    "refund": "You get your money back within a week.",
}
ADDRESSES = {"--ftgate-base-url", "--ftgate-model", "--ftgate-judge-url", "--ftgate-judge-model"}


def reply(messages: list[dict[str, str]]) -> str:
    asked = messages[-1]["content"]
    return next((text for word, text in REPLIES.items() if word in asked), "I do not know.")


class Reader:
    """Copies a page's files and runs its commands, with the addresses of our servers in place of those shown."""

    def __init__(self, pytester: pytest.Pytester, served: list[str]) -> None:
        self.pytester, self.served = pytester, served
        self.path: Path = pytester.path
        pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")

    def copy(self, page: Path) -> None:
        for block in blocks_of(page):
            if block.title:
                self.write(block)

    def write(self, block: Block) -> Path:
        file = self.path / block.title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
        return file

    def run(self, command: str) -> int:
        name, *args = shlex.split(command)
        if name == "pytest":
            result = self.pytester.runpytest_inprocess(*self.served, *_without_addresses(args))
            return int(result.ret)
        assert name == "ftgate", f"{command}: only pytest and ftgate are run"
        return main(args)


def _without_addresses(args: list[str]) -> list[str]:
    kept = [arg for at, arg in enumerate(args) if arg not in ADDRESSES and (at == 0 or args[at - 1] not in ADDRESSES)]
    return [arg for arg in kept if arg.split("=")[0] not in ADDRESSES]


@pytest.fixture
def reader(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.syspath_prepend(str(pytester.path))
    with MockServer(reply) as model, MessagesServer(judging()) as judge:
        model_flags = ["-p", "no:randomly", "--ftgate-base-url", model.base_url, "--ftgate-model", "mock"]
        yield Reader(pytester, [*model_flags, "--ftgate-judge-url", judge.openai_url, "--ftgate-judge-model", "mock"])

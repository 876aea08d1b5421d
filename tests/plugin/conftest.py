"""A user's project in a temporary folder, and a server that answers its golden set."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jinja2  # noqa: F401 - as sklearn: a second import would raise errors that the first one's users do not know
import pytest
import sklearn.metrics  # noqa: F401 - pytester forgets modules after each run in this process; numpy bears no second import
import torch  # noqa: F401 - as numpy: plugins beside ours bring it, and its second import crashes

from tests import projects
from tests.mock_openai import MockServer


@pytest.fixture(scope="session", autouse=True)
def _mlflow_is_imported(mlflow_template: Path) -> None:
    """A stage of --train opens the registry in a thread; pytester would forget modules while that imports them."""


@pytest.fixture(autouse=True)
def _the_registry_is_open() -> Iterator[None]:
    """Its thread goes on when a stage fails; the migrations of two stores at one time disturb each other."""
    yield
    for thread in threading.enumerate():
        if thread.name == "ftgate-registry":
            thread.join(120)


class Project:
    """Writes golden sets and runs pytest on them, against a mock server unless told otherwise."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path: Path = pytester.path
        self.server: MockServer | None = None
        pytester.makeini(
            "[pytest]\naddopts = -p no:randomly -p no:syrupy\nasyncio_default_fixture_loop_scope = function\n"
        )

    def write(self, name: str, text: str) -> Path:
        return projects.write(self.path / name, text)

    def golden(self, name: str, cases: list[dict[str, Any]], toml: str = "") -> Path:
        """A golden set in a folder."""
        return projects.write_golden(self.path / "goldens" / name, cases, toml) / "golden.toml"

    def locked(self, name: str, cases: list[dict[str, Any]], toml: str = "") -> Path:
        """The same, with its golden.lock."""
        path = self.golden(name, cases, toml)
        projects.lock(path)
        return path

    def single(self, name: str, *cases: dict[str, Any]) -> Path:
        """A golden set in one file."""
        return projects.write_rows(self.path / f"goldens/{name}.golden.jsonl", cases)

    def run(self, *args: str) -> pytest.RunResult:
        """pytest in this process, with the server's address and model if there is one, unless they are given."""
        given = {"--ftgate-base-url": self.server.base_url, "--ftgate-model": "mock"} if self.server else {}
        served = [word for flag, value in given.items() if flag not in args for word in (flag, value)]
        return self.pytester.runpytest_inprocess(*served, *map(str, args))


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)


@pytest.fixture
def answering(project: Project) -> Iterator[Callable[..., MockServer]]:
    """`answering(lambda messages: "text")` serves the project's golden sets."""
    started: list[MockServer] = []

    def start(
        answer: Callable[[list[dict[str, str]]], Any] = lambda messages: messages[-1]["content"], **kwargs: Any
    ) -> MockServer:
        server = MockServer(answer, **kwargs)
        server.__enter__()
        started.append(server)
        project.server = server
        return server

    yield start
    for server in started:
        server.__exit__()

"""Real data, real model, real servers; what takes long is made once, and then copied or shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_ftgate.serve.vllm.engine import VllmEngine
from tests.e2e import small_demo
from tests.e2e.patience import patience
from tests.e2e.promoted import Promoted, train_killed_and_resumed
from tests.e2e.vllm_models import need_vllm, shared_engine
from tests.e2e.workshop import Workshop

HERE = Path(__file__).parent
TEST_S, SLOW_S = 240.0, 1500.0
"""What the longest test takes on two quiet cores, all included that it is the first to need; a slow one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Markers and limits for this folder. Who asks the shared server comes last, and who ends it after them."""
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    for item in ours:
        item.add_marker("e2e")
        if item.path.name.startswith("test_vllm"):
            item.add_marker("vllm")
        usual = SLOW_S if item.get_closest_marker("slow") else TEST_S
        item.add_marker(pytest.mark.timeout(patience(usual)))
    last = {id(item): ["engine" in item.fixturenames, "ends_the_server" in item.fixturenames] for item in ours}
    items.sort(key=lambda item: last.get(id(item), []))


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """The repository as it is, nothing trained yet."""
    return Workshop.make(tmp_path / "workshop")


@pytest.fixture(scope="session")
def small_promoted(tmp_path_factory: pytest.TempPathFactory) -> Promoted:
    """v1 of the small demo, made once. A test works on a copy: `small_promoted.day(tmp_path / "day")`."""
    workshop = Workshop.make(tmp_path_factory.mktemp("small") / "workshop")
    small_demo.shrink(workshop)
    return train_killed_and_resumed(workshop, usual_s=120)


@pytest.fixture(scope="session")
def full_promoted(tmp_path_factory: pytest.TempPathFactory) -> Promoted:
    """v1 of the demo as `make demo` runs it."""
    workshop = Workshop.make(tmp_path_factory.mktemp("full") / "workshop")
    workshop.be_patient()
    return train_killed_and_resumed(workshop, usual_s=900)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmEngine]:
    """One real vLLM for all tests that need no server of their own."""
    need_vllm()
    engine = shared_engine(tmp_path_factory.mktemp("vllm") / "vllm.log")
    engine.start(lambda _: None)
    yield engine
    engine.stop()

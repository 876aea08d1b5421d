"""One Ray head with a job server for this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ray_head import ray_head, reached


@pytest.fixture(scope="session")
def head() -> Iterator[dict[str, str]]:
    with ray_head() as env:
        yield env


@pytest.fixture
def on_head(head: dict[str, str]) -> Iterator[dict[str, str]]:
    """Its address and token in the environment."""
    with reached(head):
        yield head

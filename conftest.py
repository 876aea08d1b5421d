"""For the whole repository: skips are told apart, in CI only `gpu` may be one; hypothesis draws the same each time."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("ftgate", derandomize=True, deadline=None)
settings.load_profile("ftgate")
"""One tree passes or fails, whoever runs it. To look for new examples: --hypothesis-profile=default."""

NO_SKIPS = os.environ.get("FTGATE_NO_SKIPS") == "1"


def pytest_configure(config: pytest.Config) -> None:
    """Our own markers."""
    for marker in (
        "gpu: needs a CUDA device; skips with a reason where there is none",
        "e2e: a real model, on two cores a minute or so; all of tests/e2e",
        "vllm: starts or asks a real vLLM",
        "slow: left out of `make test`, part of `make test-all`",
    ):
        config.addinivalue_line("markers", marker)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what only a GPU can show."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("gpu: no CUDA device here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """With FTGATE_NO_SKIPS=1 a skip for any reason but `gpu` is a failure: CI must install what a test needs."""
    report = yield
    allowed = item.get_closest_marker("gpu") or hasattr(report, "wasxfail")
    if NO_SKIPS and report.skipped and not allowed:
        report.outcome = "failed"
        report.longrepr = f"skipped, which FTGATE_NO_SKIPS=1 forbids: {report.longrepr[2]}"
    return report

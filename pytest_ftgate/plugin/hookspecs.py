"""Hooks for conftest.py files and other plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.pipeline.canary.result import Finding


def pytest_ftgate_verdict(task: str, verdict: Verdict, version: int | None) -> None:
    """Called with the gate verdict on a candidate of `task`.

    version: number in the registry; None if not registered (INTEGRITY).
    Called once for each pipeline with a verdict in a `--train` run, after the champion alias has been moved; not for
    UNCHANGED. An exception is reported; it does not change the verdict.
    """


def pytest_ftgate_drift(task: str, finding: Finding) -> None:
    """Called when a canary run finds a regression of the champion of `task`, e.g. to start a retraining.

    finding: the statistics and the regressed cases. Called after the rollback of `--ftgate-rollback-on-drift`.
    """

"""Hooks for conftest.py files and other plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.pipeline.canary.result import Finding
    from pytest_ftgate.pipeline.live.production_run import ProductionFinding


def pytest_ftgate_verdict(task: str, verdict: Verdict, version: int | None) -> None:
    """Called with the gate verdict on a candidate of `task`.

    Called once for each pipeline of a `--train` run that came to a verdict, after the pointer has been moved; not for
    UNCHANGED, where nothing was decided. If it raises, the run reports it, and the verdict remains.

    verdict: its kind, reason and gate checks.
    version: its number in the registry; None if it was not registered (INTEGRITY).
    """


def pytest_ftgate_drift(task: str, finding: Finding | ProductionFinding) -> None:
    """Called when a canary run finds a regression of the champion of `task`, e.g. to start a retraining.

    Called after the rollback that `--ftgate-rollback-on-drift` asks for; with `--live` also when the champion does
    worse on labelled production inputs than on its goldens.

    finding: `kind`, `reason`, `day`, `score` and `lines()`: the numbers and the cases that fell.
    """

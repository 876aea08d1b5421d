"""Flags and ini options of the files that a run writes for CI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REPORT_SETTINGS: tuple[tuple[str, str, str], ...] = (
    ("badge", "", "file for a badge (JSON, an endpoint of shields.io): the verdict, or the score with its interval"),
    ("code-quality", "", "file for a code quality report of GitLab (JSON): failures and misses at their line"),
    ("run-file", "", "file for all that the run has to report (JSON), for `ftgate ci comment --run-file`"),
)


def report_files(text: Mapping[str, str]) -> dict[str, Any]:
    """Fields of Options."""
    return {name.replace("-", "_"): text[name] for name, _, _ in REPORT_SETTINGS}

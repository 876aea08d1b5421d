"""What a person types while labelling is kept without personal data, where nobody else reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.annotation.decision_log import DecisionLog
from pytest_ftgate.annotation.review_queue import ReviewQueue
from pytest_ftgate.data.request_log.request import LoggedRequest
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.live.labelling import WRITTEN, live_items, live_task
from pytest_ftgate.pipeline.live.live_input import anonymous
from tests.projects import write_golden


def test_what_is_typed_reaches_no_disk_with_personal_data(tmp_path: Path):
    suite = load_suite(write_golden(tmp_path / "g", [{"input": "a", "expected": "x"}]))
    each = anonymous(suite, LoggedRequest(1, "Whom do I ask?", "nobody"))
    journal = tmp_path / "review/g.live.1.jsonl"
    journal.parent.mkdir()
    journal.write_text("")
    journal.chmod(0o644)
    with DecisionLog(journal, private=True) as book:
        ReviewQueue(live_task(suite), live_items(suite, [each]), book, "ann").decide(
            each.key, WRITTEN, "Ask bob.jones@acme.org"
        )
    assert "bob.jones" not in journal.read_text()
    assert "Ask <EMAIL>" in journal.read_text()
    assert [path.stat().st_mode & 0o777 for path in (journal, journal.parent)] == [0o600, 0o700]


@pytest.mark.parametrize(("at", "kept"), [("2026-11-28T10:00:00Z", True), ("ann@acme.org", False), ("", False)])
def test_only_a_time_is_kept_of_when(tmp_path: Path, at: str, kept: bool):
    suite = load_suite(write_golden(tmp_path / "g", [{"input": "a", "expected": "x"}]))
    assert anonymous(suite, LoggedRequest(1, "Hi", at=at)).at == (at if kept else "")

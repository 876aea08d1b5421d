"""Runs found again by their tags, in a real store."""

import pytest

from pytest_ftgate.registry import search


def test_runs_are_found_by_their_tags_oldest_first_page_by_page(registry, monkeypatch):
    monkeypatch.setattr(search, "A_PAGE", 2)
    nights = [registry.log_run("spam.canary", {}, {"score": i / 10}, {}, {}, {"kind": "night"}) for i in range(5)]
    registry.log_run("spam.canary", {}, {}, {}, {}, {"kind": "reference"})
    registry.log_run("ham.canary", {}, {}, {}, {}, {"kind": "night"})
    found = registry.logged("spam.canary", {"kind": "night"})
    assert [run.run_id for run in found] == nights
    assert [run.metrics["score"] for run in found] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert len(registry.logged("spam.canary", {})) == 6


def test_a_run_that_was_broken_off_is_not_found(registry, tmp_path):
    with pytest.raises(Exception, match="no such file"):
        registry.log_run("spam.canary", {}, {}, {}, {"": tmp_path / "none"}, {"kind": "night"})
    assert registry.logged("spam.canary", {"kind": "night"}) == []


def test_an_unknown_experiment_has_no_runs_and_an_artifact_that_is_not_there_is_none(registry):
    assert registry.logged("nothing", {}) == []
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    assert registry.artifact(run, "canary.json") is None


def test_a_tag_that_would_end_the_question_is_refused(registry):
    registry.log_run("spam", {}, {}, {}, {}, {})
    with pytest.raises(ValueError, match="quotation mark"):
        registry.logged("spam", {"kind": "a' or 'b"})

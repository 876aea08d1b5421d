"""Exposures of this very candidate and of no other decide its check `live`; with a real registry and real files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.gate.live.plan import live_set
from pytest_ftgate.gate.verdict import Kind, decide
from pytest_ftgate.pipeline.decide.run_checks import checks_of, judge
from pytest_ftgate.pipeline.stages.promote import conclude
from tests.projects import write_rows
from tests.unit.pipeline_runs import GOLDEN, PIPELINE, Shop, checks

AB = '[ab]\nshare = 0.2\noutcome = "binary"\nexposures = "../../exposures.jsonl"\n'


@pytest.fixture
def made(tmp_path, plain_template, no_tracking_server):
    """made(more) -> a shop with a champion and a candidate of the same quality, whose pipeline.toml has [ab]."""

    def make(more=""):
        shop = Shop(tmp_path, plain_template, AB + more)
        first = shop.run("one", wrong=range(10))
        conclude(first, decide(list(checks(first).values())))
        return shop, shop.run("two", wrong=range(8))

    return make


def log(shop, digest, candidate=0.9, users=3000, share=0.2):
    rng, start = np.random.default_rng(4), datetime(2026, 3, 1, tzinfo=UTC)
    rows = []
    for i in range(users):
        drawn = bool(rng.random() < share)
        rows.append(
            {
                "user": f"u{i}",
                "arm": "candidate" if drawn else "champion",
                "at": (start + timedelta(minutes=i)).isoformat(),
                "candidate": digest[:16],
                "outcome": int(rng.random() < (candidate if drawn else 0.6)),
            }
        )
    write_rows(shop.path / "exposures.jsonl", rows)


def live(run):
    suite = run.suites[0]
    return judge("live", suite, run.candidate_of(suite), run, 0.05)


def verdict(run):
    found = [*checks(run).values(), live(run)]
    return decide([check for check in found if check is not None])


@pytest.mark.parametrize(
    ("candidate", "share", "kind"),
    [(0.9, 0.2, Kind.PROMOTE), (0.3, 0.2, Kind.REJECT), (0.6, 0.2, Kind.HOLD), (0.9, 0.3, Kind.INTEGRITY)],
)
def test_users_decide_over_a_candidate_that_passes_all_else(made, candidate, share, kind):
    shop, run = made()
    log(shop, run.candidate.model.digest, candidate, share=share)
    told = verdict(run)
    assert told.kind == kind, told.reason
    assert kind == Kind.PROMOTE or told.reason.startswith("live: ")


def test_a_fresh_candidate_has_no_exposures_and_those_of_another_are_not_its_own(made):
    shop, run = made()
    assert live(run) is None
    log(shop, "0" * 64, candidate=0.1)
    assert live(run) is None
    assert verdict(run).kind == Kind.PROMOTE


def test_where_live_evidence_is_required_nothing_is_promoted_without(made):
    shop, run = made("required = true\n")
    told = verdict(run)
    assert (told.kind, told.reason) == (
        Kind.HOLD,
        "live: no exposures of this candidate yet; set up the split: ftgate router quiz --candidate",
    )
    log(shop, run.candidate.model.digest)
    assert verdict(run).kind == Kind.PROMOTE


def test_a_broken_log_is_told_with_its_lines(made):
    shop, run = made()
    (shop.path / "exposures.jsonl").write_text('{"user": "u1"}\n')
    with pytest.raises(FileFaults, match=r"exposures\.jsonl:1: an exposure needs 'arm' and 'at'"):
        live(run)


def test_the_check_stands_with_the_first_golden_set_of_a_pipeline_that_names_exposures(made):
    shop, _ = made()
    path = shop.path / "pipelines/quiz/pipeline.toml"
    assert live_set(path) == "quiz"
    suite = shop.golden(toml=GOLDEN)
    assert checks_of(suite, train=True, live=True)[-1] == "live"
    assert "live" not in checks_of(suite, train=False, live=True)
    for text in (PIPELINE, PIPELINE + "[ab]\nshare = 0.1\n", "goldens = 3\n[ab]\nexposures = 1", "["):
        path.write_text(text)
        assert live_set(path) == ""

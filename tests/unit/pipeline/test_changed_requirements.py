"""The verdict on a candidate says what its gate accepts that it did not when the champion was judged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_ftgate.evaluate.lock import write_lock
from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.changed_requirements import changed_requirements
from pytest_ftgate.pipeline.run import PipelineRun
from pytest_ftgate.pipeline.stages.promote import conclude
from pytest_ftgate.registry.audit.moves import entries_of, moves_in
from tests.unit.pipeline_runs import GOLDEN, PIPELINE, Shop

MORE = '[baseline]\nmin_gain = 0.05\n[forgetting]\ngolden = "skills"\n[ab]\nshare = 0.1\nmargin = 0.01\n'


@pytest.fixture
def shop(tmp_path: Path, plain_template: Path, no_tracking_server: None) -> Shop:
    return Shop(tmp_path, plain_template, MORE)


def promoted(run: PipelineRun) -> None:
    conclude(run, Verdict(Kind.PROMOTE, (), "all checks passed"))


def told(run: PipelineRun) -> list[str]:
    return [re.sub(r"on \d{4}-\d\d-\d\d", "on DAY", line) for line in changed_requirements(run)]


def test_nothing_has_changed(shop: Shop) -> None:
    assert told(shop.run("one")) == [], "there is no champion yet"
    promoted(shop.run("one"))
    assert told(shop.run("two")) == []


def test_every_lock_since_the_champion_was_judged_is_named_in_each_verdict_until_the_next(shop: Shop) -> None:
    promoted(shop.run("one"))
    shop.cases[0]["expected"] = "no"
    shop.golden()
    shop.cases[1]["id"] = "new"
    suite = shop.golden(toml=GOLDEN.replace("0.5", "0.1"))
    write_lock(suite.golden.path, suite, 0.9)
    said = (
        "the golden set quiz was locked again since v1 was judged: on DAY: 1 case changed: c0; "
        "on DAY: 1 case renamed: new, floor accuracy min 0.5 -> 0.1; on DAY: delta 0.05 -> 0.9"
    )
    assert told(shop.run("two", suite=suite)) == [said]
    conclude(shop.run("two", suite=suite), Verdict(Kind.HOLD, (), "not better"))
    assert told(shop.run("three", suite=suite)) == [said], "the champion was judged without these changes"
    promoted(shop.run("three", suite=suite))
    assert told(shop.run("four", suite=suite)) == []
    *_, move = moves_in(entries_of(shop.registry.log, "quiz"))
    for kept in (move.what["reason"], shop.registry.champion("quiz").tags["reason"]):
        assert kept.startswith("all checks passed; the golden set quiz was locked again since v1 was judged: on ")
        assert "floor accuracy min 0.5 -> 0.1" in kept


def test_a_lock_written_anew_without_its_history_is_named(shop: Shop) -> None:
    promoted(shop.run("one"))
    (shop.path / "goldens/quiz/golden.lock").unlink()
    shop.cases[0]["expected"] = "no"
    assert told(shop.run("two", suite=shop.golden())) == [
        "golden.lock of quiz was removed and written anew since v1 was judged: on DAY: first lock: 100 cases"
    ]


def test_without_a_champion_the_newest_version_is_compared_with(shop: Shop) -> None:
    conclude(shop.run("one"), Verdict(Kind.REJECT, (), "worse"))
    shop.cases[0]["expected"] = "no"
    [said] = told(shop.run("two"))
    assert "since v1 was judged: on DAY: 1 case changed: c0" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("min_gain = 0.05", "min_gain = 0", "baseline min_gain 0.05 -> 0"),
        ('golden = "skills"', 'golden = "skills"\nmax_drop = 0.9', "forgetting max_drop 0.1 -> 0.9"),
        ('golden = "skills"', 'golden = "skills"\nrequired = false', "forgetting required True -> False"),
        ("margin = 0.01", "margin = 0.5", "ab margin 0.01 -> 0.5"),
        ("[baseline]", '[gate]\nmode = "superior"\n[baseline]', "gate mode non-inferior -> superior"),
        ('goldens = ["quiz"]', 'goldens = ["quiz", "other"]', "goldens quiz -> quiz, other"),
        ("[baseline]", 'allow = ["pii"]\n[baseline]', "data allow none -> pii"),
    ],
)
def test_whatever_pipeline_toml_requires_otherwise_is_named(shop: Shop, old: str, new: str, said: str) -> None:
    promoted(shop.run("one"))
    text = PIPELINE + MORE
    assert old in text
    (shop.path / "pipelines/quiz/pipeline.toml").write_text(text.replace(old, new))
    assert told(shop.run("two")) == [f"pipeline.toml was changed since v1 was judged: {said}"]

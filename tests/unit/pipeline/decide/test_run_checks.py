"""What each check is given in a run: frozen results, past champions, rounds, uses; with a real registry."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.errors import RegistryError
from pytest_ftgate.gate.verdict import Kind, decide
from pytest_ftgate.pipeline.golden_reuse import OVERUSED, uses
from pytest_ftgate.pipeline.question_sketch import sketch_of
from pytest_ftgate.pipeline.run import Stopped
from pytest_ftgate.pipeline.stages.leakage import check_leakage
from pytest_ftgate.pipeline.stages.promote import conclude, warnings_about
from tests.unit.pipeline_runs import GOLDEN, Shop, checks


@pytest.fixture
def shop(tmp_path, plain_template, no_tracking_server):
    return Shop(tmp_path, plain_template)


def judged(run):
    """(verdict, checks), concluded as `--train` does."""
    found = checks(run)
    verdict = decide(list(found.values()))
    conclude(run, verdict)
    return verdict, found


def test_a_first_model_is_held_against_base_and_floors(shop):
    verdict, found = judged(shop.run("one", wrong=range(10)))
    assert verdict.kind == Kind.PROMOTE, verdict.reason
    assert list(found) == ["integrity", "baseline", "floors"]
    assert shop.registry.champion("quiz").number == 1


def test_the_anchor_is_the_best_past_champion(shop):
    """v1 has 8 wrong, v2 (by hand) 14, v3 a little better than v2: the third is measured against v1 too."""
    judged(shop.run("one", wrong=range(8)))
    judged(shop.run("two", wrong=range(14)))
    assert shop.registry.champion("quiz").number == 1, "six points behind is not promoted"
    shop.registry.promote("quiz", 2, "by hand", override=True)
    _, found = judged(shop.run("three", wrong=range(13)))
    assert found["champion"].numbers["gain"] == pytest.approx(0.01)
    assert found["anchor"].numbers["gain"] == pytest.approx(-0.05)
    assert found["anchor"].status == "hold"
    assert found["anchor"].reason.endswith("; against v1")


def test_no_anchor_where_the_champion_is_itself_the_best(shop):
    judged(shop.run("one", wrong=range(20)))
    verdict, found = judged(shop.run("two", wrong=range(8)))
    assert verdict.kind == Kind.PROMOTE
    assert "anchor" not in found
    _, found = judged(shop.run("three", wrong=range(7)))
    assert found["champion"].numbers["n"] == 100
    assert "anchor" not in found, "the champion v2 is better than v1"


def test_a_past_champion_of_another_golden_set_is_no_anchor(shop):
    judged(shop.run("one", wrong=range(2)))
    judged(shop.run("two", wrong=range(14)))
    shop.registry.promote("quiz", 2, "by hand", override=True)
    assert "anchor" in checks(shop.run("three", wrong=range(12)))
    for case in shop.cases[:6]:
        case["input"] += " indeed"
    suite = shop.golden()
    run = shop.run("three", wrong=range(12), suite=suite)
    shop.champion_now(run, suite, wrong=range(14))
    found = checks(run)
    assert "anchor" not in found
    assert found["champion"].numbers["n"] == 100, "the champion was measured again"


def test_new_ids_take_no_case_out_of_the_comparison(shop):
    """Five of 100 may be new: what is frozen of the rest is compared. Only their ids are new here."""
    judged(shop.run("one", wrong=range(14)))
    for case in shop.cases[95:]:
        case["id"] = f"new-{case['id']}"
    found = checks(shop.run("two", wrong=range(95, 100), suite=shop.golden()))
    assert found["champion"].numbers["n"] == 100
    assert found["champion"].numbers["gain"] == pytest.approx(0.09)


def test_a_champion_measured_in_this_run_is_seen_by_integrity(shop):
    judged(shop.run("one", wrong=range(14)))
    for case in shop.cases[:6]:
        case["input"] += " indeed"
    suite = shop.golden()
    run = shop.run("two", wrong=range(12), suite=suite)
    measured = run.champion_of(suite)
    shop.champion_now(run, suite, wrong=range(14))
    for case in list(suite.cases)[:7]:
        measured._outcomes[case.id] = None
    found = checks(run)
    assert found["integrity"].status == "integrity"
    assert "champion: 7 of 100 cases unmeasured" in found["integrity"].reason


def test_a_champion_asked_in_another_way_is_asked_again(shop):
    """The cases are the same; the prompt is not."""
    judged(shop.run("one", wrong=range(14)))
    suite = shop.golden(toml='[prompt]\nsystem = "Say yes."\n' + GOLDEN)
    run = shop.run("two", wrong=range(12), suite=suite)
    assert run.references.champion_is_stale(suite)
    shop.champion_now(run, suite, wrong=range(20))
    found = checks(run)
    assert found["champion"].numbers["gain"] == pytest.approx(0.08)


def test_a_count_that_fails_is_a_warning_and_undoes_nothing(shop, monkeypatch):
    def fails(*_):
        raise RegistryError("the server is gone")

    run = shop.run("one", wrong=range(10))
    judged(run)
    monkeypatch.setattr("pytest_ftgate.pipeline.stages.promote.uses", fails)
    assert warnings_about(run) == ["cannot count earlier decisions of the golden sets: the server is gone"]


def test_slices_decide_against_the_champion_and_advise_about_a_first_model(shop):
    """The base model is perfect on the slice en, as one that gives the same answer to everything may be."""
    for i, case in enumerate(shop.cases):
        case["slices"] = {"lang": "de" if i < 60 else "en"}
    verdict, found = judged(shop.run("one", wrong=range(80, 90)))
    assert found["slices"].status == "reject"
    assert "significantly worse than the base model in 1 of 2: lang=en" in found["slices"].reason
    assert verdict.kind == Kind.PROMOTE
    assert "advisory and not met: slices (reject)" in verdict.reason
    verdict, found = judged(shop.run("two", wrong=range(9)))
    assert found["champion"].status == "hold" or found["champion"].numbers["gain"] > 0
    assert found["slices"].status == "reject"
    assert verdict.kind == Kind.REJECT
    assert "lang=de -15.0 points" in verdict.reason


def test_candidates_of_one_round_share_its_alpha(shop):
    judged(shop.run("one", wrong=range(14)))
    _, found = judged(shop.run("two", wrong=range(16)))
    assert found["champion"].numbers["alpha"] == 0.05
    verdict, found = judged(shop.run("three", wrong=range(15)))
    assert verdict.kind == Kind.HOLD
    assert found["champion"].numbers["alpha"] == 0.025
    assert "; 2nd candidate of this round: alpha .025" in found["baseline"].reason
    _, found = judged(shop.run("three", wrong=range(15)))
    assert found["champion"].numbers["alpha"] == 0.025, "the same adapter again is no new candidate"
    _, found = judged(shop.run("four", wrong=range(17)))
    assert found["champion"].numbers["alpha"] == pytest.approx(0.05 / 3)


def test_a_version_that_was_deleted_still_counts_in_its_round(shop):
    judged(shop.run("one", wrong=range(14)))
    judged(shop.run("two", wrong=range(16)))
    assert shop.run("three").tried(shop.golden()) == 2
    with shop.registry.store.asking("test") as client:
        client.delete_model_version("quiz", "2")
    assert shop.run("three").tried(shop.golden()) == 2
    assert shop.run("two").tried(shop.golden()) == 1, "itself again"


def test_a_new_champion_or_another_golden_set_begins_a_round(shop):
    judged(shop.run("one", wrong=range(14)))
    judged(shop.run("two", wrong=range(16)))
    judged(shop.run("three", wrong=range(2)))
    assert shop.registry.champion("quiz").number == 3
    assert shop.run("four").tried(shop.golden()) == 1
    judged(shop.run("four", wrong=range(4)))
    assert shop.run("five").tried(shop.golden()) == 2
    before = shop.cases
    shop.cases = [{"id": f"n{i}", "input": f"new {i}", "expected": "yes"} for i in range(70)] + before[70:]
    suite = shop.golden()
    assert shop.run("five", suite=suite).tried(suite) == 1, "most of its questions are new"
    shop.cases = before
    shop.registry.rollback("quiz", "it broke")
    assert shop.run("five").tried(shop.golden()) == 1


@pytest.mark.parametrize("change", ["ids", "order", "answers", "name", "white space", "a third is new", "graders"])
def test_a_golden_set_with_the_same_questions_begins_no_round(shop, change):
    judged(shop.run("one", wrong=range(14)))
    judged(shop.run("two", wrong=range(16)))
    name, toml = "quiz", GOLDEN
    match change:
        case "ids":
            shop.cases = [case | {"id": f"new-{case['id']}"} for case in shop.cases]
        case "order":
            shop.cases = shop.cases[::-1]
        case "answers":
            shop.cases = [case | {"expected": "no"} for case in shop.cases]
        case "name":
            name = "examination"
        case "white space":
            shop.cases = [case | {"input": f" {case['input'].upper()} !"} for case in shop.cases]
        case "a third is new":
            shop.cases[:33] = [{"id": f"n{i}", "input": f"new {i}", "expected": "yes"} for i in range(33)]
        case "graders":
            toml = GOLDEN + "[[grader]]\nkind = 'contains'\n"
    suite = shop.golden(name, toml)
    assert shop.run("three", suite=suite).tried(suite) == 2, "v1 began the round; v2 was tried in it, and this one"
    assert uses(shop.registry, sketch_of(suite.cases)) == 2


def test_a_golden_set_that_decided_too_often_is_overused(shop, monkeypatch):
    monkeypatch.setattr("pytest_ftgate.pipeline.golden_reuse.OVERUSED", 2)
    for number, weights in enumerate(["one", "two", "two", "three"], 1):
        run = shop.run(weights, wrong=range(14 + number))
        judged(run)
        suite = run.suites[0]
        told = warnings_about(run)
        assert uses(shop.registry, sketch_of(suite.cases)) == {1: 1, 2: 2, 3: 2, 4: 3}[number]
        assert bool(told) == (number == 4)
    assert told[0].startswith("quiz has decided on about 3 versions, more than 2: overused")
    assert uses(shop.registry, frozenset({"another"})) == 0
    assert OVERUSED == 32


def test_status_shows_how_far_a_golden_set_is_used_up(shop, capsys):
    judged(shop.run("one", wrong=range(14)))
    judged(shop.run("two", wrong=range(15)))
    assert main(["status", "--state-dir", str(shop.state)]) == 0
    out = capsys.readouterr().out
    assert f"golden set quiz  2 of 32 decisions  (digest {shop.golden().digest[:12]})" in out


FORGETTING = '[forgetting]\ngolden = "skills"\nrequired = {}\n'


@pytest.mark.parametrize(("required", "kind"), [("true", Kind.REJECT), ("false", Kind.PROMOTE)])
def test_general_skills_decide_only_where_they_are_required(tmp_path, plain_template, required, kind):
    shop = Shop(tmp_path, plain_template, FORGETTING.format(required))
    skills = shop.golden("skills", GOLDEN.replace("0.5", "0.99"))
    run = shop.run("one", wrong=range(10), general=(skills, range(50), range(20)))
    verdict, found = judged(run)
    assert verdict.kind == kind, verdict.reason
    assert list(found) == ["integrity", "baseline", "floors", "forgetting"], "floors of the general set do not gate"
    assert found["forgetting"].numbers["gain"] == pytest.approx(-0.30)
    assert found["forgetting"].advisory == (required == "false")
    [version] = shop.registry.versions("quiz")
    assert ("golden.skills" in version.tags) == (required == "true")
    assert len(shop.registry.results(version, "skills")["cases"]) == 100


@pytest.mark.parametrize("required", ["true", "false"])
def test_a_leak_into_general_skills_stops_only_where_they_decide(tmp_path, plain_template, required):
    shop = Shop(tmp_path, plain_template, FORGETTING.format(required))
    question = "Name the river that runs through the town where the old clock maker lived"
    shop.golden()
    shop.cases = [{"id": "s1", "input": question, "expected": "yes"}]
    skills = shop.golden("skills")
    row = json.dumps({"input": f"Now tell me. {question}", "expected": "yes"})
    (tmp_path / "pipelines/quiz/train.jsonl").write_text(f"{row}\n")
    shop.cases = [{"id": "c1", "input": "What is the colour of the sky at noon?", "expected": "yes"}]
    run = shop.run("one", general=(skills, (), ()))
    if required == "false":
        check_leakage(run)
        assert not run.leakage.report.leaks
        return
    with pytest.raises(Stopped, match="leak of golden case skills/s1") as stopped:
        check_leakage(run)
    assert stopped.value.verdict.kind == Kind.INTEGRITY


@pytest.mark.parametrize("leak", ["error", "drop-row", "drop-case"])
def test_a_golden_case_in_the_prompt_stops_the_run_whatever_is_dropped(shop, leak):
    suite = shop.golden(toml='[prompt]\nexamples = [["q1", "yes"], ["q2", "no"]]\n' + GOLDEN)
    run = shop.run("one", suite=suite)
    run.leak = leak
    with pytest.raises(Stopped, match=r"golden\.toml:2: leak of golden case quiz/c1 ") as stopped:
        check_leakage(run)
    assert stopped.value.verdict.kind == Kind.INTEGRITY
    assert "golden.toml:2: leak of golden case quiz/c2 " in stopped.value.verdict.reason


def test_superior_asks_for_more_than_not_worse(tmp_path, plain_template):
    shop = Shop(tmp_path, plain_template, '[gate]\nmode = "superior"\n')
    judged(shop.run("one", wrong=range(14)))
    verdict, found = judged(shop.run("two", wrong=range(12)))
    assert verdict.kind == Kind.HOLD
    assert "lower bound -0.7 <= +0.0" in found["champion"].reason, found["champion"].reason
    assert found["champion"].cases_more

"""The first screen: the verdict in a sentence."""

from __future__ import annotations

import pytest

from pytest_ftgate.pipeline.report.html.verdict import banner, headlines
from tests.unit.pipeline.report.html.reports import check, difference, fact, pipeline, run, score, verdict


def headline(**more):
    [found] = headlines(run(**more))
    return found


def test_a_promotion_says_what_it_is_better_than():
    checks = [difference("baseline", "pass", 0.233, min_gain=0.0), difference("champion", "pass", 0.02, margin=0.03)]
    found = headline(verdicts=[verdict("PROMOTE")], checks={"mail": checks})
    assert (found.word, found.subject, found.tone) == ("PROMOTED", "mail v3", "good")
    assert found.sentence == (
        "It is the champion now: it is 23.3 points better than the base model, and not worse than the champion before "
        "it (+2.0 points)."
    )
    assert found.command == "ftgate serve mail"


def test_a_proposal_is_no_promotion():
    found = headline(verdicts=[verdict("PROMOTE", proposed=True)])
    assert found.word == "PROPOSED"
    assert found.command == "ftgate promote mail v3"


def test_a_rejection_names_the_evidence_and_the_margin():
    checks = [
        difference("champion", "reject", -0.167, margin=0.05, lower=-0.281, upper=-0.054),
        check("floors", "hold"),
    ]
    found = headline(verdicts=[verdict("REJECT", reason="champion: ...")], checks={"mail": checks}, code=1)
    assert found.sentence == (
        "Not promoted: it is worse than the champion (−16.7 points, between −28.1 and −5.4; limit −5.0)."
    )
    assert found.tone == "bad"


def test_too_little_evidence_and_not_measured_are_two_things():
    unsure = [difference("champion", "hold", 0.0, margin=0.03)]
    assert (
        "not shown to be as good as the champion"
        in headline(verdicts=[verdict("HOLD")], checks={"mail": unsure}, code=10).sentence
    )
    missing = [check("champion", "hold", "champion: not decided: 12 of 300 cases not measured in this run")]
    found = headline(verdicts=[verdict("HOLD")], checks={"mail": missing}, code=10)
    assert "12 of 300 cases not measured" in found.sentence
    assert "not shown" not in found.sentence
    assert found.tone == "warn"


def test_leakage_stops_with_its_rows():
    found = headline(verdicts=[verdict("INTEGRITY", None, "leakage: 1 of 60 leaks\n  train.jsonl:1: leak")], code=11)
    assert found.sentence == "Not promoted: leakage: 1 of 60 leaks"
    assert found.lines == ("train.jsonl:1: leak",)


def test_a_plain_run_says_its_score():
    found = headline(sets=[fact()], scores=[score()])
    assert (found.word, found.subject) == ("PASSED", "mail")
    assert found.sentence == "Accuracy 90.0 % on 200 cases of mail by candidate."
    floors = {"accuracy": 0.9, "accuracy lower": 0.85, "accuracy upper": 0.93, "accuracy min": 0.8}
    passed = headline(sets=[fact()], scores=[score()], checks={"mail": [check("floors", "pass", **floors)]})
    assert passed.lines == ("floor of mail reached: accuracy 90.0 %, between 85.0 % and 93.0 %; at least 80.0 % asked",)


def test_a_plain_run_names_the_floor_that_is_not_reached_and_no_other():
    numbers = {"accuracy": 0.9, "accuracy lower": 0.85, "accuracy upper": 0.93, "accuracy min": 0.88}
    numbers |= {"p95_ms": 100.0, "p95_ms lower": 90.0, "p95_ms upper": 110.0, "p95_ms max": 900.0}
    found = headline(scores=[score()], checks={"mail": [check("floors", "hold", **numbers)]}, code=10)
    assert found.sentence == (
        "It is not shown to reach a floor (accuracy 90.0 %, between 85.0 % and 93.0 %; at least 88.0 % asked)."
    )


def test_a_slice_that_lost_stands_on_the_first_screen():
    lost = {"name": "lang=fr", "n": 27, "gain": -0.37, "p": 0.011}
    change = {"set": "mail", "title": "mail", "slices": [lost, {"name": "lang=de", "n": 40, "gain": 0.1, "p": 1.0}]}
    found = headline(sets=[fact()], scores=[score()], changed=[change])
    assert found.warnings == (
        "mail is significantly worse than in the run before on lang=fr (-37.0 points, Holm p = 0.011).",
    )


def test_of_two_pipelines_each_has_its_own_checks():
    checks = {
        "mail": [difference("baseline", "pass", 0.2, min_gain=0.0)],
        "sms": [difference("baseline", "reject", -0.1, min_gain=0.0)],
    }
    facts = [pipeline(), pipeline(task="sms", goldens=["sms"])]
    verdicts = [verdict("PROMOTE"), verdict("REJECT", task="sms")]
    good, bad = headlines(run(verdicts=verdicts, checks=checks, pipelines=facts, code=1))
    assert "20.0 points better than the base model" in good.sentence
    assert (good.tone, bad.tone) == ("good", "bad")
    assert "significantly worse than the base model" in bad.sentence
    assert "20.0" not in bad.sentence


def test_wrong_and_unmeasured_cases_are_counted_apart_and_once_for_all_prompts():
    cases = [
        {"set": title, "case": f"c{n}", "unmeasured": n > 8, "apart": n > 8}
        for title in ("mail", "mail[v2]")
        for n in range(11)
    ]
    sets = [fact(), fact(title="mail[v2]")]
    found = headline(sets=sets, scores=[score(failed=2)], wrong=cases[:11], missed=cases[11:], failed=10, code=1)
    assert found.sentence.endswith("; 9 cases are wrong; 2 cases could not be measured; 1 other test failed.")


def test_an_ordinary_test_that_fails_is_the_reason():
    found = headline(sets=[fact()], scores=[score(n=1)], failed=2, code=1)
    assert found.word == "FAILED"
    assert found.sentence.endswith("; 2 other tests failed.")


def test_a_promotion_in_a_run_that_failed_is_not_green():
    assert headline(verdicts=[verdict("PROMOTE")], code=1).tone == "warn"


def test_a_floor_with_one_bound():
    numbers = {"p95_ms": 14.46, "p95_ms lower": 13.69, "p95_ms max": 10.0}
    found = headline(checks={"mail": [check("floors", "reject", **numbers)]}, code=1)
    assert "p95_ms 14.46 ms, at least 13.69 ms; at most 10 ms asked" in found.sentence


def test_cases_without_a_grade_are_told_apart():
    found = headline(scores=[score(failed=12)], code=1)
    assert found.word == "FAILED"
    assert "12 cases could not be measured" in found.sentence


@pytest.mark.parametrize(
    ("kind", "word", "tone"),
    [("steady", "STEADY", "good"), ("drift", "DRIFT", "bad"), ("none", "NOTHING TO WATCH", "warn")],
)
def test_a_canary(kind, word, tone):
    night = {"task": "mail", "version": 3, "kind": kind, "reason": "what it found", "lines": ["a window"]}
    found = headline(canary=True, nights=[night])
    assert (found.word, found.tone, found.sentence) == (word, tone, "What it found.")


def test_data_checks_alone():
    data = [{"task": "mail", "check": "size", "level": "warning", "rows": 20, "text": "few"}]
    assert headline(data=data).sentence == "1 data check: no error, 1 with warnings."


def test_a_failed_data_check_is_named_and_nothing_was_trained():
    data = [
        {"task": "mail", "check": name, "level": level, "rows": 20, "text": "3 rows have no answer"}
        for name, level in (("size", "ok"), ("format", "error"))
    ]
    told = "mail: the data check format failed: 3 rows have no answer"
    assert headline(data=data, train=True, code=1).sentence == f"{told}; nothing was trained."
    assert headline(data=data, code=1).sentence == f"{told}."


@pytest.mark.parametrize(
    "unmeasured",
    [
        {"unasked": ["mail: not asked: no response (connection refused)"]},
        {"scores": [score(n=0, failed=12, metrics=[])]},
    ],
)
def test_a_server_that_is_down_is_no_failed_model(unmeasured):
    checks = {"mail": [check("floors", "hold", "floors: not decided: 30 of 30 cases not measured")]}
    found = headline(sets=[fact()], checks=checks, code=1, **unmeasured)
    assert (found.word, found.tone) == ("NOT MEASURED", "warn")
    assert found.sentence.startswith("Nothing could be measured, so nothing is known of the model")
    assert found.lines == tuple(unmeasured.get("unasked", ()))
    rejected = {"mail": [check("integrity", "reject")]}
    assert headline(sets=[fact()], checks=rejected, code=1, **unmeasured).tone == "bad"


def test_tiles_have_the_resolution_beside_the_score_and_leave_general_skills_out():
    checks = {"mail": [difference("champion", "pass", 0.02, margin=0.03)]}
    sets = [fact(), fact(set="skills", title="skills")]
    text = banner(run(sets=sets, scores=[score()], checks=checks, pipelines=[pipeline(general="skills")]))
    assert "smallest difference it can see" in text
    assert "8.1 points" in text
    assert "+2.0 points" in text
    assert text.count("<dt>") == 3, "those of the general skills are left out"

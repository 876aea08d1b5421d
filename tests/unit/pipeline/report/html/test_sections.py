"""Each section: its numbers, and that it is left out where it has none."""

from __future__ import annotations

import re

from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.gate.checks.result import Result
from pytest_ftgate.pipeline.report.html import (
    canary,
    checks,
    confusion,
    distribution,
    facts,
    judges,
    leaks,
    more,
    numbers,
    prompts,
    sets,
    slices,
    spent,
    training,
)
from pytest_ftgate.pipeline.report.html.grades import Column, SetGrades, read_grades
from pytest_ftgate.pipeline.report.html.models import read_models
from tests.run_records import case, cases, keep, record
from tests.unit.pipeline.report.html.reports import (
    check,
    columns,
    difference,
    fact,
    leak,
    move,
    pipeline,
    results,
    run,
    score,
)


def words(section):
    """What a reader sees of it, in one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", str(section.body)).split())


def test_a_check_is_an_interval_against_its_limit():
    found = checks.checks(
        run(checks={"mail": [difference("champion", "pass", 0.02, margin=0.03), check("integrity", "pass")]})
    )
    told = "champion: +2.0, between −4.0 and +8.0, limit −3.0"
    assert f'aria-label="{told}"' in found.body
    assert f"<desc>{told}</desc>" in found.body
    assert found.body.count('class="limit"') == 1
    assert found.body.count('class="beyond"') == 1


def test_an_advisory_check_and_other_parts_of_the_set():
    one = difference("forgetting", "reject", -0.2, margin=0.1) | {"advisory": True}
    one["beside"] = [{"part": "all cases", "status": "pass", "reason": "forgetting: +1.0 points"}]
    text = words(checks.checks(run(checks={"mail": [one]})))
    assert "advisory" in text
    assert "on all cases: ✓ pass +1.0 points" in text


def test_floors_have_axes_of_their_own():
    numbers = {"f1(spam)": 0.9, "f1(spam) lower": 0.8, "f1(spam) upper": 0.95, "f1(spam) min": 0.85}
    numbers |= {"p95_ms": 880.0, "p95_ms lower": 850.0, "p95_ms upper": 910.0, "p95_ms max": 900.0}
    text = words(checks.checks(run(checks={"mail": [check("floors", "hold", **numbers)]})))
    assert "90.0 % 80.0 % to 95.0 % at least 85.0 %" in text
    assert "880 ms 850 ms to 910 ms at most 900 ms" in text


def test_models_side_by_side_and_paired_outcomes():
    grades = columns(candidate="110100", champion="101000", baseline="000000")
    linked = sets.sets(run(sets=[fact()]), [grades], linked=True)
    text = words(linked)
    assert "candidate candidate candidate: 50.0 %" in text
    assert "200 cases can resolve about 8 points" in text
    for kind, count in (("right", 1), ("broken", 1), ("fixed", 2), ("wrong", 2)):
        assert (
            f'<a href="#filter={kind}&amp;set=mail&amp;vs=champion"><span class="number">{count}</span>' in linked.body
        )
    assert '<a href="#filter=fixed&amp;set=mail&amp;vs=baseline"><span class="number">3</span>' in linked.body
    assert "<a href" not in sets.sets(run(sets=[fact()]), [grades], linked=False).body


def test_candidates_of_two_pipelines_on_one_set_are_not_compared_with_each_other():
    one, champion = columns(candidate="110", champion="101").columns
    found = SetGrades("mail", (one, Column("candidate", "of another task", results("011")), champion))
    text = words(sets.sets(run(), [found], linked=False))
    assert "of another task: 66.7 %" in text
    assert text.count("Case by case") == 1


def test_what_makes_a_comparison_unfair_is_a_warning():
    grades = SetGrades("mail", columns(tested="11", before="10").columns, ("the graders differ",))
    assert "Not like with like: the graders differ" in words(sets.sets(run(), [grades], linked=False))


def test_slices_name_the_correction_for_many():
    part = [{"slice": "lang=de", "n": 60, "value": 0.7, "lower": 0.6, "upper": 0.8}]
    gate = check("slices", "reject", **{"tested": 4.0, "broken": 1.0, "lang=de gain": -0.2, "lang=de p_holm": 0.012})
    found = slices.slices(run(scores=[score(slices=part)], checks={"mail": [gate]}), linked=True)
    text = words(found)
    assert "1 of 4 tested slices is significantly worse than the other model after Holm's correction" in text
    assert "−20.0 0.012 ✖ worse" in text
    assert '<a href="#filter=all&amp;set=mail&amp;slice=lang+%3D+de">lang=de</a>' in found.body
    assert slices.slices(run(scores=[score()]), linked=True) is None


def test_the_confusion_matrix_and_the_f1_of_each_label():
    matrix = {"rows": ["spam", "ham"], "columns": ["spam", "ham", "(no label)"]}
    matrix["cells"] = [[0, 0, 8], [0, 1, 2], [1, 1, 9], [1, 2, 1]]
    text = words(confusion.confusion(run(scores=[score(matrix=matrix)])))
    assert "spam 8 right 2 0 ham 0 9 right 1" in text
    assert "88.9 %" in text  # 2 * 8 / (10 + 8)


def test_a_matrix_of_many_labels_is_the_pairs_confused_most():
    names = [f"l{n}" for n in range(77)]
    matrix = {"rows": names, "columns": [*names, "(no label)"], "cells": [[0, 1, 3], [2, 3, 9], [5, 5, 4]]}
    text = words(confusion.confusion(run(scores=[score(matrix=matrix)])))
    assert "l2 l3 9 l0 l1 3" in text


def test_a_distribution_only_of_grades_between_right_and_wrong():
    assert distribution.distribution([columns(candidate="110", champion="100")]) is None
    graded = Column("candidate", "candidate", results("110") | {"c9": Result(0.42, False)})
    other = Column("champion", "champion", results("100") | {"c9": Result(0.52, True)})
    assert distribution.counted(graded) == [1, 0, 0, 0, 1, 0, 0, 0, 0, 2]
    found = distribution.distribution([SetGrades("mail", (graded, other))])
    assert "1 cases higher in candidate, 1 lower than in champion, 4 in both" in found.body


def test_training_marks_the_epoch_that_was_kept():
    found = training.training(run(pipelines=[pipeline()]))
    assert "loss: from 2 at step 1 to 0.01667 at step 120; the epoch that was kept ended at step 80" in found.body
    assert "2 80 0.8 8 of 10 0.8 2.1 1 ✓ kept" in words(found)
    assert training.training(run()) is None
    long = [[step, 1.0] for step in range(100_000)]
    assert len(training.thinned(long)) == training.MOST
    assert training.thinned(long)[-1] == long[-1]


def test_leaked_pairs_have_their_common_words_marked():
    found = leaks.leaks(run(pipelines=[pipeline(leaks=[leak(verdict="suspect", score=0.4), leak()])]))
    assert "please <mark>reset my password</mark> today" in found.body
    assert words(found).index("leak containment") < words(found).index("suspect containment")
    assert "1 golden case of mail shares" in words(found)


def test_the_judge_has_its_bias_and_its_agreement_with_people():
    judge = {
        "names": ["mail"],
        "judge": "small-judge",
        "digest": "d",
        "models": ["m"],
        "bills": [{"text": "0.12 dollars"}],
    }
    judge |= dict.fromkeys(("again", "refused", "invalid", "broken"), 0) | {
        "questions": 100,
        "unscored": 9,
        "reasons": {"the judge refused twice": 9},
        "pairs": 40,
    }
    judge |= {"flips": 6, "agreement": 0.91, "verbosity": [0.1, -0.1, 0.3]}
    people = check("admission", "pass", "admission: admitted", agreement=0.93, labels=120.0)
    text = words(judges.judges(run(judges=[judge], checks={"mail": [people]})))
    assert "Not to be trusted" in text
    assert "position bias 15.0 %" in text
    assert "length bias 0.1 −0.1 to 0.3" in text
    assert "agreement 0.93" in text


def test_latency_and_money_have_their_difference():
    now = Column("tested", "now", results("1"), {"p50_ms": 150.0, "tokens": 10.0})
    before = Column("before", "before", results("1"), {"p50_ms": 100.0})
    text = words(spent.spent(run(), [SetGrades("mail", (now, before))]))
    assert "latency p50 150 ms 100 ms (now +50 %)" in text
    several = SetGrades("mail", (now, Column("tested", "p2", results("1"), {"p50_ms": 300.0})))
    assert "latency p50 150 ms 300 ms (+100 %)" in words(spent.spent(run(), [several]))
    assert spent.spent(run(), []) is None


def test_several_prompts_are_compared_with_the_first():
    own = {"label": "v2", "accuracy": [0.9, 0.8, 0.95], "against": {"gain": 0.1, "lower": 0.02, "upper": 0.18}}
    own["against"] |= {"fixed": ["a", "b"], "broken": []}
    told = {"set": "mail", "asked": 80, "n": 80, "unmeasured": ["v3"], "columns": [{"label": "base"}, own]}
    text = words(prompts.prompts(run(columns=[told])))
    assert "v2: +10.0, between +2.0 and +18.0" in text
    assert "2 fixed, 0 broken" in text
    assert "v3: not measured" in text


def test_history_marks_rollbacks():
    text = words(
        more.history(run(pipelines=[pipeline(history=[move("promote", 1), move("promote", 2), move("rollback", 1)])]))
    )
    assert text.index("↩ rolled back to v1 champion") < text.index("▲ promoted v2") < text.index("▲ promoted v1")


def test_forgetting_and_the_run_before_and_data():
    text = words(more.forgetting(run(checks={"skills": [difference("forgetting", "pass", -0.02, margin=0.1)]})))
    assert "−2.0 points" in text
    assert "limit −10.0" in text
    change = {"set": "mail", "title": "mail", "text": "as before", "gain": None, "lower": None, "upper": None}
    assert "mail 2 0 as before" in words(more.since(run(changed=[change | {"fixed": ["a", "b"], "broken": []}])))
    data = [
        {"task": "mail", "check": name, "level": level, "rows": 9, "text": "x"}
        for name, level in (("a", "ok"), ("b", "error"))
    ]
    assert "b ✖ error x" in words(more.data(run(data=data)))


def test_the_commands_run_it_again():
    found = words(facts.facts(run(train=True, missed=[{}], pipelines=[pipeline()])))
    assert "git checkout 0123abcd" in found
    assert "pytest goldens/mail --train" in found
    assert "ftgate report 20261129-001122-abcd" in found
    assert "mail: seed 7" in found


def test_failed_cases_of_a_plain_run_are_asked_again():
    assert "pytest goldens/mail --lf" in words(facts.facts(run(missed=[{}], about={"args": ["goldens/mail"]})))


def test_failed_cases_of_a_candidate_are_shown_and_asked_of_no_other_model():
    found = words(facts.facts(run(train=True, sets=[fact()], missed=[{"set": "mail"}, {"set": "mail"}])))
    assert "--lf" not in found
    assert found.count("ftgate show mail --missed --run 20261129-001122-abcd") == 1


def test_a_slice_that_lost_since_the_run_before_is_named():
    part = [{"slice": name, "n": 30, "value": 0.5, "lower": 0.3, "upper": 0.7} for name in ("lang=fr", "lang=de")]
    rows = [{"name": "lang=fr", "n": 30, "gain": -0.37, "p": 0.011}, {"name": "lang=de", "n": 30, "gain": 0.1, "p": 1}]
    change = {"set": "mail", "title": "mail", "text": "x", "gain": 0.0, "lower": -0.1, "upper": 0.1, "slices": rows}
    found = run(scores=[score(slices=part)], changed=[change | {"fixed": [], "broken": ["a"]}])
    assert "✖ worse on lang=fr (-37.0 points, Holm p = 0.011)" in words(more.since(found))
    text = words(slices.slices(found, linked=True))
    assert "1 of 2 tested slices is significantly worse than the run before" in text
    assert "−37.0 0.011 ✖ worse" in text


def test_a_canary_has_its_windows_against_the_alarm():
    night = {"task": "mail", "version": 2, "kind": "drift", "reason": "x", "night": "2026-11-03", "lines": ["c1 fell"]}
    night |= {"windows": [[1, 1, 0.24, 43.8], [3, 2, 0.02, 1.1]]}
    found = canary.canary(run(nights=[night]))
    assert "1 of the last 1 night: −24.0, limit −5.0" in found.body
    assert found.body.count("mark bad") == 1
    assert "c1 fell" in words(found)
    assert canary.canary(run()) is None


def test_metrics_of_each_prompt():
    facts_of = [fact(), fact(title="mail[v2]")]
    scores = [score(n=197, unscored=1, failed=2), score(set="mail[v2]", title="m")]
    metrics = {"mail": [{"name": "latency", "value": 5.0, "lower": None, "upper": None, "n": 199, "ungraded": 1}]}
    text = words(sets.sets(run(sets=facts_of, scores=scores, metrics=metrics), [], linked=False))
    assert "latency mail 5 199 1 " in text
    assert "accuracy mail 90.0 % 85.0 % 93.0 % 200 3 " in text, "cases without a grade are not measured"
    assert "accuracy mail[v2] 90.0 % 85.0 % 93.0 % 200 0" in text
    assert "A part of the set" not in text
    some = words(sets.sets(run(sets=[fact()], scores=[score(n=9, failed=1, unscored=2)]), [], linked=False))
    assert "A part of the set: 12 of 200 cases asked" in some


def test_cases_that_are_not_as_they_were_are_counted_where_they_are_left_out(tmp_path):
    before = keep(tmp_path, record([case("a", 1.0), case("b", 1.0, expected="other")]))
    now = keep(tmp_path, record(cases({"a": 1.0, "b": 0.0})))
    report = run(run=now, changed=[{"set": "tickets", "run": before}])
    (found,) = read_grades(read_models(RecordStore(tmp_path), report))
    assert found.warnings == (
        "1 of 2 cases are new or were changed since: here and in the table of cases they are compared with nothing, "
        "in “Since the run before” by their ids",
    )


def test_numbers_have_no_exponent_and_the_unit_that_a_reader_wants():
    assert [numbers.plain(value) for value in (0.01234, 999.94, 13480.4, 1234567.0, None)] == [
        *("0.01234", "999.9", "13,480", "1,234,567", ""),
    ]
    assert [numbers.metric(value, "p95_ms") for value in (812.4, 13480, None)] == ["812.4 ms", "13.48 s", ""]
    assert [numbers.metric(0.9, name) for name in ("accuracy", "f1(spam)", "mcc")] == ["90.0 %", "90.0 %", "0.9"]

"""Two records -> what is better, what is worse, how sure that is, and what makes it less than fair."""

from __future__ import annotations

import pytest

from pytest_ftgate.metrics.paired import mcnemar_midp, tango_bounds
from pytest_ftgate.pipeline.comparison.compare import NothingInCommon, compare, speed_of
from pytest_ftgate.pipeline.comparison.drop import check_of_records
from pytest_ftgate.pipeline.comparison.match import match
from pytest_ftgate.pipeline.comparison.settings import changed, changed_text, differences, warnings
from pytest_ftgate.pipeline.comparison.since_last import since, worse_slices
from pytest_ftgate.pipeline.report.text.changed import changed_lines
from tests.run_records import case, cases, record


def graded(right, wrong, **facts):
    """Cases c0, c1, ...: first the right ones, then the wrong ones."""
    return record(cases({f"c{i}": float(i < right) for i in range(right + wrong)}), **facts)


def ids(sides):
    return [now.id for now, _ in sides]


def test_the_difference_is_tangos_and_the_test_mcnemars():
    then = record(cases({f"c{i}": float(i >= 12) for i in range(80)}))
    now = record(cases({f"c{i}": float(not 12 <= i < 16) for i in range(80)}))
    found = compare(now, then)
    assert ids(found.fixed) == [f"c{i}" for i in range(12)]
    assert ids(found.broken) == [f"c{i}" for i in range(12, 16)]
    assert found.pairs.gain == pytest.approx(8 / 80)
    assert found.pairs.bounds == tango_bounds(12, 4, 80)
    assert found.pairs.p_better == mcnemar_midp(12, 4)


def test_cases_are_matched_whatever_their_ids_and_each_once():
    then = record([case("a", input="one", expected="x"), case("b", input="two"), case("gone")], set="v1")
    now = record([case("z", input="one", expected="x"), case("b", input="two"), case("new")], set="v2")
    found = match(now, then)
    assert [(one.id, other.id) for one, other in found.pairs] == [("z", "a"), ("b", "b")]
    assert [each.id for each in found.only_now] == ["new"]
    assert [each.id for each in found.only_then] == ["gone"]


def test_one_question_in_two_cases_is_matched_by_id_first():
    twice = [case("a", input="one", expected="x", cluster="k"), case("b", 0.0, input="one", expected="x", cluster="k")]
    found = match(record(twice[::-1]), record(twice))
    assert [(one.id, other.id) for one, other in found.pairs] == [("b", "b"), ("a", "a")]


def test_a_case_with_another_expected_value_is_compared_with_a_warning():
    found = compare(record([case("a", expected="new")]), record([case("a", expected="old")]))
    assert found.warnings == ["1 case with another expected value, or graders of their own"]


def test_what_one_of_them_did_not_measure_is_not_compared_and_said():
    then = record(cases({"a": 1.0, "b": None, "c": 1.0, "only": 1.0}))
    now = record(cases({"a": 1.0, "b": 1.0, "c": None, "new1": 1.0, "new2": 1.0, "new3": 1.0, "new4": 1.0}))
    found = compare(now, then)
    assert ids(found.sides) == ["a"]
    assert found.warnings == [
        "4 cases only in the new run, not compared: new1, new2, new3, ...",
        "1 case only in the old run, not compared: only",
        "2 cases not measured in one of the runs, not compared",
    ]


def test_nothing_in_common_is_an_error():
    with pytest.raises(NothingInCommon, match="no measured case in common"):
        compare(record(cases({"a": None})), record(cases({"a": 1.0})))


def test_slices_are_judged_by_holm_and_small_ones_are_not():
    def sliced(value):
        de = [case(f"de{i}", value, slices={"lang": "de"}) for i in range(30)]
        return record([*de, *(case(f"en{i}", slices={"lang": "en"}) for i in range(20))])

    small, big = compare(sliced(0.0), sliced(1.0)).slice_rows
    assert (small["name"], small["n"], small["p"]) == ("lang=en", 20, None)
    assert (big["name"], big["then"], big["now"], big["gain"]) == ("lang=de", 1.0, 0.0, -1.0)
    assert big["p"] < 1e-6


def test_a_slice_that_lost_is_told_at_the_end_of_a_run():
    def sliced(broken, **facts):
        fr = [case(f"fr{i}", float(i >= broken), slices={"lang": "fr"}) for i in range(30)]
        return record([*fr, *(case(f"en{i}", slices={"lang": "en"}) for i in range(60))], **facts)

    found = since(sliced(12), sliced(0, at=1e9))
    assert [row["name"] for row in found["slices"]] == ["lang=fr", "lang=en"]
    told = [text for text, colour in changed_lines([found | {"title": "mail"}], verbose=False) if colour == "red"]
    assert told[-1] == "  WORSE on lang=fr (-40.0 points, Holm p = 0.00024)"
    assert worse_slices(since(sliced(0), sliced(0, at=1e9))) == []


def test_what_the_set_could_not_have_seen_falls_with_its_size():
    few, many = (compare(graded(n, 0), graded(n, 0)).unseen for n in (40, 400))
    assert many < few < 0.2


def test_speed_is_of_answers_that_the_model_gave():
    of_cache = case("b", cached=True)
    found = speed_of(record([], price=(1.0, 10.0)).facts, [case("a"), of_cache])
    assert (found.p50_ms, found.p95_ms, found.tokens_in, found.tokens_out) == (500, 500, 10, 2)
    assert found.cost_per_1k == pytest.approx(1000 * (10 * 1 + 2 * 10) / 1e6)
    assert speed_of(of_cache and record([]).facts, [of_cache]).p50_ms is None
    assert speed_of(record([]).facts, [case("a")]).cost_per_1k is None


SETTINGS = {"prompt_digest": "p", "prompt": {"system": "Be kind."}, "request": {"max_tokens": 8}, "graders": "g"}


@pytest.mark.parametrize(
    ("facts", "names", "text"),
    [
        ({}, [], "same model, prompt and request"),
        ({"git": "abcdefghij"}, [], "same model, prompt and request; git 1234567, now abcdefg"),
        ({"dirty": True}, [], "same model, prompt and request; git 1234567, now 1234567+"),
        ({"prompt_digest": "q"}, ["prompt"], "prompt changed"),
        ({"digest": "e", "model": "b"}, ["model"], "model m, now b"),
        ({"digest": "e", "model": "b", "graders": "h"}, ["model", "graders"], "model m, now b; graders changed"),
        ({"digest": "e"}, ["model"], "model changed"),
        ({"request": {"max_tokens": 9}, "cases_digest": "c"}, ["request", "cases"], "request and cases changed"),
    ],
)
def test_what_changed_is_named(facts, names, text):
    then = record([], git="1234567890", **SETTINGS).facts
    now = record([], **{"git": "1234567890"} | SETTINGS | facts).facts
    assert changed(now, then) == names
    assert changed_text(now, then) == text


def test_settings_that_differ_are_shown_and_those_that_make_it_unfair_are_warned_of():
    then = record([], lock="1", **SETTINGS).facts
    later = {"prompt": {"system": "Be\nbrief. " * 20}, "request": {"max_tokens": 9, "stop": ["x"]}, "graders": "h"}
    now = record([], lock="2", **SETTINGS | later).facts
    rows = {what: (old, new) for what, old, new in differences(now, then)}
    assert rows["request.max_tokens"] == ("8", "9")
    assert rows["request.stop"] == ("none", "['x']")
    assert rows["prompt.system"][1].startswith("Be brief. Be")
    assert len(rows["prompt.system"][1]) <= 60
    whole = {what: new for what, _, new in differences(now, then, whole=True)}
    assert whole["prompt.system"] == " ".join(["Be brief."] * 20)
    told = " / ".join(warnings(now, then))
    assert "graders differ" in told
    assert "max_tokens, stop" in told
    assert "golden.lock differs" in told
    assert list(warnings(then, then)) == []


def test_one_line_says_what_changed():
    then = record(cases({"a": 0.0, "b": 1.0, "c": 1.0}), at=1e9)
    now = record(cases({"a": 1.0, "b": 0.0, "c": 1.0}), at=1e9 + 60, prompt_digest="q")
    found = since(now, then)
    assert (found["fixed"], found["broken"], found["gain"]) == (["a"], ["b"], 0.0)
    when = then.facts.when.strftime("%H:%M")
    assert found["text"].endswith(f"against {then.facts.when:%H:%M:%S} (prompt changed): 1 fixed, 1 broken")
    assert [each["kind"] for each in found["cases"]] == ["broken", "fixed"]
    assert {"question", "expected", "then", "now", "line"} < set(found["cases"][0])
    assert found["text"].startswith("+0.0 points [")
    days_later = since(record(now.cases, at=1e9 + 9e5), then, "main")["text"]
    assert f"against main of {then.facts.when:%Y-%m-%d} {when} (same" in days_later


@pytest.mark.parametrize("end", ["Answer in one word.", "One word, and be polite about it, whatever they say."])
def test_long_prompts_are_shown_where_they_differ(end):
    same = "You are a support agent who sorts tickets by their topic, carefully. " * 3
    then = record([], prompt={"system": same + "Answer."}).facts
    now = record([], prompt={"system": same + end}).facts
    [(_, old, new)] = differences(now, then)
    assert old != new
    assert old.startswith("...")
    assert old.endswith("Answer.")
    assert max(len(old), len(new)) <= 60


@pytest.mark.parametrize(
    ("args", "passed", "told"),
    [
        ((), 0.0, "all had failed, so none can be broken: no difference is given"),
        (("--lf",), 1.0, "asked because they had failed: no difference is given"),
    ],
)
def test_of_cases_that_were_chosen_because_they_failed_no_difference_is_given(args, passed, told):
    then = record(cases({"a": 0.0, "b": passed, "c": 1.0}))
    found = since(record(cases({"a": 1.0, "b": 1.0}), args=args), then)
    assert found["text"].endswith(told)
    assert (found["gain"], found["lower"], found["upper"]) == (None, None, None)
    assert "a" in found["fixed"]


def test_a_drop_that_more_cases_would_not_settle_speaks_of_no_promotion():
    then = record(cases({f"c{i}": 1.0 for i in range(30)}))
    now = record(cases({f"c{i}": float(i > 0) for i in range(30)}))
    check = check_of_records(now, then, 0.03)
    assert check.status == "hold"
    assert check.reason.endswith("the drop seen is not below the one allowed: more cases would not settle it")


def test_some_of_the_cases_are_compared_with_these_alone():
    then, now = record(cases({"a": 0.0, "b": 1.0, "c": 1.0})), record(cases({"a": 1.0}))
    assert "1 fixed, 0 broken, of 1 case in both" in since(now, then)["text"]
    assert since(then, now)["text"].endswith("0 fixed, 1 broken, of 1 case in both")


@pytest.mark.parametrize(
    ("right", "status"), [(200, "pass"), (196, "hold"), (150, "reject")], ids=["same", "a little", "far"]
)
def test_at_most_so_much_may_be_lost(right, status):
    then = graded(200, 0)
    assert check_of_records(graded(right, 200 - right), then, 0.03).status == status


def test_a_case_that_is_not_measured_counts_as_lost():
    then, now = graded(200, 0), record(cases({f"c{i}": None if i < 9 else 1.0 for i in range(200)}))
    assert check_of_records(now, then, 0.03).status == "hold"


def test_what_is_not_measured_is_no_evidence_for_a_reject():
    then, now = graded(200, 0), record(cases({f"c{i}": None if i < 9 else float(i > 9) for i in range(200)}))
    assert check_of_records(now, then, 0.01).status == "hold"
    lost = record(cases({f"c{i}": None if i < 9 else float(i > 60) for i in range(200)}))
    assert check_of_records(lost, then, 0.01).status == "reject"


def test_removing_what_fails_wins_nothing():
    then = graded(200, 0)
    one, few, many = (record(cases({f"c{i}": 1.0 for i in range(left, 200)})) for left in (1, 9, 20))
    assert "; 1 removed or edited case left out" in check_of_records(one, then, 0.05).reason
    assert "; 9 removed or edited cases left out" in check_of_records(few, then, 0.05).reason
    found = check_of_records(many, then, 0.05)
    assert found.status == "hold"
    assert "20 of the 200 cases" in found.reason


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (graded(200, 0, graders="new"), "graded by other graders"),
        (record(cases({f"d{i}": 1.0 for i in range(200)})), "none of the 200 cases"),
        (graded(100, 0, cases=200), "measured only 100 of 200"),
    ],
)
def test_what_cannot_be_compared_is_held(now, reason):
    found = check_of_records(now, graded(200, 0), 0.03)
    assert found.status == "hold"
    assert reason in found.reason


def test_cases_that_were_added_are_left_out_and_named():
    now = record(cases({f"c{i}": float(i != 205) for i in range(220)}))
    check = check_of_records(now, graded(200, 0), 0.03)
    assert check.status == "pass"
    assert check.reason.endswith("; 20 new cases not compared, 19 passed")
    assert check.numbers["n"] == 200
    worse = record(cases({f"c{i}": float(i >= 40) for i in range(220)}))
    assert check_of_records(worse, graded(200, 0), 0.03).status == "reject"


def test_a_case_that_the_earlier_run_has_but_did_not_measure_is_no_new_one():
    now = graded(200, 0)
    lacking = record(cases({f"c{i}": None if i < 20 else 1.0 for i in range(200)}))
    unasked = record(cases({f"c{i}": 1.0 for i in range(20, 200)}), cases=200)
    for then in (lacking, unasked):
        assert "cover only 180 of 200 cases" in check_of_records(now, then, 0.03).reason


def test_hard_cases_that_come_back_easier_under_another_id_are_seen():
    then = graded(200, 0)
    easier = [case(f"d{i}", input="1 + 1", expected="2") for i in range(20)]
    found = check_of_records(record([*then.cases[20:], *easier]), then, 0.03)
    assert found.status == "hold"
    assert "20 of the 200 cases" in found.reason
    edited = [case(f"c{i}", input="1 + 1", expected="2") for i in range(20)]
    assert check_of_records(record([*edited, *then.cases[20:]]), then, 0.03).status == "hold"

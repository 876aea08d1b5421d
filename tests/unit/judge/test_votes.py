"""Several votes become one verdict; pairs are judged in both orders."""

import pytest

from pytest_ftgate.judge.client import JudgeClient, NoVerdict
from pytest_ftgate.judge.pairwise import both_orders, compare
from pytest_ftgate.judge.parse import Verdict, read_choice
from pytest_ftgate.judge.prompt import Question
from pytest_ftgate.judge.spec import JudgeError, JudgeSpec, read_judge
from pytest_ftgate.judge.votes import joined
from tests.unit.judge.rubrics import CHECKED, HELPFUL, SCORED


def vote(helpful, tone="3"):
    levels = {"helpful": helpful, "tone": tone}
    return Verdict(levels, {name: f"{name} is {level}" for name, level in levels.items()}, SCORED.value(levels))


def said(better):
    return read_choice({"reason": f"it is {better}", "better": better})


def test_what_most_say_is_the_verdict_and_of_as_many_the_worse():
    verdict = joined([vote("5"), vote("2"), vote("5"), vote("2"), vote("3", "4")], SCORED, "majority")
    assert dict(verdict.levels) == {"helpful": "2", "tone": "3"}
    assert verdict.reasons == {"helpful": "helpful is 2", "tone": "tone is 3"}
    assert verdict.value == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert verdict.agreement == pytest.approx((2 / 5 + 4 / 5) / 2)


def test_the_mean_of_all_votes():
    assert joined([vote("5"), vote("2"), vote("5")], SCORED, "mean").value == pytest.approx((0.75 + 0.375 + 0.75) / 3)
    assert joined([vote("4")], SCORED, "mean") == vote("4")


def test_of_a_pair_as_many_votes_are_a_tie():
    assert joined([said("first"), said("second")], SCORED, "majority", pair=True)["better"] == "tie"
    assert joined([said("first"), said("first"), said("second")], SCORED, "majority", pair=True).value == 1.0


class Knowing(JudgeClient):
    """A judge client that knows what it will say of (first answer, second answer)."""

    def __init__(self, sayings):
        super().__init__(JudgeSpec(SCORED, ()), None)
        for answers, better in sayings.items():
            judgement = NoVerdict("no", broken=True) if better is None else said(better)
            self._known[Question("?", answers).digest] = judgement


def test_a_pair_counts_where_both_orders_agree_and_is_a_tie_where_they_do_not():
    sayings = {
        ("a", "b"): "first", ("b", "a"): "second",  # a is better
        ("c", "d"): "second", ("d", "c"): "first",  # d is better
        ("e", "f"): "first", ("f", "e"): "first",  # the first place is better
        ("g", "h"): "tie", ("h", "g"): "first",
        ("i", "j"): "tie", ("j", "i"): "tie",
        ("k", "l"): None, ("l", "k"): "first",
    }  # fmt: skip
    judge_client = Knowing(sayings)
    pairs = {first: Question("?", (first, second)) for first, second in list(sayings)[::2]} | {
        "s": Question("?", ("x", "x"))
    }
    found = compare(judge_client, pairs)
    assert found.differences == {"a": 1, "c": -1, "e": 0, "g": 0, "i": 0, "k": -1, "s": 0}
    assert [name for name, pair in found.pairs.items() if pair.flipped] == ["e", "g"]
    assert (found.flip_rate, found.unscored, found.flips) == (2 / 5, 1, 2)
    assert both_orders(judge_client, pairs["a"])["better"] == "first"
    flipped = both_orders(judge_client, pairs["e"])
    assert (flipped["better"], flipped.agreement) == ("tie", 0.5)
    assert both_orders(judge_client, pairs["k"]).broken


def test_another_model_rubric_or_prompt_is_another_judge_and_another_address_is_not(monkeypatch):
    table = {"criteria": {"helpful": HELPFUL}, "model": "m", "base_url": "http://127.0.0.1:1"}
    known = read_judge(table).digest
    assert (
        read_judge(table | {"base_url": "http://127.0.0.1:2", "budget_dollars": 1.0, "compare": True}).digest == known
    )
    others = [
        read_judge(table | change).digest
        for change in (
            {"model": "n"}, {"repeats": 3}, {"join": "mean"}, {"good_level": 3}, {"checklist": {"polite": "Is it?"}},
            {"criteria": {"helpful": HELPFUL | {"3": "Half of it."}}}, {"panel": [{"model": "m"}, {"model": "n"}]},
        )
    ]  # fmt: skip
    monkeypatch.setattr("pytest_ftgate.judge.spec.prompts_digest", lambda: "another")
    others.append(read_judge(table).digest)
    assert len({known, *others}) == len(others) + 1


def test_a_panel_shares_settings_and_every_fault_is_told():
    judge = read_judge({"panel": [{"model": "a"}, {"model": "b", "timeout_s": 5.0}], "timeout_s": 9.0, "repeats": 2})
    assert [(each.model, each.timeout_s) for each in judge.panel] == [("a", 9.0), ("b", 5.0)]
    assert judge.title == "a + b, 2 repeats each"
    with pytest.raises(JudgeError) as caught:
        read_judge({"repeats": 0, "join": "sum", "good_level": 6, "panel": [{"mdel": "a"}], "criteria": {"x": {}}})
    for part in ("repeats must be", "join must be", "good_level must be", "unknown key mdel", "criteria.x needs"):
        assert part in str(caught.value)
    assert CHECKED.reference

"""`ftgate judge label` as a person works with it: labels of single answers."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.golden.paths import beside
from pytest_ftgate.judge.labels import answer_digest, judged_key, read_labels
from tests.unit.cli.judge_label.sums import TOML, lines

pytestmark = pytest.mark.usefixtures("no_tracking_server")


@pytest.fixture
def label(golden, tmp_path, capsys, monkeypatch):
    """label("keys") -> exit code, output and errors, lines of labels.jsonl."""

    def run(keys: str, *args: str):
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(keys) + "\n"))
        code = main(["judge", "label", str(golden), "--state-dir", str(tmp_path / "state"), "--by", "ann", *args])
        return code, capsys.readouterr(), lines(golden / "labels.jsonl")

    return run


RIGHT = {f"c{n}": str(n + 1) for n in range(60)}
WRONG = {f"c{n}": "no idea" for n in range(60)}


def test_labels_are_of_these_very_answers_and_readable_by_the_judge(label, answered, golden):
    answered("m1", RIGHT)
    code, told, found = label("ynsq", "--count", "5")
    assert code == 0
    assert [line["label"] for line in found] == ["yes", "no"]
    cases = {case.id: case for case in load_suite(golden).cases}
    read = read_labels(golden / "labels.jsonl", {case.id: case.digest for case in cases.values()}, ("yes", "no"))
    for each in read:
        assert each.key == judged_key(cases[each.id].digest, answer_digest(RIGHT[each.id]))
        assert (each.by, each.random) == ("ann", True)
    assert "2 labels by ann, 2 of them random" in told.out


def test_the_person_sees_question_and_expected_but_neither_examples_nor_the_model(label, answered):
    answered("model-with-a-name", RIGHT)
    _, told, found = label("y", "--count", "1")
    assert "[System]\nBe brief." in told.out
    assert f"[User]\n{found[0]['id'][1:]} + 1?" in told.out
    assert "[Expected]" in told.out
    assert "2+2?" not in told.out
    assert "model-with-a-name" not in told.out + json.dumps(found)


def test_the_draw_is_random_seeded_and_the_same_after_a_stop(label, answered, tmp_path):
    answered("m1", RIGHT)
    _, _, found = label("y" * 20, "--count", "20")
    drawn = [line["id"] for line in found]
    assert len(set(drawn)) == 20
    assert drawn != sorted(drawn, key=lambda name: int(name[1:])), "not in the order of the file"
    assert max(int(name[1:]) for name in drawn) > 25, "not the first ones"
    _, _, more = label("n" * 20, "--count", "20", "--seed", "1")
    assert len(more) > 25, "another seed draws others, and what was said stays"
    [plan, *_] = [
        json.loads(line)["plan"]
        for line in next((tmp_path / "state/review").glob("*.jsonl")).read_text().splitlines()
        if '"plan"' in line
    ]
    assert (plan["seed"], plan["sizes"], plan["pool"]) == (0, [20, 0], 60)


def test_stop_and_go_on_gives_what_one_session_gives(label, answered, golden):
    answered("m1", RIGHT | {"c3": "four"})
    label("ynq", "--count", "6")
    answered("m2", WRONG)
    label("yuynq", "--count", "6")
    stopped = [(line["id"], line["label"]) for line in label("y", "--count", "6")[2]]
    assert [label_ for _, label_ in stopped] == ["yes", "no", "yes", "no", "yes"]
    assert len({name for name, _ in stopped}) == 5


def test_undo_takes_the_label_out_of_the_file(label, answered):
    answered("m1", RIGHT)
    assert len(label("yyq", "--count", "6")[2]) == 2
    assert len(label("uq", "--count", "6")[2]) == 1


def test_what_other_people_and_other_answers_were_given_stays(label, answered, golden):
    answered("m1", RIGHT)
    digest = "a" * 64
    others = [
        {"id": "c1", "label": "no", "by": "bob", "case": digest, "answer": digest, "notes": "why"},
        {"id": "c2", "label": "no", "by": "ann", "case": digest, "answer": digest},
    ]
    (golden / "labels.jsonl").write_text("".join(json.dumps(each) + "\n" for each in others))
    assert label("y", "--count", "1")[2][:2] == others


def test_a_broken_file_of_labels_is_told_before_the_work(label, answered, golden):
    answered("m1", RIGHT)
    (golden / "labels.jsonl").write_text("{}\n")
    code, told, _ = label("y", "--count", "1")
    assert code == 2
    assert "labels.jsonl:1" in told.err
    assert "[User]" not in told.out


def test_rare_ones_are_picked_among_misses_mixed_in_and_marked(label, answered):
    answered("m1", RIGHT | {f"c{n}": "no idea" for n in range(10)})
    _, _, found = label("y" * 30, "--count", "20", "--rare", "8")
    picked = [line for line in found if not line["random"]]
    assert picked
    assert all(int(line["id"][1:]) < 10 for line in picked)
    assert sum(line["random"] for line in found) == 20
    places = [place for place, line in enumerate(found) if not line["random"]]
    assert places != list(range(20, len(found))), "mixed with the others"


def test_an_answer_to_an_edited_case_or_a_broken_one_is_not_shown(label, answered, golden):
    answered("m1", {"c0": "1"})
    answered("m2", {"c1": "x"}, finish_reason="error")
    answered("m3", {"c2": "cut"}, finish_reason="length")
    answered("m4", {"c3": "  "})
    assert len(label("yyyy")[2]) == 1
    text = (golden / "cases.jsonl").read_text().replace('"0 + 1?"', '"0 plus 1?"')
    (golden / "cases.jsonl").write_text(text)
    code, told, _ = label("y")
    assert code == 2
    assert "no answers to the current golden set" in told.err


def test_levels_of_a_rubric_as_classes_and_a_named_criterion(label, answered):
    answered("m1", RIGHT)
    _, told, found = label(
        "35", "--count", "2", "--classes", "1,2,3,4,5", "--criterion", "tone", "--question", "Is it polite?"
    )
    assert [(line["label"], line["criterion"]) for line in found] == [("3", "tone"), ("5", "tone")]
    assert "Is it polite?" in told.out
    code, told, _ = label("y", "--classes", "yes")
    assert (code, "two or more classes" in told.err) == (2, True)


RUBRIC = """
[judge.criteria.tone]
question = "Is it polite?"
1 = "rude"
2 = "curt"
3 = "neutral"
4 = "friendly"
5 = "warm"
"""


def test_a_person_is_asked_what_the_judge_is_asked_with_its_anchors(label, answered, golden):
    (golden / "golden.toml").write_text(TOML + RUBRIC)
    answered("m1", RIGHT)
    _, told, found = label("25", "--count", "2")
    assert "Is it polite?  [1 1: rude | 2 2: curt |" in told.out
    assert [line["label"] for line in found] == ["2", "5"]
    assert all("criterion" not in line for line in found), "the rubric asks one thing only"


def test_where_only_the_judge_grades_nothing_is_picked_and_nobody_is_asked(label, answered, golden):
    judged = TOML.replace('kind = "exact"', 'kind = "judge"') + RUBRIC
    (golden / "golden.toml").write_text(judged)
    answered("m1", RIGHT)
    found = label("345", "--count", "3", "--rare", "5")[2]
    assert [line["random"] for line in found] == [True] * 3


def test_of_several_criteria_one_is_named_and_stands_in_the_label(label, answered, golden):
    (golden / "golden.toml").write_text(TOML + RUBRIC + '[judge.checklist]\nright = "Is it right?"\n')
    answered("m1", RIGHT)
    code, told, _ = label("y")
    assert code == 2
    assert "choose a criterion of the rubric: --criterion tone | right" in told.err
    assert "'x' is not a criterion" in label("y", "--criterion", "x")[1].err
    assert [line["criterion"] for line in label("y", "--count", "1", "--criterion", "right")[2]] == ["right"]
    assert [line["criterion"] for line in label("3", "--count", "1", "--criterion", "tone")[2]] == ["right", "tone"]


def test_single_file_sets_have_their_labels_beside_them():
    assert beside(Path("g/mood/golden.toml"), "labels.jsonl") == Path("g/mood/labels.jsonl")
    assert beside(Path("g/mood.golden.jsonl"), "labels.jsonl") == Path("g/mood.labels.jsonl")

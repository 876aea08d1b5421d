"""`ftgate judge label` as a person works with it: labels, and blind pairs."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_ftgate.annotation.verdicts import Asked, blind, read_verdicts
from pytest_ftgate.cli.main import main
from pytest_ftgate.evaluate.journal import Journal
from pytest_ftgate.evaluate.responses import Answers
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.gate.checks.human import human_check
from pytest_ftgate.golden.paths import beside
from pytest_ftgate.judge.labels import answer_digest, judged_key, read_labels
from pytest_ftgate.registry import Registry
from pytest_ftgate.serve.response import Response

pytestmark = pytest.mark.usefixtures("no_tracking_server")

TOML = '[prompt]\nsystem = "Be brief."\nexamples = [["2+2?", "4"]]\n[[grader]]\nkind = "exact"\n'


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    folder = tmp_path / "goldens" / "sums"
    folder.mkdir(parents=True)
    (folder / "golden.toml").write_text(TOML)
    write_cases(folder, 60)
    return folder


def write_cases(folder: Path, number: int) -> None:
    cases = ({"id": f"c{n}", "input": f"{n} + 1?", "expected": str(n + 1)} for n in range(number))
    (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))


@pytest.fixture
def answered(golden: Path, tmp_path: Path):
    """answered("model", {id: text}) writes the journal as a run does."""

    def write(model: str, texts: dict[str, str], **response: object) -> None:
        suite = load_suite(golden)
        with Journal(tmp_path / "state" / "journal" / "sums.jsonl") as journal:
            answers = Answers(suite, model, journal)
            for case in suite.cases:
                if case.id in texts:
                    said = Response(case.id, model, texts[case.id], **response)
                    journal.append(f"{model}{case.id}", said, set="sums", asked=answers.asked(case, 0))

    return write


@pytest.fixture
def label(golden, tmp_path, capsys, monkeypatch):
    """label("keys") -> exit code, output and errors, lines of labels.jsonl."""

    def run(keys: str, *args: str):
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(keys) + "\n"))
        code = main(["judge", "label", str(golden), "--state-dir", str(tmp_path / "state"), "--by", "ann", *args])
        return code, capsys.readouterr(), lines(golden / "labels.jsonl")

    return run


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


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
        for line in next((tmp_path / "state/desk").glob("*.jsonl")).read_text().splitlines()
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


# --- two models -------------------------------------------------------------------------------------------------


@pytest.fixture
def versions(golden: Path, registry: Registry, tmp_path: Path) -> Callable[[dict[str, str], bool], int]:
    """versions(texts, champion?) registers a version that gave these answers."""

    def make(texts: dict[str, str], champion: bool = False) -> int:
        suite = load_suite(golden)
        cases = {
            case.id: {"case": case.digest, "value": 1.0, "passed": True, "text": texts[case.id]}
            for case in suite.cases
            if case.id in texts
        }
        number = len(list(tmp_path.glob("adapter-*"))) + 1
        folder, results = tmp_path / f"adapter-{number}", tmp_path / f"results-{number}"
        folder.mkdir()
        results.mkdir()
        (folder / "adapter_model.safetensors").write_text(str(number))
        (folder / "adapter_config.json").write_text('{"r": 8, "peft_type": "LORA"}')
        (results / "sums.json").write_text(json.dumps({"settings": suite.settings_digest, "cases": cases}))
        run = registry.log_run("sums", {}, {}, {}, {"results": results}, {})
        version = registry.add_version("sums", folder, registry.digest_of(folder), run, {"verdict": "PROMOTE"})
        if champion:
            registry.promote("sums", version.number, "all checks passed")
        return version.number

    return make


OLD = {f"c{n}": "same" if n % 6 == 0 else f"old {n}" for n in range(60)}
NEW = {f"c{n}": "same" if n % 6 == 0 else f"new {n}" for n in range(60)}


@pytest.fixture
def compare(golden, tmp_path, capsys, monkeypatch):
    """compare(choose) -> output, lines of verdicts.jsonl; choose(A, B) -> key, or a text of keys."""

    class Person(io.StringIO):
        """Reads the screen before each key."""

        def __init__(self, choose) -> None:
            super().__init__()
            self.choose = choose
            self.seen = ""

        def readline(self, *_) -> str:
            out = capsys.readouterr().out
            self.seen += out
            a = out.rpartition("[Answer A]\n")[2].split("\n")[0]
            b = out.rpartition("[Answer B]\n")[2].split("\n")[0]
            return self.choose(a, b) + "\n"

    def run(choose, *args: str, code: int = 0):
        person = Person(choose)
        monkeypatch.setattr(sys, "stdin", person)
        flags = ["--state-dir", str(tmp_path / "state"), "--by", "ann", "--candidate", *args]
        assert main(["judge", "label", str(golden), *flags]) == code
        rest = capsys.readouterr()
        return person.seen + rest.out, rest.err, lines(golden / "verdicts.jsonl")

    return run


def prefer(word: str):
    return lambda a, b: "a" if word in a else "b"


def asked(golden: Path, new: dict, old: dict) -> dict[str, Asked]:
    return {
        case.id: Asked(case.digest, answer_digest(new[case.id]), answer_digest(old[case.id]))
        for case in load_suite(golden).cases
        if case.id in new and case.id in old
    }


def test_verdicts_find_their_way_back_to_the_models_though_the_person_never_knew(compare, versions, golden):
    versions(OLD, True)
    versions(NEW)
    told, _, found = compare(prefer("new"))
    assert len(found) == 60
    assert "60 cases drawn; 10 with identical answers count as ties, 50 to judge" in told
    values = blind(read_verdicts(golden / "verdicts.jsonl"), asked(golden, NEW, OLD))
    assert sorted(values.values) == [0] * 10 + [1] * 50
    assert (values.complete, values.same, values.by) == (True, 10, ("ann",))
    assert human_check(values.values, 0.05).status == "pass"
    first = [line["first"] for line in found if not line.get("same")]
    assert 12 < first.count("candidate") < 38, "either is shown first about half the time"
    assert "candidate" not in told.lower().replace("champion", "")


def test_preferring_the_champion_is_a_reject_and_always_a_tells_nothing(compare, versions, golden):
    versions(OLD, True)
    versions(NEW)
    compare(prefer("old"))
    values = blind(read_verdicts(golden / "verdicts.jsonl"), asked(golden, NEW, OLD))
    assert human_check(values.values, 0.05).status == "reject"


def test_somebody_who_always_says_a_favours_nobody(compare, versions, golden):
    versions(OLD, True)
    versions(NEW)
    compare(lambda a, b: "a")
    values = blind(read_verdicts(golden / "verdicts.jsonl"), asked(golden, NEW, OLD)).values
    assert abs(sum(values)) <= 16


def test_verdicts_are_void_for_any_other_candidate(compare, versions, golden):
    versions(OLD, True)
    versions(NEW)
    compare(prefer("new"))
    other = asked(golden, {key: text + "!" for key, text in NEW.items()}, OLD)
    assert blind(read_verdicts(golden / "verdicts.jsonl"), other).values == ()


def test_stopping_while_ahead_decides_nothing(compare, versions, golden):
    versions(OLD, True)
    versions(NEW)
    keys = iter("aaaq")
    told, _, found = compare(lambda a, b: next(keys))
    judged = [line for line in found if not line.get("same")]
    assert len(judged) == 3
    assert "47 to go" in told
    values = blind(read_verdicts(golden / "verdicts.jsonl"), asked(golden, NEW, OLD))
    assert (values.planned, values.complete) == (60, False)
    _, _, found = compare(prefer("new"))
    assert len(found) == 60
    assert [line for line in found if line["id"] in {each["id"] for each in judged}] == judged


def test_two_people_judge_for_themselves(compare, versions, golden, tmp_path):
    versions(OLD, True)
    versions(NEW)
    compare(prefer("new"))
    _, _, found = compare(prefer("old"), "v2", "--by", "bob")
    assert len(found) == 120
    values = blind(read_verdicts(golden / "verdicts.jsonl"), asked(golden, NEW, OLD))
    assert set(values.values) == {0}
    assert values.by == ("ann", "bob")


def test_another_draw_does_not_undo_the_first(compare, versions, golden):
    versions(OLD, True)
    versions(NEW)
    compare(prefer("old"), "--count", "50")
    compare(prefer("new"), "v2", "--count", "50", "--seed", "1")
    _, _, found = compare(prefer("old"), "--count", "50")
    assert len(found) == 100
    values = blind(read_verdicts(golden / "verdicts.jsonl"), asked(golden, NEW, OLD))
    assert (len(values.values), set(values.values)) == (50, {0, -1})


def test_what_an_earlier_candidate_was_told_is_no_sample_of_a_later_one(compare, versions, golden):
    versions(OLD, True)
    versions(NEW)
    compare(prefer("new"))
    later = {key: f"{text}!" if key < "c3" and "new" in text else text for key, text in NEW.items()}
    versions(later)
    assert not blind(read_verdicts(golden / "verdicts.jsonl"), asked(golden, later, OLD)).complete
    compare(prefer("old"), "--count", "50")
    values = blind(read_verdicts(golden / "verdicts.jsonl"), asked(golden, later, OLD))
    assert (len(values.values), values.complete, max(values.values)) == (50, True, 0)


def test_what_cannot_be_compared_is_told(compare, versions, golden):
    assert "sums has no champion to compare with" in compare(prefer("new"), code=2)[1]
    versions(OLD, True)
    assert "v1 is the champion of sums" in compare(prefer("new"), code=2)[1]
    versions({"c1": "new 1"})
    told, _, found = compare(prefer("new"))
    assert len(found) == 1
    assert "needs 50 cases, only 1 are available" in told
    assert "'x2' is not a version" in compare(prefer("new"), "x2", code=2)[1]
    (golden / "golden.toml").write_text(TOML.replace("Be brief", "Be long"))
    assert "no common cases" in compare(prefer("new"), code=2)[1]


def test_human_in_the_golden_set_says_how_many(compare, versions, golden):
    (golden / "golden.toml").write_text(TOML + "[human]\nverdicts = 50\n")
    versions(OLD, True)
    versions(NEW)
    assert len(compare(prefer("new"))[2]) == 50


def test_a_sample_is_drawn_at_random(compare, versions, golden):
    versions(OLD, True)
    versions(NEW)
    _, _, found = compare(prefer("new"), "--count", "20")
    ids = [int(line["id"][1:]) for line in found]
    assert len(ids) == 20
    assert ids != sorted(ids)

"""`ftgate judge label --candidate` as a person works with it: blind pairs of two models' answers."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_ftgate.annotation.verdicts import Asked, blind, read_verdicts
from pytest_ftgate.cli.main import main
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.gate.checks.human import human_check
from pytest_ftgate.judge.labels import answer_digest
from pytest_ftgate.registry import Registry
from tests.unit.cli.judge_label.sums import TOML, lines

pytestmark = pytest.mark.usefixtures("no_tracking_server")


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

"""`ftgate live sample`, `label` and `propose` as people work with them, on real messages."""

from __future__ import annotations

import io
import json
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.evaluate.suite import load_suite
from tests.projects import write, write_golden, write_rows
from tests.unit.pipeline.live.sms import Sms, read

Live = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sms:
    monkeypatch.chdir(tmp_path)
    return Sms.make(tmp_path, cases=40, rows=60)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Live:
    """live("label", keys="s h") -> exit code, standard output, standard error."""

    def run(*args: str, keys: str = "", task: str = "sms_spam") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{key}\n" for key in keys.split(" "))))
        code = main(["live", *args, "--task", task])
        return code, *capsys.readouterr()

    return run


def test_from_a_log_to_proposals(sms: Sms, live: Live):
    log = sms.log(sms.others[:60])
    code, out, _ = live("sample", str(log), "--size", "12")
    assert (code, "12 of" in out) == (0, True)
    state = sms.folder / ".ftgate/live/sms_spam"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert (sms.folder / ".ftgate/.gitignore").is_file()
    assert "drawn already: 12 inputs" in live("sample", str(log), "--size", "12")[1]

    answered = live("label", "--by", "ann", keys="p h h h s x h h q")[1]
    assert "p spam | h ham | s cannot say | x discard" in answered
    assert "Answer of the model" not in answered, "who sees an answer agrees too easily"
    assert "6 of 12 inputs labelled" in answered
    assert "10 of 12 inputs labelled" in live("label", "--by", "bob", keys="h h h h")[1], (
        "bob goes on where ann stopped"
    )
    rows = read(state / "labelled.jsonl")
    assert {row["expected"]["label"] for row in rows} == {"spam", "ham"}
    assert all(row["stratum"] and row["weight"] >= 1 for row in rows)

    before = [file.read_bytes() for file in sms.training]
    code, out, _ = live("propose", "--out", "proposals")
    cases, train = read(Path("proposals/cases.jsonl")), read(Path("proposals/train.jsonl"))
    assert code == 0
    assert "ftgate lock goldens/sms_spam" in out
    assert len(cases) + len(train) <= 10
    assert {case["id"] for case in cases}.isdisjoint(row["id"] for row in train)
    assert all(case["slices"] == {"source": "production"} for case in cases)
    assert before == [file.read_bytes() for file in sms.training]
    assert len(list(read_rows(Path("proposals/train.jsonl")))) == len(train)
    golden = sms.folder / "goldens/sms_spam/cases.jsonl"
    write(golden, golden.read_text() + Path("proposals/cases.jsonl").read_text())
    assert len(load_suite(golden.parent).cases) == 40 + len(cases)

    assert "nothing new to propose" in live("propose", "--seed", "9", "--golden-share", "1")[1]
    code, _, err = live("propose", "--out", "proposals")
    assert (code, "is not overwritten" in err) == (2, True)


def test_what_one_task_proposed_as_golden_no_other_of_the_set_trains_on(sms: Sms, live: Live):
    log = sms.log(sms.others[:30])
    twin = sms.folder / "pipelines/twin"
    shutil.copytree(sms.folder / "pipelines/sms_spam", twin)
    for task, share in (("sms_spam", "1"), ("twin", "0")):
        live("sample", str(log), "--size", "4", task=task)
        live("label", "--by", "ann", "--all", keys="h h h h", task=task)
        out = live("propose", "--golden-share", share, "--out", task, task=task)[1]
    assert (sms.folder / "sms_spam/cases.jsonl").is_file()
    assert not (sms.folder / "twin/train.jsonl").exists(), out
    assert "is among the inputs proposed before" in out


def test_people_who_disagree_are_heard_and_nothing_is_made_of_it(sms: Sms, live: Live):
    live("sample", str(sms.log(sms.others[:20])), "--size", "2")
    live("label", "--by", "ann", keys="h h")
    out = live("label", "--by", "bob", "--all", keys="p h")[1]
    assert "1 of 2 inputs labelled" in out
    assert "1 left out, as people disagree" in out


def test_the_labels_of_all_golden_sets_of_a_task_are_in_one_file(sms: Sms, live: Live):
    home = sms.folder / "pipelines/sms_spam/pipeline.toml"
    write(home, home.read_text().replace('["sms_spam"]', '["sms_spam", "other"]'))
    write_golden(sms.folder / "goldens/other", [{"input": "Where is it?", "expected": "In the post."}])
    live("sample", str(sms.log(sms.others[:20])), "--size", "2")
    log = write_rows(sms.folder / "other.jsonl", [{"input": "May I bring the dog to the party?", "output": "No."}])
    live("sample", str(log), "--golden", "other")
    live("label", keys="h h")
    assert "3 of 3 inputs labelled" in live("label", "--golden", "other", keys="a")[1]
    rows = read(sms.folder / ".ftgate/live/sms_spam/labelled.jsonl")
    assert [row["golden"] for row in rows] == ["other", "sms_spam", "sms_spam"]


def test_answers_of_free_text_are_accepted_or_written_and_masked(tmp_path: Path, monkeypatch, live: Live):
    monkeypatch.chdir(tmp_path)
    sms = Sms.make(tmp_path, cases=1, rows=12)
    write_golden(
        tmp_path / "goldens/sms_spam",
        [{"input": "Where is it?", "expected": "In the post."}],
        '[[grader]]\nkind = "exact"\n',
    )
    log = [{"input": f"How do I order number {n} of the green garden chairs?", "output": f"Press {n}."} for n in "246"]
    log += [{"input": "May I bring the dog to the office party tomorrow?", "output": "No."}]
    assert live("sample", str(write_rows(tmp_path / "log.jsonl", log)))[0] == 0
    out = live("label", keys="a e Write.to.jane@acme.io .")[1]
    assert "Answer of the model" in out
    rows = read(sms.folder / ".ftgate/live/sms_spam/labelled.jsonl")
    assert len(rows) == 2
    assert rows[0]["expected"] in {"Press 2.", "Press 4.", "Press 6.", "No."}
    assert rows[1]["expected"] == "<EMAIL>"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("sample", "none.jsonl"), "none.jsonl: cannot be read"),
        (("label",), "nothing sampled for sms_spam; run: ftgate live sample LOG --task sms_spam"),
        (("propose",), "nothing labelled; run: ftgate live label --task sms_spam"),
        (("label", "--golden", "other"), "--golden other: not a golden set of sms_spam: sms_spam"),
        (("label", "--pipelines", "none"), "no pipeline 'sms_spam' in none; available: none"),
    ],
)
def test_what_is_missing_is_named_and_what_to_do(sms: Sms, live: Live, args: tuple[str, ...], said: str):
    code, _, err = live(*args)
    assert (code, said in err) == (2, True), err


def test_a_log_with_many_lines_that_are_none_is_sampled_not_at_all(sms: Sms, live: Live):
    log = sms.log(sms.others[:20])
    log.write_text(log.read_text() + "{broken\n" * 3, encoding="utf-8")
    code, _, err = live("sample", str(log))
    assert (code, "log.jsonl:21" in err) == (2, True)
    assert not (sms.folder / ".ftgate/live/sms_spam/sampled.jsonl").exists()


def test_reading_the_training_data_is_on_record(sms: Sms, live: Live):
    live("sample", str(sms.log(sms.others[:20])))
    entries = [json.loads(line) for line in (sms.folder / ".ftgate/audit.jsonl").read_text().splitlines()]
    assert [(entry["kind"], entry["what"]["for"]) for entry in entries] == [("data", "live sample")]

"""`ftgate new-case` on real messages: nothing but one line is added, and only what passes every check."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.evaluate.lock import compare, read_lock
from pytest_ftgate.evaluate.suite import load_suite
from tests.projects import lock, write, write_golden, write_pipeline, write_rows
from tests.run_records import case, keep, record
from tests.unit.pipeline.live.sms import Sms, request

SET = "goldens/sms_spam"
NEW = "The otters in the harbour have learnt to open the lunch boxes of the ferry crew"


@pytest.fixture
def sms(tmp_path, monkeypatch) -> Sms:
    monkeypatch.chdir(tmp_path)
    found = Sms.make(tmp_path, cases=20, rows=60)
    lock(tmp_path / SET)
    return found


@pytest.fixture
def new_case(capsys, monkeypatch):
    """new_case("--input", "x") -> exit code, standard output, standard error."""

    def run(*args: str, golden: str = SET, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main(["new-case", golden, *args])
        return code, *capsys.readouterr()

    return run


def cases(folder: Path = Path(SET)) -> Path:
    return folder / "cases.jsonl"


def last(folder: Path = Path(SET)):
    return json.loads(cases(folder).read_text(encoding="utf-8").splitlines()[-1])


def test_one_line_is_added_and_the_lock_renewed(sms, new_case):
    before = cases().read_bytes()
    code, out, err = new_case("--input", NEW, "--expected", "ham", "--slice", "kind=animals", "--must-pass")
    assert (code, err) == (0, "")
    assert cases().read_bytes().startswith(before)
    assert cases().read_bytes().count(b"\n") == before.count(b"\n") + 1
    row = last()
    assert row == {
        "id": row["id"],
        "input": {"text": NEW},
        "expected": {"label": "ham"},
        "slices": {"kind": "animals"},
        "must_pass": True,
    }
    assert len(row["id"]) == 12
    assert f"run it: pytest {SET}::{row['id']}" in out
    assert f"{SET}/cases.jsonl:21: case {row['id']} added" in out
    assert "it is in no slice by length, link, phone, which most cases have: --slice length=VALUE" in out
    assert "checked against 20 cases, 2 files of sms_spam" in out
    now = read_lock(sms.folder / SET)
    assert compare(sms.suite, now) == []
    assert now.history[-1].changes == (f"1 case added: {row['id']}",)


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (lambda text: text, "copy", "is the case"),
        (lambda text: f"{text.upper()} ", "near", "asks the same in other letters or spaces"),
        (lambda text: f"{text} now", "near", "nearly the question of case"),
    ],
)
def test_a_copy_and_its_like_are_refused(sms, new_case, change, kind, said):
    long = max(sms.suite.cases, key=lambda each: len(each.input["text"]))
    before = cases().read_bytes()
    code, out, _ = new_case("--input", change(long.input["text"]), "--expected", long.expected["label"])
    assert (code, cases().read_bytes()) == (1, before)
    assert f"{kind}: {SET}/cases.jsonl:{long.line}: " in out
    assert said in out
    assert f"--allow {kind}" in out or kind == "copy"


def test_a_copy_of_a_case_that_was_named_by_its_content_is_a_copy(sms, new_case):
    assert new_case("--input", NEW, "--expected", "ham")[0] == 0
    for expected, said in (("ham", "is the case"), ("spam", "asks the same and expects")):
        code, out, err = new_case("--input", NEW, "--expected", expected)
        assert (code, err) == (1, "")
        assert f"copy: {SET}/cases.jsonl:21: " in out
        assert said in out


def test_a_slice_by_nearly_the_name_of_the_others_is_asked_about(sms, new_case):
    before = cases().read_bytes()
    code, _, err = new_case("--input", NEW, "--expected", "ham", "--slice", "lenght=short")
    assert (code, cases().read_bytes()) == (2, before)
    assert "no other case has a slice 'lenght', all have 'length'" in err
    assert "--slice length=short" in err


def test_another_answer_to_the_same_question_is_an_edit(sms, new_case):
    first = sms.suite.cases[0]
    other = {"ham": "spam", "spam": "ham"}[first.expected["label"]]
    code, out, _ = new_case("--input", first.input["text"], "--expected", other, "--allow", "near")
    assert code == 1
    assert f"case {first.id} asks the same and expects " in out


def test_what_is_in_training_rows_leaks(sms, new_case):
    rows = [json.loads(line) for line in sms.training[0].read_text(encoding="utf-8").splitlines()]
    text = max((row["input"]["text"] for row in rows), key=len)
    code, out, _ = new_case("--input", text, "--expected", "ham")
    assert code == 1
    assert "leak: pipelines/sms_spam/train.jsonl:" in out
    code, out, _ = new_case("--input", text, "--expected", "ham", "--allow", "leak", "--allow", "personal")
    assert code == 0
    assert "leak: allowed: " in out


def test_personal_data_are_refused_or_redacted(sms, new_case):
    text = f"{NEW}, says jane.doe@harbour-mail.org"
    code, out, _ = new_case("--input", text, "--expected", "ham")
    assert code == 1
    assert "personal: holds e-mail; --redact" in out
    assert new_case("--input", text, "--expected", "ham", "--redact")[0] == 0
    assert last()["input"]["text"] == f"{NEW}, says <EMAIL>"
    other, notes = "Nothing of the kind has been seen in any other port", "told by jane.doe@harbour-mail.org"
    assert new_case("--input", other, "--expected", "ham", "--notes", notes)[0] == 1
    assert new_case("--input", other, "--expected", "ham", "--notes", notes, "--redact")[0] == 0
    assert last()["notes"] == "told by <EMAIL>"


def test_personal_data_in_all_that_is_written(sms, new_case):
    mail = "jane.doe@harbour-mail.org"
    for option in (("--slice", f"from={mail}"), ("--cluster", mail), ("--id", mail)):
        code, out, _ = new_case("--input", NEW, "--expected", "ham", *option)
        assert (code, "holds e-mail" in out) == (1, True), option
    assert "the id 'jane.doe@harbour-mail.org' holds e-mail" in out
    assert new_case("--input", NEW, "--expected", "ham", "--redact", "--id", mail)[0] == 1
    more = ("--slice", f"from={mail}", "--cluster", mail)
    assert new_case("--input", NEW, "--expected", "ham", "--redact", *more)[0] == 0
    assert (last()["slices"], last()["cluster"]) == ({"from": "<EMAIL>"}, "<EMAIL>")


@pytest.mark.parametrize(
    ("args", "stdin", "where"),
    [
        (["--input", "-"], b"\xff\xfe", "standard input"),
        (["--from", "-"], b'{"input": "\xff"}', "standard input"),
        (["--input", b"caf\xe9"], b"", "--input"),
        (["--input", "Tea?", "--slice", b"lang=\xe9"], b"", "--slice"),
    ],
)
def test_what_is_not_utf_8_is_refused(tmp_path, args, stdin, where):
    write_golden(tmp_path / "sums", [{"id": "a", "input": "one plus one?", "expected": "2"}])
    command = [sys.executable, "-m", "pytest_ftgate", "new-case", "sums", *args, "--expected", "3"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, input=stdin, capture_output=True, check=False)
    assert done.returncode == 2
    assert f"ftgate: {where}: not UTF-8; nothing was written".encode() in done.stderr
    assert b"Traceback" not in done.stderr
    assert len(load_suite(tmp_path / "sums").cases) == 1


def test_a_lock_that_does_not_fit_is_looked_at_first(sms, new_case):
    with cases().open("a", encoding="utf-8") as file:
        file.write('{"id": "by-hand", "input": {"text": "Hi"}, "expected": {"label": "ham"}}\n')
    before = cases().read_bytes()
    code, _, err = new_case("--input", NEW, "--expected", "ham")
    assert (code, cases().read_bytes()) == (2, before)
    assert "by-hand" in err
    assert f"ftgate lock {SET}" in err


def test_an_answer_that_is_none_of_the_labels(sms, new_case):
    code, _, err = new_case("--input", NEW, "--expected", "eggs")
    assert code == 2
    assert "names no label of the set; expected one of: spam, ham" in err
    code, _, err = new_case("--input", NEW)
    assert code == 2
    assert "--expected VALUE" in err
    assert "asks nothing: its input has no text" in new_case("--input", "  ", "--expected", "ham")[2]


def test_a_line_of_production(sms, new_case):
    log = sms.log([{"input": {"text": NEW}}, {"input": {"text": f"{NEW}, and the crew {NEW.lower()}"}}])
    assert new_case("--from", f"{log}:1", "--expected", "ham")[0] == 0
    assert last()["input"] == {"text": NEW}, "without the prompt that production put around it"
    assert last()["notes"] == "from log.jsonl:1"
    assert "holds 2 requests, name one of them; expected FILE:LINE" in new_case("--from", str(log))[2]
    assert "line 9 holds no request" in new_case("--from", f"{log}:9")[2]


def test_a_labelled_line_on_standard_input(sms, new_case):
    line = json.dumps({**request({"input": {"text": NEW}}), "expected": {"label": "spam"}})
    assert new_case("--from", "-", stdin=line)[0] == 0
    assert last()["expected"] == {"label": "spam"}
    assert "standard input:1: nothing is asked in it" in new_case("--from", "-", stdin='{"a": 1}')[2]
    assert "is not valid JSON" in new_case("--from", "-", stdin="{")[2]


def test_a_row_of_cases_keeps_its_keys(sms, new_case):
    own = {"id": "otters", "slices": {"length": "long"}, "must_pass": True, "cluster": "sea", "notes": "of a colleague"}
    row = {"input": {"text": NEW}, "expected": {"label": "spam"}, **own}
    code, out, err = new_case("--from", "-", "--slice", "link=no", stdin=json.dumps(row))
    assert (code, err) == (0, ""), out
    assert last() == {**row, "slices": {"length": "long", "link": "no"}}
    logged = {**row, "input": {"text": "Nothing like it, in any port"}, "output": "ham"}
    code, out, err = new_case("--from", "-", stdin=json.dumps(logged))
    assert (code, "not taken over from the row: slices, must_pass, cluster, notes" in out) == (0, True), err
    assert "slices" not in last()
    broken = {**row, "slices": ["long"]}
    assert "slices" in new_case("--from", "-", stdin=json.dumps(broken))[2]


TICKET = {"id": "t1", "input": "My parcel is late.", "expected": {"team": "delivery", "urgent": True}}


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ('{"team": "delivery", "urgent": true', "--expected: is not valid JSON: "),
        ('["delivery"', "--expected: is not valid JSON: "),
        ("delivery", "--expected: 'delivery' is no JSON, which the cases of tickets expect"),
    ],
)
def test_an_expected_value_that_was_meant_as_json(tmp_path, monkeypatch, new_case, expected, said):
    monkeypatch.chdir(tmp_path)
    write_golden(tmp_path / "tickets", [TICKET], '[[grader]]\nkind = "json_fields"\n')
    code, _, err = new_case("--input", "Where is it?", "--expected", expected, golden="tickets")
    assert (code, said in err) == (2, True), err
    assert """--expected '{"team": "delivery", "urgent": true}'""" in err


def test_a_slip_in_a_key_is_named(tmp_path, monkeypatch, new_case):
    monkeypatch.chdir(tmp_path)
    toml = '[prompt]\ntemplate = "{{ text }} {{ lang }}"\n[[grader]]\nkind = "json_fields"\n'
    write_golden(tmp_path / "tickets", [{**TICKET, "input": {"text": "Late?", "lang": "en"}}], toml)
    given = ("--input", '{"text": "Lost?", "lang": "en", "tone": "x"}', "--expected", '{"team": "a", "urgnt": true}')
    code, out, _ = new_case(*given, golden="tickets")
    assert code == 1
    assert "keys: `expected` holds 'urgnt', which no other case has; the others: team, urgent" in out
    assert "keys: `input` holds 'tone', which no other case has and no template uses: text, lang" in out
    assert "--allow keys" in out
    assert new_case(*given, "--allow", "keys", golden="tickets")[0] == 0


def test_a_linked_file_is_said_to_become_one_of_its_own(tmp_path, monkeypatch, new_case):
    monkeypatch.chdir(tmp_path)
    write_golden(tmp_path / "sums", [{"id": "a", "input": "one plus one?", "expected": "2"}])
    kept = cases(Path("sums")).rename("kept.jsonl")
    cases(Path("sums")).symlink_to("../kept.jsonl")
    code, out, _ = new_case("--input", "two plus two?", "--expected", "4", golden="sums")
    assert (code, "sums/cases.jsonl: was a link to ../kept.jsonl" in out) == (0, True)
    assert kept.read_bytes().count(b"\n") == 1


def test_text_on_standard_input(sms, new_case):
    assert new_case("--input", "-", "--expected", "ham", "--id", "otters", stdin=f"{NEW}\n")[0] == 0
    assert (last()["id"], last()["input"]) == ("otters", {"text": NEW})
    assert "duplicate id 'otters'" in new_case("--input", "More of them?", "--expected", "ham", "--id", "otters")[2]


def test_a_case_of_a_run_of_another_set(sms, new_case):
    write_golden(sms.folder / "goldens/tickets", [{"id": "t1", "input": NEW, "expected": "ham"}])
    seen = record([case("t1", 0.0, "spam", input=NEW, expected="ham")])
    run = keep(sms.folder / ".ftgate", seen)
    code, out, err = new_case("--run", "last", "--case", "t1", "--expected", "ham")
    assert (code, err) == (0, ""), out
    assert last()["input"] == {"text": NEW}
    assert last()["notes"] == f"from run {run}, case t1 of tickets"
    assert "run 'last' has no case 't2'; it has 1, such as t1" in new_case("--run", "last", "--case", "t2")[2]
    assert "belong together" in new_case("--run", "last")[2]


def test_tools_of_a_case_come_with_it_and_graders_do_not(sms, new_case):
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    own = {"tools": tools, "graders": [{"kind": "contains", "values": ["ham"]}]}
    write_golden(sms.folder / "goldens/tickets", [{"id": "t1", "input": NEW, "expected": "ham", **own}])
    keep(sms.folder / ".ftgate", record([case("t1", 0.0, "spam", input=NEW)]))
    code, out, err = new_case("--run", "last", "--case", "t1", "--expected", "ham")
    assert (code, err) == (0, ""), out
    assert last()["tools"] == tools
    assert "the graders of case t1 are not taken over: those of sms_spam judge it" in out


def test_the_question_of_a_run_whose_set_has_gone(sms, new_case):
    keep(sms.folder / ".ftgate", record([case("t1", 0.0, "spam", input=NEW)]))
    assert new_case("--run", "last", "--case", "t1", "--expected", "ham")[0] == 0
    assert last()["input"] == {"text": NEW}


def test_a_file_without_a_last_line_feed_and_one_of_another_system(tmp_path, monkeypatch, new_case):
    monkeypatch.chdir(tmp_path)
    for name, end in (("unix", ""), ("windows", "\r\n")):
        text = f'{{"id": "a", "input": "one plus one?", "expected": "2"}}{end}'
        path = tmp_path / f"{name}.golden.jsonl"
        path.write_bytes(text.encode())
        assert new_case("--input", "two plus two?", "--expected", "4", golden=path.name)[0] == 0
        assert path.read_bytes().startswith(text.encode())
        assert path.read_bytes().endswith(b'"4"}' + (end or "\n").encode())
        assert [each.expected for each in load_suite(path).cases] == ["2", "4"], "texts stay texts"


LIMA = ("--input", "Capital of Peru: Lima or Cusco?", "--expected", "no", "--slice", "lang=en", "--id", "pe")


def test_a_row_is_appended_to_csv(tmp_path, monkeypatch, new_case):
    monkeypatch.chdir(tmp_path)
    table = write(tmp_path / "capitals.golden.csv", "id,input,expected\nfr,Capital of France?,Paris\n")
    code, out, err = new_case("--input", 'Capital of "Austria", then?', "--expected", "Vienna", golden=table.name)
    assert (code, err) == (0, "")
    assert table.read_text().splitlines()[-1].endswith(',"Capital of ""Austria"", then?",Vienna')
    assert "capitals has no golden.lock: ftgate lock capitals.golden.csv" in out
    assert "has no column for slices.lang" in new_case(*LIMA, golden=table.name)[2]


@pytest.mark.parametrize(
    "text",
    [
        "- {id: fr, input: Capital of France?, expected: Paris}",
        "grader:\n  - kind: contains\ncases:  # of Europe\n  - id: fr\n    input: Capital?\n    expected: |\n      Paris\n",
        "cases:\n- id: fr\n  input: Capital of France?\n  expected: Paris\n\n# the end\n",
    ],
)
def test_a_line_is_appended_to_yaml(tmp_path, monkeypatch, new_case, text):
    monkeypatch.chdir(tmp_path)
    tree = write(tmp_path / "a.golden.yaml", text)
    code, _, err = new_case(*LIMA, golden=tree.name)
    assert (code, err) == (0, "")
    assert tree.read_text().startswith(text)
    added = load_suite(tree).cases[-1]
    assert (added.id, added.input, added.expected) == ("pe", "Capital of Peru: Lima or Cusco?", "no"), "a text, no flag"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.golden.yaml", "cases: [{id: fr, input: Capital of France?, expected: Paris}]\n"),
        (
            "a.golden.yaml",
            "cases:\n  - {id: fr, input: Capital of France?, expected: Paris}\ngrader:\n  - kind: exact\n",
        ),
        ("a.golden.json", '[{"id": "fr", "input": "Capital of France?", "expected": "Paris"}]\n'),
    ],
)
def test_where_nothing_can_be_appended_it_is_shown(tmp_path, monkeypatch, new_case, name, text):
    monkeypatch.chdir(tmp_path)
    tree = write(tmp_path / name, text)
    code, _, err = new_case(*LIMA, golden=name)
    assert (code, tree.read_text()) == (2, text)
    assert '{"id": "pe", "input": "Capital of Peru: Lima or Cusco?", "expected": "no"' in err


def test_what_cannot_be_locked_is_put_back(sms, new_case):
    before = cases().read_bytes()
    (sms.folder / ".ftgate/audit.jsonl").mkdir(parents=True)
    code, _, err = new_case("--input", NEW, "--expected", "ham")
    assert code == 2
    assert err
    assert cases().read_bytes() == before
    assert compare(sms.suite, read_lock(sms.folder / SET)) == []


def test_several_at_once_lose_no_case(tmp_path):
    write_golden(tmp_path / "sums", [{"id": "a", "input": "one plus one?", "expected": "2"}])
    lock(tmp_path / "sums")
    command = [sys.executable, "-m", "pytest_ftgate", "new-case", "sums", "--expected", "7", "--input"]
    words = ("How many dwarfs has Snow White?", "Days of a week", "Colours in a rainbow, they say", "Wonders of old?")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    every = [
        subprocess.Popen([*command, word], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        for word in words
    ]
    said = [process.communicate(timeout=300)[0] for process in every]
    assert [process.returncode for process in every] == [0] * len(words)
    suite = load_suite(tmp_path / "sums")
    assert sorted(each.input for each in suite.cases[1:]) == sorted(words)
    assert compare(suite, read_lock(tmp_path / "sums")) == []
    assert sorted(text.split("cases.jsonl:")[1][0] for text in said) == ["2", "3", "4", "5"]


def test_several_variables_need_json(tmp_path, monkeypatch, new_case):
    monkeypatch.chdir(tmp_path)
    toml = '[prompt]\ntemplate = "{{ a }} {{ b }}"\n'
    write_golden(tmp_path / "sum", [{"id": "x", "input": {"a": 1, "b": 2}, "expected": "3"}], toml)
    assert "expected JSON: an object with a, b" in new_case("--input", "5", golden="sum")[2]
    assert new_case("--input", '{"a": 5, "b": 6}', "--expected", "11", golden="sum")[0] == 0
    assert last(tmp_path / "sum")["expected"] == "11"


def test_a_broken_pipeline_and_missing_rows_are_named(sms, new_case):
    sms.training[1].unlink()
    code, out, _ = new_case("--input", NEW, "--expected", "ham")
    assert code == 0
    assert "not compared: pipelines/sms_spam/validation.jsonl not found" in out
    write_pipeline(sms.folder / "pipelines/sms_spam", "sms_spam", more="[lora]\nr = 'x'\n")
    code, _, err = new_case("--input", f"{NEW}, twice", "--expected", "ham")
    assert (code, "pipeline.toml:" in err) == (2, True)


def test_the_expected_value_is_asked_in_a_terminal_alone(sms):
    log = write_rows(sms.folder / "log.jsonl", [request({"input": {"text": NEW}})])
    outside, inside = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    command = [sys.executable, "-m", "pytest_ftgate", "new-case", SET, "--from", f"{log.name}:1"]
    with subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside, env=environment) as process:
        os.close(inside)
        os.write(outside, b"spam\n")
        said = b""
        while b"run it" not in said:
            said += os.read(outside, 4096)
        assert process.wait(60) == 0
    os.close(outside)
    assert f"question: {NEW}".encode() in said
    assert b'answered: {"label": "ham"}' in said
    assert b"expected (spam, ham): " in said
    assert last()["expected"] == {"label": "spam"}

"""What a run keeps of itself, what it says of the run before, and --ftgate-against."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.mock_openai import Fault
from tests.plugin.trained import Trained

ECHO = [{"id": f"t{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(6)]
MANY = [{"id": f"t{i:03}", "input": f"text {i}", "expected": f"text {i}"} for i in range(120)]


def wrong_on(*words):
    """Answers with the question, but for those that end with one of the words."""
    return lambda messages: "wrong" if messages[-1]["content"].split()[-1] in words else messages[-1]["content"]


def records(project, golden="tickets"):
    """Each record of a set, the oldest first: its lines as JSON."""
    paths = sorted((project.path / ".ftgate/records").glob(f"*/{golden}*.jsonl"))
    return [[json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in paths]


def changes(result):
    return [line for line in result.outlines if re.match(r"tickets: .* against |  (fixed|broken): ", line)]


@pytest.fixture
def tagged(project, answering):
    """A server that echoes, and its run under the name main."""
    server = answering()
    project.golden("tickets", MANY)
    project.run()
    (project.path / ".ftgate/records/names.json").write_text(json.dumps({"main": records(project)[0][0]["run"]}))
    return server


def test_a_run_keeps_what_it_asked_got_and_graded(project, answering):
    answering(wrong_on("1"))
    project.golden("tickets", [*ECHO[:2], ECHO[2] | {"slices": {"lang": "de"}}], "[prompt]\nsystem = 'Echo.'\n")
    project.run("-p", "no:cacheprovider")
    [[facts, *cases]] = records(project)
    assert (facts["set"], facts["model"], facts["n"], facts["passed"]) == ("tickets", "mock", 3, 2)
    assert facts["prompt"]["system"] == "Echo."
    assert facts["path"] == "goldens/tickets/cases.jsonl"
    assert facts["args"][-2:] == ["-p", "no:cacheprovider"]
    assert [case["id"] for case in cases] == ["t0", "t1", "t2"]
    assert cases[1]["question"] == "text 1"
    assert cases[1]["answers"][0]["text"] == "wrong"
    assert cases[1]["outcome"]["passed"] is False
    assert cases[2]["slices"] == {"lang": "de"}


def test_the_next_run_says_what_changed(project, answering):
    server = answering(wrong_on("1", "2"))
    project.golden("tickets", ECHO)
    assert changes(project.run()) == []
    server.answer = wrong_on("2", "3", "4")
    first, *ids = changes(project.run())
    assert re.fullmatch(
        r"tickets: -16\.7 points \[-\d+\.\d, \d+\.\d\] against \d\d:\d\d:\d\d \(same model, prompt and request\): "
        "1 fixed, 2 broken",
        first,
    )
    assert ids == ["  fixed: t1", "  broken: t3, t4"]
    assert changes(project.run("-q")) == []
    project.golden("tickets", ECHO, "[prompt]\nsystem = 'Echo.'\n")
    assert "(prompt changed): 0 fixed, 0 broken" in changes(project.run())[0]


def test_thirty_ids_are_listed_and_all_with_v(project, answering):
    server = answering()
    project.golden("tickets", MANY[:32])
    project.run()
    server.answer = lambda messages: "wrong"
    assert changes(project.run())[1].endswith("t028, t029 and 2 more; -v lists all")
    server.answer = lambda messages: messages[-1]["content"]
    assert changes(project.run("-v"))[1].endswith("t030, t031")


def test_a_run_of_some_cases_is_compared_with_these_and_is_no_measure_for_the_next(project, answering):
    server = answering()
    project.golden("tickets", ECHO)
    project.run()
    server.answer = wrong_on("1")
    assert "0 fixed, 1 broken, of 1 case in both" in changes(project.run("-k", "t1"))[0]
    assert changes(project.run())[0].endswith("0 fixed, 1 broken")


def test_a_wrong_answer_that_fails_fast_or_a_stopped_run_leaves_a_record(project, answering):
    answering(wrong_on("1"))
    project.golden("tickets", ECHO)
    project.run("-x")
    [[facts, *cases]] = records(project)
    assert facts["n"] >= 2
    assert cases[1]["outcome"]["passed"] is False


def test_ctrl_c_leaves_a_record_of_what_was_measured(project, answering):
    server = answering(lambda m: Fault(text="late", delay_s=120) if m[-1]["content"] == "text 5" else m[-1]["content"])
    project.golden("tickets", ECHO)
    command = [sys.executable, "-m", "pytest", "--ftgate-base-url", server.base_url, "--ftgate-model", "mock", "-v"]
    with subprocess.Popen(command, cwd=project.path, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            if "t4 PASSED" in line:
                break
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=300)
    [[facts, *cases]] = records(project)
    assert (facts["cases"], facts["n"], len(cases)) == (6, 5, 5)


def test_nothing_measured_leaves_no_record_but_its_report(project, answering):
    answering(lambda messages: Fault(status=400, text="no"))
    project.golden("tickets", ECHO)
    project.run()
    assert records(project) == []
    left = {file.name: file for file in (project.path / ".ftgate").glob("records/2*/*")}
    assert set(left) <= {"run.json", "report.html"}, "the page is written in CI"
    assert json.loads(left["run.json"].read_text())["code"] == 1


def test_answers_graded_again_are_compared_too(project, answering):
    answering(lambda messages: messages[-1]["content"].upper())
    project.golden("tickets", ECHO)
    project.run()
    project.server = None
    project.golden("tickets", ECHO, "[[grader]]\nkind = 'exact'\nignore_case = true\n")
    [line, ids] = changes(project.run("--ftgate-regrade", "last"))
    assert "(graders changed): 6 fixed, 0 broken" in line
    assert ids == "  fixed: t0, t1, t2, t3, t4, t5"
    assert records(project)[1][0]["model"] == "mock"


def test_a_worker_of_xdist_keeps_it_and_the_controller_says_it(project, answering):
    server = answering()
    project.golden("tickets", ECHO)
    project.run("-n", "2")
    server.answer = wrong_on("1")
    result = project.run("-n", "2")
    assert len(records(project)) == 2
    assert changes(result)[1:] == ["  broken: t1"]


def test_answers_to_tests_in_python_are_kept_without_a_grade(project, answering):
    answering()
    project.golden("tickets", ECHO)
    project.write(
        "test_it.py",
        "import pytest\n@pytest.mark.golden('tickets')\ndef test_it(grade):\n    assert grade.passed\n",
    )
    project.run("test_it.py")
    [[facts, *cases]] = records(project)
    assert (facts["n"], len(cases)) == (0, 6)
    assert cases[5]["answers"][0]["text"] == "text 5"
    assert changes(project.run("test_it.py")) == []


def test_an_edited_record_is_not_compared_with_and_said(project, answering):
    answering()
    project.golden("tickets", ECHO)
    project.run()
    [path] = (project.path / ".ftgate/records").glob("*/tickets.jsonl")
    path.write_text(path.read_text().replace('"text":"text 3"', '"text":"text X"'))
    result = project.run()
    result.stdout.fnmatch_lines(["*tickets: not compared with an earlier run: *tickets.jsonl:5: edited after*"])
    assert result.ret == 0
    assert changes(result) == []


def test_an_edited_score_is_not_used_and_said(project, answering):
    answering()
    project.golden("tickets", ECHO)
    project.run()
    [path] = (project.path / ".ftgate/records").glob("*/tickets.jsonl")
    path.write_text(path.read_text().replace('"passed":6', '"passed":5'))
    result = project.run()
    result.stdout.fnmatch_lines(["ftgate: .ftgate/records/*/tickets.jsonl: edited after it was written; not used*"])
    assert changes(result) == []


def test_secrets_of_the_command_line_and_the_environment_are_in_no_record(project, answering, monkeypatch):
    monkeypatch.setenv("FTGATE_API_KEY", "sk-very-secret-key")
    answering(api_key="sk-very-secret-key")
    project.golden("tickets", ECHO)
    project.run("--ftgate-cache-url", "redis://user:hunter2hunter2@127.0.0.1:1/0")
    text = json.dumps(records(project)[0][0])
    assert "hunter2" not in text
    assert "sk-very" not in text


def test_markdown_and_junit_have_it(project, answering):
    server = answering()
    project.golden("tickets", ECHO)
    project.run()
    server.answer = wrong_on("1")
    project.run("-q", "--ftgate-markdown", "out.md", "--junitxml", "out.xml")
    assert "    broken: t1" in (project.path / "out.md").read_text()
    assert "ftgate_changed" in (project.path / "out.xml").read_text()


def test_against_a_named_run_reports_and_decides_nothing(project, tagged):
    tagged.answer = wrong_on("1")
    project.run()
    result = project.run("--ftgate-against", "main")
    assert "against main of " in changes(result)[0]
    assert changes(result)[1:] == ["  broken: t001"]
    assert result.ret == 1


@pytest.mark.parametrize(
    ("wrong", "code", "told"),
    [(0, 0, "PASS"), (1, 10, "HOLD"), (60, 1, "REJECT")],
    ids=["as good", "a little worse", "far worse"],
)
def test_a_drop_gates_and_wrong_answers_are_left_to_it(project, tagged, wrong, code, told):
    tagged.answer = wrong_on(*map(str, range(wrong)))
    result = project.run("--ftgate-against", "main", "--ftgate-max-drop", "0.03")
    assert result.ret == code
    result.stdout.fnmatch_lines([f"  against     {told} *against main of *, mock"])
    assert sum("MISSED" in line or "missed (" in line for line in result.outlines) == bool(wrong)


def test_a_worker_of_xdist_compares_too(project, tagged):
    tagged.answer = wrong_on("1")
    result = project.run("-n", "2", "--ftgate-against", "main", "--ftgate-max-drop", "0.03")
    assert result.ret == 10
    result.stdout.fnmatch_lines(["  against     HOLD *"])


def test_an_exported_file_is_what_another_machine_compares_with(project, tagged):
    from pytest_ftgate.cli.main import main

    file, state = project.path / "main.jsonl", str(project.path / ".ftgate")
    assert main(["runs", "export", "main", str(file), "--state-dir", state]) == 0
    elsewhere = ("--ftgate-state-dir", "other", "--ftgate-max-drop", "0.03", "--ftgate-against", str(file))
    assert project.run(*elsewhere).ret == 0
    tagged.answer = wrong_on("1", "2", "3")
    assert project.run(*elsewhere).ret == 10


DROP = ("--ftgate-against", "main", "--ftgate-max-drop", "0.03")


def test_a_new_set_and_new_cases_do_not_hold(project, tagged):
    """A pull request that adds them could never be measured against the main branch."""
    project.golden("mails", [{"id": f"m{i}", "input": f"mail {i}", "expected": f"mail {i}"} for i in range(6)])
    project.golden("tickets", [*MANY, *({"id": f"n{i}", "input": f"new {i}", "expected": "?"} for i in range(8))])
    result = project.run(*DROP)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*ADVISORY*a new golden set, of which main has no record: not compared*"])
    assert "8 new cases not compared, 0 passed" in project.run("-v", *DROP).stdout.str()
    tagged.answer = wrong_on("1")
    result = project.run("goldens/mails", *DROP)
    assert result.ret == 1
    result.assert_outcomes(passed=5, failed=1, skipped=1)


def test_a_renamed_set_does_not_slip_past_the_gate(project, tagged):
    (project.path / "goldens/tickets").rename(project.path / "goldens/ticket")
    tagged.answer = wrong_on(*map(str, range(60)))
    (project.path / "goldens/ticket/golden.toml").write_text("[gate]\n")
    result = project.run(*DROP)
    assert result.ret == 10
    result.stdout.fnmatch_lines(
        ["  against     HOLD *main has no record of golden set ticket, but of tickets, which is no*"]
    )


def test_without_a_drop_to_decide_by_a_set_that_the_run_did_not_have_is_said(project, tagged):
    project.golden("mails", ECHO)
    result = project.run("--ftgate-against", "main")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["mails: not compared: main has no record of this set"])


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["here", "workers"])
def test_python_tests_alone_do_not_pass_a_drop_that_nothing_decided(project, tagged, more):
    project.write(
        "test_it.py",
        "import pytest\n@pytest.mark.golden('tickets')\ndef test_it(grade):\n    assert grade.passed\n",
    )
    result = project.run("test_it.py", *DROP, *more)
    assert result.ret == 10
    told = [line for line in result.outlines if "only Python tests ask this golden set" in line]
    assert len(told) == 1
    assert told[0].startswith("  against     HOLD      not decided: ")


@pytest.mark.parametrize("which", [("-k", "t001 or t002"), ("goldens/tickets/golden.toml::t001",)], ids=["k", "id"])
def test_a_check_that_was_left_out_is_said(project, tagged, which):
    result = project.run(*which, *DROP)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["  against     ADVISORY  hold: not decided: * of 120 cases selected; *"])


def test_other_graders_and_other_cases_are_held(project, tagged):
    against = ("--ftgate-against", "main", "--ftgate-max-drop", "0.03")
    project.golden("tickets", MANY, "[[grader]]\nkind = 'exact'\nignore_case = true\n")
    result = project.run(*against)
    assert result.ret == 10
    result.stdout.fnmatch_lines(["  against     HOLD *was graded by other graders*"])
    project.golden("tickets", [*MANY[:80], *(case | {"expected": "X"} for case in MANY[80:])])
    result = project.run(*against)
    assert result.ret == 10
    result.stdout.fnmatch_lines(["  against     HOLD *40 of the 120 cases of the run * were removed or edited since*"])


def test_labels_which_only_sum_grades_up_are_no_change_of_graders(project, tagged):
    values = json.dumps([case["expected"] for case in MANY])
    label = f"[label]\nvalues = {values}\n[prompt.variants.v2]\nsystem = 'Echo.'\n"
    project.golden("tickets", MANY, label)
    result = project.run(*DROP)
    assert result.ret == 0
    assert "(same model, prompt and request)" in changes(result)[0]


def test_a_model_that_the_run_of_several_did_not_ask_is_compared_with_none_of_them(project, capsys, answering):
    server = answering(models=("a", "c", "d"))
    project.golden("tickets", MANY)
    project.run("--ftgate-model", "a", "--ftgate-model", "c")
    assert ftgate(project, capsys, "runs", "tag", "last", "main")[0] == 0
    server.answer = wrong_on("0")
    held = project.run("--ftgate-model", "d", *DROP)
    assert held.ret == 10
    held.stdout.fnmatch_lines(["  against     HOLD *main asked a, c, and it is not clear which of them*"])
    assert project.run("--ftgate-model", "a", *DROP).ret != 0
    server.answer = lambda messages: messages[-1]["content"]
    assert project.run("--ftgate-model", "a", *DROP).ret == 0


def test_a_variant_is_compared_with_itself(project, capsys, answering):
    """The own prompt was all wrong: an answer better than that passes no variant that lost."""
    server = answering(lambda messages: messages[-1]["content"] if messages[0]["role"] == "system" else "hm")
    project.golden("tickets", MANY, "[prompt.variants.v2]\nsystem = 'Echo.'\n")
    project.run("--ftgate-prompt", "all")
    assert ftgate(project, capsys, "runs", "tag", "last", "main")[0] == 0
    assert project.run("--ftgate-prompt", "v2", *DROP).ret == 0
    wrong = wrong_on("0")
    server.answer = lambda messages: wrong(messages) if messages[0]["role"] == "system" else "hm"
    assert project.run("--ftgate-prompt", "v2", *DROP).ret != 0


def test_a_must_pass_case_fails_whatever_the_comparison_says(project, tagged):
    project.golden("tickets", [MANY[0] | {"must_pass": True}, *MANY[1:]])
    tagged.answer = wrong_on("0")
    assert project.run("--ftgate-against", "main", "--ftgate-max-drop", "0.2").ret == 1


def test_part_of_a_set_decides_nothing(project, tagged):
    result = project.run("--ftgate-against", "main", "--ftgate-max-drop", "0.2", "-k", "t001 or gate")
    assert result.ret == 10
    result.stdout.fnmatch_lines(["*119 of 120 cases not measured*"])


def test_a_changed_record_ends_the_run_before_anything_is_asked(project, tagged):
    [path] = (project.path / ".ftgate/records").glob("*/tickets.jsonl")
    path.write_text(path.read_text().replace('"text":"text 3"', '"text":"text X"'))
    asked = len(tagged.requests)
    result = project.run("--ftgate-against", "main", "--ftgate-max-drop", "0.03")
    assert result.ret == 11
    assert "tickets.jsonl:5: edited after it was written" in result.stderr.str() + result.stdout.str()
    assert len(tagged.requests) == asked


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--ftgate-against", "nobody"), "no run 'nobody'"),
        (("--ftgate-against", "none.jsonl"), "no run 'none.jsonl'"),
        (("--ftgate-max-drop", "0.03"), "needs --ftgate-against"),
        (("--ftgate-against", "main", "--ftgate-max-drop", "3"), "found '3'"),
        (("--ftgate-against", "main", "--ftgate-max-drop", "nan"), "found 'nan'"),
        (("--ftgate-against", "main", "--train"), "remove --ftgate-against"),
        (("--ftgate-against", "main", "--canary"), "remove --ftgate-against"),
    ],
)
def test_mistakes_are_found_before_anything_is_asked(project, tagged, args, told):
    asked = len(tagged.requests)
    result = project.run(*args)
    assert result.ret == 4
    assert told in result.stderr.str()
    assert len(tagged.requests) == asked


def test_a_candidate_is_kept_and_compared_too(project, mlflow_template, no_tracking_server):
    trained = Trained(project, mlflow_template)
    trained.base(wrong=range(40))
    trained.candidate(1, wrong=range(10))
    assert trained.run().ret == 0
    [[facts, *_]] = records(project, "mail")
    assert (facts["model"], facts["n"], facts["passed"]) == ("candidate", 60, 50)
    trained.candidate(2, wrong=range(12))
    result = trained.run()
    result.stdout.fnmatch_lines(["mail: -3.3 points * against * (model changed): 0 fixed, 2 broken"])


def ftgate(project, capsys, *args):
    """A command on the project's state folder: exit code and output."""
    from pytest_ftgate.cli.main import main

    capsys.readouterr()
    return main([*args, "--state-dir", str(project.path / ".ftgate")]), capsys.readouterr().out


def test_two_models_are_compared_by_name(project, answering, capsys):
    server = answering(wrong_on("1"), models=("a", "b"))
    project.server = None
    project.golden("tickets", ECHO)
    project.run("--ftgate-base-url", server.base_url, "--ftgate-model", "a")
    server.answer = wrong_on("2", "3")
    project.run("--ftgate-base-url", server.base_url, "--ftgate-model", "b")
    code, out = ftgate(project, capsys, "compare", "a", "b")
    assert code == 0
    assert out.startswith("tickets: -16.7 points [")
    assert ", 1 fixed, 2 broken: not shown to differ\n" in out
    assert "t2\n  question:  text 2\n  expected:  text 2\n  A:         text 2\n  B:         wrong\n" in out
    assert ftgate(project, capsys, "compare", "a", "b", "--max-drop", "0.03")[0] == 10


def test_two_prompts_in_two_sets_are_compared_by_their_cases(project, answering, capsys):
    answering(lambda messages: "wrong" if messages[0]["content"] == "Brief." else messages[-1]["content"])
    for name, system in (("v1", "Long."), ("v2", "Brief.")):
        project.golden(name, ECHO, f"[prompt]\nsystem = '{system}'\n")
    project.run()
    code, out = ftgate(project, capsys, "compare", "goldens/v1", "goldens/v2")
    assert code == 0
    assert out.startswith("v1 and v2: -100.0 points [")
    assert "prompt.system  Long.  ->  Brief." in out
    assert "broken (6):" in out


def test_what_was_asked_and_missed_is_shown_whole(project, answering, capsys):
    answering(lambda messages: "a\nvery long answer " * 50)
    project.golden("tickets", [ECHO[0] | {"input": "one\ntwo " * 100}])
    project.run()
    out = ftgate(project, capsys, "show", "goldens/tickets", "--missed")[1]
    assert out.count("very long answer") == 50 + out.partition("grade:")[2].count("very long answer")
    assert out.count("two") == 100
    assert "goldens/tickets/cases.jsonl:1" in out

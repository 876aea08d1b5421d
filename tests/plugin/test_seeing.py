"""A wrong answer is shown as a person reads it: question, answer, expected value, why, where, and how to run it again."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

GATE = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.01\n"
LONG = "Let me think about this ticket. " * 90 + "bug" + "\n\nI hope that helps!" * 10
STORY = "The parcel left the warehouse on Monday and reached the customer after three days. " * 3


def cases(wrong="I was charged twice", expected="billing", n=30):
    rest = [{"id": f"t{i:03}", "input": f"Ticket {i}", "expected": "ok"} for i in range(1, n)]
    return [{"id": "t000", "input": wrong, "expected": expected}, *rest]


@pytest.fixture
def tickets(project, answering):
    """`tickets(answer)`: thirty tickets, of which the first gets this answer and the others the right one."""

    def make(answer="bug", toml=GATE, **first):
        given = cases(**first)
        answering(lambda messages: "ok" if messages[-1]["content"].startswith("Ticket ") else answer)
        project.golden("tickets", given, toml)
        return project

    return make


def test_a_failure_shows_question_answer_and_expected_value(tickets):
    result = tickets(toml="").run()
    result.stdout.fnmatch_lines(
        [
            "goldens/tickets/cases.jsonl:1: found 'bug', expected 'billing'",
            "  case:       goldens/tickets/golden.toml::t000",
            "  question:   I was charged twice",
            "  answer:     bug",
            "  expected:   billing",
        ]
    )
    result.stdout.fnmatch_lines(["FAILED goldens/tickets/golden.toml::t000 - found 'bug', expected 'billing'"])
    assert result.stdout.str().count("found 'bug', expected 'billing'") == 2


def test_the_short_summary_says_why_also_on_workers(tickets):
    wanted = ["FAILED goldens/tickets/golden.toml::t000 - found 'bug', expected 'billing'"]
    tickets(toml="").run("-n2").stdout.fnmatch_lines(wanted)


def test_the_reason_of_many_graders_is_shown_over_several_lines(tickets):
    words = ", ".join(f"{{kind = 'contains', values = ['word {n}']}}" for n in range(6))
    result = tickets(toml=f"[[grader]]\nkind = 'any_of'\ngraders = [{{kind = 'exact'}}, {words}]\n").run()
    lines = result.stdout.lines
    first = next(number for number, line in enumerate(lines) if line.startswith("goldens/tickets/cases.jsonl:1: "))
    assert lines[first].endswith("...")
    assert lines[first + 1] == "  reason:"
    told = " ".join(line.strip() for line in lines[first + 2 : lines.index("  question:   I was charged twice")])
    assert told.startswith("0 of 7 passed, required 1; exact@")
    assert "'word 5'" in told
    assert max(map(len, lines[first + 1 : first + 8])) <= 120


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_a_line_of_traceback_is_that_of_the_case(tickets, workers):
    """With a gate also the check that fails is named, whose place is its whole file."""
    project = tickets(toml=GATE.replace("0.01", "0.999"))
    lines = project.run("--tb=line", *workers).stdout.lines
    assert f"{project.path}/goldens/tickets/golden.toml: " in "".join(lines)
    (project.path / "goldens/tickets/golden.toml").write_text("")
    result = project.run("--tb=line", *workers)
    result.stdout.fnmatch_lines([f"{project.path}/goldens/tickets/cases.jsonl:1: found 'bug', expected 'billing'"])
    result.stdout.no_fnmatch_line("*:0: *")


def test_the_id_can_be_pasted_from_another_folder(tickets, monkeypatch):
    project = tickets(toml="")
    monkeypatch.chdir(project.path / "goldens")
    project.run("tickets", "--rootdir", str(project.path)).stdout.fnmatch_lines(["  case: * tickets/golden.toml::t000"])


def test_the_question_is_the_turn_that_was_sent(project, answering):
    answering(lambda messages: "no")
    toml = '[prompt]\nsystem = "short"\ntemplate = "Classify:\\n{{ text }}"\nexamples = [["Classify:\\nx", "y"]]\n'
    turns = [{"role": role, "content": role} for role in ("user", "assistant")] + [{"role": "user", "content": "and?"}]
    inputs = [{"id": "a", "input": "one\ntwo", "expected": "yes"}, {"id": "b", "input": turns, "expected": "yes"}]
    project.golden("set", inputs, toml)
    result = project.run()
    result.stdout.fnmatch_lines(["  question:", "    Classify:", "    one", "    two", "  answer: * no"])
    result.stdout.fnmatch_lines(["  question, turn 3: and?"])


def test_a_long_answer_is_cut_in_the_middle_and_whole_with_vv(tickets):
    project = tickets(LONG, toml="")
    said = project.run().stdout.str()
    assert "characters left out; -vv shows all)" in said
    assert "    I hope that helps!" in said
    assert LONG[:2880] not in said
    assert LONG.split("\n", maxsplit=1)[0] in project.run("-vv").stdout.str()


def test_a_miss_is_one_line_with_its_question_and_a_block_with_v(tickets):
    project = tickets()
    plain = project.run()
    plain.stdout.fnmatch_lines(
        ["  goldens/tickets/golden.toml::t000: I was charged twice -> found 'bug', expected 'billing'"]
    )
    plain.stdout.no_fnmatch_line("*question:*")
    block = ["  goldens/tickets/cases.jsonl:1: *", "    case: *::t000", "    question: * I was charged twice"]
    project.run("-v").stdout.fnmatch_lines([*block, "    answer: * bug", "    expected: * billing"])


def test_a_missed_answer_can_be_read_in_full(tickets):
    assert LONG.split("\n", maxsplit=1)[0] in tickets(LONG).run("-vv").stdout.str()


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_miss_carries_its_question_and_answer_for_any_reporter(tickets, workers):
    project = tickets()
    project.write("conftest.py", REPORTER)
    result = project.run(*workers, "-v", "--junitxml=out.xml")
    result.stdout.fnmatch_lines(
        ["    case: * goldens/tickets/golden.toml::t000", "    question: * I was charged twice"]
    )
    told = (project.path / "sections.txt").read_text()
    assert "question:   I was charged twice" in told
    assert "answer:     bug" in told
    junit = {case.get("name"): case for case in ET.parse(project.path / "out.xml").iter("testcase")}
    properties = {p.get("name"): p.get("value") for p in junit["t000"].iter("property")}
    assert properties["ftgate_question"] == "I was charged twice"
    assert properties["ftgate_answer"] == "bug"
    assert properties["ftgate_expected"] == "billing"
    assert "ftgate_question" not in {p.get("name") for p in junit["t001"].iter("property")}, (
        "a right answer is not kept"
    )


REPORTER = """
def pytest_runtest_logreport(report):
    if report.sections and report.nodeid.endswith("::t000"):
        with open("sections.txt", "a") as file:
            file.write("".join(text for _, text in report.sections))
"""


def test_junit_has_the_whole_failure(tickets):
    project = tickets(toml="")
    project.run("--junitxml=out.xml")
    junit = {case.get("name"): case for case in ET.parse(project.path / "out.xml").iter("testcase")}
    assert "question:   I was charged twice" in junit["t000"].find("failure").text


def test_what_junit_keeps_of_a_miss_has_a_limit(tickets):
    project = tickets("x" * 50_000)
    project.run("--junitxml=out.xml")
    assert len((project.path / "out.xml").read_text()) < 50_000


def test_json_is_read_over_several_lines_with_what_differs(tickets):
    expected = {"label": "billing", "steps": [f"step number {n}" for n in range(12)]}
    found = json.dumps({"label": "bug", "steps": expected["steps"]})
    toml = '[[grader]]\nkind = "json_fields"\nfields = ["label"]\n'
    result = tickets(f"```json\n{found}\n```", toml=toml, expected=expected, n=1).run()
    result.stdout.fnmatch_lines(["  expected:", "    {", '      "label": "billing",'])
    result.stdout.fnmatch_lines(
        ["  diff (- expected, + answer):", '    -  "label": "billing",', '    +  "label": "bug",']
    )


def test_long_texts_are_compared_word_by_word(tickets):
    result = tickets(STORY.replace("Monday", "Friday", 1), toml="", expected=STORY.strip()).run()
    result.stdout.fnmatch_lines(["  diff (*): The parcel left*[[]-Monday-] {+Friday+}*"])


def test_an_empty_answer_is_named(tickets):
    tickets("", toml="").run().stdout.fnmatch_lines(["  answer:     (empty)"])


@pytest.mark.parametrize("verbose", [[], ["-v"], ["-vv"]])
@pytest.mark.parametrize("toml", ["", GATE])
def test_questions_and_answers_steer_neither_terminal_nor_job(tickets, toml, verbose):
    evil = "a\n::error::owned\n##[error]owned\r\x1b[31m\u202ered"
    project = tickets(evil, toml=toml, wrong=f"{evil}?", expected=f"{evil}!")
    said = project.run(*verbose, "--ftgate-markdown", "page.md", "--color=no").stdout.str()
    for text in (said, (project.path / "page.md").read_text()):
        assert "::error::" not in text
        assert "##[error]" not in text
        assert not {"\r", "\x1b", "\u202e"} & set(text)


def test_a_secret_in_question_and_answer_is_masked(tickets, monkeypatch):
    secret = "sk-seeing-0123456789abcdef"
    monkeypatch.setenv("OPENAI_API_KEY", secret)
    project = tickets(f"{'x' * 1_190}{secret}", wrong=f"Is {secret} my key?")
    said = project.run("-vv", "--junitxml=out.xml", "--ftgate-markdown", "page.md").stdout.str()
    for text in (said, (project.path / "out.xml").read_text(), (project.path / "page.md").read_text()):
        assert "seeing-0123" not in text
        assert "Is *** my key?" in text.replace("&#42;", "*")


def test_assertions_show_one_short_line_and_a_wrong_grade_is_not_true(project, answering):
    answering(lambda messages: LONG)
    project.golden("tickets", cases()[:1])
    project.write(
        "test_own.py",
        "import pytest\n\n"
        "@pytest.mark.golden('tickets')\n"
        "def test_grade(case, grade):\n    assert grade\n\n"
        "@pytest.mark.golden('tickets')\n"
        "def test_answer(case, response):\n    assert response.text == case.expected\n",
    )
    result = project.run("test_own.py")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E       assert Grade(0.0, *passed=False)"])
    result.stdout.fnmatch_lines(["case = Case('t000', 'I was charged twice', expected='billing')"])
    result.stdout.fnmatch_lines(["response = Response('Let me think*I hope that helps!')"])

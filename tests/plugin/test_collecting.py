"""Every golden set is collected wherever it is named from, or a warning says why not and what would be."""

from __future__ import annotations

import pytest

from tests import projects

CASE = {"id": "fr", "input": "Paris", "expected": "Paris"}
ROWS = projects.json_lines([CASE])
CSV = "id,input,expected\nfr,Paris,Paris\n"
JSON = '[{"id": "fr", "input": "Paris", "expected": "Paris"}]'
YML = "- {id: fr, input: Paris, expected: Paris}\n"


@pytest.fixture
def ids(project):
    """ids(*arguments) -> the node ids that pytest collects, from the folder where it is called."""

    def collected(*args: str) -> list[str]:
        result = project.run(*args, "--co", "-q")
        return [line for line in result.outlines if "::" in line]

    return collected


def layouts(project, folder="goldens"):
    project.write(f"{folder}/a.golden.csv", CSV)
    project.write(f"{folder}/b.golden.json", JSON)
    project.write(f"{folder}/c.golden.yml", YML)
    project.write(f"{folder}/e/cases.jsonl", ROWS)
    project.write(f"{folder}/ok.golden.jsonl", ROWS)


def test_every_layout_runs(project, answering):
    answering()
    layouts(project)
    result = project.run()
    result.assert_outcomes(passed=5, warnings=0)


def test_every_layout_can_be_locked(project, answering):
    answering()
    layouts(project)
    for file in ("a.golden.csv", "b.golden.json", "c.golden.yml", "e"):
        projects.lock(project.path / "goldens" / file)
    locks = sorted(str(path.relative_to(project.path / "goldens")) for path in project.path.rglob("*.lock"))
    assert locks == ["a.golden.lock", "b.golden.lock", "c.golden.lock", "e/golden.lock"]
    project.run().assert_outcomes(passed=5)
    project.write("goldens/a.golden.csv", CSV.replace("Paris,", "Lyon,"))
    result = project.run()
    result.stdout.fnmatch_lines(["*goldens/a.golden.csv*", "*to accept the change: ftgate lock goldens/a.golden.csv*"])


def test_what_is_no_set_is_named_once_with_what_would_be_one(project, answering):
    answering()
    project.single("ok", CASE)
    project.write("goldens/d.jsonl", ROWS)
    project.write("goldens/tickets.goldens.jsonl", ROWS)
    project.write("goldens/labels.jsonl", ROWS)
    project.write("goldens/deep/x.csv", CSV)
    for number in range(9):
        project.write(f"goldens/many/{number}.csv", CSV)
    result = project.run()
    result.assert_outcomes(passed=1, warnings=3)
    result.stdout.fnmatch_lines(
        [
            "*goldens/d.jsonl: not collected: rename it to d.golden.jsonl",
            "*goldens/tickets.goldens.jsonl: not collected: rename it to tickets.golden.jsonl",
        ]
    )
    result.stdout.fnmatch_lines(["*goldens/deep/x.csv: not collected: rename it to x.golden.csv"])
    result.stdout.fnmatch_lines(["*goldens/many/4.csv: *", "*and 4 more"])
    result.stdout.no_fnmatch_line("*labels.jsonl*")


def test_the_file_that_was_asked_for_is_named_first(project):
    project.single("ok", CASE)
    for number in range(9):
        project.write(f"goldens/{number}.csv", CSV)
    project.write("goldens/z.golden.csv", "time,value\n1,2\n")
    result = project.run("goldens/z.golden.csv")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*goldens/z.golden.csv: not collected: *no column `input`*", "*goldens/0.csv: *"])


def test_what_is_no_set_is_named_in_a_folder_elsewhere(project):
    project.write("services/x/goldens/a.jsonl", ROWS)
    project.write("services/x/goldens/b.golden.jsonl", ROWS)
    result = project.run("services/x/goldens", "--co")
    result.stdout.fnmatch_lines(["*services/x/goldens/a.jsonl: not collected: rename it to a.golden.jsonl"])


def test_a_table_of_questions_and_answers_is_no_quiet_green(project, answering):
    answering()
    project.single("ok", CASE)
    project.write("goldens/faq.golden.csv", "question,answer,lang\nWhere?,Here,de\n")
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["goldens/faq.golden.csv:1: 'question' is not a column * did you mean 'input'?"])
    result.stdout.fnmatch_lines(["goldens/faq.golden.csv:1: 'lang' is not a column *; for a slice: slices.lang"])


def test_a_warning_that_is_an_error_has_no_traceback(project, answering):
    answering()
    project.single("ok", CASE)
    project.write("goldens/d.jsonl", ROWS)
    result = project.run("-W", "error::pytest.PytestCollectionWarning")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*ERROR collecting goldens*", "goldens/d.jsonl: not collected: rename it to *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*collecting.py*")


def test_the_only_file_is_misnamed_and_a_model_is_named(project, answering):
    answering()
    project.write("goldens/tickets.jsonl", ROWS)
    result = project.run("goldens")
    assert result.ret == 5
    result.stdout.fnmatch_lines(["*rename it to tickets.golden.jsonl"])


def test_others_files_in_a_folder_of_this_name_are_left_alone(project):
    project.write("goldens/api.golden.json", '{"status": 200}')
    project.write("goldens/table.golden.csv", "time,value\n1,2\n")
    project.write("goldens/log/cases.jsonl", '{"event": 1}\n')
    project.write("goldens/more.jsonl", ROWS)
    project.write("goldens/test_api.py", "def test_api():\n    pass\n")
    for args in ([], ["goldens"]):
        result = project.run(*args)
        result.assert_outcomes(passed=1, warnings=0)
        assert "golden." not in result.stdout.str()


def test_one_worker_of_several_warns(project, answering):
    answering()
    project.single("ok", CASE)
    project.write("goldens/d.jsonl", ROWS)
    result = project.run("-n", "2")
    result.assert_outcomes(passed=1, warnings=1)


# --- named on the command line ----------------------------------------------------------------------------------------


def monorepo(project):
    project.write("services/x/goldens/capitals.golden.jsonl", ROWS)
    project.golden("mine", [CASE])
    return "services/x/goldens/capitals.golden.jsonl::fr"


@pytest.mark.parametrize("named", ["services/x/goldens", "services/x/goldens/", "services/x", "services"])
def test_a_folder_of_sets_is_collected_where_it_is_named(project, ids, named):
    expected = monorepo(project)
    assert ids(named) == [expected]


def test_only_what_is_configured_is_collected_where_nothing_is_named(project, ids):
    monorepo(project)
    assert ids() == ["goldens/mine/golden.toml::fr"]


@pytest.mark.parametrize("args", [[], ["goldens"], ["."], ["goldens/capitals.golden.jsonl"]])
def test_pytest_called_in_a_folder_below_rootdir(project, ids, args, monkeypatch):
    expected = monorepo(project)
    monkeypatch.chdir(project.path / "services/x")
    assert ids(*args) == [expected]


@pytest.mark.parametrize("named", ["qa/llm", "qa/llm/deep", "qa/llm/deep/set"])
def test_a_folder_of_another_name_is_collected_if_it_holds_sets(project, ids, named):
    project.write("qa/llm/capitals.golden.csv", CSV)
    project.write("qa/llm/deep/set/cases.jsonl", ROWS)
    single, deep = "qa/llm/capitals.golden.csv::fr", "qa/llm/deep/set/cases.jsonl::fr"
    assert ids(named) == ([single] if named == "qa/llm" else [deep])
    assert ids("qa") == []


def test_sets_outside_of_rootdir(project, ids, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    projects.write_golden(elsewhere / "goldens/mood", [CASE])
    for named in (elsewhere, elsewhere / "goldens", elsewhere / "goldens/mood"):
        assert [line.rpartition("::")[2] for line in ids(named, "-c", project.path / "tox.ini")] == ["fr"]


@pytest.mark.parametrize(
    ("here", "named"),
    [
        (".", "goldens/mine::fr"),
        (".", "goldens/mine/::fr"),
        (".", "./goldens/../goldens/mine::fr"),
        (".", "goldens/mine/cases.jsonl::fr"),
        (".", "goldens/mine/golden.toml::fr"),
        ("goldens", "mine::fr"),
        ("goldens/mine", ".::fr"),
        ("goldens/mine", "cases.jsonl"),
        ("services/x", "../../goldens/mine::fr"),
    ],
)
def test_a_case_is_named_by_the_folder_of_its_set(project, ids, here, named, monkeypatch):
    monorepo(project)
    monkeypatch.chdir(project.path / here)
    assert ids(named) == ["goldens/mine/golden.toml::fr"]


def test_a_case_of_a_set_in_one_file_or_without_settings(project, ids):
    layouts(project)
    assert ids("goldens/a.golden.csv::fr") == ["goldens/a.golden.csv::fr"]
    assert ids("goldens/e::fr") == ["goldens/e/cases.jsonl::fr"]
    for name, file in (("a", "a.golden.csv"), ("b", "b.golden.json"), ("c", "c.golden.yml"), ("ok", "ok.golden.jsonl")):
        assert ids(f"goldens/{name}::fr") == [f"goldens/{file}::fr"]
    assert ids("goldens/ok") == ["goldens/ok.golden.jsonl::fr"]


def test_a_case_that_is_not_there(project):
    project.golden("mine", [CASE])
    result = project.run("goldens/mine::nope")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: not found: *goldens/mine/golden.toml::nope*"])
    result.stderr.fnmatch_lines(["*goldens/mine/golden.toml::nope: no case 'nope' among 1; nearest: fr"])


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("v2", "[v2] is a prompt variant; add --ftgate-prompt v2"),
        ("base", "[base] is a prompt variant; add --ftgate-prompt all"),
        ("a-v2", "[a-v2] is the model 'a' with a prompt variant; add --ftgate-model for each model, and * v2"),
        ("v9", "[v9] is no prompt variant (base, v2); if it is a model, add --ftgate-model for each model"),
    ],
)
def test_a_case_in_a_column_that_this_run_has_not(project, label, said):
    project.golden("mine", [CASE], "[prompt.variants.v2]\nsystem = 'x'\n")
    result = project.run(f"goldens/mine/golden.toml::fr[{label}]")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*::fr[[]{label}]: {said.replace('[', '[[]')}"])


def test_a_case_by_its_folder_with_workers(project, answering):
    answering()
    project.golden("mine", [CASE, {**CASE, "id": "other", "input": "Lyon"}])
    project.run("goldens/mine::fr", "-n", "2").assert_outcomes(passed=1)

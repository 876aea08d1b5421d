"""Tasks of lm-eval with local rows become golden sets; what only Python code says is named."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.golden.case import make_case
from pytest_ftgate.graders.grade import compile_grader, grade_case
from pytest_ftgate.pipeline.importing.lm_eval import read_lm_eval
from pytest_ftgate.pipeline.importing.lm_eval.scoring import Scoring
from pytest_ftgate.pipeline.importing.write import write_golden_set
from pytest_ftgate.serve.response import Response
from tests.projects import write, write_rows

ROWS = [{"q": "2 + 2?", "a": "4", "wrong": "5", "n": 0}, {"q": "3 + 3?", "a": "6", "wrong": "7", "n": 1}]
HEAD = "task: t\ndataset_path: json\ndataset_kwargs:\n  data_files:\n    test: rows.jsonl\n    train: shots.jsonl\n"
GENERATED = HEAD + 'test_split: test\ndoc_to_text: "Question: {{q}}\\nAnswer:"\ndoc_to_target: a\n'
CHOSEN = HEAD + (
    'output_type: multiple_choice\ntest_split: test\ndoc_to_text: "{{q}}\\nAnswer:"\ndoc_to_target: n\n'
    'doc_to_choice: "{{[a, wrong]}}"\n'
)


@pytest.fixture
def task(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.jsonl", ROWS)
    write_rows(tmp_path / "shots.jsonl", [{"q": "1 + 1?", "a": "2", "wrong": "3", "n": 0}])

    def read(text):
        imported = read_lm_eval(write(tmp_path / "t.yaml", text))
        return imported, write_golden_set(imported, tmp_path / "goldens/t") if imported.cases else None

    return read


def named(imported):
    return [(fault.line, fault.message.partition(":")[0]) for fault in imported.lost]


def test_a_generated_answer(task):
    imported, suite = task(
        GENERATED + 'description: "Be exact."\ngeneration_kwargs:\n  until: ["\\n\\n"]\n  max_gen_toks: 9\n'
        "  do_sample: false\nmetric_list:\n  - metric: exact_match\n    ignore_case: true\n"
    )
    assert imported.lost == []
    assert (suite.cases[0].input, suite.cases[0].expected) == ("Question: 2 + 2?\nAnswer:", "4")
    assert suite.prompt.system == "Be exact."
    assert (suite.golden.request.max_tokens, suite.golden.request.stop) == (9, ("\n\n",))
    assert suite.golden.graders == ({"kind": "exact", "ignore_case": True},)


def test_options_are_asked_by_letter(task):
    imported, suite = task(CHOSEN + "metric_list:\n  - metric: acc\n  - metric: f1\n")
    assert imported.lost == []
    assert suite.cases[0].input.startswith("2 + 2?\n\nA) 4\nB) 5\n\n")
    assert suite.cases[0].input.endswith("\nAnswer:")
    assert [case.expected for case in suite.cases] == ["A", "B"]
    assert suite.golden.graders == ({"kind": "one_of", "labels": ["A", "B"]},)
    assert suite.golden.label.values == ("A", "B")
    assert any("probability" in note for note in imported.notes)


def test_examples_come_from_their_split(task, tmp_path):
    imported, suite = task(GENERATED + "num_fewshot: 1\nfewshot_split: train\n")
    assert suite.prompt.examples == (("Question: 1 + 1?\nAnswer:", "2"),)
    assert any("at random" in note for note in imported.notes)


def test_examples_of_the_tested_rows_are_not_shown(task):
    imported, suite = task(GENERATED + "num_fewshot: 1\nfewshot_split: test\n")
    assert suite.prompt.examples == ()
    assert named(imported) == [(10, "num_fewshot 1")]


@pytest.mark.parametrize(
    ("answer", "passes"),
    [("So #### 4", True), ("#### 4 is it", True), ("4", False), ("#### 42", False), ("#### 14", False), ("#### 4.5", False)],
)  # fmt: skip
def test_the_answer_is_looked_for_with_the_filter(task, answer, passes):
    filters = (
        "filter_list:\n  - name: strict\n    filter:\n      - function: regex\n"
        '        regex_pattern: "#### (\\\\-?[0-9\\\\.\\\\,]+)"\n      - function: take_first\n'
    )
    imported, suite = task(GENERATED + filters)
    assert imported.lost == []
    case = suite.cases[0]
    assert grade_case(suite.graders_of(case), case, Response(case.id, "", answer)).passed is passes


def test_what_does_not_count_is_taken_out_of_the_expected_answer(task, tmp_path):
    write_rows(tmp_path / "rows.jsonl", [{"q": "x", "a": "It is easy.\n#### 1,000"}])
    imported, suite = task(
        GENERATED + "metric_list:\n  - metric: exact_match\n    regexes_to_ignore:\n"
        '      - ","\n      - "(?s).*#### "\n'
    )
    assert suite.cases[0].expected == "1000"
    assert "not out of what the model answers" in imported.lost[0].message


def test_functions_metrics_and_filters_are_named(task):
    imported, suite = task(
        GENERATED + "process_docs: !function utils.docs\nmetric_list:\n  - metric: bleu\n"
        "  - metric: !function utils.score\nfilter_list:\n  - name: a\n    filter:\n      - function: majority_vote\n"
        "  - name: b\ngeneration_kwargs:\n  top_p: 0.5\nunsafe_code: true\n"
    )
    assert named(imported) == [
        (10, "process_docs !function utils.docs"),
        (12, "metric bleu"),
        (13, "metric !function utils.score"),
        (15, "filter a"),
        (18, "filter b"),
        (20, "top_p"),
        (21, "unsafe_code"),
    ]
    assert len(suite.cases) == 2


def test_rows_that_the_templates_do_not_fit_are_counted(task, tmp_path):
    write_rows(tmp_path / "rows.jsonl", [*ROWS, {"q": "x"}, {"q": "y"}, {"q": "z", "a": "1", "wrong": "2", "n": 7}])
    imported, suite = task(CHOSEN)
    assert len(suite.cases) == 2
    assert [fault.line for fault in imported.lost] == [3, 5]
    assert "doc_to_target" in imported.lost[0].message or "doc_to_choice" in imported.lost[0].message
    assert "(2 cases; also line 4)" in imported.lost[0].message


def test_a_program_that_writes_the_question(task):
    imported, suite = task(GENERATED.replace('"Question: {{q}}\\nAnswer:"', "!function utils.text"))
    assert suite is None
    assert "doc_to_text is !function utils.text" in imported.lost[0].message


def test_probabilities_are_not_answers(task):
    imported, suite = task(GENERATED + "output_type: loglikelihood\n")
    assert suite is None
    assert named(imported) == [(10, "output_type loglikelihood")]


def test_settings_of_another_file(task, tmp_path):
    write(tmp_path / "_base_yaml", GENERATED)
    imported, suite = task("include: _base_yaml\ntask: mine\nnum_fewshot: 0\n")
    assert imported.lost == []
    assert suite.golden.description == "lm-eval task mine"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (("dataset_path: json", "dataset_path: org/name"), r"t.yaml:2: dataset_path is 'org/name'"),
        (("rows.jsonl", "hf://datasets/x.jsonl"), r"t.yaml:4: data_files of the split 'test' is 'hf://"),
        (("rows.jsonl", "none.jsonl"), r"t.yaml:4: none.jsonl is not found"),
        (("doc_to_text", "text"), r"it has no `doc_to_text`"),
    ],
)
def test_without_local_rows_the_way_is_named(task, changed, why):
    with pytest.raises(FileFaults, match=why):
        task(GENERATED.replace(*changed))


def test_rows_in_another_file(task, tmp_path):
    file = write(tmp_path / "rows.csv", "q,a\n5 + 5?,10\n")
    [row] = read_lm_eval(write(tmp_path / "t.yaml", GENERATED.replace("json", "org/name")), file).cases
    assert (row.line, row.data["expected"]) == (2, "10")


def test_the_pattern_is_one_that_our_grader_takes():
    case = make_case({"input": "x", "expected": "a(b"}, 1, "c")
    [spec] = Scoring({}, r"is \(?([a-z()]+)\)?\.").graders("a(b")
    assert grade_case([compile_grader(spec)], case, Response("c", "", "it is a(b.")).passed

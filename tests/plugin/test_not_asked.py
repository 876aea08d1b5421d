"""A model that cannot be asked is an error of its cases, said once; everything else runs."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests import projects
from tests.mock_openai import MockServer
from tests.projects import assert_unasked

CASES = [{"id": name, "input": name, "expected": "yes"} for name in ("c0", "c1", "c2")]
GATE = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.5\n"
NOBODY = "http://127.0.0.1:9/v1"
"""An address where nothing answers."""


@pytest.fixture
def units(project):
    project.write("test_unit.py", "def test_one(): pass\ndef test_two(): pass\n")
    return project


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ([], "*not asked: no model is named*"),
        (["--ftgate-model", "mock"], "*pass its address too: --ftgate-base-url URL*"),
        (["--ftgate-model", "mock", "--ftgate-base-url", NOBODY], "*127.0.0.1:9/v1: no response*"),
        (["--ftgate-base-url", NOBODY], "*--ftgate-base-url http://127.0.0.1:9/v1 needs --ftgate-model NAME, or*"),
        (["--ftgate-engine", "openai"], "*--ftgate-engine openai needs --ftgate-base-url URL, or ftgate_base_url *"),
        (["--ftgate-regrade", "last"], "*no answers of model last in the journal of s*"),
    ],
)
def test_everything_else_runs(units, args, why):
    units.golden("s", CASES)
    result = units.run(*args, "--junitxml=j.xml", "--ftgate-markdown", "s.md")
    assert result.ret == 1
    assert_unasked(result, 3, passed=2)
    result.stdout.fnmatch_lines(["ftgate: s: not asked: *", "*ERROR at setup of c0*", why])
    result.stdout.no_fnmatch_line("*ERROR at setup of c2*")
    result.stdout.fnmatch_lines(["*= pytest-ftgate =*", "s: not asked: *"])
    markdown = (units.path / "s.md").read_text()
    assert "    s: not asked: " in markdown
    assert "exit code 1" in markdown
    suite = ElementTree.parse(units.path / "j.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("5", "3", "0")


def test_an_address_in_the_configuration_without_a_model_leaves_the_rest_alone(units):
    units.golden("s", CASES)
    with MockServer(models=("qwen", "llama")) as server:
        units.pytester.makeini(f"[pytest]\nftgate_base_url = {server.base_url}\n")
        alone = units.run("test_unit.py")
        assert alone.ret == 0, alone.stderr.str()
        result = units.run()
    assert result.ret == 1
    assert_unasked(result, 3, passed=2)
    result.stdout.fnmatch_lines(
        [
            f"not asked: ftgate_base_url {server.base_url} needs --ftgate-model NAME, or ftgate_model*",
            "*it serves *qwen*",
        ]
    )


def test_a_gate_that_lacks_its_model_decides_nothing(units):
    units.golden("s", CASES, GATE)
    result = units.run()
    assert result.ret == 1
    assert_unasked(result, 3, passed=2, failed=3)
    result.stdout.fnmatch_lines(["*floors*HOLD*not decided: 3 of 3 cases not measured: the model could not be asked*"])


def test_the_sets_that_can_be_asked_are_asked(units, answering):
    """The one that cannot names a model that the journal does not hold."""
    answering(lambda messages: "yes")
    units.golden("s", CASES)
    units.run("goldens/s").assert_outcomes(passed=3)
    units.golden("another", CASES)
    units.server = None
    result = units.run("--ftgate-regrade", "last")
    assert_unasked(result, 3, passed=2 + 3)
    assert result.ret == 1


def test_a_server_that_is_down_is_tried_once_for_all_sets(units):
    for name in ("s", "t"):
        units.golden(name, CASES)
    result = units.run("--ftgate-model", "mock", "--ftgate-base-url", NOBODY)
    assert_unasked(result, 6, passed=2)
    result.stdout.fnmatch_lines(["ftgate: s, t: not asked: *no response*"])
    assert result.stdout.str().count("ftgate: asking mock") == 1


def test_python_tests_of_a_set_that_cannot_be_asked(units):
    units.golden("s", CASES)
    units.write(
        "test_own.py",
        "import pytest\n@pytest.mark.golden('s')\ndef test_each(case, response): pass\n"
        "@pytest.mark.golden('s')\ndef test_all(metrics): pass\n",
    )
    result = units.run("test_own.py", "test_unit.py")
    assert result.ret == 1
    assert_unasked(result, 4, passed=2)
    result.stdout.fnmatch_lines(["not asked: see test_own.py::test_each*"])


def test_a_python_test_of_a_set_that_there_is_not_cannot_be_collected(units):
    units.golden("s", CASES)
    units.write("test_own.py", "import pytest\n@pytest.mark.golden('nosuch')\ndef test_other(metrics): pass\n")
    result = units.run("test_own.py", "test_unit.py")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["no golden set 'nosuch' in goldens/*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_under_xdist_the_other_workers_do_their_tests(units):
    units.golden("s", CASES)
    result = units.run("-n2")
    assert result.ret == 1
    assert_unasked(result, 3, passed=2)
    assert sum(line.startswith("not asked: no model is named") for line in result.outlines) == 1
    result.stdout.fnmatch_lines(["s: not asked: no model is named*"])


def test_an_engine_that_does_not_start_asks_whether_the_model_is_served(units):
    units.golden("s", CASES)
    result = units.run("--ftgate-model", "./no/such/folder")
    result.stdout.fnmatch_lines(["*no such folder*", "*pass its address too: --ftgate-base-url URL*"])
    assert result.ret == 1


def test_a_registry_that_was_removed_is_integrity(units):
    """The audit log tells of a champion that is nowhere."""
    from pytest_ftgate.registry.audit.log import record

    projects.write_model(units.path / "pipelines/task/model")
    for file in ("train", "validation"):
        projects.write_rows(units.path / f"pipelines/task/{file}.jsonl", [{"input": "in", "output": "out"}])
    projects.write_pipeline(units.path / "pipelines/task", "s")
    units.locked("s", CASES)
    record(units.path / ".ftgate", "promote", "task", {"version": 1, "digest": "0" * 64, "over": None})
    result = units.run()
    assert result.ret == 11, result.stdout.str()
    assert_unasked(result, 3, passed=2)
    result.stdout.fnmatch_lines(["not asked: task: v1 was made champion*there is no registry at*"])


def test_two_models_as_a_list_in_the_configuration_are_told_the_flag(units):
    (units.path / "tox.ini").unlink()
    units.write("pyproject.toml", '[tool.pytest.ini_options]\nftgate_model = ["a", "b"]\n')
    result = units.run("-p", "no:randomly")
    assert result.ret == 4
    said = "ftgate_model: found ['a', 'b'], expected one text; to compare several, repeat the flag --ftgate-model"
    assert said in result.stderr.str()

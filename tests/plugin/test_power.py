"""What a set can see, told at collection; with the discordance that earlier runs have measured."""

from __future__ import annotations

import pytest

from tests.mock_openai import Fault

CASES = [
    {"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}", "slices": {"lang": "de" if i < 30 else "en"}}
    for i in range(100)
]
ASSUMED = "ftgate: tiny: 100 cases can resolve about 10 points; a 5-point regression needs 396"


@pytest.fixture
def asked(project, answering):
    """asked("model", 7) runs the set with a model that has the first seven cases wrong."""
    project.single("tiny", *CASES)

    def run(model: str, wrong: int, *args: str):
        lost = {f"text {i}" for i in range(wrong)}
        answering(
            lambda messages: "no" if messages[-1]["content"] in lost else messages[-1]["content"], models=(model,)
        )
        return project.run("--ftgate-model", model, *args)

    return run


def test_the_line_names_the_smallest_slice(asked, project):
    asked("one", 0, "--collect-only").stdout.fnmatch_lines([ASSUMED])
    result = asked("one", 0, "--collect-only", "-v")
    result.stdout.fnmatch_lines([ASSUMED + "; smallest of 2 slices (lang=de, 30) about 21 points"])
    assert not (project.path / ".ftgate").exists()


def test_two_runs_of_different_models_measure_the_discordance(asked):
    for model, wrong in (("one", 0), ("one", 3), ("two", 12)):
        asked(model, wrong, "-v").stdout.no_fnmatch_line("*(measured: *")
    asked("two", 12, "--collect-only", "-v").stdout.fnmatch_lines(
        ["ftgate: tiny: 100 cases can resolve about 7 points; *discordance 0.09 (measured: two, *and one, *100 cases)"]
    )


def test_a_part_of_the_set_measures_nothing(asked, project):
    asked("one", 0)
    asked("two", 40, "-k", "a1")
    asked("two", 40, "--collect-only", "-v").stdout.no_fnmatch_line("*(measured: *")


def test_a_regrade_is_no_second_model(asked, project):
    asked("one", 5)
    project.server = None
    project.run("--ftgate-regrade", "last").assert_outcomes(passed=95, failed=5)
    asked("one", 5, "--collect-only", "-v").stdout.no_fnmatch_line("*(measured: *")


@pytest.mark.parametrize(
    "silence", ["", Fault(body='{"choices": [{"message": {}, "finish_reason": "content_filter"}]}')]
)
def test_models_that_say_nothing_are_not_compared(asked, project, answering, silence):
    asked("one", 5)
    answering(lambda messages: silence, models=("two",))
    assert project.run("--ftgate-model", "two").ret == 1
    asked("two", 5, "--collect-only", "-v").stdout.no_fnmatch_line("*(measured: *")


def test_a_quiet_run_prints_no_notes(asked):
    result = asked("one", 0, "-q")
    result.stdout.no_fnmatch_line("ftgate: *")
    result = asked("one", 0)
    notes = [line.split()[1] for line in result.outlines if line.startswith("ftgate: ")]
    assert notes[:2] == ["tiny:", "asking"], "what the set can see, and who is asked"

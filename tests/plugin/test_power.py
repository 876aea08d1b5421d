"""What a set can see, told at collection; with the discordance that earlier runs have measured."""

from __future__ import annotations

import pytest

CASES = [
    {"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}", "slices": {"lang": "de" if i < 30 else "en"}}
    for i in range(100)
]
ASSUMED = "ftgate: tiny: 100 cases can resolve about 10 points; a 5-point regression needs 396; *"


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
    result = asked("one", 0, "--collect-only")
    result.stdout.fnmatch_lines([ASSUMED + "smallest of 2 slices (lang=de, 30) about 21 points"])
    assert not (project.path / ".ftgate").exists()


def test_two_runs_of_different_models_measure_the_discordance(asked):
    for model, wrong in (("one", 0), ("one", 3), ("two", 12)):
        asked(model, wrong).stdout.no_fnmatch_line("*(measured: *")
    asked("two", 12, "--collect-only").stdout.fnmatch_lines(
        ["ftgate: tiny: 100 cases can resolve about 7 points; *discordance 0.09 (measured: two, *and one, *100 cases)"]
    )


def test_a_part_of_the_set_measures_nothing(asked, project):
    asked("one", 0)
    asked("two", 40, "-k", "a1")
    asked("two", 40, "--collect-only").stdout.no_fnmatch_line("*(measured: *")

"""What --train and --canary are given, where it leads to no pipeline."""

from __future__ import annotations

import pytest

from tests.projects import pipeline_toml


@pytest.mark.parametrize("verb", ["--train", "--canary"])
@pytest.mark.parametrize("named", ["goldens/tickets", "goldens/tickets::a", "goldens"])
def test_a_faulty_pipeline_is_told_of_with_its_line(project, verb, named):
    project.golden("tickets", [{"id": "a", "input": "x", "expected": "y"}])
    project.write("pipelines/tickets/pipeline.toml", pipeline_toml("tickets").replace("goldens", "golden"))
    result = project.run(named, verb)
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [f"ERROR: {verb}: no pipeline for goldens*", "pipelines/tickets/pipeline.toml:2: 'golden' is not a valid key*"]
    )


def test_where_all_pipelines_are_in_order_they_are_listed(project):
    project.golden("tickets", [{"id": "a", "input": "x", "expected": "y"}])
    project.write("pipelines/other/pipeline.toml", pipeline_toml("other"))
    result = project.run("goldens/tickets", "--train")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["*no pipeline for goldens/tickets; available pipelines: pipelines/other/pipeline.toml"]
    )

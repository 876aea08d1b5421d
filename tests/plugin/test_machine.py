"""What the machine lacks ends a run before anything is asked, unless it is trained already."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.trained import Trained

LACKING = '[tracking]\nreport_to = ["no_such_tracker"]\n'


@pytest.fixture
def trained(project: Project, mlflow_template) -> Trained:
    return Trained(project, mlflow_template)


def test_a_missing_library_costs_nothing_and_is_not_missed_by_what_is_trained(trained):
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(3), more=LACKING)
    done = trained.run()
    assert done.ret == 0, done.stdout.str()
    done.stdout.no_fnmatch_line("*no_such_tracker*")
    pipeline = trained.folder / "pipeline.toml"
    pipeline.write_text(pipeline.read_text().replace("seed = 1", "seed = 2"))
    stopped = trained.run()
    assert stopped.ret == 1
    stopped.stdout.fnmatch_lines(
        [
            "  error: tracking.report_to: no_such_tracker not installed; install or remove it",
            "*FAILED pipelines/mail/pipeline.toml::baseline*",
        ]
    )
    stopped.stdout.no_fnmatch_line("*base on mail*")

"""ReportCollector of a finished run -> RunReport, kept beside the records of the run."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest_ftgate
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.report.ci_job import job_of
from pytest_ftgate.pipeline.report.run_report import RunReport

if TYPE_CHECKING:
    import pytest

    from pytest_ftgate.plugin.report.collector import ReportCollector

_SAME = ("train", "canary", "sets", "pipelines", "metrics", "checks", "verdicts", "nights", "data", "traffic")
_SAME_TOO = ("columns", "scores", "changed", "judges", "unasked", "counts")


WITH_TEXTS = 1_000
"""Wrong cases, and missed ones, whose question and answers a report holds beside the records."""
_TEXTS = ("question", "expected", "answer")


def made(tally: ReportCollector, code: int) -> RunReport:
    """Secrets masked. code: the exit code. run is "" where no record was kept and nothing was trained."""
    told = mask(json.dumps(_all(tally, code).to_json(), ensure_ascii=False))
    return RunReport.from_json(json.loads(told))


def _all(tally: ReportCollector, code: int) -> RunReport:
    about = {"at": time.time()} | tally.about
    return RunReport(
        run=about.pop("run", ""),
        at=about.pop("at"),
        seconds=time.monotonic() - tally.begun,
        code=code,
        failed=tally.failures(),
        about=about | _here() | job_of(os.environ),
        wrong=_cases(tally.wrong),
        missed=_cases(tally.missed),
        **{name: getattr(tally, name) for name in (*_SAME, *_SAME_TOO)},
    )


def _here() -> dict[str, Any]:
    return {
        "version": pytest_ftgate.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": {name: found for name in _PACKAGES if (found := getattr(sys.modules.get(name), "__version__", ""))},
    }


_PACKAGES = ("torch", "transformers", "peft", "trl", "vllm", "mlflow", "pytest")
"""Those that the run has loaded are named with their versions."""


def _cases(reports: Sequence[pytest.TestReport]) -> list[dict[str, Any]]:
    """The first with their texts; of the others, which the records hold too, the names and reasons."""
    whole, others = reports[:WITH_TEXTS], reports[WITH_TEXTS:]
    return [*map(_case, whole), *(_case(report) | dict.fromkeys(_TEXTS, "") for report in others)]


def _case(report: pytest.TestReport) -> dict[str, Any]:
    """A case that is not right: test, file, line, set, case, question, answer, expected, reason; unmeasured: it has no
    grade; apart: it is not among the failed tests that are counted.
    """
    facts = dict(report.user_properties)
    found = json.loads(str(facts["ftgate"])) if "ftgate" in facts else {}
    file, line = getattr(report, "ftgate_place", (report.location[0], 0))
    told: dict[str, Any] = {key: str(facts.get(f"ftgate_{key}", "")) for key in _TEXTS}
    outcome = found.get("outcome", {})
    reason, graded = outcome.get("reason", ""), outcome.get("outcome") == "grade"
    told |= {"unmeasured": not graded, "apart": hasattr(report, "ftgate_unmeasured")}
    return {"test": report.nodeid, "file": shown(Path(file)), "line": line, "reason": reason} | told | _names(found)


def _names(found: dict[str, Any]) -> dict[str, Any]:
    return {key: found.get(key, "") for key in ("set", "case")}

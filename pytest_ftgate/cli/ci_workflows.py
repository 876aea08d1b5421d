"""(Workflow, settings) -> the text of a workflow for GitHub Actions, or of a job for GitLab CI, signed as ours."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

INSTALL = 'python -m pip install "pytest-ftgate[train,registry]"'
INSTALL_LIGHT = "python -m pip install pytest-ftgate"
ARGUMENTS = '--ftgate-state-dir "$STATE_DIR" --junit-xml=reports/junit.xml --ftgate-markdown=reports/ftgate.md'


@dataclass(frozen=True, slots=True)
class Workflow:
    """A file to write, its template, and what the exit codes mean there.

    codes: exit code, level of GitHub's annotation, meaning.
    """

    file: str
    template: str
    codes: tuple[tuple[int, str, str], ...] = ()


WORKFLOWS: Mapping[str, Workflow] = {
    "gate": Workflow(
        "ftgate-gate.yml",
        "github/ftgate-gate.yml.j2",
        (
            (0, "notice", "promoted, or unchanged"),
            (1, "error", "REJECT or a failed test; production is unchanged"),
            (10, "warning", "HOLD: not enough evidence; production is unchanged, see the gate report"),
            (11, "error", "INTEGRITY: leakage, a changed golden set or unmeasured cases; results are invalid"),
        ),
    ),
    "canary": Workflow(
        "ftgate-canary.yml",
        "github/ftgate-canary.yml.j2",
        (
            (0, "notice", "no drift"),
            (1, "error", "a test failed; see the log"),
            (10, "warning", "undecided: no champion, or canary panel not measured in full"),
            (11, "error", "canary panel, prompt or model has changed since promotion; not comparable"),
            (12, "error", "DRIFT: a champion regressed since promotion"),
        ),
    ),
    "compare": Workflow(
        "ftgate-compare.yml",
        "github/ftgate-compare.yml.j2",
        (
            (0, "notice", "passed, and not worse than the last run on the branch"),
            (1, "error", "a test failed, or worse than the last run on the branch"),
            (10, "warning", "not enough evidence that it is not worse; see the report"),
            (11, "error", "INTEGRITY: a changed golden set or unmeasured cases; results are invalid"),
        ),
    ),
}
"""The workflows for GitHub by name."""

GITLAB = Workflow("ftgate.gitlab-ci.yml", "gitlab/ftgate.gitlab-ci.yml.j2")

_MARK = re.compile(r"# Written by `ftgate ci \w+`; what follows has the sha256 ([0-9a-f]{64})\n")


def written(workflow: Workflow, args: argparse.Namespace) -> str:
    """The text of the file. args: of `ftgate ci github` or `gitlab`."""
    kind = workflow.template.partition("/")[0]
    text = _rendered(workflow, kind, args)
    return f"# Written by `ftgate ci {kind}`; what follows has the sha256 {_sha256(text)}\n{text}"


def is_ours(text: str) -> bool:
    """True for a file that was written by us and not touched since."""
    mark = _MARK.match(text)
    return mark is not None and mark[1] == _sha256(text[mark.end() :])


def _rendered(workflow: Workflow, kind: str, args: argparse.Namespace) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - YAML, and every value is quoted as JSON
        loader=PackageLoader("pytest_ftgate", f"cli/templates/{kind}"),
        variable_start_string="{=",
        variable_end_string="=}",
        comment_start_string="{=#",
        comment_end_string="#=}",
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    template = environment.get_template(workflow.template.partition("/")[2])
    return template.render(_values(args), codes=workflow.codes, path=(args.out / workflow.file).as_posix())


def _values(args: argparse.Namespace) -> dict[str, object]:
    given = vars(args)
    return {
        "goldens": json.dumps(f"{args.goldens}/**"),
        "goldens_dir": args.goldens,
        "pipelines": json.dumps(f"{args.pipelines}/**"),
        "pipelines_dir": args.pipelines,
        "branch": json.dumps(args.branch),
        "python": json.dumps(args.python),
        "image": json.dumps(f"python:{args.python}"),
        "runner": json.dumps(given.get("runner", "").split(",")),
        "minutes": str(args.minutes),
        "cron": json.dumps(given.get("cron", "")),
        "max_drop": f"{args.max_drop:g}",
        "install": (args.install or INSTALL).replace("\n", "\n" + " " * 10),
        "install_light": json.dumps(args.install or INSTALL_LIGHT),
        "arguments": ARGUMENTS,
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

"""RunReport -> what ran here: revision, digests, versions, device, and the commands that run it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.report.html.numbers import lasted, when
from pytest_ftgate.pipeline.report.html.render import Section, section

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport


def facts(report: RunReport) -> Section:
    """Every run has these."""
    return section("facts", "What ran here", facts=list(_facts(report)), commands=list(_commands(report)))


def _facts(report: RunReport) -> Iterator[tuple[str, str]]:
    about = report.about
    if report.run:
        yield "run", report.run
    yield "ended", when(report.at)
    yield "took", lasted(report.seconds)
    yield "exit code", str(report.code)
    if about.get("git"):
        yield "git revision", f"{about['git']}{', with changes that are not committed' if about.get('dirty') else ''}"
    yield "pytest-ftgate", about.get("version", "")
    yield "Python", about.get("python", "")
    yield "machine", about.get("machine", "")
    yield from (about.get("packages") or {}).items()
    for fact in report.pipelines:
        yield from _of_pipeline(fact)


def _of_pipeline(fact: dict[str, object]) -> Iterator[tuple[str, str]]:
    task = fact["task"]
    yield f"{task}: base model", str(fact["base"])
    for key, name in (("digest", "digest of the adapter"), ("template_digest", "digest of the chat template")):
        if fact.get(key):
            yield f"{task}: {name}", str(fact[key])
    if isinstance(params := fact.get("params"), dict) and "seed" in params:
        yield f"{task}: seed", str(params["seed"])
    if isinstance(seconds := fact.get("seconds"), dict) and seconds:
        yield f"{task}: stages", ", ".join(f"{stage} {lasted(spent)}" for stage, spent in seconds.items())
    if isinstance(lineage := fact.get("lineage"), dict):
        for name, source in lineage.items():
            yield f"{task}: {name} rows", f"{source['path']}, {source['rows']:,} rows, sha256 {source['sha256']}"
    if isinstance(versions := fact.get("versions"), dict) and versions:
        yield f"{task}: trained with", ", ".join(f"{name} {version}" for name, version in versions.items())


def _commands(report: RunReport) -> Iterator[tuple[str, str]]:
    args = [str(arg) for arg in report.about.get("args", ())]
    git = report.about.get("git")
    if git and not report.about.get("dirty"):
        yield "go to this revision", f"git checkout {git}"
    if "args" in report.about:
        yield "the same run", shlex.join(["pytest", *args])
    yield from (("only the cases that failed", command) for command in _failed(report, args))
    if before := next((each["run"] for each in report.changed if each.get("run")), ""):
        yield "what changed since the run before", f"ftgate compare {before} {report.run}"
    if report.run:
        yield "this page again", f"ftgate report {report.run} --out report.html"


def _failed(report: RunReport, args: Sequence[str]) -> Iterator[str]:
    """Under --train those of the candidate are shown: pytest without it would ask another model."""
    failed = [*report.wrong, *report.missed]
    if failed and not report.train:
        yield shlex.join(["pytest", *(arg for arg in args if arg not in {"--lf", "--ff"}), "--lf"])
    elif failed and report.run:
        names = {fact[key]: fact["set"] for key in ("set", "title") for fact in report.sets}
        for name in dict.fromkeys(names[case["set"]] for case in failed if case.get("set") in names):
            yield shlex.join(["ftgate", "show", name, "--missed", "--run", report.run])

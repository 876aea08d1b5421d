"""(RunReport, the section of its cases) -> the text of the HTML page.

Whatever a model, a user or a file said is text: the templates escape all of it, and the page forbids by its content
security policy every request and every script but those that were given here.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from pytest_ftgate.pipeline.report.html import (
    canary,
    checks,
    confusion,
    distribution,
    facts,
    judges,
    leaks,
    more,
    prompts,
    sets,
    slices,
    spent,
    training,
)
from pytest_ftgate.pipeline.report.html.numbers import lasted, when
from pytest_ftgate.pipeline.report.html.render import HERE, Section, rendered
from pytest_ftgate.pipeline.report.html.verdict import banner, headlines

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.html.grades import SetGrades
    from pytest_ftgate.pipeline.report.run_report import RunReport


NOTHING = Markup("")


def page(report: RunReport, cases_html: Markup, scripts: Sequence[str] = (), grades: Sequence[SetGrades] = ()) -> str:
    """The whole file.

    cases_html: the section "cases", "" if the run has none; `#filter=broken` and the like in the address are its own.
    scripts: JavaScript that stands at the end of the body; nothing else is executed. None may hold "</script".
    grades: see `grades.read_grades`; without them the page says less.
    """
    cases = [Section("cases", "Cases", cases_html)] if cases_html else []
    first, *_ = headlines(report)
    facts = {
        "title": f"{first.word} {first.subject}".strip(),
        "subject": f"run {report.run}" if report.run else "run without a record",
        "about": f"{when(report.at)}, {lasted(report.seconds)}, exit code {report.code}",
        "version": report.about.get("version", ""),
        "warning": "It holds questions and answers of this run: keep it where these may be.",
    }
    linked = bool(cases)
    sections = [*_before(report, grades, linked=linked), *cases, *_after(report, grades)]
    return shell(facts, sections, banner(report), scripts)


def shell(
    facts: Mapping[str, str], sections: Sequence[Section], banner: Markup = NOTHING, scripts: Sequence[str] = ()
) -> str:
    """A page of sections. facts: title, subject, about, version and warning. banner: what is seen first."""
    return str(
        rendered(
            "page.html.j2",
            **facts,
            banner=banner,
            sections=sections,
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files
            policy=_policy(scripts),
            style=Markup((files(HERE) / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        )
    )


def _before(report: RunReport, grades: Sequence[SetGrades], *, linked: bool) -> list[Section]:
    """What a reader needs before the cases."""
    found = [
        canary.canary(report),
        checks.checks(report),
        sets.sets(report, grades, linked=linked),
        prompts.prompts(report),
        more.since(report),
        leaks.leaks(report),
        slices.slices(report, linked=linked),
        confusion.confusion(report),
    ]
    return [each for each in found if each is not None]


def _after(report: RunReport, grades: Sequence[SetGrades]) -> list[Section]:
    found = [
        distribution.distribution(grades),
        judges.judges(report),
        more.forgetting(report),
        training.training(report),
        more.data(report),
        spent.spent(report, grades),
        more.history(report),
        facts.facts(report),
    ]
    return [each for each in found if each is not None]


def _policy(scripts: Sequence[str]) -> str:
    hashes = [f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts]
    allowed = " ".join(hashes) or "'none'"
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"

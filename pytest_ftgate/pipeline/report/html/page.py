"""(RunReport, the section of its cases) -> the text of the HTML page.

Whatever a model, a user or a file said is text: the templates escape all of it, and the page forbids by its content
security policy every request and every script but those that were given here.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

_HERE = "pytest_ftgate.pipeline.report.html"


def page(report: RunReport, cases_html: Markup, scripts: Sequence[str] = ()) -> str:
    """The whole file.

    cases_html: the section "cases", "" if the run has none; `#filter=broken` and the like in the address are its own.
    scripts: JavaScript that stands at the end of the body; nothing else is executed. None may hold "</script".
    """
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            cases=cases_html,
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files
            policy=_policy(scripts),
            style=Markup((files(_HERE) / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        )
    )


@cache
def environment() -> Environment:
    """Of the templates of the page; a name that is not given is an error."""
    return Environment(
        loader=PackageLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _policy(scripts: Sequence[str]) -> str:
    hashes = [f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts]
    allowed = " ".join(hashes) or "'none'"
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"

"""Template and facts -> HTML in which every fact is text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pytest_ftgate.pipeline.report.html import numbers

HERE = "pytest_ftgate.pipeline.report.html"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page. name: its id, which `#name` in the address finds."""

    name: str
    title: str
    body: Markup


def section(name: str, title: str, **facts: Any) -> Section:
    """Of the template of its name."""
    return Section(name, title, rendered(f"{name}.html.j2", **facts))


def rendered(template: str, **facts: Any) -> Markup:
    """A name that the template wants and no fact gives is an error."""
    return Markup(_environment().get_template(template).render(**facts))  # noqa: S704 - autoescaped there


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    names = ("share", "points", "bounds", "count", "plain", "when", "lasted", "metric")
    made.filters.update({name: getattr(numbers, name) for name in names})
    return made

"""Golden sets -> what their judges and graders need in a job: extras of this package, and variables with keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import say
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import printable

if TYPE_CHECKING:
    from pytest_ftgate.golden.spec import Golden
    from pytest_ftgate.serve.api.settings import Settings

TEXT_KINDS = frozenset({"bleu", "chrf", "edit_similarity", "rouge", "sql"})
"""Graders that need the extra `text`; `code` does for SQL."""


@dataclass(frozen=True, slots=True)
class Needs:
    """extras, variables: names, sorted."""

    extras: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    def tell(self, installed: str) -> None:
        """Print what there is. installed: the command that installs, if the user gave one."""
        if self.extras:
            named = ", ".join(self.extras)
            how = "see that --install brings them" if installed else "the jobs install them"
            say(f"the golden sets need the extras {named}: {how}")
        if self.variables:
            say(f"the golden sets need keys: set the secrets {', '.join(self.variables)}")


def sets_below(folder: Path) -> list[Golden]:
    """All golden sets of a folder, with their faults; none where there is no folder."""
    from pytest_ftgate.golden.spec import read_golden
    from pytest_ftgate.pipeline.discovery import Catalogue

    return [read_golden(path) for path in Catalogue((folder.absolute(),), ()).golden_paths.values()]


def needs_of(sets: Sequence[Golden]) -> Needs:
    """Of golden sets. Raises FtgateError for a key's odd name."""
    extras = {extra for each in sets for extra in _extras(each)}
    variables = {name: each for each in sets for name in _variables(each) if name}
    for name, each in variables.items():
        if not re.fullmatch(r"(?!GITHUB_)[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
            text = f"{each.path}: api_key_env {name!r} cannot be the name of a secret: letters, digits, _; no GITHUB_"
            raise FtgateError(printable(text))
    return Needs(tuple(sorted(extras)), tuple(sorted(variables)))


def _extras(golden: Golden) -> Iterator[str]:
    if any(each.api == "anthropic" for each in _panel(golden)):
        yield "judge"
    for spec in _specs(golden):
        kind = spec.get("kind")
        if kind in TEXT_KINDS or (kind == "code" and spec.get("language") == "sql"):
            yield "text"
        if kind == "semantic" and not spec.get("base_url"):
            yield "semantic"


def _variables(golden: Golden) -> Iterator[str]:
    from urllib.parse import urlsplit

    from pytest_ftgate.serve.api.settings import KEY_VARIABLES

    yield from (each.key_variable() for each in _panel(golden))
    for spec in _specs(golden):
        if spec.get("kind") == "semantic" and spec.get("base_url"):
            host = urlsplit(str(spec["base_url"])).hostname or ""
            yield str(spec.get("api_key_env") or KEY_VARIABLES.get(host, ""))


def _panel(golden: Golden) -> Iterable[Settings]:
    return golden.judge.panel if golden.judge else ()


def _specs(golden: Golden) -> Iterator[Mapping[str, Any]]:
    """Those of the set and of single cases, with all that they hold. What is nested too deeply is a fault elsewhere."""
    from pytest_ftgate.graders.nested import changed
    from pytest_ftgate.graders.value import GraderError

    found: list[Mapping[str, Any]] = []

    def note(spec: Mapping[str, Any]) -> Mapping[str, Any]:
        found.append(spec)
        return spec

    for spec in [*golden.graders, *(own for row in golden.rows for own in row.data.get("graders") or ())]:
        try:
            changed(spec, note)
        except GraderError:
            continue
    yield from found

"""Golden sets whose model or judge could not be asked -> why, once in full, and after that where it is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite


SEE = "not asked: see"
"""So begins the text of a test whose reason another one has told."""


class NotAsked(FtgateError):  # noqa: N818 - says what became of a golden set
    """The model or judge of a golden set could not be asked; the text is why and what to do, the cause was raised."""


class UnaskedSets:
    """Golden sets of a run whose model could not be asked, or not to the end, each with its reason; others go on."""

    def __init__(self) -> None:
        self._errors: dict[str, FtgateError] = {}
        self._stopped: dict[str, str] = {}
        self._told_by: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._errors)

    def __contains__(self, suite: Suite) -> bool:
        return suite.title in self._errors

    def add(self, suites: Iterable[Suite], error: FtgateError) -> None:
        """Note why the model of these sets cannot be asked."""
        self._errors |= {suite.title: error for suite in suites}

    def check(self, suite: Suite) -> None:
        """Raises NotAsked if the model of a set could not be asked."""
        if suite in self:
            raise NotAsked(str(self._errors[suite.title])) from self._errors[suite.title]

    def stop(self, suite: Suite, reason: str) -> None:
        """A server was asked and then not any more. Raises NotAsked for a case of the set that it was not asked."""
        self._stopped[suite.title] = reason
        raise NotAsked(reason)

    def lines(self) -> Iterator[str]:
        """Each reason once, with the sets that it holds for."""
        names: dict[str, list[str]] = {}
        for name, error in (self._stopped | self._errors).items():
            names.setdefault(str(error), []).append(name)
        yield from (f"{', '.join(some)}: not asked: {reason}" for reason, some in names.items())

    def text(self, error: NotAsked, node_id: str) -> str:
        """For a test that lacks its answer: the reason in full for the first, for others the id of the first."""
        first = self._told_by.setdefault(str(error), node_id)
        return f"not asked: {error}" if first == node_id else f"{SEE} {first}"

"""One test of promptfoo, wherever it is written, and how a test is merged with the default one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_ftgate.pipeline.importing.promptfoo.document import Document, Place

_READ = frozenset({"vars", "assert", "options", "metadata", "description", "threshold"})


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion as written. inner: the assertions of an assert-set."""

    data: Mapping[str, Any]
    place: Place
    inner: tuple[Assertion, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptfooTest:
    """A test. variables, options, metadata: by name. others: keys of the test that are none of these.

    places: of options and others, where they do not stand where the test does.
    """

    place: Place
    variables: Mapping[str, Any] = field(default_factory=dict)
    asserts: tuple[Assertion, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    threshold: float | None = None
    others: tuple[str, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)

    def over(self, default: PromptfooTest) -> PromptfooTest:
        """The test with what `defaultTest` says: its variables where this one has none, its assertions before."""
        without = self.options.get("disableDefaultAsserts") is True
        return replace(
            self,
            variables={**default.variables, **self.variables},
            asserts=(*(() if without else default.asserts), *self.asserts),
            options={**default.options, **self.options},
            metadata={**default.metadata, **self.metadata},
            threshold=default.threshold if self.threshold is None else self.threshold,
            others=tuple(dict.fromkeys((*default.others, *self.others))),
            places={**default.places, **self.places},
        )

    def of_scenario(self, data: PromptfooTest) -> PromptfooTest:
        """The test of a scenario with one of its configurations: of assertions the test's alone, if it has any."""
        return replace(self.over(replace(data, asserts=())), asserts=self.asserts or data.asserts)


def make_test(document: Document, data: Any, *keys: str | int) -> PromptfooTest | None:
    """The test that stands at the keys of a document; None if it is no mapping."""
    place = document.place(*keys)
    if not isinstance(data, Mapping):
        return None
    threshold, options = data.get("threshold"), _mapping(data.get("options"))
    others = tuple(str(key) for key in data if key not in _READ)
    return PromptfooTest(
        place,
        _mapping(data.get("vars"), "vars"),
        _assertions(document, data.get("assert"), *keys, "assert"),
        options,
        _mapping(data.get("metadata")),
        str(data.get("description") or ""),
        float(threshold) if isinstance(threshold, int | float) and not isinstance(threshold, bool) else None,
        others,
        {key: document.place(*keys, "options", key) for key in options}
        | {key: document.place(*keys, key) for key in others},
    )


def _mapping(value: Any, other: str = "") -> Mapping[str, Any]:
    """A mapping as it is; what is written in its place (a file of variables) under the key `other`."""
    if isinstance(value, Mapping):
        return {str(key): each for key, each in value.items()}
    return {f"\0{other}": value} if value and other else {}


UNREAD_VARS = "\0vars"
"""Key of variables that are in a file of their own."""


def _assertions(document: Document, written: Any, *keys: str | int) -> tuple[Assertion, ...]:
    entries = written if isinstance(written, list) else [written] if written else []
    return tuple(_assertion(document, entry, *keys, number) for number, entry in enumerate(entries))


def _assertion(document: Document, entry: Any, *keys: str | int) -> Assertion:
    data = entry if isinstance(entry, Mapping) else {"type": f"{entry!r:.40}"}
    inner = _assertions(document, data.get("assert"), *keys, "assert")
    return Assertion(data, document.place(*keys), inner)

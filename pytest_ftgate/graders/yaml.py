"""yaml: the answer is YAML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.yaml import parse_yaml
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import same
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.structure import StructureKind, UnreadableError


def read_data(text: str) -> Any:
    """The data of a document. Raises UnreadableError."""
    try:
        data = parse_yaml(text)
    except FileFaults as error:
        fault = error.faults[0]
        raise UnreadableError(f"{f'line {fault.line}, ' if fault.line else ''}{fault.message}") from None
    except UnicodeEncodeError:
        raise UnreadableError("half a character") from None
    if not isinstance(data, dict | list):
        raise UnreadableError("neither a mapping nor a list")
    return data


def _difference(found: Any, expected: Any) -> str:
    return "" if same(found, expected) else f"found {shown(found)}, expected {shown(expected)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Yaml(StructureKind):
    r"""1 if the answer is a mapping or list in YAML, and with `equal` the same data as the case expects, else 0.

    The case expects YAML as a text, or the data itself. Plain scalars are read as in JSON (`no` is a text), and a key
    that stands twice is an error.

    Example::

        [[grader]]
        kind = "yaml"
        equal = true
        # expected = {port = 80, hosts = ["a", "b"]}, right = "hosts: [a, b]\nport: 80", wrong = "port: 80"
    """

    kind: ClassVar[str] = "yaml"
    title: ClassVar[str] = "YAML"
    tags: ClassVar[tuple[str, ...]] = ("yaml", "yml")
    read = staticmethod(read_data)
    difference = staticmethod(_difference)

    def expected(self, case: Case) -> str:
        """The expected text; data as JSON, which is YAML."""
        import json

        if isinstance(case.expected, dict | list):
            return json.dumps(case.expected)
        return StructureKind.expected(self, case)

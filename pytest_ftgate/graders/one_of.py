"""one_of: the answer is one label of a known set, and the right one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import label_in, label_of
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Kind):
    """1 if the answer's label is the expected one, else 0; labels are compared as they are, as the metrics do.

    An expected value that is a plain text is the label itself, whatever the path.
    labels: all labels there are.
    path: dotted path of the label in the answer's JSON and in the expected value; "" = the whole answer.

    Example::

        [[grader]]
        kind = "one_of"
        labels = ["spam", "ham"]
        path = "label"
        # expected = "spam", right = '{"label": "spam"}', wrong = '{"label": "ham"}'
    """

    kind: ClassVar[str] = "one_of"

    labels: tuple[str, ...]
    path: str = ""

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        if len(set(self.labels)) != len(self.labels) or not self.labels or not all(map(str.strip, self.labels)):
            raise GraderError(f"labels must be unique, non-empty strings; found {shown(list(self.labels))}")

    def check(self, case: Case) -> None:
        """Raises GraderError if the case expects none of the labels."""
        self._expected(case)

    def _expected(self, case: Case) -> str:
        label = label_in(case.expected, "" if isinstance(case.expected, str) else self.path)
        if label is None or label not in self.labels:
            where = f" at {self.path!r}" if self.path else ""
            raise GraderError(
                f"`expected` is {shown(case.expected)}{where}, not one of the labels {_list(self.labels)}"
            )
        return label

    def __call__(self, case: Case, response: Response) -> Grade:
        """Compare the labels."""
        expected, found = self._expected(case), label_of(response.text, self.path)
        if found == expected:
            return self.right(f"found {shown(found)}, as expected")
        if found is None:
            where = f" at {self.path!r} of the answer's JSON" if self.path else ""
            return self.wrong(f"found {shown(response.text)}, with no label{where}; expected {shown(expected)}")
        known = "" if found in self.labels else f" (known labels: {_list(self.labels)})"
        return self.wrong(f"found {shown(found)}, expected {shown(expected)}{known}")


def _list(labels: tuple[str, ...]) -> str:
    return shown(", ".join(labels)).strip("'\"")

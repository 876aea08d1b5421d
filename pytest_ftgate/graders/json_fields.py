"""json_fields: fields of the answer's JSON compared one by one with the expected object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of, same, value_at
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

_MISSING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields(Kind):
    """The share of the fields that are right; further fields of the answer do not count.

    fields: dotted paths, "label" or "a.b.0"; left out, every key of the case's expected object.
    tolerance: by how much numbers may differ (absolute).

    Example::

        [[grader]]
        kind = "json_fields"
        fields = ["label"]
        # expected = {label = "spam"}, right = '{"label": "spam", "why": "a link"}', wrong = '{"label": "ham"}'
    """

    kind: ClassVar[str] = "json_fields"

    fields: tuple[str, ...] = ()
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        if self.tolerance < 0:
            raise GraderError(f"tolerance is {self.tolerance}; must be 0 or more")
        if not all(self.fields) or len(set(self.fields)) != len(self.fields):
            raise GraderError(f"fields must be unique, non-empty paths; found {shown(list(self.fields))}")

    def check(self, case: Case) -> None:
        """Raises GraderError if the case does not expect an object with all the fields."""
        self._expected(case)

    def _expected(self, case: Case) -> dict[str, Any]:
        if not isinstance(case.expected, dict) or not case.expected:
            raise GraderError(f"`expected` is {shown(case.expected)}; must be an object with at least one field")
        if not self.fields:
            return case.expected
        wanted = {path: value_at(case.expected, path, _MISSING) for path in self.fields}
        if lacking := [path for path, value in wanted.items() if value is _MISSING]:
            raise GraderError(f"`expected` is {shown(case.expected)}, missing field {', '.join(lacking)}")
        return wanted

    def __call__(self, case: Case, response: Response) -> Grade:
        """Compare each of the fields."""
        wanted = self._expected(case)
        try:
            answer = json_of(response.text)
        except NoJsonError as error:
            return self.wrong(f"{error}; expected {shown(wanted)}")
        wrong = [told for path, value in wanted.items() if (told := self._wrong(answer, path, value))]
        if not wrong:
            return self.right(f"found {shown(answer)}, as expected")
        right = len(wanted) - len(wrong)
        return self.grade(right / len(wanted), f"{right} of {len(wanted)} fields correct: {'; '.join(wrong)}")

    def _wrong(self, answer: object, path: str, expected: object) -> str:
        found = value_at(answer, path, _MISSING) if self.fields else _member(answer, path)
        if found is _MISSING:
            return f"{path} not found in {shown(answer)}, expected {shown(expected)}"
        if same(found, expected, self.tolerance):
            return ""
        return f"{path}: found {shown(found)}, expected {shown(expected)}"


def _member(answer: object, key: str) -> Any:
    """A key of its own, which may hold a dot."""
    return answer.get(key, _MISSING) if isinstance(answer, dict) else _MISSING

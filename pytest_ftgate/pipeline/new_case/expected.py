"""(golden set, what a person says is right) -> the expected value, as the cases of the set have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import Fault
from pytest_ftgate.files.jsonl import parse_line
from pytest_ftgate.pipeline.live.labelling import closed_label, has_bare_labels, nested

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite


def expected_value(suite: Suite, text: str) -> Any:
    """A label where it stands in the cases of the set; JSON where they expect anything but texts; else the text."""
    label = closed_label(suite)
    if label is not None and text in label.values:
        return text if has_bare_labels(suite) else nested(label.path, text)
    if all(isinstance(case.expected, str) for case in suite.cases if case.expected is not None):
        return text
    entry = parse_line(text, 1, "")
    return text if isinstance(entry, Fault) else entry[1]

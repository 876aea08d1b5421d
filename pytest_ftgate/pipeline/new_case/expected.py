"""(golden set, what a person says is right) -> the expected value, as the cases of the set have it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import Fault, FtgateError
from pytest_ftgate.files.jsonl import parse_line
from pytest_ftgate.pipeline.live.labelling import closed_label, has_bare_labels, nested

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite

_JSON = ("{", "[", '"')


def expected_value(suite: Suite, text: str) -> Any:
    """A label where it stands in the cases of the set; JSON where they expect anything but texts; else the text.

    Raises FtgateError for broken JSON, and for a text where no case of the set expects one.
    """
    label = closed_label(suite)
    if label is not None and text in label.values:
        return text if has_bare_labels(suite) else nested(label.path, text)
    known = [case.expected for case in suite.cases if case.expected is not None]
    texts = [expected for expected in known if isinstance(expected, str)]
    if len(texts) == len(known):
        return text
    entry = parse_line(text, 1, "")
    if not isinstance(entry, Fault):
        return entry[1]
    if text.lstrip().startswith(_JSON):
        raise FtgateError(f"--expected: {entry.message}; nothing was written{_pattern(known)}")
    if label is None and not texts:
        raise FtgateError(f"--expected: {text!r} is no JSON, which the cases of {suite.name} expect{_pattern(known)}")
    return text


def _pattern(known: Sequence[Any]) -> str:
    """What the first case expects that expects no text, as a second line."""
    first = next(expected for expected in known if not isinstance(expected, str))
    return f"\n    as another case has it: --expected {shlex.quote(json.dumps(first, ensure_ascii=False))}"
